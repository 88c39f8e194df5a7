"""All that changes while a run trains: an optimiser step, saving it all, going on from it."""

import copy
import logging
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from ..core.errors import M2t3Error
from .archive import Archive
from .checkpoint import load_first_weights, load_weights, read_checkpoint, write_checkpoint
from .config import TrainConfig
from .lineage import NOTHING, Lineage, lineage_of, read_first, sources_of
from .machines import Step, gather_states, restore_state, seed_of
from .optimisers import optimisers, update_average
from .schedule import Progress
from .stages import STAGES

log = logging.getLogger(__name__)


class TrainingState:
    """Network, average, optimisers, batches and progress of one process of a run."""

    def __init__(
        self, config: TrainConfig, stage: str, archives: list[Archive], fabric: Fabric
    ) -> None:
        self.config, self.stage, self.fabric = config, stage, fabric
        self.checkpoint = config.out / "last.pt"
        self.progress = Progress()
        resumes = fabric.broadcast(self.checkpoint.exists())
        first = None
        self.before = NOTHING
        if config.start is not None and not resumes:
            first = self._read(read_first, config.start)
            self.before = lineage_of(first)
        # one seed in a row of runs is not to draw the first run's windows over and over
        drawn = self.before.progress.step
        seed = seed_of(config.seed, fabric.global_rank, drawn)
        self.windows = STAGES[stage].drawing(config, archives, seed)
        torch.manual_seed(config.seed)
        self.network = STAGES[stage].network(config.network)
        self._step = fabric.setup_module(Step(self.network, STAGES[stage], config))
        self._muon, self._adam = optimisers(self.network, config)
        if first is not None:
            words = load_first_weights(self.network, first, config.network)
            log.info("from %s at step %d: %s", config.start, drawn, words)
        self.average = copy.deepcopy(self.network)
        if resumes:
            self._restore(self._read(read_checkpoint, self.checkpoint))
        self.before = self.before.joined(sources_of(config, archives))

    def _read(self, read: Callable[[Path], dict[str, Any]], path: Path) -> dict[str, Any]:
        """What one process reads for all, since machines may not share a disk."""
        return self.fabric.broadcast(read(path) if self.fabric.is_global_zero else {})

    def _restore(self, saved: dict[str, Any]) -> None:
        stage = saved.get("stage", "finetune")
        if stage != self.stage:
            raise M2t3Error(
                f"{self.config.out} holds a {stage} run: give another --out, "
                f"and --from {self.checkpoint} to begin with its weights"
            )
        config, step = self.config, int(saved["progress"]["step"])
        load_weights(self.network, saved["network"], saved, config.network)
        load_weights(self.average, saved["average"], saved, config.network)
        self._muon.load_state_dict(saved["muon"])
        self._adam.load_state_dict(saved["adam"])
        self.progress = Progress(**saved["progress"])
        self.before = Lineage(tuple(saved["sources"]), Progress(**saved["before"]))
        rank, processes = self.fabric.global_rank, self.fabric.world_size
        states = torch.atleast_2d(saved["generator"])
        fresh = seed_of(config.seed, rank, step)
        if not restore_state(self.windows.generator, states, rank, processes, fresh):
            log.warning("other processes than before: their batches are seeded anew")
        log.info("resumed at step %d, %.1f minutes", step, self.progress.seconds / 60)

    def save(self) -> None:
        """Leaves a checkpoint; all processes call it."""
        states = gather_states(self.fabric, self.windows.generator)
        if not self.fabric.is_global_zero:
            return
        write_checkpoint(
            {
                "stage": self.stage,
                "network": self.network.state_dict(),
                "average": self.average.state_dict(),
                "muon": self._muon.state_dict(),
                "adam": self._adam.state_dict(),
                "generator": states,
                "progress": asdict(self.progress),
                "before": asdict(self.before.progress),
                "sources": list(self.before.sources),
                "config": asdict(self.config.network),
            },
            self.checkpoint,
        )

    def advance(self, rate: float) -> dict[str, Tensor]:
        """One optimiser step at `rate` times the learning rates; progress is the caller's.

        Returns:
            The loss, the gradient's norm and the loss's terms.
        """
        config = self.config
        for optimiser, base in ((self._muon, config.muon_rate), (self._adam, config.adam_rate)):
            for group in optimiser.param_groups:
                group["lr"] = base * rate
            optimiser.zero_grad()
        batch = self.fabric.to_device(vars(self.windows.draw()))
        loss, terms = self._step(batch, self.windows.generator)
        self.fabric.backward(loss)
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        if torch.isfinite(norm):
            self._muon.step()
            self._adam.step()
        else:
            log.warning("step %d: gradient is not finite, step left out", self.progress.step)
        update_average(self.average, self.network, self.progress.step, config.ema)
        return {"total": loss, "norm": norm, **terms}
