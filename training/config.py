"""What a training run is: one configuration for both stages, checked as soon as it exists."""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from tyro.conf import arg

from ..core.errors import M2t3Error
from ..engines.network import NetworkConfig
from .config_checks import check_numbers
from .losses import LossWeights
from .windows.batches import WindowConfig


@dataclass(frozen=True)
class TrainConfig:
    """One training run; recorded beside its checkpoint."""

    archives: tuple[Path, ...] = ()  # mocap archives (npz) to train on
    shares: tuple[float, ...] = ()  # how often each is drawn from; empty: by its frames
    clips: float = 1.0  # share of each archive's clips to train on, evenly spread
    # stage 1: folder of 2D keypoint recordings (npz, mcap) to learn from
    recordings: Path | None = None
    recordings_share: float = 0.3  # stage 1: share of each batch's windows that are theirs
    # stage 1: "WHAT, LICENCE" of them, as archives tell of their clips; untold terms are unknown
    recordings_source: str | None = None
    out: Path = Path("runs/coco17")  # checkpoint, log and resolved configuration go here
    # last.pt, or a folder of exported weights, to begin with
    start: Annotated[Path | None, arg(name="from")] = None
    minutes: float = 90.0  # length of the run over all sittings ...
    steps: int | None = None  # ... or its length in optimiser steps, if given
    decay: float = 0.3  # last share of the run, in which the rates fall to a twentieth
    seed: int = 0  # of the batches and the first weights
    muon_rate: float = 3e-3  # learning rate of the blocks' matrices
    adam_rate: float = 1e-3  # learning rate of everything else
    weight_decay: float = 0.01  # of both optimisers
    warmup_steps: int = 200  # steps in which the rates rise
    one_step: float = 0.75  # stage 2: share of samples at pure noise, the rest at random levels
    ema: float = 0.999  # decay of the weights' moving average a step
    checkpoint_minutes: float = 3.0  # time between checkpoints
    compile: bool = True  # torch.compile the step: some two minutes, then nearly twice as fast
    network: NetworkConfig = field(default_factory=NetworkConfig)
    window: WindowConfig = field(default_factory=WindowConfig)
    loss: LossWeights = field(default_factory=LossWeights)

    def __post_init__(self) -> None:
        if self.archives and self.shares and len(self.shares) != len(self.archives):
            raise M2t3Error(
                f"{len(self.shares)} --shares for {len(self.archives)} --archives: give one each"
            )
        if not all(0 < share < math.inf for share in self.shares):
            raise M2t3Error(
                f"--shares {' '.join(f'{share:g}' for share in self.shares)}: give each archive "
                "more than 0, and leave out those that are not to be drawn from"
            )
        soles = len(self.window.body.soles_m)
        if soles != 1 and self.archives and soles != len(self.archives):
            raise M2t3Error(
                f"{soles} --window.body.soles-m for {len(self.archives)} --archives: "
                "give one for all, or one each"
            )
        if not self.minutes > 0 or (self.steps is not None and self.steps < 1):
            raise M2t3Error(
                f"a run of {self.minutes} --minutes, {self.steps} --steps has no length: "
                "give more than 0"
            )
        if not 0 < self.clips <= 1:
            raise M2t3Error(f"--clips {self.clips} is no share of clips: give more than 0, up to 1")
        check_numbers(self)
