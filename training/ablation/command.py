"""`m2t3 ablate`: variants of the method, trained at equal budget and asked for the same pieces."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path

from ...core.errors import M2t3Error, valid_names
from ...core.skeletons import skeleton
from ..evaluation.cases import mocap_cases, with_detector_noise
from ..progress import log_to_console
from ..spreading import evenly_spread
from .report import AblationReport
from .runs import Pieces, RunResult, run_result
from .variants import BASE, VARIANTS, base_config

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ablate:
    """Train small variants of the method at equal budget; compare what they answer.

    Goes on where it was interrupted: what --runs holds is not done again.
    """

    archives: tuple[Path, ...]
    """Mocap archives (npz) to train on."""
    mocap: Path
    """Mocap archive to be measured on; its pieces are seen by seeded random cameras."""
    out: Path = Path("docs/results/ablation")
    """Folder for README.md, results.json and the picture."""
    runs: Path = Path("runs/ablation")
    """Folder of the runs and what came of each."""
    only: tuple[str, ...] = ()
    """Variants to compare with the base; all if none is named."""
    seeds: int = 2
    """Runs of each variant."""
    steps: int = 240
    """Optimiser steps of a run."""
    pieces: int = 8
    """Pieces of about 5 s to measure on, evenly spread over the archive's."""
    threads: int = 1
    """CPU threads."""

    def run(self) -> int:
        """Train and ask, one seed of all variants after the other; a report after each."""
        log_to_console()
        names = self._names()
        base = base_config(self.archives, self.steps)
        pieces = self._pieces(base.network.skeleton)
        results: dict[str, list[RunResult]] = {name: [] for name in names}
        for seed in range(self.seeds):
            for i, name in enumerate(names):
                log.info("seed %d, variant %d of %d: %s", seed, i + 1, len(names), name)
                folder = self.runs / name / f"seed{seed}"
                result = run_result(
                    VARIANTS[name], replace(base, seed=seed), pieces, folder, self.threads
                )
                if isinstance(result, int):
                    log.info("stopped; the same command goes on")
                    return 128 + result
                results[name].append(result)
            AblationReport(results, base, self.pieces).write(self.out)
        log.info("%s", self.out / "README.md")
        return 0

    def _names(self) -> list[str]:
        """The variants asked for, the base first."""
        for name in self.only:
            if name not in VARIANTS:
                raise M2t3Error(f"--only {name}: no such variant; {valid_names(name, VARIANTS)}")
        for name in ("seeds", "steps", "pieces", "threads"):
            if getattr(self, name) < 1:
                raise M2t3Error(f"--{name} {getattr(self, name)}: give 1 or more")
        return [name for name in VARIANTS if not self.only or name in (BASE, *self.only)]

    def _pieces(self, skeleton_name: str) -> Pieces:
        """The same pieces, cameras and noise for all; exact 2D, then as a detector sees it."""
        bones = skeleton(skeleton_name)
        every = list(mocap_cases(self.mocap, bones))
        exact = evenly_spread(every, self.pieces)
        noisy = [with_detector_noise(case, bones) for case in exact]
        return Pieces(f"{len(exact)} of {self.mocap.name}", (*exact, *noisy))
