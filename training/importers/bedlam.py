"""BEDLAM 1 and 2: one npz a body animation, SMPL-X, y up, metres, 30 fps.

Layout (https://github.com/PerceivingSystems/bedlam_render, blender/smplx_anim_to_alembic/README.md
for axes and rate; https://github.com/pixelite1201/BEDLAM, data_processing/ for the keys): `poses`
(N, 165) axis angles, `trans` (N, 3), `betas` (10, 11 or 16), `gender`. These are the archives
`gendered_ground_truth` / `neutral_ground_truth` (BEDLAM) and `b2_motions_npz_training` (BEDLAM2).
The image labels (`pose_cam`, `trans_cam`, `imgname`) are refused: they are single pictures relative
to moving cameras. Licence: https://bedlam.is.tue.mpg.de/license.html.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ...core.errors import M2t3Error
from ...core.files import numbers, read_npz
from .importer import Importer, Motion, z_up
from .smpl_parameters import joints_from_parameters, text

SOURCE = "BEDLAM (bedlam.is.tue.mpg.de), non-commercial scientific research only"
FPS = 30.0


@dataclass(frozen=True)
class Bedlam(Importer):
    """BEDLAM body animations (npz); needs SMPL-X body models."""

    body_models: Path | None = None
    """Folder with Max Planck's body models."""

    patterns: ClassVar[tuple[str, ...]] = ("**/*.npz",)

    def motions(self, path: Path) -> list[Motion]:
        """The animation in a file."""
        try:
            content = read_npz(path, ("poses", "trans", "betas", "gender"), ("mocap_frame_rate",))
        except M2t3Error as error:
            if "pose_cam" in str(error):
                raise M2t3Error(
                    "holds image labels, single pictures relative to moving cameras: import the "
                    "body animations instead (gendered_ground_truth.zip)"
                ) from None
            raise
        poses = numbers(content["poses"], "poses", None, 165)
        positions_m = joints_from_parameters(
            self.body_models,
            "smplx",
            text(content["gender"]),
            poses,
            numbers(content["trans"], "trans", len(poses), 3),
            numbers(content["betas"], "betas", None),
        )
        fps = float(numbers(content.get("mocap_frame_rate", FPS), "mocap_frame_rate"))
        return [Motion(self.clip_name(path), SOURCE, z_up(positions_m), fps)]
