"""A denoiser that runs captured calls, one for each shape that it has been asked for."""

from abc import abstractmethod

import torch

from ..core.errors import EngineError
from ..lifting.denoiser import OUTPUT_NAMES, NetworkInputs, NetworkOutputs, outputs_of
from .captured_call import CapturedCall, Work
from .manifest import Manifest
from .shapes import Shape, output_shapes
from .weights_denoiser import WeightsDenoiser


class CapturedDenoiser(WeightsDenoiser):
    """Base of the engines on CUDA devices; the first call of a shape prepares all later ones.

    Args:
        device: "cuda"; tests try the path around the device with "cpu".

    Raises:
        EngineError: torch sees no CUDA device.
    """

    def __init__(self, weights: Manifest, device: str) -> None:
        if device != "cpu" and not torch.cuda.is_available():
            raise EngineError(
                f"torch {torch.__version__} sees no CUDA device: `nvidia-smi` says whether there "
                "is one, https://pytorch.org/get-started has the torch that can use it"
            )
        super().__init__(weights)
        self.device = device
        self.stream = torch.cuda.Stream() if device != "cpu" else None
        self._calls: dict[tuple[Shape, ...], CapturedCall] = {}

    def __call__(self, inputs: NetworkInputs) -> NetworkOutputs:
        """See `Denoiser.__call__`."""
        given = inputs.given()
        shapes = {name: array.shape for name, array in given.items()}
        key = tuple(shapes.values())
        if key not in self._calls:
            answers = output_shapes(self.shape, *inputs.features.shape[:2])
            self._calls[key] = CapturedCall(
                shapes, answers, self.work(shapes), self.device, self.stream
            )
        found = self._calls[key](given)
        return outputs_of([found[name] for name in OUTPUT_NAMES])

    @abstractmethod
    def work(self, shapes: dict[str, Shape]) -> Work:
        """What a call with inputs of these shapes does on the device."""
