"""The one interface between the method and whatever runs the network."""

from dataclasses import dataclass, fields
from typing import NamedTuple, Protocol, runtime_checkable

from jaxtyping import Float32
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


class NetworkInputs(NamedTuple):
    """T new frames of B people who remember M frames, in V views; n = M + T."""

    noised: Float32[NDArray, "b t v c"]  # diffusion.network_input
    level: Float32[NDArray, "b"]  # noise level, 1 is pure noise
    features: Float32[NDArray, "b t f"]  # features.observation_features
    phase: Float32[NDArray, "b t 2 q"]  # memory.phases
    mask: Float32[NDArray, "b t n"]  # added to attention scores: 0 or memory.HIDDEN
    keys: Float32[NDArray, "b l v h m d"]  # the memory
    values: Float32[NDArray, "b l v h m d"]


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

    def __call__(self, inputs: NetworkInputs) -> NetworkOutputs:
        """Denoises the new frames of all people in one pass."""
        ...


ANSWERS = tuple(field.name for field in fields(Denoised))
OUTPUT_NAMES = (*ANSWERS, "new_keys", "new_values")  # of the exported network, in order


def outputs_of(arrays: list[NDArray]) -> NetworkOutputs:
    """Arrays in the order of OUTPUT_NAMES, typed."""
    return NetworkOutputs(Denoised(*arrays[: len(ANSWERS)]), *arrays[len(ANSWERS) :])
