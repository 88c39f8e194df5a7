"""How steady the poses are, raw, live, and with frames waited for; and what that does to the error.

Every case is lifted once; what comes out is then smoothed in each way, as the stream does it.

    python benchmarks/steadiness.py --mocap val.npz --recordings cam01.npz --reference reference.npz
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from jaxtyping import Float
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from m2t3.calibration.camera import Camera
from m2t3.core.skeletons import Skeleton
from m2t3.engines.loading import load_denoiser
from m2t3.engines.manifest import DEFAULT_WEIGHTS
from m2t3.lifting.denoiser import Denoiser
from m2t3.lifting.lifter import Lifter
from m2t3.lifting.people import Lifted, Observation
from m2t3.training.evaluation.cases import Case, mocap_cases, recording_case, with_detector_noise
from m2t3.training.evaluation.measure import published
from m2t3.training.evaluation.metrics import errors

JUMP_M = 0.05  # a joint that moves so much more than in truth, from one frame to the next
METRICS = ("abs_mpjpe", "mpjpe", "pa_mpjpe", "accel", "jitter", "foot_sliding")


@dataclass(frozen=True)
class Steadiness:
    """Measure smoothing and look-ahead."""

    mocap: Path | None = None
    """Mocap archive; its clips are seen by seeded random cameras, exactly and as by a detector."""
    recordings: tuple[Path, ...] = ()
    """Keypoint recordings that hold their camera."""
    reference: Path | None = None
    """Reference joints of the recordings' frames."""
    weights: str = DEFAULT_WEIGHTS
    """Name of weights, or their folder."""
    look_aheads: tuple[int, ...] = (0, 2, 4, 8)
    """Frames to wait."""
    every: int = 4
    """Takes every so many of the mocap cases."""

    def run(self) -> None:
        """Print the table."""
        denoiser = load_denoiser(self.weights)
        skeleton = denoiser.shape.skeleton
        rows: dict[tuple[str, str], list[dict[str, float]]] = {}
        for case in track(self._cases(skeleton), "lifting", console=Console(stderr=True)):
            answers = lifted(case, denoiser)
            raw = np.stack([frame.people[0].positions_world_m for frame in answers])
            ways = {"raw": raw.astype(np.float64)}
            for n in self.look_aheads:
                replayed = Replayed(case.camera, denoiser, iter(answers))
                ways[f"look-ahead {n}"] = published(case, replayed, n)
            for way, points in ways.items():
                rows.setdefault((case.group, way), []).append(measured(points, case, skeleton))
        print_table(rows)

    def _cases(self, skeleton: Skeleton) -> Sequence[Case]:
        cases: list[Case] = []
        if self.mocap:
            for case in list(mocap_cases(self.mocap, skeleton))[:: self.every]:
                cases += [case, with_detector_noise(case, skeleton)]
        if self.reference:
            cases += [recording_case(path, self.reference, skeleton) for path in self.recordings]
        return cases


@dataclass
class Replayed:
    """A lifter that has answered already, and says it again."""

    camera: Camera
    denoiser: Denoiser
    answers: Iterator[Lifted]  # frame by frame

    def lift(self, observations: Sequence[Observation]) -> Lifted:
        """The next answer."""
        return next(self.answers)

    def forget(self, person_id: int) -> None:
        """Nothing is remembered."""

    def catch_up(self) -> None:
        """Nothing had to wait."""


def lifted(case: Case, denoiser: Denoiser) -> list[Lifted]:
    """The network's answers, frame by frame."""
    lifter = Lifter(case.camera, denoiser)
    return [lifter.lift([observation]) for observation in case.observations()]


def measured(points: Float[NDArray, "t j 3"], case: Case, skeleton: Skeleton) -> dict[str, float]:
    """Means over the frames of one case."""
    found = errors(points, case.truth_world_m, case.fps, skeleton)
    steps, true_steps = (
        np.linalg.norm(np.diff(p, axis=0), axis=-1) for p in (points, case.truth_world_m)
    )
    known = np.isfinite(steps - true_steps)
    jumps = (steps - true_steps)[known] > JUMP_M
    numbers = {m: getattr(found, m) for m in METRICS} | {"jumps": 100.0 * jumps}
    return {m: float(np.nanmean(a)) if np.isfinite(a).any() else np.nan for m, a in numbers.items()}


def print_table(rows: dict[tuple[str, str], list[dict[str, float]]]) -> None:
    """One line for each group and way; every case counts alike."""
    table = Table(title="mm; Accel m/s2 (mean, median case); Jitter 10 m/s3; jumps % of joints")
    names = ("group", "way", "Abs", "MPJPE", "PA", "Accel", "median", "Jitter", "feet", "jumps")
    for name in names:
        table.add_column(name, justify="left" if name in ("group", "way") else "right")
    for (group, way), cases in rows.items():
        columns = {m: np.array([case[m] for case in cases]) for m in cases[0]}
        numbers = [
            *(np.nanmean(columns[m]) for m in ("abs_mpjpe", "mpjpe", "pa_mpjpe", "accel")),
            np.nanmedian(columns["accel"]),
            *(np.nanmean(columns[m]) for m in ("jitter", "foot_sliding")),
        ]
        jumps = f"{np.nanmean(columns['jumps']):.2f}"
        table.add_row(group, way, *(f"{number:.1f}" for number in numbers), jumps)
    Console(width=120).print(table)


if __name__ == "__main__":
    tyro.cli(Steadiness).run()
