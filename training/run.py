"""The training run: one loop, resumable, on a schedule that can always be continued.

Warm-up, a stable rate, then a decay over the last part of the time given (WSD); Muon for the
matrices inside the blocks, AdamW for the rest; the weights that are kept are an exponential
moving average.
"""

import copy
import json
import logging
import math
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..core.skeletons import skeleton
from ..engines.network import MotionDenoiser, NetworkConfig
from ..lifting.diffusion import Denoised, alpha_sigma, network_input
from ..lifting.memory import past_mask
from .archive import read_archive
from .batches import Batch, WindowConfig, Windows
from .commit import commit
from .losses import LossWeights, denoiser_loss

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainConfig:
    """One training run; saved beside its checkpoint."""

    archives: tuple[Path, ...]  # mocap archives to train on
    shares: tuple[float, ...]  # how often each is drawn from; empty: by its frames
    out: Path = Path("runs/coco17")  # checkpoint, log and configuration go here
    minutes: float = 90.0  # length of the run ...
    steps: int | None = None  # ... or its length in optimiser steps, if given
    decay: float = 0.3  # last share of the run, in which the rate falls to a twentieth
    seed: int = 0  # of the batches and the first weights
    muon_rate: float = 3e-3  # learning rate of the blocks' matrices
    adam_rate: float = 1e-3  # learning rate of everything else
    weight_decay: float = 0.01
    warmup_steps: int = 200
    one_step: float = 0.75  # share of samples at pure noise, the rest at random levels
    ema: float = 0.999  # decay of the moving average a step
    compile: bool = True  # torch.compile the network and the loss
    network: NetworkConfig = field(default_factory=NetworkConfig)
    window: WindowConfig = field(default_factory=WindowConfig)
    loss: LossWeights = field(default_factory=LossWeights)


def denoise(network: MotionDenoiser, batch: Batch, x_t: Tensor, level: Tensor) -> Denoised:
    """A whole window through the network, without memory; the blocks in bfloat16."""
    config = network.config
    b, t = batch.features.shape[:2]
    mask = torch.from_numpy(past_mask(t, config.memory_frames))[None].expand(b, t, t)
    shape = (b, config.layers, x_t.shape[2], config.heads, 0, config.width // config.heads)
    empty = torch.zeros(shape)
    with torch.autocast("cpu", torch.bfloat16):
        x, *_ = network.tokens(
            network_input(x_t, level), level, batch.features, batch.phase, mask, empty, empty
        )
    return Denoised(*network.read(x.float()))


def train(config: TrainConfig) -> None:
    """Runs or resumes training; leaves `last.pt` with the averaged weights in `config.out`."""
    config.out.mkdir(parents=True, exist_ok=True)
    resolved = {**asdict(config), "commit": commit()}
    (config.out / "config.json").write_text(json.dumps(resolved, indent=1, default=str))
    torch.manual_seed(config.seed)
    bones = skeleton(config.network.skeleton)
    archives = [read_archive(path, bones) for path in config.archives]
    shares = config.shares or tuple(float(len(a.positions_world_m)) for a in archives)
    windows = Windows(archives, list(shares), bones, config.window, config.seed)
    network = MotionDenoiser(config.network)
    average = copy.deepcopy(network)
    muon, adam = _optimisers(network, config)
    progress = Progress()
    checkpoint = config.out / "last.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(saved["network"])
        average.load_state_dict(saved["average"])
        muon.load_state_dict(saved["muon"])
        adam.load_state_dict(saved["adam"])
        windows.generator.set_state(saved["generator"])
        progress = Progress(**saved["progress"])
        log.info("resumed at step %d, %.1f minutes", progress.step, progress.seconds / 60)

    def loss_of(batch: Batch, x_t: Tensor, level: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        denoised = denoise(network, batch, x_t, level)
        return denoiser_loss(denoised, batch, level, bones, config.loss)

    step_loss: Any = torch.compile(loss_of) if config.compile else loss_of
    began = time.monotonic() - progress.seconds
    sums: dict[str, float] = {}
    saved_at = time.monotonic()
    while _done(progress, config) < 1.0:
        rate = _rate(progress, config)
        for optimiser, base in ((muon, config.muon_rate), (adam, config.adam_rate)):
            for group in optimiser.param_groups:
                group["lr"] = base * rate
        batch = windows.draw()
        level = torch.rand(len(batch.uv), generator=windows.generator)
        level[: round(config.one_step * len(level))] = 1.0
        noise = torch.randn(batch.motion.shape, generator=windows.generator)
        alpha, sigma = (a[:, None, None, None] for a in alpha_sigma(level))
        x_t = alpha * batch.motion.clamp(-6, 6) + sigma * noise
        loss, terms = step_loss(batch, x_t, level)
        muon.zero_grad()
        adam.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        if torch.isfinite(norm):
            muon.step()
            adam.step()
        else:
            log.warning("step %d: gradient is not finite, step left out", progress.step)
        decay = min(config.ema, (progress.step + 1) / (progress.step + 10))
        with torch.no_grad():
            for kept, now in zip(average.parameters(), network.parameters(), strict=True):
                kept.lerp_(now, 1 - decay)
        progress = Progress(progress.step + 1, time.monotonic() - began)
        for name, value in {"total": loss, "norm": norm, **terms}.items():
            sums[name] = sums.get(name, 0.0) + value.item()
        if progress.step % 100 == 0:
            row = {name: round(value / 100, 4) for name, value in sums.items()}
            log.info("step %d, %.1f %% done, %s", progress.step, 100 * _done(progress, config), row)
            with (config.out / "log.jsonl").open("a") as file:
                file.write(json.dumps({**asdict(progress), "rate": rate, **row}) + "\n")
            sums.clear()
        if time.monotonic() - saved_at > 180 or _done(progress, config) >= 1.0:
            saved_at = time.monotonic()
            state = {
                "network": network.state_dict(),
                "average": average.state_dict(),
                "muon": muon.state_dict(),
                "adam": adam.state_dict(),
                "generator": windows.generator.get_state(),
                "progress": asdict(progress),
                "config": asdict(config.network),
            }
            torch.save(state, checkpoint.with_suffix(".tmp"))
            checkpoint.with_suffix(".tmp").replace(checkpoint)


@dataclass(frozen=True)
class Progress:
    """How far a run has come."""

    step: int = 0  # optimiser steps
    seconds: float = 0.0  # time spent in them, over all sittings


def _done(progress: Progress, config: TrainConfig) -> float:
    """How much of the run is over; 1 at its end."""
    if config.steps is not None:
        return progress.step / config.steps
    return progress.seconds / (config.minutes * 60)


def _rate(progress: Progress, config: TrainConfig) -> float:
    """The factor on the learning rates: warm-up, stable, decay to a twentieth."""
    warm = min(1.0, (progress.step + 1) / config.warmup_steps)
    fall = max(0.0, (_done(progress, config) - (1 - config.decay)) / config.decay)
    return warm * (1.0 - 0.95 * math.sin(0.5 * math.pi * min(1.0, fall)))


def _optimisers(
    network: MotionDenoiser, config: TrainConfig
) -> tuple[torch.optim.Muon, torch.optim.AdamW]:
    """Muon for the blocks' matrices, AdamW for embeddings, heads, biases and norms."""
    matrices = [p for p in network.blocks.parameters() if p.ndim == 2]
    chosen = {id(p) for p in matrices}
    rest = [p for p in network.parameters() if id(p) not in chosen]
    muon = torch.optim.Muon(
        matrices, config.muon_rate, weight_decay=config.weight_decay,
        adjust_lr_fn="match_rms_adamw",
    )  # fmt: skip
    adam = torch.optim.AdamW(
        rest, config.adam_rate, weight_decay=config.weight_decay, betas=(0.9, 0.98)
    )
    return muon, adam
