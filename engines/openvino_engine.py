"""The denoiser on OpenVINO (extra `openvino`)."""

import openvino

from ..lifting.denoiser import (
    OUTPUT_NAMES,
    DenoiserShape,
    NetworkInputs,
    NetworkOutputs,
    outputs_of,
)
from .manifest import Weights


class OpenVinoDenoiser:
    """Runs `model.onnx` on CPU cores in single precision (a `lifting.denoiser.Denoiser`)."""

    name = "openvino"

    def __init__(self, weights: Weights, threads: int = 1) -> None:
        self.weights = weights.manifest
        # Left to itself it computes in bfloat16 where the CPU can, which costs millimetres.
        settings = {
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": threads,
            "PERFORMANCE_HINT": "LATENCY",
        }
        self._request = openvino.compile_model(
            openvino.Core().read_model(weights.onnx), "CPU", settings
        ).create_infer_request()

    @property
    def shape(self) -> DenoiserShape:
        """The network's sizes."""
        return self.weights.shape

    def __call__(self, inputs: NetworkInputs) -> NetworkOutputs:
        """See `Denoiser.__call__`."""
        found = self._request.infer(inputs._asdict(), share_inputs=True, share_outputs=False)
        return outputs_of([found[name] for name in OUTPUT_NAMES])
