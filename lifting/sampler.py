"""From noise to points: the one-step answer, or a few deterministic DDIM steps.

Between steps the four views are triangulated, re-projected into every view and re-encoded, so the
views agree with one body before the diffusion goes on (paper, section on inference).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Bool, Float32, Float64
from numpy.typing import NDArray

from ..core.skeletons import Skeleton
from . import compiled_answers, ground, representation, rig
from .denoiser import Denoiser, Ground, NetworkInputs
from .diffusion import MAX_LOG_WEIGHT, Denoised, alpha_sigma, network_input
from .rig import Views

_VIEW_NUMBERS = (
    representation.LOCAL_STD, representation.TAU_STD_M, representation.LOG_SCALE_STD,
    representation.LOG_SCALE_MEAN, representation.GLOBAL_STD_M, MAX_LOG_WEIGHT,
)  # fmt: skip
_GROUND_NUMBERS = ground.MIN_DROP_M, ground.MAX_LOG_SCALE, ground.MAX_LOG_PRECISION

NoiseKey = tuple[int, int]  # (person, frame): the same frame gets the same noise in every call


@dataclass(frozen=True)
class Frames:
    """T new frames of B people, as the network takes them."""

    uv: Float32[NDArray, "b t j 2"]  # V0 in the rig; finite, meaningless where not seen
    seen: Bool[NDArray, "b t j"]
    features: Float32[NDArray, "b t f"]
    phase: Float32[NDArray, "b t 2 q"]
    mask: Float32[NDArray, "b t n"]  # over M remembered frames and these T
    views: Views  # each person's rig
    noise_keys: Sequence[Sequence[NoiseKey]]  # B x T
    ground: Ground | None = None  # `Denoiser.ground` of the rigs


@dataclass(frozen=True)
class Memory:
    """Keys and values of B people's remembered frames at one noise level."""

    keys: Float32[NDArray, "b l v h m d"]
    values: Float32[NDArray, "b l v h m d"]

    @staticmethod
    def joined(parts: Sequence["Memory"]) -> "Memory":
        """Several people's as one."""
        return Memory(
            np.concatenate([p.keys for p in parts]), np.concatenate([p.values for p in parts])
        )

    def person(self, i: int) -> "Memory":
        """One person's part, where it lies."""
        return Memory(self.keys[i : i + 1], self.values[i : i + 1])

    def between(self, start: int, stop: int) -> "Memory":
        """Frames start ... stop - 1."""
        return Memory(self.keys[..., start:stop, :], self.values[..., start:stop, :])


@dataclass(frozen=True)
class Sample:
    """The answer for the new frames."""

    points_rig_m: Float64[NDArray, "b t j 3"]
    denoised: Denoised  # of the last step
    memories: list[Memory]  # of the new frames, one a step


@cache
def levels(steps: int) -> Float64[NDArray, "steps"]:
    """Noise levels of the steps, from pure noise down."""
    found = np.linspace(1.0, 0.0, steps, endpoint=False)
    found.flags.writeable = False
    return found


def sample(
    denoiser: Denoiser, frames: Frames, memories: Sequence[Memory], skeleton: Skeleton
) -> Sample:
    """Runs one network pass for each memory given: len(memories) is the number of steps."""
    b, t, joints = frames.seen.shape
    steps = levels(len(memories))
    decoupled = denoiser.shape.decoupled
    views_numbers = rig.VIEWS, representation.motion_size(joints, decoupled)
    noised = np.zeros((b, t, *views_numbers), np.float32)  # pure noise is not seen
    x_t = _noise(frames.noise_keys, views_numbers) if len(steps) > 1 else noised
    news: list[Memory] = []
    for i, (level, memory) in enumerate(zip(steps, memories, strict=True)):
        at = np.full(b, level, np.float32)
        denoised, keys, values = denoiser(
            NetworkInputs(
                noised=noised,
                level=at,
                features=frames.features,
                phase=frames.phase,
                mask=frames.mask,
                keys=memory.keys,
                values=memory.values,
                ground_keys=frames.ground and frames.ground.keys,
                ground_values=frames.ground and frames.ground.values,
            )
        )
        news.append(Memory(keys, values))
        points = compiled_answers.points(
            denoised.motion, denoised.log_weight, denoised.trust, denoised.ankle_height_m,
            denoised.ankle_log_error, denoised.depth_log_error, frames.uv, frames.seen,
            *frames.views, skeleton.ankles, _VIEW_NUMBERS, _GROUND_NUMBERS,
        )  # fmt: skip
        if i + 1 < len(steps):
            axes, centers, distances = (a[:, None] for a in frames.views)  # of every frame
            views = rig.project(points, axes, centers)
            clean = representation.encode(views, distances, skeleton, decoupled)
            alpha, sigma = alpha_sigma(level)
            noise = (x_t - alpha * clean) / sigma
            alpha, sigma = alpha_sigma(steps[i + 1])
            x_t = (alpha * clean + sigma * noise).astype(np.float32)
            noised = network_input(x_t, np.full(b, steps[i + 1], np.float32))
    return Sample(points, denoised, news)


def _noise(keys: Sequence[Sequence[NoiseKey]], shape: tuple[int, int]) -> NDArray[np.float32]:
    return np.stack([
        np.stack([
            np.random.Generator(np.random.Philox(key=key)).standard_normal(shape, np.float32)
            for key in person
        ])
        for person in keys
    ])  # fmt: skip
