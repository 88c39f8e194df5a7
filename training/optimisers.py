"""Muon for the matrices inside the blocks, AdamW for the rest, and the weights' moving average."""

import torch

from ..engines.network import MotionDenoiser
from .config import TrainConfig
from .half_precision import bfloat16_is_fast
from .muon import Float32Muon


def optimisers(
    network: MotionDenoiser, config: TrainConfig
) -> tuple[torch.optim.Muon, torch.optim.AdamW]:
    """Muon for the blocks' matrices, AdamW for embeddings, heads, biases and norms."""
    matrices = [p for p in network.blocks.parameters() if p.ndim == 2]
    chosen = {id(p) for p in matrices}
    rest = [p for p in network.parameters() if id(p) not in chosen]
    kind = torch.optim.Muon if bfloat16_is_fast(matrices[0].device) else Float32Muon
    muon = kind(
        matrices, config.muon_rate, weight_decay=config.weight_decay,
        adjust_lr_fn="match_rms_adamw",
    )  # fmt: skip
    adam = torch.optim.AdamW(
        rest, config.adam_rate, weight_decay=config.weight_decay, betas=(0.9, 0.98)
    )
    return muon, adam


@torch.no_grad()
def update_average(
    average: MotionDenoiser, network: MotionDenoiser, step: int, decay: float
) -> None:
    """Moves `average` towards `network` after step number `step` (from 0).

    Early on it averages over a tenth of the run rather than over the first, random weights.
    """
    decay = min(decay, (step + 1) / (step + 10))
    for kept, now in zip(average.parameters(), network.parameters(), strict=True):
        kept.lerp_(now, 1 - decay)
