"""Mixed bodies: the legs of one window under the trunk, arms and head of another.

Arms and legs of one archive move together in the few ways that its actors moved; mixed, they are
seen in many more. Each frame of the upper body is turned about the vertical until its hip line
heads as the hip line of the legs does, then set on their mid-hip: the twist between hips and
shoulders stays as it was recorded, and so do both halves' bones.
"""

from dataclasses import dataclass
from math import cos, radians

import torch
from torch import Tensor

from ..core.skeletons import Skeleton

_LOWER = ("hip", "knee", "ankle", "foot", "toe", "heel", "pelvis")


@dataclass(frozen=True)
class BodyMixing:
    """How often, and between whom."""

    share: float = 0.2  # of the windows that are given another's upper body, if both are upright
    upright_deg: float = 35.0  # lean of the trunk up to which both windows count as upright


def mix_bodies(
    positions_m: Tensor, skeleton: Skeleton, mixing: BodyMixing, generator: torch.Generator
) -> Tensor:
    """Gives some windows of (B, T, J, 3), metres, z up, the upper body of another window.

    Frame by frame, so the windows must share their times. One window alone stays as it is.
    """
    b = positions_m.shape[0]
    donor = (torch.arange(b) + torch.randint(1, max(b, 2), (b,), generator=generator)) % b
    chosen = torch.rand(b, generator=generator) < mixing.share
    upright = _cos_lean(positions_m, skeleton) > cos(radians(mixing.upright_deg))
    taker = (chosen & upright & upright[donor] & (b > 1)).nonzero()[:, 0]

    upper = [
        i for i, name in enumerate(skeleton.joint_names) if not any(part in name for part in _LOWER)
    ]
    legs, body = positions_m[taker], positions_m[donor[taker]]
    turn = _heading(legs, skeleton) * _heading(body, skeleton).conj()
    offset = body[:, :, upper] - _mid_hip(body, skeleton)[:, :, None]
    level = torch.complex(offset[..., 0], offset[..., 1]) * turn[..., None]
    offset = torch.stack([level.real, level.imag, offset[..., 2]], dim=-1)
    legs[:, :, upper] = offset + _mid_hip(legs, skeleton)[:, :, None]
    mixed = positions_m.clone()
    mixed[taker] = legs
    return mixed


def _cos_lean(positions_m: Tensor, skeleton: Skeleton) -> Tensor:
    """(B,) mean cosine between the trunk and the vertical."""
    left, right = skeleton.index("left_shoulder", "right_shoulder")
    middle = 0.5 * (positions_m[:, :, left] + positions_m[:, :, right])
    trunk = middle - _mid_hip(positions_m, skeleton)
    return (trunk[..., 2] / trunk.norm(dim=-1)).mean(dim=1)


def _mid_hip(positions_m: Tensor, skeleton: Skeleton) -> Tensor:
    """(B, T, 3)."""
    left, right = skeleton.hips
    return 0.5 * (positions_m[:, :, left] + positions_m[:, :, right])


def _heading(positions_m: Tensor, skeleton: Skeleton) -> Tensor:
    """(B, T) unit complex numbers: where the hip line heads, seen from above."""
    left, right = skeleton.hips
    across = positions_m[:, :, left] - positions_m[:, :, right]
    return torch.sgn(torch.complex(across[..., 0], across[..., 1]))
