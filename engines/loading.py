"""Picks an engine and loads weights into it."""

import importlib.util
from typing import Protocol

from ..core.errors import EngineError
from ..lifting.denoiser import Denoiser
from .manifest import DEFAULT_WEIGHTS, Manifest, find_weights

ENGINES = ("onnxruntime", "openvino")  # "auto" takes the first that is installed
_INSTALL = {
    "openvino": "pip install 'm2t3[openvino]'",
    "onnxruntime": "pip install onnxruntime",
}


class LoadedDenoiser(Denoiser, Protocol):
    """A denoiser that says what it is."""

    name: str  # the engine
    weights: Manifest


def available_engines() -> list[str]:
    """Engines that are installed here, in the order "auto" tries them."""
    return [engine for engine in ENGINES if importlib.util.find_spec(engine)]


def load_denoiser(
    weights: str = DEFAULT_WEIGHTS, engine: str = "auto", threads: int = 1
) -> LoadedDenoiser:
    """A denoiser ready to run.

    Args:
        weights: a shipped set's name or a folder that `m2t3 export` made.
        engine: one of ENGINES, or "auto" for the first that is installed.
        threads: CPU threads a call may use.

    Raises:
        EngineError: unknown engine, one that is not installed, or no such weights.
    """
    if engine != "auto" and engine not in ENGINES:
        raise EngineError(f"unknown engine {engine!r}; valid: auto, {', '.join(ENGINES)}")
    installed = available_engines()
    if not installed:
        raise EngineError(f"no engine is installed; mend it with: {_INSTALL['onnxruntime']}")
    if engine != "auto" and engine not in installed:
        raise EngineError(f"engine {engine!r} is not installed; mend it with: {_INSTALL[engine]}")
    found = find_weights(weights)
    if (installed[0] if engine == "auto" else engine) == "openvino":
        from .openvino_engine import OpenVinoDenoiser

        return OpenVinoDenoiser(found, threads)
    from .onnx_engine import OnnxDenoiser

    return OnnxDenoiser(found, threads)
