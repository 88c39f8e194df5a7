"""What a detector does to perfect 2D: bias, jitter, jumps, swapped sides, missing limbs, cut-offs.

Everything is scaled by the person's size in the image, so it holds at every distance: by their
stature, from the ankles to the nose of somebody upright, whether they stand or lie.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from ...core.skeletons import Skeleton

# Parts of the body, of which each format has some.
_FOOT = ("foot", "big_toe", "small_toe", "heel")
_LEG, _ARM = ("knee", "ankle", *_FOOT), ("elbow", "wrist", "hand")
_HEAD = ("nose", "eye", "ear", "head", "head_top")
_BOTH = ("left_", "right_", "")
_LIMBS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (  # what disappears: sides, parts
    (("left_",), _ARM), (("right_",), _ARM), (("left_",), _LEG), (("right_",), _LEG),
    (_BOTH, ("ankle", *_FOOT)), (_BOTH, _LEG), (_BOTH, _HEAD),
)  # fmt: skip
STATURE_M = 1.52  # the standard body's (lifting.body_size)
_NECK = ("neck", "thorax", "collar", "shoulder")
ABOVE_DESKS = {  # what is seen of a person
    "head and shoulders": (*_HEAD, *_NECK),
    "head and arms": (*_HEAD, *_NECK, *_ARM),
    "down to the hips": (*_HEAD, *_NECK, *_ARM, "hip", "pelvis"),
}


@dataclass(frozen=True)
class DetectorNoise:
    """Shares are of windows unless said otherwise; lengths are in statures."""

    exact: float = 0.25  # windows with perfect 2D
    sigma: tuple[float, float] = (0.002, 0.03)  # a window's noise level, log-uniform
    wander: float = 0.0  # up to how much of that level comes and goes within some frames
    jump: float = 0.004  # share of (frame, joint) that jump far away
    swap_window: float = 0.15  # windows in which sides are swapped now and then
    limb_window: float = 0.15  # windows in which a limb is missing for a while
    cut_window: float = 0.15  # windows cut off by the image's edge
    desk_window: float = 0.0  # windows in which a desk hides what is below shoulders, arms or hips
    missing: float = 0.01  # share of (frame, joint) missing singly
    certain: float = 0.4  # windows whose detector says 1.0 of everything
    pitch_rad: float = 0.002  # calibration error of the camera's pitch, standard deviation


def telegraph(shape: tuple[int, int], on: float, off: float, generator: torch.Generator) -> Tensor:
    """Random on/off sequences (B, T); `on` and `off` are chances a frame to switch."""
    state = torch.rand(shape[0], generator=generator) < on / (on + off)
    draws = torch.rand(shape, generator=generator)
    states = []
    for t in range(shape[1]):
        switch = torch.where(state, draws[:, t] < off, draws[:, t] < on)
        state = state ^ switch
        states.append(state)
    return torch.stack(states, dim=1)


def observe(
    uv: Tensor,
    stature_uv: Tensor,
    skeleton: Skeleton,
    noise: DetectorNoise,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor, Tensor]:
    """A detector's view of V0.

    Args:
        uv: (B, T, J, 2) true normalised coordinates.
        stature_uv: (B,) the person's stature in the same units.

    Returns:
        Noisy uv (B, T, J, 2), confidence (B, T, J), seen (B, T, J) bool.
    """
    b, t, j, _ = uv.shape

    def rand(*shape: int) -> Tensor:
        return torch.rand(shape, generator=generator)

    def randn(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    exact = rand(b) < noise.exact
    low, high = torch.tensor(noise.sigma).log()
    sigma = torch.where(exact, 0.0, torch.exp(low + (high - low) * rand(b)))
    swapped = _swaps(b, t, skeleton, noise, generator) & ~exact[:, None, None]
    uv = torch.where(swapped[..., None], uv[:, :, list(skeleton.mirror)], uv)

    slow = randn(b, t // 8 + 2, j * 2).transpose(1, 2)
    slow = torch.nn.functional.interpolate(slow, size=t, mode="linear", align_corners=True)
    slow = slow.transpose(1, 2).reshape(b, t, j, 2)
    joint_level = torch.exp(0.4 * randn(b, 1, j, 1))
    scale = (sigma * stature_uv)[:, None, None, None] * joint_level
    jitter = 0.5 * rand(b, 1, 1, 1) * randn(b, t, j, 2)
    wander = noise.wander * rand(b, 1, 1, 1) * _wander(uv.shape, generator) if noise.wander else 0.0
    error = scale * (0.8 * randn(b, 1, j, 2) + 0.6 * slow + jitter + wander)
    jumps = (rand(b, t, j) < noise.jump) & ~exact[:, None, None]
    error = error + jumps[..., None] * randn(b, t, j, 2) * (0.15 * stature_uv)[:, None, None, None]
    pitch = torch.where(exact, 0.0, noise.pitch_rad * randn(b))
    noisy = uv + error
    noisy[..., 1] += pitch[:, None, None]

    seen = ~((rand(b, t, j) < noise.missing) & ~exact[:, None, None])
    seen &= ~_missing_limbs(b, t, skeleton, noise, generator)
    seen &= ~_cut_off(noisy, noise, generator)
    if noise.desk_window:
        seen &= _shown_at_desk(b, skeleton, noise, generator)
    relative = error.norm(dim=-1) / stature_uv[:, None, None]
    confidence = torch.exp(-relative * 20.0 * rand(b, 1, 1)) - 0.3 * rand(b, 1, 1) * rand(b, t, j)
    certain = (rand(b) < noise.certain)[:, None, None]
    return noisy, torch.where(certain, 1.0, confidence.clamp(0.05, 1.0)), seen


def _wander(shape: torch.Size, generator: torch.Generator) -> Tensor:
    """(B, T, J, 2) noise of unit variance, of which every frame keeps half to nine tenths.

    BlazePose keeps two thirds of its errors for a thirtieth of a second (on a real video).
    """
    kept = 0.5 + 0.4 * torch.rand(shape[0], 1, 1, generator=generator)
    fresh = torch.randn(shape, generator=generator).unbind(dim=1)
    states = [fresh[0]]
    for new in fresh[1:]:
        states.append(kept * states[-1] + (1 - kept.square()).sqrt() * new)
    return torch.stack(states, dim=1)


def _swaps(
    b: int, t: int, skeleton: Skeleton, noise: DetectorNoise, generator: torch.Generator
) -> Tensor:
    """(B, T, J) where left and right are exchanged."""
    window = torch.rand(b, 1, generator=generator) < noise.swap_window
    swapped = telegraph((b, t), 0.08, 0.25, generator) & window
    everything = torch.ones(skeleton.joint_count, dtype=torch.bool)
    legs, arms = _having(skeleton, ("hip", *_LEG)), _having(skeleton, ("collar", "shoulder", *_ARM))
    swaps = torch.stack([everything, everything, legs, arms])
    which = torch.randint(len(swaps), (b,), generator=generator)
    return swapped[..., None] & swaps[which][:, None]


def _missing_limbs(
    b: int, t: int, skeleton: Skeleton, noise: DetectorNoise, generator: torch.Generator
) -> Tensor:
    limbs = torch.stack([_having(skeleton, parts, sides) for sides, parts in _LIMBS])
    window = torch.rand(b, 1, generator=generator) < noise.limb_window
    gone = telegraph((b, t), 0.05, 0.1, generator) & window
    which = torch.randint(len(_LIMBS), (b,), generator=generator)
    return gone[..., None] & limbs[which][:, None]


def _having(skeleton: Skeleton, parts: tuple[str, ...], sides: tuple[str, ...] = _BOTH) -> Tensor:
    """(J,) which joints are of these parts on these sides."""
    names = {side + part for side in sides for part in parts}
    return torch.tensor([name in names for name in skeleton.joint_names])


def _shown_at_desk(
    b: int, skeleton: Skeleton, noise: DetectorNoise, generator: torch.Generator
) -> Tensor:
    """(B, 1, J) what is above the desk, in windows that have one."""
    shown = torch.stack([_having(skeleton, parts) for parts in ABOVE_DESKS.values()])
    which = torch.randint(len(shown), (b,), generator=generator)
    desk = torch.rand(b, 1, generator=generator) < noise.desk_window
    return (shown[which] | ~desk)[:, None]


def _cut_off(uv: Tensor, noise: DetectorNoise, generator: torch.Generator) -> Tensor:
    """Joints beyond an edge that crosses the person somewhere in the window."""
    b = uv.shape[0]
    window = torch.rand(b, generator=generator) < noise.cut_window
    side = torch.randint(4, (b,), generator=generator)
    along = torch.where((side < 2)[:, None, None], uv[..., 1], uv[..., 0])
    along = torch.where((side % 2 == 0)[:, None, None], along, -along)  # beyond = larger
    flat = along.flatten(1)
    low, high = flat.amin(dim=1), flat.amax(dim=1)
    edge = low + (high - low) * (0.4 + 0.6 * torch.rand(b, generator=generator))
    return (along > edge[:, None, None]) & window[:, None, None]
