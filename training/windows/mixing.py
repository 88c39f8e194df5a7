"""Mixed bodies: legs of one window, trunk and head of another, arms of a third and a fourth.

Arms and legs of one archive move together in the few ways that its actors moved; mixed, they are
seen in many more. Each frame of the upper body is turned about the vertical until its hip line
heads as the hip line of the legs does, then set on their mid-hip: the twist between hips and
shoulders stays as it was recorded, and so do both halves' bones. An arm is set on the other's
shoulder and held to the trunk as it was to its own; who is not upright keeps both, as they may
bear the body.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians

import torch
import torch.nn.functional as F
from torch import Tensor

from ...core.skeletons import Skeleton, part

_LOWER = ("hip", "knee", "ankle", "foot", "toe", "heel", "pelvis")
_ARM = ("elbow", "wrist", "hand")  # what a shoulder carries


@dataclass(frozen=True)
class BodyMixing:
    """How often, and between whom."""

    share: float = 0.2  # of the windows that are given another's upper body, if both are upright
    arms: float = 0.0  # of the arms that are given another window's motion
    upright_deg: float = 35.0  # lean of the trunk up to which a window counts as upright


def mix_bodies(
    positions_m: Tensor,
    donors_m: Sequence[Tensor],
    skeleton: Skeleton,
    mixing: BodyMixing,
    generator: torch.Generator,
) -> Tensor:
    """Gives some windows the upper body or an arm of others.

    Args:
        positions_m: (B, T, J, 3), metres, z up.
        donors_m: three more of these, of the same frame times: whose upper body, left arm and
            right arm each window may get.
        skeleton: their format.
        mixing: how often.
        generator: of the chances.
    """
    b = positions_m.shape[0]
    others_m, left_m, right_m = donors_m
    chosen = torch.rand(b, generator=generator) < mixing.share
    least = cos(radians(mixing.upright_deg))
    upright = _cos_lean(positions_m, skeleton) > least
    taker = (chosen & upright & (_cos_lean(others_m, skeleton) > least)).nonzero()[:, 0]

    upper = [
        i for i, name in enumerate(skeleton.joint_names) if not any(low in name for low in _LOWER)
    ]
    legs, body = positions_m[taker], others_m[taker]
    turn = _heading(legs, skeleton) * _heading(body, skeleton).conj()
    offset = body[:, :, upper] - _mid_hip(body, skeleton)[:, :, None]
    level = torch.complex(offset[..., 0], offset[..., 1]) * turn[..., None]
    offset = torch.stack([level.real, level.imag, offset[..., 2]], dim=-1)
    legs[:, :, upper] = offset + _mid_hip(legs, skeleton)[:, :, None]
    mixed = positions_m.clone()
    mixed[taker] = legs
    for side, donor_m in (("left", left_m), ("right", right_m)):
        taker = (torch.rand(b, generator=generator) < mixing.arms * upright).nonzero()[:, 0]
        mixed[taker] = _with_arm(mixed[taker], donor_m[taker], side, skeleton)
    return mixed


def _with_arm(positions_m: Tensor, donor_m: Tensor, side: str, skeleton: Skeleton) -> Tensor:
    """Windows (B, T, J, 3) with the arm of the others on that side."""
    (shoulder,) = skeleton.index(f"{side}_shoulder")
    arm = [
        i
        for i, name in enumerate(skeleton.joint_names)
        if name.startswith(side) and part(name) in _ARM
    ]
    reach = donor_m[:, :, arm] - donor_m[:, :, [shoulder]]
    held = reach @ _trunk(donor_m, skeleton)  # along the axes of its own trunk
    mixed = positions_m.clone()
    mixed[:, :, arm] = held @ _trunk(positions_m, skeleton).mT + positions_m[:, :, [shoulder]]
    return mixed


def _trunk(positions_m: Tensor, skeleton: Skeleton) -> Tensor:
    """(B, T, 3, 3) rotations whose columns are a trunk's axes: forward, left, up."""
    middle, across = _shoulders(positions_m, skeleton)
    up = F.normalize(middle - _mid_hip(positions_m, skeleton), dim=-1)
    forward = F.normalize(torch.linalg.cross(across, up), dim=-1)
    return torch.stack([forward, torch.linalg.cross(up, forward), up], dim=-1)


def _shoulders(positions_m: Tensor, skeleton: Skeleton) -> tuple[Tensor, Tensor]:
    """(B, T, 3) the middle of the shoulders, and the way from the right one to the left one."""
    left, right = (positions_m[:, :, j] for j in skeleton.index("left_shoulder", "right_shoulder"))
    return 0.5 * (left + right), left - right


def _cos_lean(positions_m: Tensor, skeleton: Skeleton) -> Tensor:
    """(B,) mean cosine between the trunk and the vertical."""
    trunk = _shoulders(positions_m, skeleton)[0] - _mid_hip(positions_m, skeleton)
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
