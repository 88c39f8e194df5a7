"""The engines there are, and what each of them needs."""

import importlib
import importlib.util
from importlib import metadata
from typing import NamedTuple, Protocol

from ..core.errors import EngineError
from ..lifting.denoiser import Denoiser
from .machine import gpu
from .manifest import Manifest, Weights


class LoadedDenoiser(Denoiser, Protocol):
    """A denoiser that says what it is."""

    name: str  # the engine
    weights: Manifest


class Engine(NamedTuple):
    """One way to run the network."""

    target: str  # "module:Class" below engines; Class(weights, threads)
    module: str  # what must be installed ...
    distributions: tuple[str, ...]  # ... and what it may be called on PyPI
    install: str  # how to get it
    on: str  # "cpu" or "gpu"
    measured: bool = True  # whether "auto" considers it


_TORCH = "pip install 'm2t3[train]'"

ENGINES = {
    "onnxruntime": Engine(
        "onnx_engine:OnnxDenoiser", "onnxruntime", ("onnxruntime", "onnxruntime-gpu"),
        "pip install onnxruntime", "cpu",
    ),
    "openvino": Engine(
        "openvino_engine:OpenVinoDenoiser", "openvino", ("openvino",),
        "pip install 'm2t3[openvino]'", "cpu",
    ),
    "tensorrt": Engine(
        "tensorrt_engine:TensorrtDenoiser", "tensorrt", ("tensorrt",),
        "pip install 'm2t3[tensorrt]'", "gpu",
    ),
    "torch-cuda": Engine(
        "torch_cuda_engine:TorchCudaDenoiser", "torch", ("torch",), _TORCH, "gpu"
    ),
    "onnxruntime-cuda": Engine(
        "onnx_engine:OnnxCudaDenoiser", "onnxruntime", ("onnxruntime-gpu",),
        "pip uninstall onnxruntime && pip install 'm2t3[gpu]'", "gpu",
    ),
    # Compiles for minutes at its first start: whoever wants it asks for it.
    "onnxruntime-tensorrt": Engine(
        "onnx_engine:OnnxTensorrtDenoiser", "onnxruntime", ("onnxruntime-gpu",),
        "pip uninstall onnxruntime && pip install 'm2t3[gpu]'", "gpu", measured=False,
    ),
    "torch": Engine(
        "torch_engine:TorchWeightsDenoiser", "torch", ("torch",), _TORCH, "cpu", measured=False
    ),
}  # fmt: skip


def version(engine: str) -> str | None:
    """What is installed of an engine; None if it is not."""
    for distribution in ENGINES[engine].distributions:
        try:
            return metadata.version(distribution)
        except metadata.PackageNotFoundError:
            continue
    return None


def candidates() -> list[str]:
    """Engines that "auto" chooses among: installed, and with a GPU to run on if they need one."""
    on = {"cpu", "gpu"} if gpu() else {"cpu"}
    return [name for name, e in ENGINES.items() if e.measured and e.on in on and version(name)]


def load_engine(name: str, weights: Weights, threads: int) -> LoadedDenoiser:
    """The engine that was asked for, and no other.

    Raises:
        EngineError: it is unknown or not installed, or cannot run here.
    """
    if name not in ENGINES:
        raise EngineError(f"unknown engine {name!r}; valid: auto, {', '.join(ENGINES)}")
    engine = ENGINES[name]
    if not importlib.util.find_spec(engine.module):
        raise EngineError(f"engine {name!r} is not installed; mend it with: {engine.install}")
    module, target = engine.target.split(":")
    try:
        make = getattr(importlib.import_module(f".{module}", __package__), target)
    except ImportError as error:  # torch's engines read weights with onnx; or a library is broken
        raise EngineError(f"engine {name!r}: {error}; mend it with: {engine.install}") from None
    return make(weights, threads)
