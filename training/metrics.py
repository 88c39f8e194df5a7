"""Errors of lifted joints, by the definitions of WHAM and GVHMR; millimetres unless said."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ..core.skeletons import Skeleton

_STILL_M = 0.01  # a foot that moves less than this a frame is held still


@dataclass(frozen=True)
class Errors:
    """Errors of one clip, a number a frame where a mean over frames makes sense."""

    abs_mpjpe: NDArray[np.float64]  # (T,) no alignment at all
    mpjpe: NDArray[np.float64]  # (T,) mid-hip removed
    pa_mpjpe: NDArray[np.float64]  # (T,) similarity removed
    root: NDArray[np.float64]  # (T,) of the mid-hip
    accel: NDArray[np.float64]  # (T - 2,) m/s2
    jitter: float  # of the prediction, 10 m/s3
    foot_sliding: float  # a frame, of feet that the truth holds still; NaN when none is


def errors(
    predicted_m: Float[NDArray, "t j 3"],
    true_m: Float[NDArray, "t j 3"],
    fps: float,
    skeleton: Skeleton,
) -> Errors:
    """All errors of one person's clip."""
    hips = list(skeleton.hips)
    root, true_root = (p[:, hips].mean(axis=1, keepdims=True) for p in (predicted_m, true_m))
    accel = np.linalg.norm(np.diff(predicted_m - true_m, n=2, axis=0), axis=-1).mean(axis=-1)
    jerk = np.linalg.norm(np.diff(predicted_m, n=3, axis=0), axis=-1)
    feet = list(skeleton.ankles)
    true_steps, steps = (
        np.linalg.norm(np.diff(p[:, feet], axis=0), axis=-1) for p in (true_m, predicted_m)
    )
    still = true_steps < _STILL_M
    return Errors(
        abs_mpjpe=_mm(predicted_m - true_m),
        mpjpe=_mm((predicted_m - root) - (true_m - true_root)),
        pa_mpjpe=_mm(align_similarity(predicted_m, true_m) - true_m),
        root=_mm(root - true_root),
        accel=accel * fps**2,
        jitter=float(jerk.mean() * fps**3 / 10),
        foot_sliding=float(steps[still].mean() * 1e3) if still.any() else float("nan"),
    )


def _mm(offset_m: Float[NDArray, "t j 3"]) -> Float[NDArray, "t"]:
    return np.linalg.norm(offset_m, axis=-1).mean(axis=-1) * 1e3


def align_similarity(
    points: Float[NDArray, "t j 3"], target: Float[NDArray, "t j 3"]
) -> Float[NDArray, "t j 3"]:
    """Each frame's points scaled, turned and moved onto the target (Umeyama, 1991)."""
    middle, goal = points.mean(axis=1, keepdims=True), target.mean(axis=1, keepdims=True)
    p, q = points - middle, target - goal
    u, s, vt = np.linalg.svd(np.swapaxes(p, 1, 2) @ q)
    flip = np.ones_like(s)
    flip[:, 2] = np.sign(np.linalg.det(u @ vt))
    rotation = (u * flip[:, None]) @ vt
    scale = (s * flip).sum(axis=1) / np.square(p).sum(axis=(1, 2))
    return scale[:, None, None] * (p @ rotation) + goal
