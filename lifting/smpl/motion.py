"""SMPL bodies of a whole recording: one shape, and poses that every frame has its say in."""

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int64
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ...core.errors import M2t3Error
from ...core.skeletons import Skeleton
from .body import Chain, Figure, body_of, chain_of
from .cold_start import TRUNK, Start, start_of
from .evidence import Evidence, Rays, gather
from .frames import begin, fit_each, joints_of_frames, logarithms, shape_evidence
from .landmarks import Correspondence, correspondence
from .model_file import BodyModel
from .prior import Prior, pose_prior
from .shape import SETTLED_FRAMES, ShapeBelief
from .smoothing import smooth
from .solver import ROBUST

TURN_ACCELERATION = 40.0  # rad / s^2, usual of a joint, frame by frame at 30 fps
PELVIS_ACCELERATION = 6.0  # m / s^2
CHUNK_FRAMES = 300  # frames solved together ...
MARGIN_S = 0.5  # ... and so much more on either side, that chunks agree where they meet
FORGIVING = 25.0  # a cold start may be far off, so far joints still pull (see solver.ROBUST)
_COLD_STEPS, _STEPS, _SHAPE_ROUNDS = 3, 4, 6


@dataclass(frozen=True, eq=False)
class BodyMotion:
    """A fitted motion, in SMPL's own terms."""

    betas: Float[NDArray, "B"]
    poses_rotvec: Float[NDArray, "T 24 3"]  # the root's in the world, others' from their parents
    trans_m: Float[NDArray, "T 3"]  # added to the posed body, as SMPL adds it
    residual_m: Float[NDArray, "T"]  # mean distance from the joints given; NaN where none were
    joints_m: Float[NDArray, "T 24 3"]  # of the body, in the world


@dataclass(frozen=True, eq=False)
class _Problem:
    """What is the same for every chunk."""

    chain: Chain
    prior: Prior
    start: Start
    fps: float
    joints_m: Float[NDArray, "T K 3"]
    evidence: Evidence
    usable: Bool[NDArray, "T"]
    still: Float[NDArray, "D"]


def fit_motion(
    model: BodyModel,
    skeleton: Skeleton,
    fps: float,
    joints_m: Float[NDArray, "T K 3"],
    confidence: Float[NDArray, "T K"],
    rays: Rays | None = None,
    smoothness: float = 1.0,
    done: Callable[[int], object] = lambda frames: None,
) -> BodyMotion:
    """The body whose joints these are.

    A frame in which a hip or a shoulder is missing is not fitted but bridged by its neighbours.

    Args:
        model: of the person's gender.
        skeleton: of the joints.
        fps: frames a second.
        joints_m: in the world, z up; NaN where unknown.
        confidence: 0..1 of each joint.
        rays: what the camera saw in the same frames.
        smoothness: 1 is usual; 0: every frame for itself.
        done: is told how many frames have been finished, again and again.

    Raises:
        M2t3Error: there is no frame with hips and shoulders.
    """
    points = correspondence(skeleton)
    valid = np.isfinite(joints_m).all(axis=-1)
    usable = valid[:, list(skeleton.index(*TRUNK))].all(axis=1)
    if not usable.any():
        raise M2t3Error(f"no frame of {len(usable)} has both hips and both shoulders")
    joints_m = joints_m.astype(np.float64)
    evidence = gather(joints_m, confidence, valid & usable[:, None], points, rays)
    problem = _Problem(
        chain_of(points), pose_prior(), start_of(skeleton), fps, joints_m, evidence, usable,
        _stillness(points, fps, smoothness),
    )  # fmt: skip
    betas = _shape(model, problem)
    body = body_of(model, betas)
    R, pelvis_m = _poses(Figure(body, problem.chain, problem.prior), problem, done)
    trans_m = pelvis_m - body.rest_m[0]
    bodies_m, fitted_m = joints_of_frames(R, pelvis_m, body, problem.chain)
    distance = np.where(valid, np.linalg.norm(fitted_m - joints_m, axis=-1), np.nan)
    residual = np.full(len(R), np.nan)
    residual[usable] = np.nanmean(distance[usable], axis=1)
    return BodyMotion(betas, logarithms(R), trans_m, residual, bodies_m)


def _stillness(points: Correspondence, fps: float, smoothness: float) -> NDArray[np.float64]:
    """Weights of second differences: the integral of squared acceleration, at any frame rate."""
    usual = np.full(3 + 3 * len(points.turning), TURN_ACCELERATION)
    usual[:3] = PELVIS_ACCELERATION
    return smoothness * 30.0 * fps**3 / usual**2


def _shape(model: BodyModel, problem: _Problem) -> NDArray[np.float64]:
    """The shape from frames that are spread over the recording."""
    seen = np.flatnonzero(problem.usable)
    seen = seen[np.linspace(0, len(seen) - 1, min(len(seen), SETTLED_FRAMES)).astype(int)]
    belief = ShapeBelief.of(model)
    p = problem
    R, pelvis_m = np.empty((len(seen), 24, 3, 3)), np.empty((len(seen), 3))
    evidence, usable = p.evidence.of(seen), p.usable[seen]
    for n in range(_SHAPE_ROUNDS):
        fixed = Figure(body_of(model, belief.betas), p.chain, p.prior)
        free = fixed._replace(body=body_of(model, belief.betas, free=True))
        if n == 0:
            begin(R, pelvis_m, fixed, p.start, p.joints_m[seen], usable)
        fit_each(R, pelvis_m, fixed, evidence, usable, FORGIVING, _COLD_STEPS)
        robust = FORGIVING if n < _SHAPE_ROUNDS // 2 else ROBUST
        precision, slope = shape_evidence(R, pelvis_m, free, evidence, robust)
        nothing = ShapeBelief.of(model)  # the same frames are no new evidence
        belief = replace(nothing, betas=belief.betas).updated(precision, slope, len(seen))
    return belief.betas


def _poses(
    figure: Figure, problem: _Problem, done: Callable[[int], object]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Poses of all frames, chunk by chunk on all cores."""
    frames = len(problem.usable)
    R, pelvis_m = np.empty((frames, 24, 3, 3)), np.empty((frames, 3))
    starts, margin = range(0, frames, CHUNK_FRAMES), math.ceil(MARGIN_S * problem.fps)

    def fit(start: int) -> int:
        inner = slice(start, min(start + CHUNK_FRAMES, frames))
        outer = slice(max(start - margin, 0), min(inner.stop + margin, frames))
        chunk_R, chunk_pelvis_m = _chunk(figure, problem, outer)
        kept = slice(inner.start - outer.start, inner.stop - outer.start)
        R[inner], pelvis_m[inner] = chunk_R[kept], chunk_pelvis_m[kept]
        return inner.stop - inner.start

    # A thread a chunk; LAPACK's own threads would wait for one another, and for other programs.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
        for count in pool.map(fit, starts):
            done(count)
    held = _nearest(np.isfinite(pelvis_m[:, 0]))  # over gaps longer than a chunk
    return R[held], pelvis_m[held]


def _chunk(
    figure: Figure, problem: _Problem, frames: slice
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    p = problem
    evidence, usable = p.evidence.of(frames), p.usable[frames]
    R, pelvis_m = np.empty((len(usable), 24, 3, 3)), np.empty((len(usable), 3))
    begin(R, pelvis_m, figure, p.start, p.joints_m[frames], usable)
    for robust, steps in ((FORGIVING, _COLD_STEPS), (ROBUST, _STEPS)):
        fit_each(R, pelvis_m, figure, evidence, usable, robust, steps)
    if not usable.any():
        return np.full_like(R, np.nan), np.full_like(pelvis_m, np.nan)
    start = _nearest(usable)
    R, pelvis_m = R[start], pelvis_m[start]
    if len(usable) > 2 and p.still.any():
        smooth(R, pelvis_m, figure, evidence, p.still)
    return R, pelvis_m


def _nearest(known: Bool[NDArray, "T"]) -> Int64[NDArray, "T"]:
    """The index nearest to each that is known, of which there is one at least."""
    there, t = np.flatnonzero(known), np.arange(len(known))
    place = np.searchsorted(there, t).clip(0, len(there) - 1)
    before, after = there[(place - 1).clip(0)], there[place]
    return np.where(np.abs(t - before) < np.abs(after - t), before, after)
