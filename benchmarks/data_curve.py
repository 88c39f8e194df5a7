"""Error against data: what runs on more or fewer clips make of these clips, and of unseen ones.

Runs of the same number of steps make one line of the picture.

    for share in 0.125 0.25 0.5 1; do
        m2t3 train finetune --recipe configs/train_coco17_small.yaml --archives train_cmu.npz \\
            --network.width 96 --network.heads 3 --network.memory-frames 24 --window.frames 24 \\
            --clips $share --steps 2500 --out runs/share-$share
    done
    python benchmarks/data_curve.py --mocap val.npz --only cmu --runs runs/share-*
"""

import itertools
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import tyro
from rich.console import Console
from rich.progress import track
from tables import Table

from m2t3.core.skeletons import Skeleton
from m2t3.engines.manifest import Metrics
from m2t3.engines.torch_engine import TorchDenoiser
from m2t3.training.archive import read_archive
from m2t3.training.evaluation.cases import Case, mocap_cases
from m2t3.training.evaluation.measure import ALL, METHOD, lift, score, summarise
from m2t3.training.evaluation.plots import Figure
from m2t3.training.export import network_of
from m2t3.training.lineage import read_first
from m2t3.training.spreading import evenly_spread

LEARNED, UNSEEN = "learned", "unseen"
ERRORS = {"Abs": "abs_mpjpe", "MPJPE": "mpjpe", "PA": "pa_mpjpe"}  # of Metrics


@dataclass(frozen=True)
class DataCurve:
    """Ask every run, print a table, draw a picture."""

    mocap: Path
    """Mocap archive that no run learned from; its pieces of 5 s are seen by seeded random
    cameras."""
    runs: tuple[Path, ...]
    """Folders of runs on the same archives that differ in --clips."""
    only: str = ""
    """Of the archive above, only clips whose names begin so."""
    pieces: int = 24
    """How many pieces of either kind, evenly spread."""
    out: Path | None = None
    """Picture to write (png)."""

    def run(self) -> None:
        """Print the table; draw."""
        points = sorted(
            (self._asked(run) for run in track(self.runs, "asking", console=Console(stderr=True))),
            key=lambda point: (point.steps, point.minutes),
        )
        columns = [(name, kind) for name in ERRORS for kind in (UNSEEN, LEARNED)]
        table = Table(
            "error against data",
            ("steps, minutes of mocap", *(f"{name}, {kind}" for name, kind in columns)),
            f"mm, exact 2D, {self.pieces} pieces of either kind",
        )
        for point in points:
            table.add(
                f"{point.steps}, {point.minutes:.1f}",
                *(f"{getattr(point.errors[kind], ERRORS[name]):.1f}" for name, kind in columns),
            )
        table.show()
        if self.out is not None:
            draw(points, self.out)

    def _asked(self, run: Path) -> "Point":
        network, lineage = network_of(read_first(run / "last.pt"))
        denoiser = TorchDenoiser(network)
        skeleton = denoiser.shape.skeleton
        config = json.loads((run / "config.json").read_text())
        learned: list[Case] = []
        minutes = 0.0
        for path in map(Path, config["archives"]):
            archive = read_archive(path, skeleton).thinned(config["clips"])
            minutes += len(archive.positions_world_m) / archive.fps / 60
            learned += [c for c in pieces(path, skeleton) if clip(c) in archive.clip_names]
        unseen = [c for c in pieces(self.mocap, skeleton) if clip(c).startswith(self.only)]
        return Point(
            lineage.progress.step,
            minutes,
            {
                kind: errors(denoiser, evenly_spread(cases, self.pieces))
                for kind, cases in ((UNSEEN, unseen), (LEARNED, learned))
            },
        )


@dataclass(frozen=True)
class Point:
    """What came of one run."""

    steps: int
    minutes: float  # of mocap that it learned from
    errors: dict[str, Metrics]  # by UNSEEN and LEARNED


@cache
def pieces(path: Path, skeleton: Skeleton) -> list[Case]:
    """An archive's, made once for all runs."""
    return list(mocap_cases(path, skeleton))


def clip(case: Case) -> str:
    """The clip whose piece a case is."""
    return case.name.rpartition("/")[0]


def errors(denoiser: TorchDenoiser, cases: list[Case]) -> Metrics:
    """Of all frames, as the live stream would answer them."""
    skeleton = denoiser.shape.skeleton
    (row,) = summarise([score(c, METHOD, lift(c, denoiser, 1), skeleton) for c in cases], ALL)
    return row


def draw(points: list[Point], path: Path) -> None:
    """PA-MPJPE, which hangs least on where the cameras of the pieces happen to stand."""
    with Figure(path, 4.0) as axes:
        for i, (steps, line) in enumerate(itertools.groupby(points, key=lambda point: point.steps)):
            of_these = list(line)
            for kind, style in ((UNSEEN, "-"), (LEARNED, ":")):
                axes.plot(
                    [point.minutes for point in of_these],
                    [point.errors[kind].pa_mpjpe for point in of_these],
                    style, color=f"C{i}", marker="o", label=f"{kind}, {steps} steps",
                )  # fmt: skip
        axes.set_xscale("log", base=2)
        minutes = sorted({point.minutes for point in points})
        axes.set_xticks(minutes, [f"{m:.0f}" for m in minutes])
        axes.set(xlabel="minutes of mocap to learn from", ylabel="PA-MPJPE, mm", ylim=(0, None))


if __name__ == "__main__":
    tyro.cli(DataCurve).run()
