"""The denoiser in torch on a CUDA device, each shape of call captured as a CUDA graph."""

from jaxtyping import Float
from numpy.typing import NDArray

from ..lifting.denoiser import OUTPUT_NAMES, Ground
from .captured_call import Tensors, Work
from .captured_denoiser import CapturedDenoiser
from .manifest import Weights
from .onnx_parameters import network_of
from .shapes import Shape
from .torch_engine import TorchDenoiser


class TorchCudaDenoiser(CapturedDenoiser):
    """Runs the network in single precision (a `lifting.denoiser.Denoiser`)."""

    name = "torch-cuda"

    def __init__(self, weights: Weights, threads: int = 1, device: str = "cuda") -> None:
        super().__init__(weights.manifest, device)
        network = network_of(weights)
        self._reference = TorchDenoiser(network)  # asked once a rig: the CPU will do
        self._network = network if device == "cpu" else network_of(weights).to(device)

    def ground(
        self, distance_m: Float[NDArray, "b"], height_m: Float[NDArray, "b"]
    ) -> Ground | None:
        """See `Denoiser.ground`."""
        return self._reference.ground(distance_m, height_m)

    def work(self, shapes: dict[str, Shape]) -> Work:
        """The whole network."""

        def run(inputs: Tensors, outputs: Tensors) -> None:
            answers = self._network(*inputs.values())
            for name, answer in zip(OUTPUT_NAMES, answers, strict=True):
                outputs[name].copy_(answer)

        return run
