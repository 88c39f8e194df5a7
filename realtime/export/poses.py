"""Recorded poses, as arrays: what `m2t3 lift` wrote, or what a session published (MCAP)."""

from collections.abc import Iterable
from contextlib import suppress
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
    t_ns: Int64[NDArray, "T"]  # rising, on one clock: capture times, else when frames came
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


def read_poses(path: Path, stream: str | None = None, session: str | None = None) -> Poses:
    """Read recorded poses by the file's ending.

    Args:
        path: the file.
        stream: whose poses, if a recording (MCAP) has those of several.
        session: of the stream, if it was started several times meanwhile.

    Raises:
        RecordingError: no such file, not of a known kind, or not of poses.
    """
    if path.suffix == ".mcap":
        from .poses_log import read_poses_log  # mcap, the extra "record", is needed from here on

        return read_poses_log(path, stream, session)
    if path.suffix != ".npz":
        raise RecordingError(
            f"{path}: poses are read from .npz or .mcap; `m2t3 lift --out POSES.npz` "
            "and `m2t3 record` write them"
        )
    if stream is not None or session is not None:
        raise RecordingError(
            f"{path}: --stream and --session choose in what `m2t3 record` wrote (mcap); "
            "an npz file has the poses of one"
        )
    return _read_npz(path)


def times_on_one_clock(
    source_sessions: Iterable[str],
    t_capture_ns: Int64[NDArray, "T"],
    t_receive_ns: Int64[NDArray, "T"] | None,
) -> Int64[NDArray, "T"]:
    """Times by which frames follow each other.

    Every session of the detector has its own clock, so of several only the times at which frames
    came compare; they are less even than those of capture.

    Raises:
        RecordingError: no times rise from frame to frame.
    """
    one_clock = len(set(source_sessions)) <= 1
    for t_ns in (t_capture_ns, t_receive_ns) if one_clock else (t_receive_ns, t_capture_ns):
        with suppress(RecordingError):
            if t_ns is not None:
                check_rising(t_ns)
                return t_ns
    raise RecordingError(
        "t_capture_ns does not rise from frame to frame, and there is no t_receive_ns that does; "
        "`m2t3 lift RECORDING --out POSES.npz` writes both"
    )


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
    t_capture_ns = _array(arrays, "t_capture_ns", np.int64, shape[:1])
    t_receive_ns = None
    if "t_receive_ns" in arrays:
        t_receive_ns = _array(arrays, "t_receive_ns", np.int64, shape[:1])
    source_sessions = map(str, arrays.get("source_session", np.array([])).ravel())
    person_id = _array(arrays, "person_id", np.int64, shape)
    in_order = np.sort(person_id, axis=1)
    twice = (in_order[:, 1:] == in_order[:, :-1]) & (in_order[:, 1:] >= 0)
    if twice.any():
        frame, place = np.argwhere(twice)[0]
        raise RecordingError(f"frame {frame} has person {in_order[frame, place]} twice")
    return Poses(
        skeleton=skeleton,
        t_ns=times_on_one_clock(source_sessions, t_capture_ns, t_receive_ns),
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
