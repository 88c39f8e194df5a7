"""The denoiser in torch: the reference the others are compared with, and training's evaluation."""

import torch
from jaxtyping import Float
from numpy.typing import NDArray

from ..lifting.denoiser import (
    DenoiserShape,
    Ground,
    NetworkInputs,
    NetworkOutputs,
    ground_inputs,
    outputs_of,
)
from .manifest import Weights
from .network import MotionDenoiser
from .onnx_parameters import network_of


class TorchDenoiser:
    """Runs a network as it was trained (a `lifting.denoiser.Denoiser`)."""

    name = "torch"

    def __init__(self, network: MotionDenoiser) -> None:
        self._network = network.eval()

    @property
    def shape(self) -> DenoiserShape:
        """The network's sizes."""
        return self._network.config.shape

    @torch.inference_mode()
    def ground(
        self, distance_m: Float[NDArray, "b"], height_m: Float[NDArray, "b"]
    ) -> Ground | None:
        """See `Denoiser.ground`."""
        given = map(torch.from_numpy, ground_inputs(distance_m, height_m).values())
        found = self._network.ground(*given)
        return None if found is None else Ground(*(tensor.numpy() for tensor in found))

    @torch.inference_mode()
    def __call__(self, inputs: NetworkInputs) -> NetworkOutputs:
        """See `Denoiser.__call__`."""
        given = map(torch.from_numpy, inputs.given().values())
        return outputs_of([o.numpy() for o in self._network(*given)])


class TorchWeightsDenoiser(TorchDenoiser):
    """The reference with exported weights, on CPU cores."""

    def __init__(self, weights: Weights, threads: int = 1) -> None:
        torch.set_num_threads(threads)  # torch has one pool for all that it does
        super().__init__(network_of(weights))
        self.weights = weights.manifest
