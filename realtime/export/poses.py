"""Recorded poses, as arrays: what `m2t3 lift` wrote, or what a session published (MCAP)."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int64
from numpy.typing import NDArray

from ...core.errors import RecordingError
from ...core.skeletons import SKELETONS, Skeleton
from ...lifting.recorded_arrays import Arrays, array_of, arrays_in, check_rising, frame_rate

_KEYS = ("positions_world_m", "confidence", "person_id", "t_capture_ns", "joint_names", "fps")
_WRITER = "m2t3 lift KEYPOINTS.npz --out POSES.npz"


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
        arrays = arrays_in(path, _WRITER)
        missing = [key for key in _KEYS if key not in arrays]
        if missing:
            raise RecordingError(f"lacks {', '.join(missing)}; poses are what `{_WRITER}` writes")
        return _poses(arrays)
    except RecordingError as error:
        raise RecordingError(f"{path}: {error}") from None


def _poses(arrays: Arrays) -> Poses:
    names = tuple(map(str, arrays["joint_names"]))
    skeleton = next((s for s in SKELETONS.values() if s.joint_names == names), None)
    if skeleton is None:
        raise RecordingError(f"{len(names)} joints of no known skeleton")
    shape = arrays["person_id"].shape
    if len(shape) != 2 or shape[0] == 0:
        raise RecordingError(f"person_id has the shape {shape}; it is (frames, people)")
    joints = skeleton.joint_count
    arrays.setdefault("contact", np.full((*shape, 2), np.nan, np.float32))
    t_ns = _array(arrays, "t_capture_ns", np.int64, shape[:1])
    check_rising(t_ns)
    person_id = _array(arrays, "person_id", np.int64, shape)
    in_order = np.sort(person_id, axis=1)
    twice = (in_order[:, 1:] == in_order[:, :-1]) & (in_order[:, 1:] >= 0)
    if twice.any():
        frame, place = np.argwhere(twice)[0]
        raise RecordingError(f"frame {frame} has person {in_order[frame, place]} twice")
    return Poses(
        skeleton=skeleton,
        t_ns=t_ns,
        fps=frame_rate(arrays),
        person_id=person_id,
        positions_world_m=_array(arrays, "positions_world_m", np.float32, (*shape, joints, 3)),
        confidence=_array(arrays, "confidence", np.float32, (*shape, joints)),
        contact=_array(arrays, "contact", np.float32, (*shape, 2)),
    )


def _array(arrays: Arrays, key: str, dtype: type[np.generic], shape: tuple[int, ...]) -> NDArray:
    array = array_of(arrays, key, dtype, len(shape))
    if array.shape != shape:
        raise RecordingError(
            f"{key} is {array.dtype} of shape {array.shape}; with person_id "
            f"{arrays['person_id'].shape} it is numbers of shape {shape}"
        )
    return array


def _read_mcap(path: Path) -> Poses:
    from .poses_log import read_poses_log  # mcap, the extra "record", is needed from here on

    return read_poses_log(path)


READERS: dict[str, Callable[[Path], Poses]] = {".npz": _read_npz, ".mcap": _read_mcap}
