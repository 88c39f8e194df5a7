"""HumanML3D: one npy a clip, 22 joints, 20 fps, y up, metres.

Layout (https://github.com/EricGuo5513/HumanML3D, README and raw_pose_processing.ipynb):
`new_joints/NNNNNN.npy` (N, 22, 3), SMPL's first 22 joints, standing on y = 0 and looking along +z
in the first frame. Names that begin with M are mirror images and left out of a folder: training
mirrors by itself. The head's turning against the chest is not in 22 points: faces look where the
chest does. Licence: the data set's README refers to AMASS's, whose motions these are.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from ...core.errors import M2t3Error
from ...core.files import numbers, read_npy
from ...core.skeletons import SMPL24
from .checks import check_finite
from .head import NECK_TO_HEAD_RAD, axes_from_points, face_points
from .importer import Importer, Motion, z_up
from .joints import complete

SOURCE = (
    "HumanML3D (github.com/EricGuo5513/HumanML3D; motions of AMASS and HumanAct12), "
    "non-commercial scientific research only"
)
FPS = 20.0
JOINTS = SMPL24.joint_names[:22]


@dataclass(frozen=True)
class HumanML3D(Importer):
    """HumanML3D's joints (new_joints/*.npy)."""

    patterns: ClassVar[tuple[str, ...]] = ("*.npy", "new_joints/*.npy")
    unwanted: ClassVar[str] = (
        "names that begin with M are mirror images, and training mirrors by itself; clips are "
        "called 012345.npy; name single files to import them all the same"
    )

    def wanted(self, path: Path) -> bool:
        """Numbers; not mirror images (M012345), nor Mean and Std, which lie beside the folder."""
        return path.stem.isdecimal()

    def motions(self, path: Path) -> list[Motion]:
        """The clip in a file."""
        array = read_npy(path)
        if array.ndim == 2 and array.shape[1] == 263:
            raise M2t3Error("is of new_joint_vecs (263 features a frame): import new_joints")
        joints_m = z_up(numbers(array, "the array", None, len(JOINTS), 3))
        check_finite(joints_m)
        at = dict(zip(JOINTS, joints_m.transpose(1, 0, 2), strict=True))
        axes = axes_from_points(
            to_left=at["left_shoulder"] - at["right_shoulder"],
            along=at["head"] - at["neck"],
            angle_rad=NECK_TO_HEAD_RAD,
        )
        positions_m: np.ndarray = complete(at | face_points(at["head"], axes))
        return [Motion(self.clip_name(path), SOURCE, positions_m, FPS)]
