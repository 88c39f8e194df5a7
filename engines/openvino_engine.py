"""The denoiser on OpenVINO (extra `openvino`)."""

from pathlib import Path

import openvino
from jaxtyping import Float
from numpy.typing import NDArray

from ..lifting.denoiser import (
    OUTPUT_NAMES,
    Ground,
    NetworkInputs,
    NetworkOutputs,
    ground_inputs,
    outputs_of,
)
from .manifest import Weights
from .weights_denoiser import WeightsDenoiser


class OpenVinoDenoiser(WeightsDenoiser):
    """Runs `model.onnx` on CPU cores in single precision (a `lifting.denoiser.Denoiser`)."""

    name = "openvino"

    def __init__(self, weights: Weights, threads: int = 1) -> None:
        super().__init__(weights.manifest)
        self._request = _request(weights.onnx, threads)
        self._ground = weights.ground_onnx and _request(weights.ground_onnx, threads)

    def ground(
        self, distance_m: Float[NDArray, "b"], height_m: Float[NDArray, "b"]
    ) -> Ground | None:
        """See `Denoiser.ground`."""
        if not self._ground:
            return None
        found = self._ground.infer(ground_inputs(distance_m, height_m))
        return Ground(*(found[name] for name in Ground._fields))

    def __call__(self, inputs: NetworkInputs) -> NetworkOutputs:
        """See `Denoiser.__call__`."""
        found = self._request.infer(inputs.given(), share_inputs=True, share_outputs=False)
        return outputs_of([found[name] for name in OUTPUT_NAMES])


def _request(path: Path, threads: int) -> openvino.InferRequest:
    # Left to itself it computes in bfloat16 where the CPU can, which costs millimetres.
    settings = {
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",
    }
    model = openvino.Core().read_model(path)
    return openvino.compile_model(model, "CPU", settings).create_infer_request()
