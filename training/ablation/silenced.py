"""A network that keeps part of its answer to itself, to see what that part is worth."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ...lifting.denoiser import Denoiser, DenoiserShape, Ground, NetworkInputs, NetworkOutputs
from ...lifting.diffusion import Denoised

Silence = Callable[[Denoised], Denoised]


def without_size(answer: Denoised) -> Denoised:
    """Says nothing of the body's size, so that no belief in it forms."""
    return replace(answer, size=np.full_like(answer.size, np.nan))


def without_ground(answer: Denoised) -> Denoised:
    """Does not believe any ankle's height, so that nothing draws the body to the floor."""
    return replace(answer, ankle_log_error=np.full_like(answer.ankle_log_error, 20.0))


class Silenced:
    """A denoiser whose answers have gone through `silences`."""

    def __init__(self, denoiser: Denoiser, *silences: Silence) -> None:
        self._denoiser, self._silences = denoiser, silences

    @property
    def shape(self) -> DenoiserShape:
        """See `Denoiser.shape`."""
        return self._denoiser.shape

    def ground(
        self, distance_m: Float[NDArray, "b"], height_m: Float[NDArray, "b"]
    ) -> Ground | None:
        """See `Denoiser.ground`."""
        return self._denoiser.ground(distance_m, height_m)

    def __call__(self, inputs: NetworkInputs) -> NetworkOutputs:
        """See `Denoiser.__call__`."""
        outputs = self._denoiser(inputs)
        answer = outputs.denoised
        for silence in self._silences:
            answer = silence(answer)
        return outputs._replace(denoised=answer)
