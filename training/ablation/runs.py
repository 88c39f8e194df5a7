"""One run of the ablation: a variant and a seed, trained, asked, and kept for the next time."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ...core.errors import M2t3Error
from ...core.skeletons import Skeleton
from ...engines.manifest import Metrics
from ...engines.torch_engine import TorchDenoiser
from ...lifting.body_size import STANDARD_HEIGHT_M, log_size
from ...lifting.denoiser import Denoiser
from ..config import TrainConfig
from ..evaluation.cases import Case
from ..evaluation.measure import ALL, METHOD, SETTLED, Result, lift, score, summarise
from ..export import load_network
from ..machines import Machines
from ..run import train
from ..sittings import flat
from .silenced import Silenced, without_size
from .variants import Asking, Variant, stages


class Answer(msgspec.Struct, frozen=True):
    """What one asking of a run's weights came to."""

    asking: Asking
    rows: tuple[Metrics, ...]  # a row for each group of cases, of all frames and of settled ones


class RunResult(msgspec.Struct, frozen=True):
    """A finished run."""

    seed: int
    parameters: int  # trained numbers
    steps: int  # optimiser steps, of both stages
    seconds: float  # that these took
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Pieces:
    """What all runs are asked for."""

    origin: str  # what the pieces are of, as far as a run's result depends on it
    cases: tuple[Case, ...]  # the first one's group is the exact one


def run_result(
    variant: Variant, base: TrainConfig, pieces: Pieces, folder: Path, threads: int
) -> RunResult | int:
    """The result that `folder` holds, made first if it is not finished.

    Args:
        base: configuration of the base with the run's seed and budget.
        threads: CPU threads to train with.

    Returns:
        The result, or the number of the signal that ended it early; the next call goes on.

    Raises:
        M2t3Error: the folder holds a run of other settings.
    """
    plan = stages(variant, base, folder)
    _claim(folder, _settings(plan, variant, pieces))
    path = folder / "result.json"
    if path.exists():
        return msgspec.json.decode(path.read_bytes(), type=RunResult)
    for stage, config in plan:
        if signal_number := train(config, stage, Machines(threads=threads)):
            return signal_number
    network, lineage = load_network(plan[-1][1].out / "last.pt")
    denoiser = TorchDenoiser(network)
    result = RunResult(
        base.seed,
        sum(p.numel() for p in network.parameters()),
        lineage.progress.step,
        lineage.progress.seconds,
        tuple(Answer(a, ask(denoiser, pieces.cases, a)) for a in variant.askings),
    )
    path.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1))
    return result


def _settings(
    plan: list[tuple[str, TrainConfig]], variant: Variant, pieces: Pieces
) -> dict[str, Any]:
    """All that a result depends on; where files lie is not of it."""
    stages = {}
    for stage, config in plan:
        archives = [path.name for path in config.archives]
        stages[stage] = asdict(config) | {"out": None, "start": None, "archives": archives}
    settings = {"stages": stages, "pieces": pieces.origin, "askings": variant.askings}
    plain: dict[str, Any] = json.loads(json.dumps(settings, default=str))
    return plain


def _claim(folder: Path, settings: dict[str, Any]) -> None:
    """Writes down what the folder's run is; refuses a folder whose run is another."""
    path = folder / "settings.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings, indent=1))
        return
    new, old = dict(flat(settings)), dict(flat(json.loads(path.read_text())))
    for key in sorted(new.keys() | old.keys()):
        if new.get(key) != old.get(key):
            raise M2t3Error(
                f"{folder} holds a run of other settings ({key} was {old.get(key)}, "
                f"is {new.get(key)}): give another --runs, or delete it"
            )


def ask(denoiser: Denoiser, cases: tuple[Case, ...], asking: Asking) -> tuple[Metrics, ...]:
    """Rows of the cases' errors, each case lifted as a live stream would.

    Several steps are asked of the first case's group alone.
    """
    bones = denoiser.shape.skeleton
    if asking.size == "unknown":
        denoiser = Silenced(denoiser, without_size)
    results: list[Result] = []
    for case in cases:
        if asking.steps == 1 or case.group == cases[0].group:
            height_m = true_height_m(case.truth_world_m, bones) if asking.size == "told" else None
            lifted = lift(case, denoiser, asking.steps, height_m)
            results.append(score(case, METHOD, lifted, bones))
    return tuple(row for part in (ALL, SETTLED) for row in summarise(results, part))


def true_height_m(positions_m: Float[NDArray, "t j 3"], skeleton: Skeleton) -> float:
    """The height of a person with the standard body's proportions and this one's size."""
    return STANDARD_HEIGHT_M * float(np.exp(np.nanmean(log_size(positions_m, skeleton))))
