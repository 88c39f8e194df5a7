"""The denoiser on ONNX Runtime."""

from pathlib import Path

import numpy as np
import onnxruntime
from jaxtyping import Float
from numpy.typing import NDArray

from ..lifting.denoiser import (
    GROUND_INPUTS,
    OUTPUT_NAMES,
    DenoiserShape,
    Ground,
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
        self._session = _session(weights.onnx, threads)
        self._ground = weights.ground_onnx and _session(weights.ground_onnx, threads)

    @property
    def shape(self) -> DenoiserShape:
        """The network's sizes."""
        return self.weights.shape

    def ground(
        self, distance_m: Float[NDArray, "b"], height_m: Float[NDArray, "b"]
    ) -> Ground | None:
        """See `Denoiser.ground`."""
        if not self._ground:
            return None
        given = (np.asarray(a, np.float32) for a in (distance_m, height_m))
        return Ground(
            *self._ground.run(Ground._fields, dict(zip(GROUND_INPUTS, given, strict=True)))
        )

    def __call__(self, inputs: NetworkInputs) -> NetworkOutputs:
        """See `Denoiser.__call__`."""
        return outputs_of(self._session.run(OUTPUT_NAMES, inputs.given()))


def _session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
