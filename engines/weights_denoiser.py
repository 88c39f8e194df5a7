"""What every engine is: a denoiser that knows which weights it runs."""

from ..lifting.denoiser import DenoiserShape
from .manifest import Manifest


class WeightsDenoiser:
    """Base of the engines that run a set of weights."""

    name: str  # the engine

    def __init__(self, weights: Manifest) -> None:
        self.weights = weights

    @property
    def shape(self) -> DenoiserShape:
        """The network's sizes."""
        return self.weights.shape
