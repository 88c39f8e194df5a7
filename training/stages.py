"""The two stages: what they draw, and how a batch is noised, denoised and judged."""

import functools
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import torch
from torch import Tensor

from ..core.skeletons import Skeleton, skeleton
from ..engines.network import MotionDenoiser, NetworkConfig
from ..lifting.diffusion import Denoised, alpha_sigma, network_input
from ..lifting.memory import past_mask
from .archive import Archive
from .config import TrainConfig
from .half_precision import bfloat16_is_fast
from .losses import LossWeights, denoiser_loss
from .pretraining import ViewBatch, ViewWindows, first_network, view_loss
from .windows.batches import Batch, Windows
from .windows.recordings2d import read_tracks

Judged = tuple[Tensor, dict[str, Tensor]]  # the loss and its terms


class Drawing(Protocol):
    """What gives batches: dataclasses of tensors, drawn by a generator whose state is all."""

    generator: torch.Generator

    def draw(self) -> Any:
        """The next batch."""
        ...


@dataclass(frozen=True)
class Stage:
    """What one stage does its own way."""

    network: Callable[[NetworkConfig], MotionDenoiser]  # with random weights
    drawing: Callable[[TrainConfig, list[Archive], int], Drawing]  # by configuration and seed
    batch: type  # what is drawn
    loss: Callable[[MotionDenoiser, Any, torch.Generator, TrainConfig], Judged]


def mocap_windows(config: TrainConfig, archives: list[Archive], seed: int) -> Windows:
    """Windows of the archives, by their shares or else by their frames."""
    shares = config.shares or tuple(float(len(a.positions_world_m)) for a in archives)
    bones = skeleton(config.network.skeleton)
    return Windows(archives, list(shares), bones, config.window, seed, config.network.decoupled)


def view_windows(config: TrainConfig, archives: list[Archive], seed: int) -> ViewWindows:
    """Single views of those windows, and of the recordings' share of each batch."""
    if config.recordings is None:
        return ViewWindows(mocap_windows(config, archives, seed))
    tracks = read_tracks(config.recordings, skeleton(config.network.skeleton))
    batch = config.window.batch
    recorded = min(round(config.recordings_share * batch), batch - 1)
    window = replace(config.window, batch=batch - recorded)
    windows = mocap_windows(replace(config, window=window), archives, seed)
    return ViewWindows(windows, tracks, recorded)


def pretrain_loss(
    network: MotionDenoiser, batch: ViewBatch, generator: torch.Generator, config: TrainConfig
) -> Judged:
    """Stage 1, each view for itself: the loss of a batch noised at random, and its terms."""
    level = _random(torch.rand, batch.motion.shape[:1], generator, batch.motion)
    x_t = _noised(batch.motion, level, generator)
    judge = compiled(_judge_view) if config.compile else _judge_view
    return judge(network, batch, x_t, level, config.loss)


def finetune_loss(
    network: MotionDenoiser, batch: Batch, generator: torch.Generator, config: TrainConfig
) -> Judged:
    """Stage 2, all views: the loss of a batch noised at random, and its terms."""
    level = _random(torch.rand, batch.motion.shape[:1], generator, batch.motion)
    level[: round(config.one_step * len(level))] = 1.0
    x_t = _noised(batch.motion, level, generator)
    judge = compiled(_judge_views) if config.compile else _judge_views
    return judge(network, batch, x_t, level, skeleton(config.network.skeleton), config.loss)


def denoise(
    network: MotionDenoiser,
    batch: Batch | ViewBatch,
    x_t: Tensor,
    level: Tensor,
    together: bool = True,
) -> Denoised:
    """A whole window through the network, without memory; in half precision where that is fast."""
    config, device = network.config, x_t.device
    b, t = batch.features.shape[:2]
    mask = torch.from_numpy(past_mask(t, config.memory_frames)).to(device)[None].expand(b, t, t)
    shape = (b, config.layers, x_t.shape[2], config.heads, 0, config.width // config.heads)
    empty = torch.zeros(shape, device=device)
    with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16_is_fast(device)):
        ground = None
        if isinstance(batch, Batch):  # stage 1 looks at no ground
            ground = network.ground(batch.distance_m, batch.height_m)
        x, *_ = network.tokens(
            network_input(x_t, level), level, batch.features, batch.phase, mask, empty, empty,
            together, ground,
        )  # fmt: skip
    return Denoised(*network.read(x.float()))


@functools.cache
def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` as torch.compile makes it; always the same one, so that it is made once."""
    # array_api_compat asks a cached function which library an array is of: true once and for all.
    warnings.filterwarnings("ignore", message="Dynamo detected a call to a `functools.lru_cache`")
    return torch.compile(function)


def _judge_view(
    network: MotionDenoiser, batch: ViewBatch, x_t: Tensor, level: Tensor, weights: LossWeights
) -> Judged:
    answer = denoise(network, batch, x_t, level, together=False)
    return view_loss(answer.motion, batch, weights)


def _judge_views(
    network: MotionDenoiser, batch: Batch, x_t: Tensor, level: Tensor, bones: Skeleton,
    weights: LossWeights,
) -> Judged:  # fmt: skip
    return denoiser_loss(denoise(network, batch, x_t, level), batch, level, bones, weights)


def _noised(motion: Tensor, level: Tensor, generator: torch.Generator) -> Tensor:
    noise = _random(torch.randn, motion.shape, generator, motion)
    alpha, sigma = (a[:, None, None, None] for a in alpha_sigma(level))
    return alpha * motion.clamp(-6, 6) + sigma * noise


def _random(
    draw: Callable[..., Tensor], shape: torch.Size, generator: torch.Generator, like: Tensor
) -> Tensor:
    """Numbers drawn where the generator is, for where `like` is."""
    return draw(shape, generator=generator, device=generator.device).to(like.device)


STAGES = {
    "pretrain": Stage(first_network, view_windows, ViewBatch, pretrain_loss),
    "finetune": Stage(MotionDenoiser, mocap_windows, Batch, finetune_loss),
}  # by name
