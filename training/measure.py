"""Cases to errors, errors to rows of a table."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..core.errors import M2t3Error
from ..engines.manifest import Metrics
from ..lifting.denoiser import Denoiser
from ..lifting.lifter import Lifter, Observation
from .cases import Case
from .metrics import Errors, errors


@dataclass(frozen=True)
class Result:
    """A case and the errors of its answered frames."""

    case: Case
    errors: Errors
    answered: NDArray[np.bool_]  # (T,)

    def brief(self) -> dict[str, str | float]:
        """A line of results.json."""
        return {
            "group": self.case.group,
            "name": self.case.name,
            "distance_m": round(self.case.distance_m, 2),
            "camera_height_m": round(float(self.case.camera.t_world_camera_m[2]), 2),
            "abs_mpjpe": round(float(self.errors.abs_mpjpe.mean()), 1),
            "mpjpe": round(float(self.errors.mpjpe.mean()), 1),
            "pa_mpjpe": round(float(self.errors.pa_mpjpe.mean()), 1),
        }


def measure(case: Case, denoiser: Denoiser, steps: int) -> Result:
    """Lifts a case as the stream would and compares it with the truth."""
    lifter = Lifter(case.camera, denoiser, steps)
    lifted = np.stack([
        lifter.lift([Observation(0, t / case.fps, px, confidence)]).people[0].positions_world_m
        for t, (px, confidence) in enumerate(zip(case.keypoints_px, case.confidence, strict=True))
    ])  # fmt: skip
    answered = np.asarray(np.isfinite(lifted).all(axis=(1, 2)))
    if answered.sum() < 4:
        raise M2t3Error(f"{case.name}: only {answered.sum()} frames were answered")
    found = errors(
        lifted[answered].astype(np.float64),
        case.truth_world_m[answered],
        case.fps,
        denoiser.shape.skeleton,
    )
    return Result(case, found, answered)


def summarise(results: Sequence[Result]) -> list[Metrics]:
    """One row a group; every frame counts alike."""
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(result.case.group, []).append(result)
    return [_row(name, members) for name, members in groups.items()]


def _row(name: str, members: Sequence[Result]) -> Metrics:
    frames = np.array([m.answered.sum() for m in members])

    def mean(of: Iterable[float]) -> float:
        values = np.array(list(of))
        known = np.isfinite(values)
        return float(np.average(values[known], weights=frames[known])) if known.any() else np.nan

    sliding = mean(m.errors.foot_sliding for m in members)
    return Metrics(
        name=name,
        frames=sum(len(m.answered) for m in members),
        answered=round(float(frames.sum() / sum(len(m.answered) for m in members)), 4),
        distance_m=round(mean(m.case.distance_m for m in members), 2),
        abs_mpjpe=round(mean(m.errors.abs_mpjpe.mean() for m in members), 1),
        mpjpe=round(mean(m.errors.mpjpe.mean() for m in members), 1),
        pa_mpjpe=round(mean(m.errors.pa_mpjpe.mean() for m in members), 1),
        root=round(mean(m.errors.root.mean() for m in members), 1),
        root_percent=round(mean(m.errors.root.mean() / 10 / m.case.distance_m for m in members), 2),
        accel=round(mean(m.errors.accel.mean() for m in members), 1),
        jitter=round(mean(m.errors.jitter for m in members), 1),
        foot_sliding=None if np.isnan(sliding) else round(sliding, 1),
    )
