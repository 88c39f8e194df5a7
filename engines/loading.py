"""Loads weights into an engine: the one that was asked for, or the fastest here."""

from .choice import fastest
from .manifest import DEFAULT_WEIGHTS, find_weights
from .registry import LoadedDenoiser, load_engine


def load_denoiser(
    weights: str = DEFAULT_WEIGHTS, engine: str = "auto", threads: int = 1
) -> LoadedDenoiser:
    """A denoiser ready to run.

    Args:
        weights: a shipped set's name or a folder that `m2t3 train export` made.
        engine: one of registry.ENGINES, or "auto" for the fastest, which is measured once.
        threads: CPU threads a call may use.

    Raises:
        EngineError: unknown engine, one that is not installed or cannot run, or no such weights.
    """
    found = find_weights(weights)
    name = fastest(found, threads) if engine == "auto" else engine
    return load_engine(name, found, threads)
