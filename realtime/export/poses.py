"""Recorded poses, as arrays: what `m2t3 lift` wrote, or what a session published (MCAP)."""

import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int64
from numpy.typing import NDArray

from ...core.errors import RecordingError
from ...core.skeletons import SKELETONS, Skeleton

_KEYS = ("positions_world_m", "confidence", "person_id", "t_capture_ns", "joint_names", "fps")


@dataclass(frozen=True, eq=False)
class Poses:
    """T frames with room for P people."""

    skeleton: Skeleton
    t_ns: Int64[NDArray, "T"]  # capture times, rising
    fps: float
    person_id: Int64[NDArray, "T P"]  # -1 where nobody is
    positions_world_m: Float32[NDArray, "T P J 3"]  # NaN where not valid
    confidence: Float32[NDArray, "T P J"]
    contact: Float32[NDArray, "T P 2"]  # NaN where unknown

    @property
    def people(self) -> list[int]:
        """Ids of everybody who was seen, in the order in which they came."""
        ids = self.person_id[self.person_id >= 0].tolist()
        return list(dict.fromkeys(ids))


def read_poses(path: Path) -> Poses:
    """Read recorded poses by the file's ending.

    Raises:
        RecordingError: no such file, not of a known kind, or not of poses.
    """
    if path.suffix not in READERS:
        raise RecordingError(
            f"{path}: poses are read from {' or '.join(READERS)}; `m2t3 lift --out POSES.npz` "
            "and `m2t3 record` write them"
        )
    return READERS[path.suffix](path)


def _read_npz(path: Path) -> Poses:
    try:
        with path.open("rb") as file:
            content = np.load(file, allow_pickle=False)
            arrays = {key: content[key] for key in content.files}
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read ({error.strerror or error})") from None
    except (ValueError, EOFError, AttributeError, zipfile.BadZipFile, zlib.error) as error:
        raise RecordingError(f"{path}: is no npz file of plain arrays ({error})") from None
    missing = [key for key in _KEYS if key not in arrays]
    if missing:
        raise RecordingError(
            f"{path}: lacks {', '.join(missing)}; poses are what `m2t3 lift --out {path}` writes"
        )
    names = tuple(map(str, arrays["joint_names"]))
    skeleton = next((s for s in SKELETONS.values() if s.joint_names == names), None)
    if skeleton is None:
        raise RecordingError(f"{path}: {len(names)} joints of no known skeleton")
    person_id = arrays["person_id"].astype(np.int64)
    positions = arrays["positions_world_m"].astype(np.float32)
    t_ns = arrays["t_capture_ns"].astype(np.int64)
    expected = (*person_id.shape, skeleton.joint_count, 3)
    if positions.shape != expected or t_ns.shape != person_id.shape[:1]:
        raise RecordingError(
            f"{path}: positions_world_m has the shape {positions.shape}; with person_id "
            f"{person_id.shape} and {skeleton.name} it is {expected}"
        )
    unknown = np.full((*person_id.shape, 2), np.nan, np.float32)
    return Poses(
        skeleton=skeleton,
        t_ns=t_ns,
        fps=float(arrays["fps"]),
        person_id=person_id,
        positions_world_m=positions,
        confidence=arrays["confidence"].astype(np.float32),
        contact=arrays.get("contact", unknown).astype(np.float32),
    )


def _read_mcap(path: Path) -> Poses:
    from .poses_log import read_poses_log  # mcap, the extra "record", is needed from here on

    return read_poses_log(path)


READERS: dict[str, Callable[[Path], Poses]] = {".npz": _read_npz, ".mcap": _read_mcap}
