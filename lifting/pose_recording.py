"""Pose recordings: what `m2t3 lift` writes, read back for what is made of finished poses.

An npz of `positions_world_m` (T, P, J, 3) and `confidence` (T, P, J), NaN where nobody is,
`person_id` (T, P; -1 where nobody is), `t_capture_ns` (T,), `joint_names` (J,) and `fps`.
"""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int64
from numpy.typing import NDArray

from ..core.errors import M2t3Error
from ..core.files import numbers, read_npz
from ..core.skeletons import SKELETONS, Skeleton

KEYS = (
    "positions_world_m", "confidence", "person_id", "t_capture_ns", "joint_names", "fps",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class PoseRecording:
    """Everybody's joints in T frames with room for P people."""

    skeleton: Skeleton  # of J joints
    fps: float
    positions_world_m: Float32[NDArray, "T P J 3"]  # NaN where unknown
    confidence: Float32[NDArray, "T P J"]  # 0..1; NaN where nobody is
    person_id: Int64[NDArray, "T P"]  # -1 where nobody is
    t_capture_ns: Int64[NDArray, "T"]

    @property
    def people(self) -> tuple[int, ...]:
        """Ids of all who were there, in order."""
        return tuple(int(i) for i in np.unique(self.person_id) if i >= 0)

    def of(self, person: int) -> tuple[slice, Float32[NDArray, "N J 3"], Float32[NDArray, "N J"]]:
        """The frames from a person's first to their last; positions and confidence in these.

        Positions are NaN, and confidence is 0, in frames between in which they were not there.
        """
        t, column = np.nonzero(self.person_id == person)
        frames = slice(int(t[0]), int(t[-1]) + 1)
        positions = np.full((frames.stop - frames.start, *self.positions_world_m.shape[2:]), np.nan)
        confidence = np.zeros(positions.shape[:2], np.float32)
        positions[t - t[0]] = self.positions_world_m[t, column]
        confidence[t - t[0]] = self.confidence[t, column]
        return frames, positions.astype(np.float32), confidence


def read_poses(path: Path) -> PoseRecording:
    """Read what `m2t3 lift` wrote.

    Raises:
        M2t3Error: the message begins with the path and names what is wrong with the file.
    """
    try:
        content = read_npz(path, KEYS)
        names = tuple(str(name) for name in content["joint_names"])
        skeleton = next((s for s in SKELETONS.values() if s.joint_names == names), None)
        if skeleton is None:
            raise M2t3Error(f"has joints of no skeleton of m2t3's ({', '.join(SKELETONS)})")
        positions = numbers(content["positions_world_m"], "positions_world_m", None, None, None, 3)
        shape = positions.shape[:3]
        if shape[2] != len(names):
            raise M2t3Error(f"has {shape[2]} joints under {len(names)} names")
        return PoseRecording(
            skeleton=skeleton,
            fps=float(numbers(content["fps"], "fps")),
            positions_world_m=positions.astype(np.float32),
            confidence=numbers(content["confidence"], "confidence", *shape).astype(np.float32),
            person_id=numbers(content["person_id"], "person_id", *shape[:2]).astype(np.int64),
            t_capture_ns=numbers(content["t_capture_ns"], "t_capture_ns", shape[0]).astype(
                np.int64
            ),
        )
    except (M2t3Error, zipfile.BadZipFile) as error:
        raise M2t3Error(f"{path}: {error}; `m2t3 lift` writes such a file") from None
