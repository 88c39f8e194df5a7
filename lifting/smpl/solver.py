"""The compiled solver: a body's pose that explains where joints are, by damped Gauss-Newton.

A pose is where the pelvis is (3 numbers) and how each joint that matters is turned; a step turns
joint a by delta_a in its own frame. With G_a that frame in the world, a point x that hangs on a
moves by G_a (delta_a x G_a^T (x - x_a)), so the Jacobian is written down directly, and only for the
joints above a point: the normal equations of a frame take microseconds where automatic
differentiation through a mesh takes milliseconds. Evidence is a Gaussian in space for each joint
(evidence.py), made robust after Geman and McClure.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .landmarks import CARRIERS, Correspondence, offsets_m
from .model_file import PARENTS, BodyModel
from .prior import Prior
from .rotations import (
    compiled,
    copy_into,
    exponential,
    log_jacobian,
    logarithm,
    product,
    turn_between,
)  # fmt: skip

ROBUST = 5.0  # residuals of more standard deviations count less and less
_LONGEST_STEP = 0.5  # rad, of one joint in one step
_DAMPING = 1e-3
_PARENTS = np.array(PARENTS)
_PELVIS = 3  # unknowns before the rotations


class Chain(NamedTuple):
    """What the solver must know of a skeleton: `landmarks.Correspondence` as plain arrays."""

    made_of: NDArray[np.int64]  # (K, S) landmarks
    weight: NDArray[np.float64]  # (K, S)
    carriers: NDArray[np.int64]  # (L,)
    moved_by: NDArray[np.bool_]  # (L, 24)
    turning: NDArray[np.int64]  # (A,)


class Body(NamedTuple):
    """A body of one shape, and how its joints would move with others."""

    rest_m: NDArray[np.float64]  # (24, 3) joints unposed
    offsets_m: NDArray[np.float64]  # (L, 3) landmarks from their carriers
    shapes_m: NDArray[np.float64]  # (24, 3, B) joints by shape component; B = 0: the shape is fixed


def chain_of(correspondence: Correspondence) -> Chain:
    """The solver's view of a correspondence."""
    c = correspondence
    return Chain(c.index, c.weight, CARRIERS.astype(np.int64), c.moved_by, c.turning)


def body_of(model: BodyModel, betas: NDArray, *, free: bool = False) -> Body:
    """The solver's view of a body of this shape, which is an unknown if it is `free`."""
    rest_m = model.rest_m(betas)
    shapes_m = model.shapes_m[..., : len(betas) if free else 0]
    return Body(rest_m, offsets_m(rest_m), np.ascontiguousarray(shapes_m))


@compiled
def posed(R: NDArray, pelvis_m: NDArray, body: Body, carriers: NDArray) -> tuple[NDArray, NDArray]:
    """Landmarks (L, 3) in the world, of which the first 24 are the joints, and frames (24, 3, 3).

    Args:
        R: (24, 3, 3) each joint's turn in its parent's frame; the root's in the world.
        pelvis_m: (3,) where the root is.
        body: the shape.
        carriers: of the landmarks.
    """
    points, frames = np.empty((len(carriers), 3)), np.empty((24, 3, 3))
    for i in range(3):
        points[0, i] = pelvis_m[i]
        for j in range(3):
            frames[0, i, j] = R[0, i, j]
    for joint in range(1, 24):
        above = _PARENTS[joint]
        for i in range(3):
            moved = 0.0
            for k in range(3):
                bone = body.rest_m[joint, k] - body.rest_m[above, k]
                moved += frames[above, i, k] * bone
            points[joint, i] = points[above, i] + moved
            for j in range(3):
                turned = 0.0
                for k in range(3):
                    turned += frames[above, i, k] * R[joint, k, j]
                frames[joint, i, j] = turned
    for landmark in range(24, len(carriers)):
        carrier = carriers[landmark]
        for i in range(3):
            moved = 0.0
            for k in range(3):
                moved += frames[carrier, i, k] * body.offsets_m[landmark, k]
            points[landmark, i] = points[carrier, i] + moved
    return points, frames


@compiled
def _moved_by_shape(frames: NDArray, body: Body, carriers: NDArray) -> NDArray:
    """How landmarks move (L, 3, B) with the shape; the pelvis stays, offsets keep their length."""
    moved = np.zeros((len(carriers), 3, body.shapes_m.shape[2]))
    for joint in range(1, 24):
        above = _PARENTS[joint]
        for b in range(moved.shape[2]):
            for i in range(3):
                total = moved[above, i, b]
                for k in range(3):
                    bone = body.shapes_m[joint, k, b] - body.shapes_m[above, k, b]
                    total += frames[above, i, k] * bone
                moved[joint, i, b] = total
    for landmark in range(24, len(carriers)):
        for i in range(3):
            for b in range(moved.shape[2]):
                moved[landmark, i, b] = moved[carriers[landmark], i, b]
    return moved


@compiled
def skeleton_joints(points: NDArray, chain: Chain) -> NDArray:
    """A skeleton's K joints (K, 3) from the landmarks."""
    joints = np.zeros((len(chain.made_of), 3))
    for k in range(len(chain.made_of)):
        for s in range(chain.made_of.shape[1]):
            for i in range(3):
                joints[k, i] += chain.weight[k, s] * points[chain.made_of[k, s], i]
    return joints


@compiled
def normal_equations(
    R: NDArray,
    pelvis_m: NDArray,
    body: Body,
    chain: Chain,
    prior: Prior,
    target_m: NDArray,
    weight: NDArray,
    robust: float,
    H: NDArray,
    g: NDArray,
) -> float:
    """Fill the lower half of H (D, D) and g (D,); returns the cost, half of whose slope is g.

    The unknowns are the pelvis, the turns of `chain.turning`, and the shape if it is free.

    Args:
        R, pelvis_m: the pose so far.
        body, chain, prior: shape, skeleton, and what poses are usual.
        target_m: (K, 3) where each joint should be.
        weight: (K, 3, 3) inverse covariance, 1 / m^2; zero where nothing is known.
        robust: in standard deviations, see `ROBUST`.
        H, g: to be filled; D = 3 + 3 A + B.
    """
    points, frames = posed(R, pelvis_m, body, chain.carriers)
    by_shape = _moved_by_shape(frames, body, chain.carriers)
    cost = 0.0
    unknowns = len(g)
    for i in range(unknowns):
        g[i] = 0.0
        for j in range(unknowns):
            H[i, j] = 0.0
    J, WJ = np.empty((3, unknowns)), np.empty((3, unknowns))
    column = np.empty(unknowns, np.int64)
    for k in range(len(target_m)):
        if weight[k, 0, 0] + weight[k, 1, 1] + weight[k, 2, 2] == 0.0:
            continue
        off, pull = np.zeros(3), np.zeros(3)
        for i in range(3):
            off[i] = -target_m[k, i]
            for s in range(chain.made_of.shape[1]):
                off[i] += chain.weight[k, s] * points[chain.made_of[k, s], i]
        squared = 0.0
        for i in range(3):
            for j in range(3):
                pull[i] += weight[k, i, j] * off[j]
            squared += off[i] * pull[i]
        trust = 1.0 / (1.0 + squared / (robust * robust))
        cost += squared * trust
        trust *= trust
        n = _PELVIS
        for i in range(3):
            column[i] = i
            for j in range(3):
                J[i, j] = 1.0 if i == j else 0.0
        for a in range(len(chain.turning)):
            joint = chain.turning[a]
            x = y = z = 0.0
            for s in range(chain.made_of.shape[1]):
                landmark = chain.made_of[k, s]
                if chain.moved_by[landmark, joint]:
                    x += chain.weight[k, s] * (points[landmark, 0] - points[joint, 0])
                    y += chain.weight[k, s] * (points[landmark, 1] - points[joint, 1])
                    z += chain.weight[k, s] * (points[landmark, 2] - points[joint, 2])
            if x == 0.0 and y == 0.0 and z == 0.0:
                continue
            for c in range(3):
                J[0, n] = frames[joint, 1, c] * z - frames[joint, 2, c] * y
                J[1, n] = frames[joint, 2, c] * x - frames[joint, 0, c] * z
                J[2, n] = frames[joint, 0, c] * y - frames[joint, 1, c] * x
                column[n] = _PELVIS + 3 * a + c
                n += 1
        for b in range(by_shape.shape[2]):
            for i in range(3):
                J[i, n] = 0.0
                for s in range(chain.made_of.shape[1]):
                    J[i, n] += chain.weight[k, s] * by_shape[chain.made_of[k, s], i, b]
            column[n] = _PELVIS + 3 * len(chain.turning) + b
            n += 1
        for i in range(3):
            for c in range(n):
                WJ[i, c] = 0.0
                for j in range(3):
                    WJ[i, c] += trust * weight[k, i, j] * J[j, c]
        for c in range(n):
            row = column[c]
            g[row] += trust * (J[0, c] * pull[0] + J[1, c] * pull[1] + J[2, c] * pull[2])
            for d in range(c + 1):
                H[row, column[d]] += J[0, c] * WJ[0, d] + J[1, c] * WJ[1, d] + J[2, c] * WJ[2, d]
    return cost + _add_prior(R, chain, prior, H, g)


@compiled
def _add_prior(R: NDArray, chain: Chain, prior: Prior, H: NDArray, g: NDArray) -> float:
    cost = 0.0
    for a in range(len(chain.turning)):
        joint = chain.turning[a]
        if joint == 0:
            continue
        theta = logarithm(R[joint])
        A = log_jacobian(theta)
        at = _PELVIS + 3 * a
        for c in range(3):
            w, off = prior.weight[joint, c], theta[c] - prior.mean[joint, c]
            pull = w * off
            cost += pull * off
            beyond = theta[c] - min(max(theta[c], prior.low[joint, c]), prior.high[joint, c])
            if beyond != 0.0:
                w += prior.spring
                pull += prior.spring * beyond
                cost += prior.spring * beyond * beyond
            for i in range(3):
                g[at + i] += A[c, i] * pull
                for j in range(i + 1):
                    H[at + i, at + j] += A[c, i] * w * A[c, j]
    return cost


@compiled
def factorise(H: NDArray, damping: float, L: NDArray) -> None:
    """Cholesky's factor L of H + damping diag(H), of which the lower half is read."""
    n = len(H)
    for i in range(n):
        for j in range(i + 1):
            total = H[i, j]
            if i == j:
                total += damping * H[i, i] + 1e-9
            for k in range(j):
                total -= L[i, k] * L[j, k]
            if i == j:
                L[i, i] = np.sqrt(max(total, 1e-12))
            else:
                L[i, j] = total / L[j, j]


@compiled
def solve_factored(L: NDArray, b: NDArray, x: NDArray) -> None:
    """Solve L L^T x = b."""
    n = len(b)
    for i in range(n):
        total = b[i]
        for k in range(i):
            total -= L[i, k] * x[k]
        x[i] = total / L[i, i]
    for i in range(n - 1, -1, -1):
        x[i] /= L[i, i]
        for k in range(i):
            x[k] -= L[i, k] * x[i]


@compiled
def take_step(R: NDArray, pelvis_m: NDArray, chain: Chain, step: NDArray) -> None:
    """Move the pelvis and turn the joints by -step; no joint further than `_LONGEST_STEP`."""
    for i in range(3):
        pelvis_m[i] -= step[i]
    for a in range(len(chain.turning)):
        turn = np.empty(3)
        squared = 0.0
        for c in range(3):
            turn[c] = -step[_PELVIS + 3 * a + c]
            squared += turn[c] * turn[c]
        if squared > _LONGEST_STEP * _LONGEST_STEP:
            for c in range(3):
                turn[c] *= _LONGEST_STEP / np.sqrt(squared)
        joint = chain.turning[a]
        copy_into(R[joint], product(R[joint], exponential(turn)))


@compiled
def fit_frame(
    R: NDArray,
    pelvis_m: NDArray,
    body: Body,
    chain: Chain,
    prior: Prior,
    target_m: NDArray,
    weight: NDArray,
    before: NDArray,
    tether: float,
    robust: float,
    steps: int,
) -> float:
    """Improve R (24, 3, 3) and pelvis_m (3,) in place by at most `steps` steps; the cost reached.

    Args:
        R, pelvis_m: where to begin.
        body, chain, prior, target_m, weight, robust: as for `normal_equations`.
        before: (24, 3, 3) the turns of the frame before ...
        tether: ... and the weight, 1 / rad^2, of being turned as then; 0: none.
        steps: tries, including those that are taken back.
    """
    unknowns = _PELVIS + 3 * len(chain.turning)
    H, L, g = np.empty((unknowns, unknowns)), np.zeros((unknowns, unknowns)), np.empty(unknowns)
    step = np.empty(unknowns)
    best_H, best_g, best = np.empty((unknowns, unknowns)), np.empty(unknowns), np.inf
    best_R, best_pelvis_m = np.empty((24, 3, 3)), np.empty(3)
    damping = _DAMPING
    for n in range(steps + 1):
        cost = normal_equations(R, pelvis_m, body, chain, prior, target_m, weight, robust, H, g)
        if tether > 0.0:
            for a in range(len(chain.turning)):
                joint = chain.turning[a]
                turn = turn_between(before[joint], R[joint])
                for c in range(3):
                    at = _PELVIS + 3 * a + c
                    H[at, at] += tether
                    g[at] += tether * turn[c]
                    cost += tether * turn[c] * turn[c]
        if cost <= best:
            done = best - cost < 1e-6 * cost
            best = cost
            copy_into(best_R, R)
            copy_into(best_pelvis_m, pelvis_m)
            copy_into(best_H, H)
            copy_into(best_g, g)
            damping *= 0.3
            if done:
                break
        else:
            copy_into(R, best_R)
            copy_into(pelvis_m, best_pelvis_m)
            damping = max(10.0 * damping, 1e-2)
        if n < steps:
            factorise(best_H, damping, L)
            solve_factored(L, best_g, step)
            take_step(R, pelvis_m, chain, step)
    copy_into(R, best_R)
    copy_into(pelvis_m, best_pelvis_m)
    return best
