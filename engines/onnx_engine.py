"""The denoiser on ONNX Runtime."""

import onnxruntime

from ..lifting.denoiser import (
    OUTPUT_NAMES,
    DenoiserShape,
    NetworkInputs,
    NetworkOutputs,
    outputs_of,
)
from .manifest import Weights


class OnnxDenoiser:
    """Runs `model.onnx` on CPU cores (a `lifting.denoiser.Denoiser`)."""

    name = "onnxruntime"

    def __init__(self, weights: Weights, threads: int = 1) -> None:
        self.weights = weights.manifest
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(weights.onnx), options, providers=["CPUExecutionProvider"]
        )

    @property
    def shape(self) -> DenoiserShape:
        """The network's sizes."""
        return self.weights.shape

    def __call__(self, inputs: NetworkInputs) -> NetworkOutputs:
        """See `Denoiser.__call__`."""
        return outputs_of(self._session.run(OUTPUT_NAMES, inputs._asdict()))
