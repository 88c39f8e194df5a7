"""Error against training: weights of a run and of those it began from, asked the same pieces.

Every run's learning rate falls towards its end, so the step down there is in part the decay's.
A run leaves its newest checkpoint only: `cp` keeps others, and git the weights that were shipped.

    python benchmarks/training_curve.py --mocap val.npz --weights runs/first/*.pt runs/then/*.pt
"""

from dataclasses import dataclass
from pathlib import Path

import tyro
from rich.console import Console
from rich.progress import track
from rich.table import Table

from m2t3.engines.torch_engine import TorchDenoiser
from m2t3.training.evaluation.cases import mocap_cases, with_detector_noise
from m2t3.training.evaluation.measure import ALL, METHOD, lift, score, summarise
from m2t3.training.evaluation.plots import Figure
from m2t3.training.export import network_of
from m2t3.training.lineage import read_first
from m2t3.training.spreading import evenly_spread


@dataclass(frozen=True)
class TrainingCurve:
    """Measure a run over time, print a table, draw a picture."""

    mocap: Path
    """Mocap archive; its pieces of 5 s are seen by seeded random cameras."""
    weights: tuple[Path, ...]
    """Checkpoints or exported folders of a run, or of runs that each began (`--from`) where another
    had ended."""
    pieces: int = 16
    """How many pieces, evenly spread over the archive's."""
    out: Path | None = None
    """Picture to write (png)."""

    def run(self) -> None:
        """Print the table; draw."""
        networks = [network_of(read_first(path)) for path in self.weights]
        networks.sort(key=lambda loaded: loaded[1].progress.step)
        skeleton = TorchDenoiser(networks[0][0]).shape.skeleton
        every = list(mocap_cases(self.mocap, skeleton))
        exact = evenly_spread(every, self.pieces)
        cases = [c for case in exact for c in (case, with_detector_noise(case, skeleton))]
        rows = []
        for network, lineage in track(networks, "asking", console=Console(stderr=True)):
            denoiser = TorchDenoiser(network)
            results = [score(c, METHOD, lift(c, denoiser, 1), skeleton) for c in cases]
            rows.append((lineage.progress, summarise(results, ALL)))
        table = Table(title=f"{len(exact)} pieces of {self.mocap.name}: Abs / MPJPE / PA, mm")
        for name in ("steps", "minutes", *(row.name for row in rows[0][1])):
            table.add_column(name, justify="right")
        for progress, found in rows:
            errors = (f"{r.abs_mpjpe:.0f} / {r.mpjpe:.1f} / {r.pa_mpjpe:.1f}" for r in found)
            table.add_row(f"{progress.step}", f"{progress.seconds / 60:.0f}", *errors)
        Console().print(table)
        if self.out is not None:
            with Figure(self.out, 4.0) as axes:
                minutes = [progress.seconds / 60 for progress, _ in rows]
                for i, group in enumerate(row.name for row in rows[0][1]):
                    for kind, name, style in (("Abs", "abs_mpjpe", "-"), ("PA", "pa_mpjpe", "--")):
                        error = [getattr(found[i], name) for _, found in rows]
                        label = f"{group}: {kind}"
                        axes.plot(minutes, error, style, color=f"C{i}", marker="o", label=label)
                axes.set(xlabel="minutes of training", ylabel="MPJPE, mm", ylim=(0, None))


if __name__ == "__main__":
    tyro.cli(TrainingCurve).run()
