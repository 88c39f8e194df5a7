"""What each term of the absolute position brings: the ground, the body's size, a known height.

The same cases with the same weights, each time with something left out or told. The last row is no
method: the scale about the camera, which no picture can tell, is taken from the truth once for
each piece. What it leaves is the network's own error; what it takes away depends on how well
people's sizes and the height of their ankles over the floor are known beforehand.

    python benchmarks/terms.py --mocap val.npz
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from jaxtyping import Float
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from m2t3.engines.loading import load_denoiser
from m2t3.engines.manifest import DEFAULT_WEIGHTS
from m2t3.training.ablation.runs import true_height_m
from m2t3.training.ablation.silenced import Silenced, without_ground, without_size
from m2t3.training.evaluation.cases import Case, mocap_cases, with_detector_noise
from m2t3.training.evaluation.measure import SETTLED, lift, score, summarise

DEFAULT, SCALED = "both (default)", "both, the right scale (no method)"
ACTIONS = ("walking", "everyday", "sports", "acrobatics")  # columns besides everything


@dataclass(frozen=True)
class Terms:
    """Measure what each term brings."""

    mocap: Path
    """Mocap archive; its clips are seen by seeded random cameras."""
    weights: str = DEFAULT_WEIGHTS
    """Name of weights, or their folder."""
    piece_s: float = 10.0
    """Length of the pieces; a belief in somebody's size takes seconds to form."""
    every: int = 1
    """Takes every so many of the cases."""

    def run(self) -> None:
        """Print the table."""
        denoiser = load_denoiser(self.weights)
        skeleton = denoiser.shape.skeleton
        ways = {
            "neither ground nor size": (Silenced(denoiser, without_ground, without_size), False),
            "ground alone": (Silenced(denoiser, without_size), False),
            "size alone": (Silenced(denoiser, without_ground), False),
            DEFAULT: (denoiser, False),
            "both, height told": (denoiser, True),
        }
        exact = list(mocap_cases(self.mocap, skeleton, self.piece_s))[:: self.every]
        cases = [c for case in exact for c in (case, with_detector_noise(case, skeleton))]
        results = {(way, case.group): [] for case in cases for way in (*ways, SCALED)}
        for case in track(cases, "lifting", console=Console(stderr=True)):
            height_m = true_height_m(case.truth_world_m, skeleton)
            for way, (asked, told) in ways.items():
                lifted = lift(case, asked, 1, height_m if told else None)
                results[way, case.group].append(score(case, way, lifted, skeleton))
                if way == DEFAULT:
                    scaled = rescaled(lifted, case)
                    results[SCALED, case.group].append(score(case, SCALED, scaled, skeleton))
        table = Table(title="Abs-MPJPE mm (root error, % of the distance), after the first second")
        for name in ("2D", "terms", "all", *ACTIONS):
            table.add_column(name, justify="left" if name in ("2D", "terms") else "right")
        for (way, group), found in results.items():
            rows = {None: summarise(found, SETTLED)[0]}
            rows |= {row.action: row for row in summarise(found, SETTLED, lambda r: r.case.action)}
            told = [rows.get(action) for action in (None, *ACTIONS)]
            numbers = [f"{r.abs_mpjpe:.1f} ({r.root_percent:.2f})" if r else "-" for r in told]
            table.add_row(group, way, *numbers)
        Console(width=110).print(table)


def rescaled(lifted: Float[NDArray, "t j 3"], case: Case) -> Float[NDArray, "t j 3"]:
    """The answers, scaled about the camera by the one factor that fits the truth best."""
    center_m = case.camera.t_world_camera_m
    answer, truth = lifted - center_m, case.truth_world_m - center_m
    known = np.isfinite(answer * truth)
    return center_m + answer * (answer * truth)[known].sum() / np.square(answer[known]).sum()


if __name__ == "__main__":
    tyro.cli(Terms).run()
