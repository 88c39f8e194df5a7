"""AIST++: one pickle a dance, 60 fps, y up: SMPL motions, or COCO-17 keypoints.

Layout (https://github.com/google/aistplusplus_api, aist_plusplus/loader.py and demos/run_vis.py):
`motions/*.pkl` with `smpl_poses` (N, 72), `smpl_trans` (N, 3) and `smpl_scaling` (1,) for the male
SMPL model of mean shape, joint = smpl_scaling * SMPL + smpl_trans in centimetres, so that
smpl_trans / smpl_scaling is metres of a mean-sized dancer; `keypoints3d/*.pkl` with
`keypoints3d_optim` (N, 17, 3), centimetres, whose toes are made up (flat feet) and whose clips say
so. Dances of the data set's `ignore_list.txt` are left out of a folder. Pickles are read by an
unpickler that makes numpy arrays only. Licence of the annotations: CC BY 4.0
(https://google.github.io/aistplusplus_dataset).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ...core.errors import M2t3Error
from ...core.files import numbers, read_pickled_dict, require
from ...core.skeletons import COCO17
from .checks import check_finite
from .head import EARS_M, EARS_TO_NOSE_RAD, axes_from_points, face_points
from .importer import Importer, Motion, z_up
from .joints import Named, complete, guessed_toes
from .smpl_parameters import joints_from_parameters

SOURCE = "AIST++ annotations (google.github.io/aistplusplus_dataset), CC BY 4.0"
FPS = 60.0
KEYPOINT_M = 0.01


@dataclass(frozen=True)
class Aist(Importer):
    """AIST++ dances (motions/*.pkl, or keypoints3d/*.pkl); motions need the male SMPL model."""

    body_models: Path | None = None
    """Folder with Max Planck's body models."""

    patterns: ClassVar[tuple[str, ...]] = ("*.pkl", "motions/*.pkl")
    unwanted: ClassVar[str] = (
        "the data set's ignore_list.txt says so; name single files to import them all the same"
    )

    def wanted(self, path: Path) -> bool:
        """All but the dances that the data set's own list says to ignore."""
        ignored = path.parent.parent / "ignore_list.txt"
        return not ignored.exists() or path.stem not in ignored.read_text().split()

    def motions(self, path: Path) -> list[Motion]:
        """The dance in a file."""
        content = read_pickled_dict(path)
        if "keypoints3d_optim" in content:
            source = f"{SOURCE}; toes made up"
            positions_m = _from_keypoints(content)
        elif "smpl_poses" in content:
            from .body_model import LICENCE

            source = f"{SOURCE}; {LICENCE}"
            positions_m = self._from_parameters(content)
        else:
            raise M2t3Error(
                "holds neither smpl_poses (motions/) nor keypoints3d_optim (keypoints3d/); it has "
                f"{', '.join(map(str, content))}"
            )
        return [Motion(self.clip_name(path), source, z_up(positions_m), FPS)]

    def _from_parameters(self, content: dict[str, Any]) -> NDArray[np.float64]:
        require(content, "smpl_trans", "smpl_scaling")
        poses = np.asarray(content["smpl_poses"])
        poses = numbers(
            poses.reshape(len(poses), -1) if poses.ndim else poses, "smpl_poses", None, 72
        )
        scaling = numbers(content["smpl_scaling"], "smpl_scaling", 1)[0]
        if not scaling > 0:
            raise M2t3Error(f"smpl_scaling is {scaling}, not above zero")
        trans_m = numbers(content["smpl_trans"], "smpl_trans", len(poses), 3) / scaling
        betas = np.zeros(10)
        return joints_from_parameters(self.body_models, "smpl", "male", poses, trans_m, betas)


def _from_keypoints(content: dict[str, Any]) -> NDArray[np.float64]:
    points_m = KEYPOINT_M * numbers(content["keypoints3d_optim"], "keypoints3d_optim", None, 17, 3)
    check_finite(points_m)
    at: Named = dict(zip(COCO17.joint_names, points_m.transpose(1, 0, 2), strict=True))
    ears = (at["left_ear"] + at["right_ear"]) / 2
    axes = axes_from_points(
        to_left=at["left_ear"] - at["right_ear"],
        along=at["nose"] - ears,
        angle_rad=EARS_TO_NOSE_RAD,
    )
    at["head"] = ears - axes @ EARS_M
    at["pelvis"] = (at["left_hip"] + at["right_hip"]) / 2
    at["neck"] = (at["left_shoulder"] + at["right_shoulder"]) / 2
    return complete(face_points(at["head"], axes) | guessed_toes(at) | at)
