"""Tumbled bodies: lying, handstands, falls, rolls, cartwheels and flips made of any motion.

Archives hold seconds of acrobatics and hours of walking. Here a window's body is turned about its
pelvis by a smooth rotation and set back on the floor: never faster down than free fall, its
landings softened, and carried along by whatever touches the floor, which hardly slips.
"""

from dataclasses import dataclass
from math import pi

import torch
from torch import Tensor

from ...core.skeletons import Skeleton
from .turning import about

_GRAVITY_M_S2 = 9.81

# How high a joint lies over the floor that its flesh touches, metres; by part of the name, the
# first that fits.
_FLESH_M: tuple[tuple[str, float], ...] = (
    ("ankle", 0.08), ("heel", 0.04), ("toe", 0.03), ("foot", 0.04), ("knee", 0.06),
    ("hip", 0.10), ("pelvis", 0.10), ("shoulder", 0.09), ("elbow", 0.05), ("wrist", 0.05),
    ("hand", 0.04), ("nose", 0.03), ("eye", 0.05), ("ear", 0.08), ("head", 0.08),
)  # fmt: skip
_OTHER_FLESH_M = 0.10  # spine, neck, thorax, collars


@dataclass(frozen=True)
class Tumbling:
    """How often, and how. What neither stays still nor eases goes on turning."""

    share: float = 0.12  # of the windows that are tumbled
    still: float = 0.35  # of those: tipped over and held: lying, handstands
    ease: float = 0.35  # of those: from upright to there, back, or once round to upright again
    once_round: float = 0.4  # of those that ease: a full turn, as rolls, cartwheels and flips
    along: float = 0.5  # of those that go on turning: about the body's length, as logs roll
    tip_deg: tuple[float, float] = (60.0, 180.0)  # how far bodies are tipped; uniform
    lying: float = 0.5  # share of the tipped that are tipped by about 90 degrees instead
    lying_deg: float = 10.0  # about, std
    ease_s: tuple[float, float] = (0.5, 1.6)  # an ease takes as long; uniform, at most at turns_s
    turns_s: float = 1.5  # fastest turning, turns a second
    tilt: float = 0.15  # slope of the axis of turning against the floor, std
    travel_m_s: float = 3.0  # speed that rolling nears and never passes
    landing_s: float = 0.06  # landings are softened over about as long, std
    pushing_s: float = 0.12  # and what pushes off the floor is felt about as long, std


def tumble_bodies(
    positions_m: Tensor,
    t_s: Tensor,
    skeleton: Skeleton,
    tumbling: Tumbling,
    generator: torch.Generator,
) -> Tensor:
    """Tumbles some windows of (B, T, J, 3), metres over the ground z = 0; bones keep their length.

    Args:
        positions_m: (B, T, J, 3) windows.
        t_s: (B, T) when their frames are, rising.
        skeleton: what the J joints are.
        tumbling: how often and how.
        generator: draws it all.
    """
    chosen = (torch.rand(len(t_s), generator=generator) < tumbling.share).nonzero()[:, 0]
    tumbled = positions_m.clone()
    if len(chosen):
        body, t_s = positions_m[chosen], t_s[chosen] - t_s[chosen, :1]
        pelvis = body[:, :, list(skeleton.hips)].mean(dim=2)
        turned = (body - pelvis[:, :, None]) @ _rotations(t_s, tumbling, generator).mT
        path = _path(turned, t_s, skeleton, tumbling)
        path[..., :2] += pelvis[:, :1, :2]
        tumbled[chosen] = turned + path[:, :, None]
    return tumbled


def _rotations(t_s: Tensor, tumbling: Tumbling, generator: torch.Generator) -> Tensor:
    """(N, T, 3, 3) what bodies are turned by, smooth over time; t_s (N, T) starts at 0."""

    def uniform(low: float = 0.0, high: float = 1.0) -> Tensor:
        return low + (high - low) * torch.rand(len(t_s), 1, generator=generator)

    def normal(std: float) -> Tensor:
        return std * torch.randn(len(t_s), 1, generator=generator)

    kind, is_round, is_reverse = uniform(), uniform() < tumbling.once_round, uniform() < 0.5
    is_still = kind < tumbling.still
    is_easing = ~is_still & (kind < tumbling.still + tumbling.ease)
    is_along = ~is_still & ~is_easing & (uniform() < tumbling.along)

    fastest = 2 * pi * tumbling.turns_s
    is_lying = uniform() < tumbling.lying
    tip = torch.where(is_lying, 90 + normal(tumbling.lying_deg), uniform(*tumbling.tip_deg))
    tip = tip.deg2rad()
    goal = torch.where(is_round, 2 * pi, tip)
    # A smoothstep is 1.5 times as fast in its middle as on the whole.
    lasts = torch.maximum(uniform(*tumbling.ease_s), 1.5 * goal / fastest)
    starts = (t_s[:, -1:] - lasts * 0.7) * uniform(-0.2, 1.0)
    done = ((t_s - starts) / lasts).clamp(0.0, 1.0)
    done = done * done * (3 - 2 * done)
    eased = goal * torch.where(is_reverse, 1 - done, done)
    turning = uniform(0.0, 2 * pi) + fastest * uniform() ** 1.5 * t_s
    angle = torch.where(is_still, tip, torch.where(is_easing, eased, turning))

    heading, slope = uniform(0.0, 2 * pi), normal(tumbling.tilt)
    axis = torch.cat([heading.cos(), heading.sin(), slope], dim=-1)
    axis = axis / axis.norm(dim=-1, keepdim=True)
    # Turned a quarter about this level axis, the body's length lies along the axis of turning.
    across = torch.cat([-heading.sin(), heading.cos(), 0 * heading], dim=-1)
    laid = torch.where(is_along, 0.5 * pi, 0.0)
    return about(axis, angle) @ about(across, laid)


def _path(turned_m: Tensor, t_s: Tensor, skeleton: Skeleton, tumbling: Tumbling) -> Tensor:
    """(N, T, 3) the pelvis' way over the floor, for joints (N, T, J, 3) about the pelvis."""
    needed = flesh_m(skeleton) - turned_m[..., 2]
    least = needed.amax(dim=-1)
    # The lowest path that is over `least` and nowhere falls faster than gravity lets it.
    since = t_s[:, :, None] - t_s[:, None, :]
    height = (least[:, None, :] - 0.5 * _GRAVITY_M_S2 * since**2).amax(dim=-1)
    up = _smooth(height[..., None], t_s, torch.ones_like(t_s), tumbling.landing_s)

    # Sideways: what is near the floor stays; the higher the body flies, the less that counts.
    near = ((needed - least[..., None]) / 0.03).softmax(dim=-1)
    near = 0.5 * (near[:, 1:] + near[:, :-1])
    step_s = t_s.diff(dim=1)[..., None]
    slip = (near[..., None] * turned_m[..., :2].diff(dim=1)).sum(dim=2)
    hold = torch.exp((least - height) / 0.05) + 0.01
    velocity = _smooth(
        -slip / step_s,
        0.5 * (t_s[:, 1:] + t_s[:, :-1]),
        0.5 * (hold[:, 1:] + hold[:, :-1]),
        tumbling.pushing_s,
    )
    speed = velocity.norm(dim=-1, keepdim=True)
    velocity = velocity / (1 + (speed / tumbling.travel_m_s) ** 2).sqrt()
    level = torch.nn.functional.pad((velocity * step_s).cumsum(dim=1), (0, 0, 1, 0))
    return torch.cat([level, up], dim=-1)


def flesh_m(skeleton: Skeleton) -> Tensor:
    """(J,) how high each joint lies over a floor that its flesh touches, metres."""
    return torch.tensor(
        [
            next((height for part, height in _FLESH_M if part in name), _OTHER_FLESH_M)
            for name in skeleton.joint_names
        ]
    )


def _smooth(values: Tensor, t_s: Tensor, weight: Tensor, width_s: float) -> Tensor:
    """Weighted local lines through (N, T, C), Gaussian in time: no bias at the window's ends."""
    since = t_s[:, None, :] - t_s[:, :, None]
    kernel = torch.exp(-0.5 * (since / width_s) ** 2) * weight[:, None, :]
    s0, s1, s2 = ((kernel * since**power).sum(dim=-1, keepdim=True) for power in range(3))
    s2 = s2 + 0.02 * width_s**2 * s0  # a frame that stands alone has no slope of its own
    return (kernel * (s2 - s1 * since) / (s0 * s2 - s1**2)) @ values
