"""`m2t3 train`: weights from mocap archives; interrupted runs go on where they stopped."""

import logging
from dataclasses import dataclass, field
from pathlib import Path

import torch

from ..core.errors import M2t3Error
from ..engines.network import NetworkConfig
from .batches import WindowConfig
from .losses import LossWeights
from .run import TrainConfig, train


@dataclass(frozen=True)
class Train:
    """Train a denoiser, or go on with the run in --out."""

    archives: tuple[Path, ...]
    """Mocap archives (npz) to train on."""
    shares: tuple[float, ...] = ()
    """How often each archive is drawn from; by default by its number of frames."""
    out: Path = Path("runs/coco17")
    """Checkpoint, log and resolved configuration go here."""
    minutes: float = 90.0
    """Length of the whole run, over all sittings."""
    seed: int = 0
    """Of batches and first weights."""
    threads: int = 0
    """CPU threads; 0 takes torch's own choice."""
    compile: bool = True
    """Compile the training step first (some two minutes, then nearly twice as fast)."""
    network: NetworkConfig = field(default_factory=NetworkConfig)
    window: WindowConfig = field(default_factory=WindowConfig)
    loss: LossWeights = field(default_factory=LossWeights)

    def run(self) -> int:
        """Train; the averaged weights are in `last.pt` for `m2t3 export`."""
        if self.shares and len(self.shares) != len(self.archives):
            raise M2t3Error(
                f"{len(self.shares)} --shares for {len(self.archives)} --archives: give one each"
            )
        missing = [str(path) for path in self.archives if not path.exists()]
        if missing:
            raise M2t3Error(f"no such archive: {', '.join(missing)}")
        if self.threads:
            torch.set_num_threads(self.threads)
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
        train(
            TrainConfig(
                archives=self.archives,
                shares=self.shares,
                out=self.out,
                minutes=self.minutes,
                seed=self.seed,
                compile=self.compile,
                network=self.network,
                window=self.window,
                loss=self.loss,
            )
        )
        return 0
