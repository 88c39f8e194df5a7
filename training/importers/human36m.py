"""Human3.6M as VideoPose3D packs it: `data_3d_h36m.npz`, 32 joints, 50 fps, z up, metres.

Layout (https://github.com/facebookresearch/VideoPose3D, DATASETS.md and common/h36m_dataset.py):
one pickled dictionary `positions_3d`: subject -> action -> (N, 32, 3) in the room's frame. The
pickle is read by an unpickler that makes numpy arrays only. Joint names are those of the data set's
own skeleton (metadata.xml); doubled ones are left out. The head's turning against the chest is not
in the points: faces look where the chest does, upright along the head's own two joints.
Licence: http://vision.imar.ro/human3.6m/eula.php.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ...core.errors import M2t3Error
from ...core.files import numbers, read_npz
from ...lifting.smpl.landmarks import FACE_M
from .checks import check_finite
from .head import axes_from_points, face_points
from .importer import Importer, Motion
from .joints import complete

SOURCE = "Human3.6M (vision.imar.ro/human3.6m), academic use: non-commercial research only"
FPS = 50.0
JOINT_COUNT = 32
# Ours: theirs. Spine1 lies in the small of the back, Neck at its root.
JOINTS = {
    "pelvis": 0, "right_hip": 1, "right_knee": 2, "right_ankle": 3, "right_foot": 4,
    "left_hip": 6, "left_knee": 7, "left_ankle": 8, "left_foot": 9, "spine2": 12, "neck": 13,
    "left_shoulder": 17, "left_elbow": 18, "left_wrist": 19,
    "right_shoulder": 25, "right_elbow": 26, "right_wrist": 27,
}  # fmt: skip
MID_HEAD, HEAD_TOP = 14, 15  # the head's joint, in mid-head, and its end


@dataclass(frozen=True)
class Human36M(Importer):
    """Human3.6M's poses in VideoPose3D's file (data_3d_h36m.npz)."""

    subjects: tuple[str, ...] = ()
    """Only these (S1 S5 S6 S7 S8 are the usual training set); all by default."""

    patterns: ClassVar[tuple[str, ...]] = ("data_3d_h36m.npz",)

    def motions(self, path: Path) -> list[Motion]:
        """Every action of every subject."""
        data = read_npz(path, ("positions_3d",))["positions_3d"]
        if not isinstance(data, dict) or not all(isinstance(v, dict) for v in data.values()):
            raise M2t3Error("positions_3d is no dictionary of subjects and their actions")
        absent = [subject for subject in self.subjects if subject not in data]
        if absent:
            raise M2t3Error(f"has no subject {', '.join(absent)}; it has {', '.join(data)}")
        motions = []
        for subject in self.subjects or data:
            for action, array in data[subject].items():
                name = f"h36m_{subject}_{action.replace(' ', '_')}"
                try:
                    joints_m = numbers(array, "the array", None, JOINT_COUNT, 3)
                    check_finite(joints_m)
                except M2t3Error as error:
                    raise M2t3Error(f"{subject}, {action}: {error}") from None
                motions.append(Motion(name, SOURCE, _thirty(joints_m), FPS))
        return motions


def _thirty(joints_m: NDArray[np.float64]) -> NDArray[np.float64]:
    at = {ours: joints_m[:, theirs] for ours, theirs in JOINTS.items()}
    top = joints_m[:, HEAD_TOP]
    axes = axes_from_points(
        to_left=at["left_shoulder"] - at["right_shoulder"],
        along=top - joints_m[:, MID_HEAD],
        angle_rad=0.0,
    )
    at["head"] = top - axes @ np.array(FACE_M["head_top"])
    return complete(at | face_points(at["head"], axes))
