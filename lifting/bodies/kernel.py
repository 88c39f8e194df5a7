"""The body that explains the joints best: Gauss-Newton over all bones at once, compiled.

Unknown are the root's place and a small turn of every bone in its own frame. What pulls on them are
points (joints, soles) and, bone by bone, what is likely: its rest, its last pose, its limits, a
hinge's axis. A point depends on the bones from it to the root alone and all else on one bone, so
the normal equations have no entry between bones of different limbs, and factoring them from the
leaves to the root fills none in (the sparse L^T L of Featherstone, "Efficient factorization of the
joint-space inertia matrix for branched kinematic trees", 2005). That makes a step cost some twenty
microseconds. All of it is one module because numba's cache overlooks changes in another.
"""

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

_DAMPING = 1.0  # of every unknown, in rad^-2 and m^-2, at least
_MAX_STEP = 0.7  # rad; no bone turns further in one iteration
_DONE = 2e-3  # rad and m; a step in which nothing goes further is the last

compiled = numba.njit(cache=True, nogil=True, error_model="numpy")


class Points(NamedTuple):
    """P points of the body and where they should be."""

    bone: NDArray[np.int64]  # (P,) that carries each
    offset_m: NDArray[np.float64]  # (P, 3) in that bone's frame
    target_m: NDArray[np.float64]  # (P, 3) in the world; finite, meaningless at weight 0
    weight: NDArray[np.float64]  # (P, 3) 1 / m^2, along each axis of the world
    lowest_m: NDArray[np.float64]  # (P,) height below which the floor pushes back
    floor_weight: float  # 1 / m^2


class Habits(NamedTuple):
    """What is likely of B bones' local rotations; weights are 1 / rad^2, 0 says nothing."""

    rest: NDArray[np.float64]  # (B, 3) pull of each axis towards the T-pose
    last: NDArray[np.float64]  # (B, 3) pull of each axis towards the last pose
    damping: NDArray[np.float64]  # (B,) holds back a step, pulls nowhere
    limit_rad: NDArray[np.float64]  # (B, 3) how far each axis may turn from the T-pose ...
    limit: NDArray[np.float64]  # (B,) ... and the pull back from beyond
    direction: NDArray[np.float64]  # (B, 3) unit: where the bone points at rest
    twist: NDArray[np.float64]  # (B,) pull of the turn about `direction` towards the T-pose's ...
    twist_limit_rad: NDArray[np.float64]  # (B,) ... and how far it may go
    hinge: NDArray[np.float64]  # (B, 3) unit: axis of an elbow or knee ...
    hinged: NDArray[np.float64]  # (B,) ... and the pull that keeps it one with the parent's
    flexion_rad: NDArray[np.float64]  # (B, 2) least and most turn about it


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
def fit(
    parents: NDArray,
    offsets_m: NDArray,
    points: Points,
    habits: Habits,
    last: NDArray,
    root_m: NDArray,
    local: NDArray,
    iterations: int,
) -> None:
    """Move `root_m` (3,) and the local rotations (B, 3, 3) to the best fit, in place.

    Args:
        parents: (B,), parents before their children, -1 the root's.
        offsets_m: (B, 3) origins in the parents' frames.
        points: what is seen.
        habits: what is likely.
        last: (B, 3, 3) local rotations of the frame before.
        root_m: where the hips are; the start, and the answer.
        local: local rotations; the start, and the answer.
        iterations: Gauss-Newton steps, at most.
    """
    bones = len(parents)
    size = 3 + 3 * bones
    before = np.empty(size, np.int64)  # of each unknown the next one on the way to the root
    for k in range(size):
        before[k] = k - 1
    for b in range(1, bones):
        before[3 + 3 * b] = 5 + 3 * parents[b]
    origins, world = np.empty((bones, 3)), np.empty((bones, 3, 3))
    hessian, gradient = np.empty((size, size)), np.empty(size)
    for _ in range(iterations):
        forward(parents, offsets_m, root_m, local, origins, world)
        hessian[:] = 0.0
        gradient[:] = 0.0
        for k in range(size):
            hessian[k, k] = _DAMPING
        _add_points(parents, origins, world, points, hessian, gradient)
        _add_habits(habits, last, local, hessian, gradient)
        _solve(before, hessian, gradient)
        for i in range(3):
            root_m[i] -= gradient[i]
        for b in range(bones):
            _turn(local[b], gradient[3 + 3 * b : 6 + 3 * b])
        if np.abs(gradient).max() < _DONE:
            break


@compiled
def _add_points(
    parents: NDArray,
    origins: NDArray,
    world: NDArray,
    points: Points,
    hessian: NDArray,
    gradient: NDArray,
) -> None:
    place, weight, residual = np.empty(3), np.empty(3), np.empty(3)
    unknown = np.empty(len(gradient), np.int64)
    slope = np.empty((len(gradient), 3))
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
        n = 0
        b = bone if lever > 0.0 else parents[bone]
        while b >= 0:
            x, y, z = place[0] - origins[b, 0], place[1] - origins[b, 1], place[2] - origins[b, 2]
            # A chain that is pulled straight resists being turned, which Gauss and Newton's step
            # does not know of: without this it would swing from side to side.
            tension = max(0.0, -(x * residual[0] + y * residual[1] + z * residual[2]))
            for k in range(2, -1, -1):
                u, v, w = world[b, 0, k], world[b, 1, k], world[b, 2, k]
                unknown[n] = 3 + 3 * b + k
                hessian[unknown[n], unknown[n]] += tension
                slope[n, 0] = v * z - w * y
                slope[n, 1] = w * x - u * z
                slope[n, 2] = u * y - v * x
                n += 1
            b = parents[b]
        for k in range(2, -1, -1):
            unknown[n] = k
            slope[n, 0] = slope[n, 1] = slope[n, 2] = 0.0
            slope[n, k] = 1.0
            n += 1
        for a in range(n):  # unknowns fall along the chain, so (a, c) is below the diagonal
            s0, s1, s2 = slope[a, 0] * weight[0], slope[a, 1] * weight[1], slope[a, 2] * weight[2]
            row = unknown[a]
            gradient[row] += (
                slope[a, 0] * residual[0] + slope[a, 1] * residual[1] + slope[a, 2] * residual[2]
            )
            for c in range(a, n):
                hessian[row, unknown[c]] += s0 * slope[c, 0] + s1 * slope[c, 1] + s2 * slope[c, 2]


@compiled
def _add_habits(
    habits: Habits, last: NDArray, local: NDArray, hessian: NDArray, gradient: NDArray
) -> None:
    turn, since = np.empty(3), np.empty((3, 3))
    for b in range(len(local)):
        at = 3 + 3 * b
        _log(local[b], turn)
        for k in range(3):
            pull, excess = habits.rest[b, k], abs(turn[k]) - habits.limit_rad[b, k]
            hessian[at + k, at + k] += pull + habits.damping[b]
            gradient[at + k] += pull * turn[k]
            if excess > 0.0 and habits.limit[b] > 0.0:
                hessian[at + k, at + k] += habits.limit[b]
                gradient[at + k] += habits.limit[b] * np.copysign(excess, turn[k])
        for i in range(3):
            for j in range(3):
                since[i, j] = 0.0
                for k in range(3):
                    since[i, j] += last[b, k, i] * local[b, k, j]
        _log(since, turn)
        for k in range(3):
            hessian[at + k, at + k] += habits.last[b, k]
            gradient[at + k] += habits.last[b, k] * turn[k]
        if habits.twist[b] > 0.0:
            _add_twist(habits, b, local[b], hessian, gradient)
        if habits.hinged[b] > 0.0:
            _add_hinge(habits, b, local[b], hessian, gradient)


@compiled
def _add_twist(habits: Habits, b: int, local: NDArray, hessian: NDArray, gradient: NDArray) -> None:
    """The turn about the bone itself; it means less the further the bone swings back."""
    u, at = habits.direction[b], 3 + 3 * b
    w = 1.0 + local[0, 0] + local[1, 1] + local[2, 2]
    v = (
        u[0] * (local[2, 1] - local[1, 2])
        + u[1] * (local[0, 2] - local[2, 0])
        + u[2] * (local[1, 0] - local[0, 1])
    )
    along = 0.0
    for i in range(3):
        for j in range(3):
            along += u[i] * local[i, j] * u[j]
    angle = 2.0 * np.arctan2(v, w)
    pull = habits.twist[b] * 0.5 * (1.0 + along)  # cosine of half the swing, squared
    slope = pull * angle
    if abs(angle) > habits.twist_limit_rad[b]:
        more = habits.limit[b] * 0.5 * (1.0 + along)
        slope += more * (angle - np.copysign(habits.twist_limit_rad[b], angle))
        pull += more
    for i in range(3):
        gradient[at + i] += slope * u[i]
        for j in range(i + 1):
            hessian[at + i, at + j] += pull * u[i] * u[j]


@compiled
def _add_hinge(habits: Habits, b: int, local: NDArray, hessian: NDArray, gradient: NDArray) -> None:
    """The hinge's axis should lie in both bones alike, and the turn about it within its range."""
    e, u, at, pull = habits.hinge[b], habits.direction[b], 3 + 3 * b, habits.hinged[b]
    # Residual R e - e; a turn d of the bone changes it by R (d x e), so its slope is -R [e]x.
    back = np.empty(3)  # R^T e
    for i in range(3):
        back[i] = local[0, i] * e[0] + local[1, i] * e[1] + local[2, i] * e[2]
    for i in range(3):
        for j in range(i + 1):
            hessian[at + i, at + j] += pull * ((1.0 if i == j else 0.0) - e[i] * e[j])
    # (d x e) . (e - back) = d . (e x (e - back)) = -d . (e x back)
    gradient[at] -= pull * (e[1] * back[2] - e[2] * back[1])
    gradient[at + 1] -= pull * (e[2] * back[0] - e[0] * back[2])
    gradient[at + 2] -= pull * (e[0] * back[1] - e[1] * back[0])
    sin = cos = 0.0
    for i in range(3):
        turned = local[i, 0] * u[0] + local[i, 1] * u[1] + local[i, 2] * u[2]
        cos += u[i] * turned
        sin += (e[(i + 1) % 3] * u[(i + 2) % 3] - e[(i + 2) % 3] * u[(i + 1) % 3]) * turned
    angle = np.arctan2(sin, cos)
    if angle < -2.0:
        angle += 2.0 * np.pi  # bent all the way, not bent backwards
    excess = min(angle - habits.flexion_rad[b, 0], 0.0) + max(angle - habits.flexion_rad[b, 1], 0.0)
    if excess != 0.0:
        for i in range(3):
            gradient[at + i] += habits.limit[b] * excess * e[i]
            for j in range(i + 1):
                hessian[at + i, at + j] += habits.limit[b] * e[i] * e[j]


@compiled
def _solve(before: NDArray, hessian: NDArray, gradient: NDArray) -> None:
    """Solve for the step, in place of the gradient: hessian = L^T L, from the leaves inwards."""
    for k in range(len(before) - 1, -1, -1):
        hessian[k, k] = np.sqrt(hessian[k, k])
        i = before[k]
        while i >= 0:
            hessian[k, i] /= hessian[k, k]
            i = before[i]
        i = before[k]
        while i >= 0:
            j = i
            while j >= 0:
                hessian[i, j] -= hessian[k, i] * hessian[k, j]
                j = before[j]
            i = before[i]
    for k in range(len(before) - 1, -1, -1):  # L^T y = g
        gradient[k] /= hessian[k, k]
        i = before[k]
        while i >= 0:
            gradient[i] -= hessian[k, i] * gradient[k]
            i = before[i]
    for k in range(len(before)):  # L x = y
        i = before[k]
        while i >= 0:
            gradient[k] -= hessian[k, i] * gradient[i]
            i = before[i]
        gradient[k] /= hessian[k, k]


@compiled
def _log(R: NDArray, turn: NDArray) -> None:
    """Rotation vector of a rotation matrix; its angle is taken to be below pi."""
    cos = min(1.0, max(-1.0, 0.5 * (R[0, 0] + R[1, 1] + R[2, 2] - 1.0)))
    angle = np.arccos(cos)
    sin = np.sin(angle)
    scale = 0.5 if sin < 1e-6 else 0.5 * angle / sin
    turn[0] = scale * (R[2, 1] - R[1, 2])
    turn[1] = scale * (R[0, 2] - R[2, 0])
    turn[2] = scale * (R[1, 0] - R[0, 1])


@compiled
def _turn(R: NDArray, step: NDArray) -> None:
    """R exp(-step), in place, brought back to a rotation against rounding."""
    angle = np.sqrt(step[0] ** 2 + step[1] ** 2 + step[2] ** 2)
    if not angle > 1e-12:
        return
    bounded = min(angle, _MAX_STEP)
    x, y, z = -step[0] / angle, -step[1] / angle, -step[2] / angle
    c, s = np.cos(bounded), np.sin(bounded)
    t = 1.0 - c
    E = np.empty((3, 3))
    E[0] = t * x * x + c, t * x * y - s * z, t * x * z + s * y
    E[1] = t * x * y + s * z, t * y * y + c, t * y * z - s * x
    E[2] = t * x * z - s * y, t * y * z + s * x, t * z * z + c
    out = np.empty((3, 3))
    for i in range(3):
        for j in range(3):
            out[i, j] = R[i, 0] * E[0, j] + R[i, 1] * E[1, j] + R[i, 2] * E[2, j]
    for i in range(3):  # Gram and Schmidt by rows
        for before in range(i):
            dot = (
                out[i, 0] * out[before, 0] + out[i, 1] * out[before, 1] + out[i, 2] * out[before, 2]
            )
            for j in range(3):
                out[i, j] -= dot * out[before, j]
        norm = np.sqrt(out[i, 0] ** 2 + out[i, 1] ** 2 + out[i, 2] ** 2)
        for j in range(3):
            out[i, j] /= norm
    R[:] = out


@compiled
def quaternions(local: NDArray, turns: NDArray) -> None:
    """Write the quaternions x y z w of B rotations over the last ones, whose signs they keep."""
    for b in range(len(local)):
        R = local[b]
        trace = R[0, 0] + R[1, 1] + R[2, 2]
        outer = np.empty((4, 4))  # 4 q q^T, whose largest column is q (Shepperd 1978)
        for i in range(3):
            for j in range(3):
                outer[i, j] = R[i, j] + R[j, i] + ((1.0 - trace) if i == j else 0.0)
            cross = R[(i + 2) % 3, (i + 1) % 3] - R[(i + 1) % 3, (i + 2) % 3]
            outer[i, 3] = outer[3, i] = cross
        outer[3, 3] = 1.0 + trace
        best = 0
        for i in range(1, 4):
            if outer[i, i] > outer[best, best]:
                best = i
        norm = dot = 0.0
        for i in range(4):
            norm += outer[best, i] ** 2
            dot += outer[best, i] * turns[b, i]
        scale = np.copysign(1.0 / np.sqrt(norm), dot)
        for i in range(4):
            turns[b, i] = outer[best, i] * scale


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
