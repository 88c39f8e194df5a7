"""Which engine is the fastest here: measured once for a machine and network size, then kept."""

import hashlib
import math
import os
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec
import numpy as np

from ..core.errors import EngineError
from ..lifting.denoiser import NetworkInputs
from . import machine
from .cache import cache_folder
from .manifest import Weights
from .registry import LoadedDenoiser, candidates, load_engine, version
from .shapes import input_shapes

WARM_STEPS, STEPS = 5, 40
_SHARE = 0.25  # the quantile of the steps that counts: a busy machine slows most of them


class Trial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One engine, tried."""

    engine: str
    step_ms: float | None  # one person's new frame; None if it cannot run
    why_not: str = ""


def fastest(weights: Weights, threads: int) -> str:
    """The name of the engine that "auto" means.

    Raises:
        EngineError: none can run.
    """
    names = candidates()
    if not names:
        raise EngineError("no engine is installed; mend it with: pip install onnxruntime")
    if len(names) == 1:
        return names[0]
    trials = remembered(weights, names, threads)
    if len(ranked(trials)) < len(names):
        trials = try_engines(weights, names, threads, known=trials)
    runs = ranked(trials)
    if not runs:
        whys = "; ".join(f"{t.engine}: {t.why_not}" for t in trials)
        raise EngineError(f"no engine can run ({whys}); `m2t3 doctor` says what each of them lacks")
    return runs[0].engine


def ranked(trials: Iterable[Trial]) -> list[Trial]:
    """Those that can run, the fastest first."""
    return sorted((t for t in trials if t.step_ms is not None), key=lambda t: t.step_ms or math.inf)


def try_engines(
    weights: Weights, names: list[str], threads: int, known: Iterable[Trial] = ()
) -> tuple[Trial, ...]:
    """Measures engines, but for those that are `known` to run, and remembers what came out.

    Whatever could not run is tried again: a library of CUDA's may be there now, or the GPU free.
    """
    runs = {trial.engine: trial for trial in ranked(known)}
    trials = tuple(runs.get(name) or try_engine(weights, name, threads) for name in names)
    _remember(_key(weights, names, threads), trials)
    return trials


def try_engine(weights: Weights, name: str, threads: int) -> Trial:
    """Loads an engine and lets it run."""
    try:
        return Trial(name, step_ms(load_engine(name, weights, threads)))
    except Exception as error:  # whatever an engine's own libraries come up with
        return Trial(name, None, str(error) or type(error).__name__)


def step_ms(denoiser: LoadedDenoiser) -> float:
    """Milliseconds of one person's new frame with a full memory."""
    inputs = random_inputs(denoiser)
    times = []
    for _ in range(WARM_STEPS + STEPS):
        start = time.perf_counter_ns()
        denoiser(inputs)
        times.append((time.perf_counter_ns() - start) / 1e6)
    return round(float(np.quantile(times[WARM_STEPS:], _SHARE)), 4)


def random_inputs(denoiser: LoadedDenoiser, people: int = 1, frames: int = 1) -> NetworkInputs:
    """Inputs as the stream's are, full of random numbers."""
    shape, rng = denoiser.shape, np.random.default_rng(0)
    shapes = input_shapes(shape, people, frames, shape.memory_frames - 1)
    given = {name: rng.standard_normal(s, np.float32) for name, s in shapes.items()}
    ground = denoiser.ground(np.full(people, 4.0), np.full(people, 2.0))
    if ground is not None:
        given |= {"ground_keys": ground.keys, "ground_values": ground.values}
    return NetworkInputs(**given)


def remembered(weights: Weights, names: list[str], threads: int) -> tuple[Trial, ...]:
    """What was measured before of these engines, here, with a network of this size."""
    return _read(_path()).get(_key(weights, names, threads), ())


def forget() -> None:
    """Has everything measured anew at the next start: an engine was compiled anew."""
    _path().unlink(missing_ok=True)


def _path() -> Path:
    return cache_folder() / "engines.json"


def _key(weights: Weights, names: list[str], threads: int) -> str:
    shape, sees_ground = weights.manifest.shape, weights.ground_onnx is not None
    facts = (
        machine.cpu(), machine.cores(), machine.gpu(), threads, shape, sees_ground,
        [(name, version(name)) for name in names],
    )  # fmt: skip
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def _read(path: Path) -> dict[str, tuple[Trial, ...]]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, tuple[Trial, ...]])
    except (OSError, msgspec.DecodeError):  # none yet, or another version's: measure anew
        return {}


def _remember(key: str, trials: tuple[Trial, ...]) -> None:
    path = _path()
    kept = {**_read(path), key: trials}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.write_bytes(msgspec.json.format(msgspec.json.encode(kept)))
        temporary.replace(path)
    except OSError:
        pass  # a home that cannot be written to costs a measurement at every start
