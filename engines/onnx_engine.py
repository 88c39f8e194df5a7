"""The denoiser on ONNX Runtime: on CPU cores, or through its CUDA or TensorRT provider."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from jaxtyping import Float
from numpy.typing import NDArray

from ..core.errors import EngineError
from ..lifting.denoiser import (
    OUTPUT_NAMES,
    Ground,
    NetworkInputs,
    NetworkOutputs,
    ground_inputs,
    outputs_of,
)
from .cache import cache_folder
from .manifest import Weights
from .tensorrt_plan import profiles
from .weights_denoiser import WeightsDenoiser

_Provider = tuple[str, dict[str, Any]]
_CPU = "CPUExecutionProvider"
_CUDA: _Provider = ("CUDAExecutionProvider", {"use_tf32": "0"})  # TF32 rounds as float16 does
_TENSORRT = "TensorrtExecutionProvider"


class OnnxGround:
    """Runs `ground.onnx`, which every rig is asked of once, on CPU cores; None if there is none."""

    def __init__(self, weights: Weights, threads: int = 1) -> None:
        path = weights.ground_onnx
        self._session = path and session(path, threads, (_CPU, {}))

    def __call__(
        self, distance_m: Float[NDArray, "b"], height_m: Float[NDArray, "b"]
    ) -> Ground | None:
        """See `Denoiser.ground`."""
        if not self._session:
            return None
        return Ground(*self._session.run(Ground._fields, ground_inputs(distance_m, height_m)))


class OnnxDenoiser(WeightsDenoiser):
    """Runs `model.onnx` on CPU cores (a `lifting.denoiser.Denoiser`)."""

    name = "onnxruntime"

    def __init__(self, weights: Weights, threads: int = 1) -> None:
        super().__init__(weights.manifest)
        self.ground = OnnxGround(weights, threads)
        self._session = session(weights.onnx, threads, self.provider())

    def provider(self) -> _Provider:
        """The execution provider that must run it, with its options."""
        return _CPU, {}

    def __call__(self, inputs: NetworkInputs) -> NetworkOutputs:
        """See `Denoiser.__call__`."""
        return outputs_of(self._session.run(OUTPUT_NAMES, inputs.given()))


class OnnxCudaDenoiser(OnnxDenoiser):
    """The same on an NVIDIA GPU by ONNX Runtime's CUDA provider, in single precision."""

    name = "onnxruntime-cuda"

    def provider(self) -> _Provider:
        """The execution provider that must run it, with its options."""
        return _CUDA


class OnnxTensorrtDenoiser(OnnxDenoiser):
    """The same by ONNX Runtime's TensorRT provider, which keeps its engines in the cache folder.

    It is told the shapes that a stream asks for: it would make an engine anew for each of them.
    """

    name = "onnxruntime-tensorrt"

    def provider(self) -> _Provider:
        """Engines of one set of weights are kept in its own folder."""
        folder = cache_folder() / "onnxruntime-tensorrt" / self.weights.sha256[:16]
        folder.mkdir(parents=True, exist_ok=True)
        options = {"trt_engine_cache_enable": "1", "trt_engine_cache_path": str(folder)}
        ground = self.ground(np.array([4.0]), np.array([2.0]))
        cells = 0 if ground is None else ground.keys.shape[-2]
        shapes = profiles(self.shape, cells, usual_people=1)
        for i, which in enumerate(("min", "opt", "max")):
            told = (
                f"{name}:{'x'.join(map(str, sizes[i]))}"
                for profile in shapes
                for name, sizes in profile.items()
            )
            options[f"trt_profile_{which}_shapes"] = ",".join(told)
        return _TENSORRT, options


def session(path: Path, threads: int, provider: _Provider) -> onnxruntime.InferenceSession:
    """A session whose first provider is the one asked for, for as long as it runs.

    What TensorRT does not know is left to CUDA, and by both to the CPU.

    Raises:
        EngineError: it is not part of this ONNX Runtime, or cannot run here. ONNX Runtime itself
            would go on with the CPU in silence.
    """
    name, _ = provider
    there = onnxruntime.get_available_providers()
    if name not in there:
        raise EngineError(
            f"this ONNX Runtime {onnxruntime.__version__} has no {name} (it has "
            f"{', '.join(there)}); mend it with: pip uninstall onnxruntime && "
            "pip install 'm2t3[gpu]'"
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    others = {_CPU: [], _TENSORRT: [_CUDA, (_CPU, {})]}.get(name, [(_CPU, {})])
    providers = [provider, *(other for other in others if other[0] in there)]
    found = onnxruntime.InferenceSession(str(path), options, providers=providers)
    if found.get_providers()[0] != name:
        raise EngineError(
            f"ONNX Runtime's {name} cannot run here; its own message above says what it lacks, "
            "most often CUDA, cuDNN or TensorRT of the version it was built for: `nvidia-smi`, "
            "https://onnxruntime.ai/docs/execution-providers"
        )
    found.disable_fallback()  # nor may it go over to the CPU later
    return found
