"""The one interface between the method and whatever runs the network."""

from dataclasses import dataclass, fields
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Float32
from numpy.typing import NDArray

from ..core.skeletons import Skeleton
from .diffusion import Denoised


@dataclass(frozen=True)
class DenoiserShape:
    """Sizes that the lifter must know of a network."""

    skeleton: Skeleton  # keypoint format in and out
    layers: int  # L, blocks with a memory each
    heads: int  # H, attention heads
    head_width: int  # D, channels of a head
    memory_frames: int  # frames a frame attends to, itself included
    decoupled: bool = True  # how motion is written (representation.encode)


class Ground(NamedTuple):
    """The rigs of B people as the network sees their ground: N cells in each view's pointmap."""

    keys: Float32[NDArray, "b l v h n d"]
    values: Float32[NDArray, "b l v h n d"]


class NetworkInputs(NamedTuple):
    """T new frames of B people who remember M frames, in V views; n = M + T."""

    noised: Float32[NDArray, "b t v c"]  # diffusion.network_input
    level: Float32[NDArray, "b"]  # noise level, 1 is pure noise
    features: Float32[NDArray, "b t f"]  # features.observation_features
    phase: Float32[NDArray, "b t 2 q"]  # memory.phases
    mask: Float32[NDArray, "b t n"]  # added to attention scores: 0 or memory.HIDDEN
    keys: Float32[NDArray, "b l v h m d"]  # the memory
    values: Float32[NDArray, "b l v h m d"]
    ground_keys: Float32[NDArray, "b l v h n d"] | None = None  # `Denoiser.ground`, if it has any
    ground_values: Float32[NDArray, "b l v h n d"] | None = None

    def given(self) -> dict[str, NDArray]:
        """What there is, by the names that the exported network knows."""
        return {name: array for name, array in self._asdict().items() if array is not None}


class NetworkOutputs(NamedTuple):
    """The answer for the new frames, and what to remember of them."""

    denoised: Denoised
    keys: Float32[NDArray, "b l v h t d"]
    values: Float32[NDArray, "b l v h t d"]


@runtime_checkable
class Denoiser(Protocol):
    """A network with weights on some engine. Stateless: memory goes in and comes out."""

    @property
    def shape(self) -> DenoiserShape:
        """The network's sizes."""
        ...

    def ground(
        self, distance_m: Float[NDArray, "b"], height_m: Float[NDArray, "b"]
    ) -> Ground | None:
        """What the rigs' pointmaps tell every layer; None for a network that sees none.

        It depends on the rigs' two numbers alone: ask once a rig, and keep the answer.
        """
        ...

    def __call__(self, inputs: NetworkInputs) -> NetworkOutputs:
        """Denoises the new frames of all people in one pass."""
        ...


ANSWERS = tuple(field.name for field in fields(Denoised))
OUTPUT_NAMES = (*ANSWERS, "new_keys", "new_values")  # of the exported network, in order

GROUND_INPUTS = ("distance_m", "height_m")  # of the exported ground, in order


def ground_inputs(
    distance_m: Float[NDArray, "b"], height_m: Float[NDArray, "b"]
) -> dict[str, NDArray[np.float32]]:
    """The rigs' two numbers as the exported ground takes them: single precision, by name."""
    return {
        name: np.asarray(numbers, np.float32)
        for name, numbers in zip(GROUND_INPUTS, (distance_m, height_m), strict=True)
    }


def outputs_of(arrays: list[NDArray]) -> NetworkOutputs:
    """Arrays in the order of OUTPUT_NAMES, typed."""
    return NetworkOutputs(Denoised(*arrays[: len(ANSWERS)]), *arrays[len(ANSWERS) :])
