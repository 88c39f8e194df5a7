"""Cases to errors, errors to rows of a table.

Each answer is measured twice. **All frames**: the whole clip, with the first frames after a cold
start. **After 1 s**: the frames that have a second of history behind them, each as it was
published when it came; what the user of a running stream gets, look-ahead 0.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ...core.errors import M2t3Error
from ...core.skeletons import Skeleton
from ...engines.manifest import Metrics
from ...lifting.denoiser import Denoiser
from ...lifting.lifter import Lifter
from ...lifting.steady import FrameLifter, SteadyLifter
from .cases import Case
from .metrics import Errors, errors

METHOD = "m2t3"
ALL, SETTLED = "all frames", "after 1 s"
_SETTLED_S = 1.0
FEWEST = 4  # answered frames that a case needs


@dataclass(frozen=True)
class Result:
    """One method's answer to a case."""

    case: Case
    method: str  # METHOD or a baseline's name
    answered: NDArray[np.bool_]  # (T,)
    settled: NDArray[np.bool_]  # (T,) with a second or more since the first answer
    errors: Errors  # of all frames
    settled_errors: Errors | None  # of the settled frames alone; None for a short clip

    @property
    def abs_mpjpe(self) -> float:
        """Mean over all frames."""
        return float(np.nanmean(self.errors.abs_mpjpe))

    def part(self, name: str) -> tuple[Errors | None, NDArray[np.bool_]]:
        """The errors of ALL or SETTLED frames, and which of these were answered."""
        if name == ALL:
            return self.errors, self.answered
        return self.settled_errors, self.answered[self.settled]


def lift(
    case: Case,
    denoiser: Denoiser,
    steps: int,
    height_m: float | None = None,
    look_ahead: int = 0,
) -> Float[NDArray, "t j 3"]:
    """The joints as the stream would publish them, frame by frame; NaN where it would not."""
    return published(case, Lifter(case.camera, denoiser, steps, height_m), look_ahead)


def published(case: Case, frame_lifter: FrameLifter, look_ahead: int) -> Float[NDArray, "t j 3"]:
    """The same of what some lifter answers, frame by frame."""
    lifter = SteadyLifter(frame_lifter, look_ahead)
    observations = list(case.observations())
    answers: list[NDArray[np.float32]] = []

    def settle(frames: Iterable[int]) -> None:
        for t in frames:
            settled = lifter.settled(0, observations[t].t_s)
            answers[t] = answers[t] if settled is None else settled

    for t, observation in enumerate(observations):
        answers.append(lifter.lift([observation]).people[0].positions_world_m)
        if t >= look_ahead:
            settle([t - look_ahead])
    settle(range(max(len(answers) - look_ahead, 0), len(answers)))
    return np.stack(answers).astype(np.float64)


def enough(positions_m: Float[NDArray, "t j 3"]) -> bool:
    """Whether so many frames were answered that errors can be told."""
    return int(np.isfinite(positions_m).all(axis=(1, 2)).sum()) >= FEWEST


def in_no_row(names: Iterable[str]) -> str:
    """Words on cases of which not `enough` was answered."""
    return f"answered in less than {FEWEST} frames, and in no row: {'; '.join(names)}"


def score(
    case: Case, method: str, positions_m: Float[NDArray, "t j 3"], skeleton: Skeleton
) -> Result:
    """Compares an answer with the truth.

    Raises:
        M2t3Error: nearly nothing was answered.
    """
    answered = np.asarray(np.isfinite(positions_m).all(axis=(1, 2)))
    if not enough(positions_m):
        raise M2t3Error(f"{case.name}: only {answered.sum()} frames were answered by {method}")
    settled = np.arange(len(answered)) >= answered.argmax() + round(_SETTLED_S * case.fps)
    settled_m = positions_m[settled]
    return Result(
        case,
        method,
        answered,
        settled,
        errors(positions_m, case.truth_world_m, case.fps, skeleton),
        errors(settled_m, case.truth_world_m[settled], case.fps, skeleton)
        if enough(settled_m)
        else None,
    )


def summarise(
    results: Iterable[Result], part: str, key: Callable[[Result], str | None] | None = None
) -> list[Metrics]:
    """One row for each group and method, and for each `key` if one is given."""
    rows: dict[tuple[str, str, str | None], list[Result]] = {}
    for result in results:
        action = key(result) if key else None
        if result.part(part)[0] is not None and (key is None or action is not None):
            rows.setdefault((result.case.group, result.method, action), []).append(result)
    return [
        _row(group, method, action, part, members)
        for (group, method, action), members in rows.items()
    ]


def _row(
    group: str, method: str, action: str | None, part: str, members: Sequence[Result]
) -> Metrics:
    """Every frame counts alike."""
    found = [(m.case, *m.part(part)) for m in members]
    clips = [(case, of) for case, of, _ in found if of is not None]
    answered = np.concatenate([a for _, _, a in found])
    frames = np.array([np.isfinite(of.abs_mpjpe).sum() for _, of in clips])
    joined = {
        f.name: np.concatenate([getattr(of, f.name).ravel() for _, of in clips])
        for f in fields(Errors)
    }

    def mean(name: str, digits: int = 1) -> float:
        return round(float(np.nanmean(joined[name])), digits)

    relative = np.concatenate([of.root / case.distance_m for case, of in clips])
    slid = np.isfinite(joined["foot_sliding"]).any()
    return Metrics(
        name=group,
        frames=len(answered),
        answered=round(float(answered.mean()), 4),
        distance_m=round(float(np.average([c.distance_m for c, _ in clips], weights=frames)), 2),
        abs_mpjpe=mean("abs_mpjpe"),
        mpjpe=mean("mpjpe"),
        pa_mpjpe=mean("pa_mpjpe"),
        root=mean("root"),
        root_percent=round(float(np.nanmean(relative)) / 10, 2),
        accel=mean("accel"),
        jitter=mean("jitter"),
        foot_sliding=mean("foot_sliding") if slid else None,
        method=method,
        part=part,
        action=action,
        clips=len(members),
        median_abs_mpjpe=round(float(np.median([np.nanmean(of.abs_mpjpe) for _, of in clips])), 1),
        w_mpjpe=mean("w_mpjpe"),
        wa_mpjpe=mean("wa_mpjpe"),
        t_root=mean("t_root"),
    )
