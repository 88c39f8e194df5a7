"""The body that explains the joints best: Gauss-Newton over all bones at once, compiled.

Unknown are the root's place and a small turn of every bone in its own frame. What pulls on them are
points (joints, soles) and, bone by bone, `habits`. A point depends on the bones from it to the root
alone and all else on one bone, so the normal equations have no entry between bones of different
limbs, and factoring them from the leaves to the root fills none in (the sparse L^T L of
Featherstone, "Efficient factorization of the joint-space inertia matrix for branched kinematic
trees", 2005). A row has but the unknowns on its way from the root, side by side: the way of any of
these is where the row begins. That makes a step cost some ten microseconds.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...core.compiling import compiled
from .habits import Habits, add_habits
from .rotations import turn_back

_DAMPING = 1.0  # of every unknown, in rad^-2 and m^-2, at least
_MAX_STEP = 0.7  # rad; no bone turns further in one iteration
_DONE = 2e-3  # rad and m; a step in which nothing goes further is the last


class Points(NamedTuple):
    """P points of the body and where they should be."""

    bone: NDArray[np.int64]  # (P,) that carries each
    offset_m: NDArray[np.float64]  # (P, 3) in that bone's frame
    target_m: NDArray[np.float64]  # (P, 3) in the world; finite, meaningless at weight 0
    weight: NDArray[np.float64]  # (P, 3) 1 / m^2, along each axis of the world
    lowest_m: NDArray[np.float64]  # (P,) height below which the floor pushes back
    floor_weight: float  # 1 / m^2


@compiled
def fit(
    parents: NDArray,
    offsets_m: NDArray,
    points: Points,
    habits: Habits,
    last: NDArray,
    iterations: int,
    root_m: NDArray,
    local: NDArray,
    origins_m: NDArray,
    world: NDArray,
) -> None:
    """Move `root_m` (3,) and the local rotations (B, 3, 3) to the best fit, in place.

    Args:
        parents: (B,), parents before their children, -1 the root's.
        offsets_m: (B, 3) origins in the parents' frames.
        points: what is seen.
        habits: what is likely.
        last: (B, 3, 3) local rotations of the frame before.
        iterations: Gauss-Newton steps, at most.
        root_m: where the hips are; the start, and the answer.
        local: local rotations; the start, and the answer.
        origins_m: (B, 3) filled in with the bones' origins.
        world: (B, 3, 3) filled in with their rotations in the world.
    """
    bones = len(parents)
    ways, ends = _ways(parents)
    hessian, gradient = np.empty((3 + 3 * bones, ends.max())), np.empty(3 + 3 * bones)
    own, own_gradient = np.empty((bones, 3, 3)), gradient[3:].reshape(bones, 3)
    for _ in range(iterations):
        forward(parents, offsets_m, root_m, local, origins_m, world)
        hessian[:], own[:], gradient[:] = 0.0, 0.0, 0.0
        add_habits(habits, last, local, own, own_gradient)
        for k in range(3):
            hessian[k, k] = _DAMPING
        for b in range(bones):
            for k in range(3):
                for i in range(k + 1):
                    hessian[3 + 3 * b + k, ends[b] - 3 + i] = own[b, k, i]
                hessian[3 + 3 * b + k, ends[b] - 3 + k] += _DAMPING
        _add_points(parents, ways, ends, origins_m, world, points, hessian, gradient)
        _solve(ways, ends, hessian, gradient)
        furthest = 0.0
        for i in range(3):
            root_m[i] -= gradient[i]
        for b in range(bones):
            x, y, z = own_gradient[b]
            turn_back(local[b], x, y, z, _MAX_STEP)
        for step in gradient:
            furthest = max(furthest, abs(step))
        if furthest < _DONE:
            break
    forward(parents, offsets_m, root_m, local, origins_m, world)


@compiled
def _ways(parents: NDArray) -> tuple[NDArray, NDArray]:
    """The unknowns on the way from the root to each bone's turn, and how many these are."""
    bones = len(parents)
    ways, ends = np.empty((bones, 3 + 3 * bones), np.int64), np.empty(bones, np.int64)
    for b in range(bones):
        start = 3 if parents[b] < 0 else ends[parents[b]]
        for k in range(start):
            ways[b, k] = k if parents[b] < 0 else ways[parents[b], k]
        for k in range(3):
            ways[b, start + k] = 3 + 3 * b + k
        ends[b] = start + 3
    return ways, ends


@compiled
def forward(
    parents: NDArray,
    offsets_m: NDArray,
    root_m: NDArray,
    local: NDArray,
    origins_m: NDArray,
    world: NDArray,
) -> None:
    """Fill in the bones' origins (B, 3) and world rotations (B, 3, 3) from the local ones."""
    for i in range(3):
        origins_m[0, i] = root_m[i]
        for j in range(3):
            world[0, i, j] = local[0, i, j]
    for b in range(1, len(parents)):
        p = parents[b]
        for i in range(3):
            origins_m[b, i] = origins_m[p, i]
            for k in range(3):
                origins_m[b, i] += world[p, i, k] * offsets_m[b, k]
            for j in range(3):
                world[b, i, j] = 0.0
                for k in range(3):
                    world[b, i, j] += world[p, i, k] * local[b, k, j]


@compiled
def _add_points(
    parents: NDArray,
    ways: NDArray,
    ends: NDArray,
    origins: NDArray,
    world: NDArray,
    points: Points,
    hessian: NDArray,
    gradient: NDArray,
) -> None:
    place, weight, residual = np.empty(3), np.empty(3), np.empty(3)
    slope = np.zeros((3, hessian.shape[1]))  # of the place, by the unknowns on its way
    for i in range(3):
        slope[i, i] = 1.0
    for p in range(len(points.bone)):
        bone = points.bone[p]
        lever = 0.0
        for i in range(3):
            place[i] = origins[bone, i]
            for k in range(3):
                place[i] += world[bone, i, k] * points.offset_m[p, k]
            lever += points.offset_m[p, i] ** 2
            weight[i] = points.weight[p, i]
            residual[i] = (place[i] - points.target_m[p, i]) * weight[i]
        if place[2] < points.lowest_m[p]:
            weight[2] += points.floor_weight
            residual[2] += (place[2] - points.lowest_m[p]) * points.floor_weight
        if weight[0] + weight[1] + weight[2] == 0.0:
            continue
        b = bone if lever > 0.0 else parents[bone]
        n = 3 if b < 0 else ends[b]
        while b >= 0:
            x, y, z = place[0] - origins[b, 0], place[1] - origins[b, 1], place[2] - origins[b, 2]
            # A chain that is pulled straight resists being turned, which Gauss and Newton's step
            # does not know of: without this it would swing from side to side.
            tension = max(0.0, -(x * residual[0] + y * residual[1] + z * residual[2]))
            for k in range(3):
                at = ends[b] - 3 + k
                hessian[3 + 3 * b + k, at] += tension
                u, v, w = world[b, 0, k], world[b, 1, k], world[b, 2, k]
                slope[0, at] = v * z - w * y
                slope[1, at] = w * x - u * z
                slope[2, at] = u * y - v * x
            b = parents[b]
        for a in range(n):
            row = ways[bone, a]
            s0, s1, s2 = slope[0, a], slope[1, a], slope[2, a]
            gradient[row] += s0 * residual[0] + s1 * residual[1] + s2 * residual[2]
            s0, s1, s2 = s0 * weight[0], s1 * weight[1], s2 * weight[2]
            for c in range(a + 1):
                hessian[row, c] += s0 * slope[0, c] + s1 * slope[1, c] + s2 * slope[2, c]


@compiled
def _solve(ways: NDArray, ends: NDArray, hessian: NDArray, gradient: NDArray) -> None:
    """Solve for the step, in place of the gradient: hessian = L^T L, from the leaves inwards.

    L replaces the hessian, but for its diagonal, where its inverse is kept.
    """
    for b in range(len(ends) - 1, -1, -1):  # L, and L^T y = g
        k, before = 3 + 3 * b, ends[b] - 3
        _factor(k, before, hessian, gradient)
        for i in range(before):
            row = ways[b, i]
            s0, s1, s2 = hessian[k, i], hessian[k + 1, i], hessian[k + 2, i]
            gradient[row] -= s0 * gradient[k] + s1 * gradient[k + 1] + s2 * gradient[k + 2]
            for j in range(i + 1):
                hessian[row, j] -= (
                    s0 * hessian[k, j] + s1 * hessian[k + 1, j] + s2 * hessian[k + 2, j]
                )
    _factor(0, 0, hessian, gradient)
    for k in range(len(gradient)):  # L x = y
        b = max(k // 3 - 1, 0)
        n = k if k < 3 else ends[b] - 3 + k % 3
        for i in range(n):
            gradient[k] -= hessian[k, i] * gradient[ways[b, i]]
        gradient[k] *= hessian[k, n]


@compiled
def _factor(first: int, before: int, hessian: NDArray, gradient: NDArray) -> None:
    """Take three unknowns, which so many come `before`, out of each other's equations."""
    for own in range(2, -1, -1):
        k, n = first + own, before + own
        inverse = 1.0 / math.sqrt(hessian[k, n])
        hessian[k, n] = inverse
        gradient[k] *= inverse
        for j in range(n):
            hessian[k, j] *= inverse
        for i in range(own):
            factor = hessian[k, before + i]
            gradient[first + i] -= factor * gradient[k]
            for j in range(before + i + 1):
                hessian[first + i, j] -= factor * hessian[k, j]


@compiled
def lowest(bones: NDArray, offsets_m: NDArray, origins_m: NDArray, world: NDArray) -> float:
    """Height of the lowest of J points at `offsets_m` (J, 3) in the frames of `bones` (J,)."""
    low = np.inf
    for j in range(len(bones)):
        z = origins_m[bones[j], 2]
        for k in range(3):
            z += world[bones[j], 2, k] * offsets_m[j, k]
        low = min(low, z)
    return low
