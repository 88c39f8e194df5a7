"""What the denoiser is trained for: the published points first, then views, time and body."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..core.skeletons import Skeleton
from ..lifting import rig
from ..lifting.diffusion import Denoised, answer_points
from .windows.batches import Batch

_EPSILON_M = 1e-3  # rounds the corner of every distance


@dataclass(frozen=True)
class LossWeights:
    """Weights of the terms; lengths are in metres. Stage 1 has those marked so, stage 2 has all."""

    absolute: float = 1.0  # distance to the true joint in the room
    relative: float = 1.5  # the same with the root taken off
    velocity: float = 2.0  # step from frame to frame, both absolute and relative; stage 1's too
    acceleration: float = 0.0  # change from step to step, both absolute and relative
    bone: float = 0.5  # bone lengths
    reprojection: float = 1.0  # offset in V0, in metres at the person; stage 1's too, in all views
    motion: float = 0.08  # all views' motion vectors, unit variance; stage 1's too
    error: float = 0.03  # log-likelihood of the joint's error
    contact: float = 0.03  # cross-entropy of foot contact
    ankle: float = 0.5  # error of the ankles' heights
    ground: float = 0.03  # log-likelihood of the ankles' heights and of the views' depth
    size: float = 0.03  # log-likelihood of the body's size
    noised: float = 0.3  # factor on the metric terms of samples that are not pure noise


def distance(offset: Tensor) -> Tensor:
    """Length of vectors (..., n), smooth at zero."""
    return torch.sqrt(offset.square().sum(dim=-1) + _EPSILON_M**2)


def denoiser_loss(
    denoised: Denoised, batch: Batch, level: Tensor, skeleton: Skeleton, weights: LossWeights
) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss of a batch whose samples were noised to `level` (B,), and its terms."""
    viewed, points = answer_points(
        denoised, batch.uv, batch.seen, batch.axes, batch.centers_m, batch.distances_m,
        skeleton.ankles,
    )  # fmt: skip
    front = batch.front.float()
    sample = torch.where(level >= 1.0, 1.0, weights.noised)[:, None] * front
    sample = sample / sample.sum().clamp(min=1.0)

    def mean(per_frame: Tensor) -> Tensor:  # (B, T) to a number
        return (per_frame * sample).sum()

    offset = points - batch.points_m
    hips = list(skeleton.hips)
    relative = offset - offset[:, :, hips].mean(dim=2, keepdim=True)
    step_time = (batch.dt_s[:, 1:] * 30.0).clamp(min=0.5)[..., None, None, None]
    steps = torch.stack([offset, relative], dim=2).diff(dim=1) / step_time
    in_view = front[:, 1:] * front[:, :-1]

    def change(value: Tensor, usable: Tensor) -> Tensor:  # (B, T - n, 2, J, 3) to a number
        error = distance(value).mean(dim=-1).sum(dim=-1) * usable
        return mean(F.pad(error, (front.shape[1] - value.shape[1], 0)))

    error_m = distance(offset)
    bones = torch.tensor(skeleton.bones).T

    def bone_lengths(p: Tensor) -> Tensor:
        return distance(p[:, :, bones[0]] - p[:, :, bones[1]])

    front_axes, center = batch.axes[:, :, :1], batch.centers_m[:, :, :1]
    image = rig.project(points, front_axes, center) - rig.project(
        batch.points_m, front_axes, center
    )
    slant = batch.distances_m[:, :, 0, None]
    ankles_m = batch.points_m[:, :, list(skeleton.ankles), 2]
    ankle_error_m = distance((denoised.ankle_height_m - ankles_m)[..., None])
    depth_error = _log_scale(viewed - center[:, :, 0, None], batch.points_m - center[:, :, 0, None])
    log_size, log_size_error = denoised.size.unbind(dim=-1)
    terms = {
        "absolute": mean(error_m.mean(dim=-1)),
        "relative": mean(distance(relative).mean(dim=-1)),
        "velocity": change(steps, in_view),
        "acceleration": change(steps.diff(dim=1), in_view[:, 1:] * in_view[:, :-1]),
        "bone": mean((bone_lengths(points) - bone_lengths(batch.points_m)).abs().mean(dim=-1)),
        "reprojection": mean((distance(image[:, :, 0]) * slant).mean(dim=-1)),
        "motion": ((denoised.motion - batch.motion).abs().clamp(max=8.0).mean(dim=(2, 3)) * front)
        .sum() / front.sum().clamp(min=1.0),
        "error": mean(_surprise(error_m, denoised.log_error).mean(dim=-1)),
        "contact": mean(
            F.binary_cross_entropy_with_logits(
                denoised.contact, batch.contact, reduction="none"
            ).mean(dim=-1)
        ),
        "ankle": mean(ankle_error_m.clamp(max=0.5).mean(dim=-1)),
        "ground": mean(
            _surprise(ankle_error_m, denoised.ankle_log_error).mean(dim=-1)
            + _surprise(depth_error.abs(), denoised.depth_log_error[..., 0])
        ),
        "size": mean(
            (log_size - batch.log_size[:, None]).abs() * torch.exp(-log_size_error)
            + log_size_error
        ),
    }  # fmt: skip
    total = sum((getattr(weights, name) * term for name, term in terms.items()), torch.zeros(()))
    return total, terms


def _surprise(error: Tensor, log_expected: Tensor) -> Tensor:
    """Negative log-likelihood (Laplace) of errors; it teaches what to expect, not to err less."""
    return error.detach() * torch.exp(-log_expected) + log_expected


def _log_scale(points: Tensor, truth: Tensor) -> Tensor:
    """(B, T) logarithm of the scale that brings points (B, T, J, 3) nearest to the truth."""
    along = (points * truth).sum(dim=(-2, -1)).clamp(min=_EPSILON_M)
    return torch.log(along / points.square().sum(dim=(-2, -1)).clamp(min=_EPSILON_M))
