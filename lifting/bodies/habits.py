"""What is likely of bones, one by one: rest, last pose, limits, the axis of a hinge."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...core.compiling import compiled
from .rotations import log


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
def add_habits(
    habits: Habits, last: NDArray, local: NDArray, hessian: NDArray, gradient: NDArray
) -> None:
    """Add what pulls on the local rotations (B, 3, 3), `last` of which were the frame before's.

    Args:
        habits: what is likely.
        last: local rotations of the frame before.
        local: those of now.
        hessian: (B, 3, 3) by small turns of each bone in its own frame; below the diagonal only.
        gradient: (B, 3)
    """
    turn, since = np.empty(3), np.empty((3, 3))
    for b in range(len(local)):
        log(local[b], turn)
        for k in range(3):
            pull, excess = habits.rest[b, k], abs(turn[k]) - habits.limit_rad[b, k]
            hessian[b, k, k] += pull + habits.damping[b]
            gradient[b, k] += pull * turn[k]
            if excess > 0.0 and habits.limit[b] > 0.0:
                hessian[b, k, k] += habits.limit[b]
                gradient[b, k] += habits.limit[b] * math.copysign(excess, turn[k])
        for i in range(3):
            for j in range(3):
                since[i, j] = (
                    last[b, 0, i] * local[b, 0, j]
                    + last[b, 1, i] * local[b, 1, j]
                    + last[b, 2, i] * local[b, 2, j]
                )
        log(since, turn)
        for k in range(3):
            hessian[b, k, k] += habits.last[b, k]
            gradient[b, k] += habits.last[b, k] * turn[k]
        if habits.twist[b] > 0.0:
            _add_twist(habits, b, local[b], hessian[b], gradient[b])
        if habits.hinged[b] > 0.0:
            _add_hinge(habits, b, local[b], hessian[b], gradient[b])


@compiled
def _add_twist(habits: Habits, b: int, local: NDArray, hessian: NDArray, gradient: NDArray) -> None:
    """The turn about the bone itself; it means less the further the bone swings back."""
    u = habits.direction[b]
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
    angle = 2.0 * math.atan2(v, w)
    pull = habits.twist[b] * 0.5 * (1.0 + along)  # cosine of half the swing, squared
    slope = pull * angle
    if abs(angle) > habits.twist_limit_rad[b]:
        more = habits.limit[b] * 0.5 * (1.0 + along)
        slope += more * (angle - math.copysign(habits.twist_limit_rad[b], angle))
        pull += more
    for i in range(3):
        gradient[i] += slope * u[i]
        for j in range(i + 1):
            hessian[i, j] += pull * u[i] * u[j]


@compiled
def _add_hinge(habits: Habits, b: int, local: NDArray, hessian: NDArray, gradient: NDArray) -> None:
    """The hinge's axis should lie in both bones alike, and the turn about it within its range."""
    e, u, pull = habits.hinge[b], habits.direction[b], habits.hinged[b]
    # Residual R e - e; a turn d of the bone changes it by R (d x e), so its slope is -R [e]x.
    x, y, z = (  # R^T e
        local[0, 0] * e[0] + local[1, 0] * e[1] + local[2, 0] * e[2],
        local[0, 1] * e[0] + local[1, 1] * e[1] + local[2, 1] * e[2],
        local[0, 2] * e[0] + local[1, 2] * e[1] + local[2, 2] * e[2],
    )
    for i in range(3):
        for j in range(i + 1):
            hessian[i, j] += pull * ((1.0 if i == j else 0.0) - e[i] * e[j])
    # (d x e) . (e - R^T e) = d . (e x (e - R^T e)) = -d . (e x R^T e)
    gradient[0] -= pull * (e[1] * z - e[2] * y)
    gradient[1] -= pull * (e[2] * x - e[0] * z)
    gradient[2] -= pull * (e[0] * y - e[1] * x)
    sin = cos = 0.0
    for i in range(3):
        turned = local[i, 0] * u[0] + local[i, 1] * u[1] + local[i, 2] * u[2]
        cos += u[i] * turned
        sin += (e[(i + 1) % 3] * u[(i + 2) % 3] - e[(i + 2) % 3] * u[(i + 1) % 3]) * turned
    angle = math.atan2(sin, cos)
    if angle < -2.0:
        angle += 2.0 * math.pi  # bent all the way, not bent backwards
    excess = min(angle - habits.flexion_rad[b, 0], 0.0) + max(angle - habits.flexion_rad[b, 1], 0.0)
    if excess != 0.0:
        for i in range(3):
            gradient[i] += habits.limit[b] * excess * e[i]
            for j in range(i + 1):
                hessian[i, j] += habits.limit[b] * e[i] * e[j]
