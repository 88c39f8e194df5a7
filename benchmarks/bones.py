"""What constant bones bring: the same cases with the same weights, with and without them.

python benchmarks/bones.py --mocap val.npz --recordings cam01.npz --reference reference.npz
"""

from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import tyro
from rich.console import Console
from rich.progress import track
from rich.table import Table

from m2t3.core.skeletons import Skeleton
from m2t3.engines.loading import load_denoiser
from m2t3.engines.manifest import DEFAULT_WEIGHTS
from m2t3.lifting import steady
from m2t3.lifting.bone_lengths import BoneLengths
from m2t3.training.evaluation.cases import Case, mocap_cases, recording_case, with_detector_noise
from m2t3.training.evaluation.measure import ALL, lift, score, summarise


class LooseBones(BoneLengths):
    """Bones as the network has them."""

    def fitted(self, t_s, points_world_m, expected_error_m):
        """The points, as they are."""
        return points_world_m


@dataclass(frozen=True)
class Bones:
    """Measure what constant bones bring."""

    mocap: Path
    """Mocap archive; its clips are seen by seeded random cameras, exactly and as by a detector."""
    recordings: tuple[Path, ...] = ()
    """Keypoint recordings that hold their camera."""
    reference: Path | None = None
    """Reference joints of the recordings' frames."""
    weights: str = DEFAULT_WEIGHTS
    """Name of weights, or their folder."""
    every: int = 4
    """Takes every so many of the mocap cases."""

    def run(self) -> None:
        """Print the table."""
        denoiser = load_denoiser(self.weights)
        skeleton = denoiser.shape.skeleton
        cases = self._cases(skeleton)
        results = []
        for kind, way in ((LooseBones, "as the network has them"), (BoneLengths, "constant")):
            with mock.patch.object(steady, "BoneLengths", kind):
                for case in track(cases, way, console=Console(stderr=True)):
                    results.append(score(case, way, lift(case, denoiser, 1), skeleton))
        table = Table(title="mm, Accel m/s2; as the live stream publishes them")
        for name in ("2D", "bones", "Abs", "MPJPE", "PA", "Accel", "sliding"):
            table.add_column(name, justify="left" if name in ("2D", "bones") else "right")
        groups = list(dict.fromkeys(case.group for case in cases))
        for row in sorted(summarise(results, ALL), key=lambda row: groups.index(row.name)):
            numbers = (row.abs_mpjpe, row.mpjpe, row.pa_mpjpe, row.accel, row.foot_sliding)
            table.add_row(row.name, row.method, *(f"{number:.1f}" for number in numbers))
        Console(width=110).print(table)

    def _cases(self, skeleton: Skeleton) -> list[Case]:
        exact = list(mocap_cases(self.mocap, skeleton))[:: self.every]
        noisy = [with_detector_noise(case, skeleton) for case in exact]
        if self.reference is None:
            return exact + noisy
        real = [recording_case(path, self.reference, skeleton) for path in self.recordings]
        return exact + noisy + real


if __name__ == "__main__":
    tyro.cli(Bones).run()
