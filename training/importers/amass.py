"""AMASS: one npz a sequence, SMPL-H (`*_poses.npz`) or SMPL-X (`*_stageii.npz`), z up, metres.

Layout (https://github.com/nghorbani/amass, notebooks and README): `poses` (N, 156 or 165) axis
angles, `trans` (N, 3), `betas` (16,), `gender`, and `mocap_framerate` (SMPL-H release) or
`mocap_frame_rate` (SMPL-X release). Licence: https://amass.is.tue.mpg.de/license.html.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ...core.errors import M2t3Error
from ...core.files import numbers, read_npz
from .importer import Importer, Motion
from .smpl_parameters import KIND_OF_WIDTH, joints_from_parameters, text

SOURCE = "AMASS (amass.is.tue.mpg.de), non-commercial scientific research only"
_RATES = ("mocap_framerate", "mocap_frame_rate")


@dataclass(frozen=True)
class Amass(Importer):
    """AMASS sequences (npz); needs SMPL-H or SMPL-X body models."""

    body_models: Path | None = None
    """Folder with Max Planck's body models."""

    patterns: ClassVar[tuple[str, ...]] = ("**/*_poses.npz", "**/*_stageii.npz")

    def motions(self, path: Path) -> list[Motion]:
        """The sequence in a file."""
        content = read_npz(path, ("poses", "trans", "betas", "gender"), _RATES)
        rate = next((content[key] for key in _RATES if key in content), None)
        if rate is None:
            raise M2t3Error(f"lacks {' or '.join(_RATES)}, its frame rate")
        poses = numbers(content["poses"], "poses", None, None)
        if (kind := KIND_OF_WIDTH.get(poses.shape[1])) is None:
            raise M2t3Error(
                f"poses is of shape {poses.shape}, not (N, 156) as SMPL-H's or (N, 165) as SMPL-X's"
            )
        positions_m = joints_from_parameters(
            self.body_models,
            kind,
            text(content["gender"]),
            poses,
            numbers(content["trans"], "trans", len(poses), 3),
            numbers(content["betas"], "betas", None),
        )
        fps = float(numbers(rate, "the frame rate"))
        return [Motion(self.clip_name(path), SOURCE, positions_m, fps)]
