"""Errors of lifted joints, by the definitions of WHAM and GVHMR; millimetres unless said.

Every metric of a frame is NaN where it is not defined: no answer, or too few frames before it. So
a mean over any frames is a `nanmean`, and a gap in the answers makes no false acceleration.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ...core.skeletons import Skeleton

CHUNK = 100  # frames that are aligned together for W-MPJPE and WA-MPJPE
_STILL_M = 0.01  # a foot that moves less than this a frame is held still


@dataclass(frozen=True)
class Errors:
    """Errors of one clip, frame by frame; NaN where undefined."""

    abs_mpjpe: NDArray[np.float64]  # (T,) no alignment at all
    mpjpe: NDArray[np.float64]  # (T,) mid-hip removed
    pa_mpjpe: NDArray[np.float64]  # (T,) each frame's similarity removed
    w_mpjpe: NDArray[np.float64]  # (T,) chunks, similarity of the chunk's first two frames removed
    wa_mpjpe: NDArray[np.float64]  # (T,) chunks, similarity of the whole chunk removed
    root: NDArray[np.float64]  # (T,) of the mid-hip
    t_root: NDArray[np.float64]  # (T,) of the mid-hip, rigid alignment of the whole path removed
    accel: NDArray[np.float64]  # (T,) m/s2, from this frame and the two before
    jitter: NDArray[np.float64]  # (T,) of the prediction, 10 m/s3, from this frame and three before
    foot_sliding: NDArray[np.float64]  # (T, 2) since the frame before, of feet that truly stand


def errors(
    predicted_m: Float[NDArray, "t j 3"],
    true_m: Float[NDArray, "t j 3"],
    fps: float,
    skeleton: Skeleton,
) -> Errors:
    """All errors of one person's clip.

    Accel is that of the joints in the room, root included; WHAM takes the root away first.

    Args:
        predicted_m: NaN in frames that were not answered; they count for nothing.
        true_m: NaN in frames where it is unknown; they count for nothing, too.
    """
    hips, feet = list(skeleton.hips), list(skeleton.ankles)
    answered = np.isfinite(predicted_m + true_m).all(axis=(1, 2))
    predicted_m = np.where(answered[:, None, None], predicted_m, np.nan)
    root, true_root = (p[:, hips].mean(axis=1, keepdims=True) for p in (predicted_m, true_m))
    pa, w, wa, t_root = (np.full(len(true_m), np.nan) for _ in range(4))
    known, truth = predicted_m[answered], true_m[answered]
    if len(known):
        pa[answered] = _mm(align(known, truth) - truth)
        path, true_path = (p[None, :, 0] for p in (root[answered], true_root[answered]))
        t_root[answered] = _mm((align(path, true_path, scaled=False) - true_path)[0, :, None])
        w[answered], wa[answered] = _chunked(known, truth)
    steps, true_steps = (
        np.linalg.norm(np.diff(p[:, feet], axis=0), axis=-1) * 1e3 for p in (predicted_m, true_m)
    )
    return Errors(
        abs_mpjpe=_mm(predicted_m - true_m),
        mpjpe=_mm((predicted_m - root) - (true_m - true_root)),
        pa_mpjpe=pa,
        w_mpjpe=w,
        wa_mpjpe=wa,
        root=_mm(root - true_root),
        t_root=t_root,
        accel=_difference(predicted_m - true_m, 2) * fps**2,
        jitter=_difference(predicted_m, 3) * fps**3 / 10,
        foot_sliding=np.pad(
            np.where(true_steps < _STILL_M * 1e3, steps, np.nan),
            ((1, 0), (0, 0)),
            constant_values=np.nan,
        ),
    )


def _chunked(
    predicted_m: Float[NDArray, "t j 3"], true_m: Float[NDArray, "t j 3"]
) -> tuple[Float[NDArray, "t"], Float[NDArray, "t"]]:
    """W-MPJPE and WA-MPJPE of answered frames; the last chunk may be short, as in WHAM's code."""
    w: list[NDArray] = []
    wa: list[NDArray] = []
    for start in range(0, len(true_m), CHUNK):
        p, q = predicted_m[start : start + CHUNK], true_m[start : start + CHUNK]
        for found, fitted in ((w, 2), (wa, CHUNK)):
            points, target = (x[:fitted].reshape(1, -1, 3) for x in (p, q))
            found.append(
                _mm(align(points, target, moving=p.reshape(1, -1, 3)).reshape(p.shape) - q)
            )
    return np.concatenate(w), np.concatenate(wa)


def _mm(offset_m: Float[NDArray, "t j 3"]) -> Float[NDArray, "t"]:
    return np.linalg.norm(offset_m, axis=-1).mean(axis=-1) * 1e3


def _difference(points: Float[NDArray, "t j 3"], order: int) -> Float[NDArray, "t"]:
    """Length of the n-th difference, joints' mean, at the last of the frames that it takes."""
    lengths = np.linalg.norm(np.diff(points, n=order, axis=0), axis=-1).mean(axis=-1)
    return np.concatenate([np.full(min(order, len(points)), np.nan), lengths])


def align(
    points: Float[NDArray, "n p 3"],
    target: Float[NDArray, "n p 3"],
    *,
    scaled: bool = True,
    moving: Float[NDArray, "n q 3"] | None = None,
) -> Float[NDArray, "n q 3"]:
    """Each set of points turned, moved and (if `scaled`) scaled onto its target (Umeyama, 1991).

    Args:
        moving: what to transform by that; the points themselves if not given.
    """
    middle, goal = points.mean(axis=1, keepdims=True), target.mean(axis=1, keepdims=True)
    p, q = points - middle, target - goal
    u, s, vt = np.linalg.svd(np.swapaxes(p, 1, 2) @ q)
    flip = np.ones_like(s)
    flip[:, 2] = np.sign(np.linalg.det(u @ vt))
    rotation = (u * flip[:, None]) @ vt
    scale = (s * flip).sum(axis=1) / np.square(p).sum(axis=(1, 2)) if scaled else np.ones(len(p))
    moving = points if moving is None else moving
    return scale[:, None, None] * ((moving - middle) @ rotation) + goal
