"""Poses of many frames at once: every frame's evidence, and limbs that do not accelerate idly.

The cost is the sum of the frames' own and of squared second differences of the pelvis and of every
joint's turn. Its normal equations are the frames' blocks plus a band that is the same for every
unknown; they are solved by conjugate gradients, preconditioned by the blocks.
"""

import numpy as np
from numpy.typing import NDArray

from ...core.compiling import compiled
from .body import Figure
from .equations import frame_of, normal_equations
from .evidence import Evidence
from .rotations import copy_into, turn_between
from .solver import ROBUST, factorise, solve_factored, take_step

_GRADIENT_STEPS = 12
_ENOUGH = 1e-3  # of the residual at the start of the conjugate gradients


@compiled
def smooth(
    R: NDArray,
    pelvis_m: NDArray,
    figure: Figure,
    evidence: Evidence,
    still: NDArray,
    steps: int,
) -> None:
    """Improve poses R (T, 24, 3, 3) and pelvis_m (T, 3) in place, all frames together.

    Args:
        R, pelvis_m: each frame's own fit; T is 3 or more.
        figure: what is posed.
        evidence: of T frames.
        still: (D,) weight of each unknown's squared second difference.
        steps: Gauss-Newton steps.
    """
    chain = figure.chain
    frames, unknowns = len(R), 3 + 3 * len(chain.turning)
    H, L = np.empty((frames, unknowns, unknowns)), np.zeros((frames, unknowns, unknowns))
    g, velocity = np.empty((frames, unknowns)), np.empty((frames - 1, unknowns))
    block = np.empty((unknowns, unknowns))
    for _ in range(steps):
        for t in range(frames):
            normal_equations(R[t], pelvis_m[t], figure, frame_of(evidence, t), ROBUST, H[t], g[t])
            for i in range(unknowns):
                for j in range(i):
                    H[t, j, i] = H[t, i, j]
            copy_into(block, H[t])
            for i in range(unknowns):
                block[i, i] += 6.0 * still[i]
            factorise(block, 0.0, L[t])
        for t in range(frames - 1):
            for i in range(3):
                velocity[t, i] = pelvis_m[t + 1, i] - pelvis_m[t, i]
            for a in range(len(chain.turning)):
                joint = chain.turning[a]
                turn = turn_between(R[t, joint], R[t + 1, joint])
                for i in range(3):
                    velocity[t, 3 + 3 * a + i] = turn[i]
        for t in range(1, frames - 1):
            for i in range(unknowns):
                pull = still[i] * (velocity[t, i] - velocity[t - 1, i])
                g[t - 1, i] += pull
                g[t, i] -= 2.0 * pull
                g[t + 1, i] += pull
        step = _conjugate_gradients(H, L, still, g)
        for t in range(frames):
            take_step(R[t], pelvis_m[t], chain, step[t])


@compiled
def _conjugate_gradients(H: NDArray, L: NDArray, still: NDArray, b: NDArray) -> NDArray:
    frames, unknowns = b.shape
    x, q, z = np.zeros(b.shape), np.empty(b.shape), np.empty(b.shape)
    r, p = np.empty(b.shape), np.zeros(b.shape)
    copy_into(r, b)
    last = enough = 0.0
    for n in range(_GRADIENT_STEPS + 1):
        for t in range(frames):
            solve_factored(L[t], r[t], z[t])
        rz = _dot(r, z)
        if n == 0:
            enough = rz * _ENOUGH * _ENOUGH
        elif rz <= enough or n == _GRADIENT_STEPS:
            break
        again = rz / last if n > 0 else 0.0
        last = rz
        for t in range(frames):
            for i in range(unknowns):
                p[t, i] = z[t, i] + again * p[t, i]
        _multiply(H, still, p, q)
        along = rz / _dot(p, q)
        for t in range(frames):
            for i in range(unknowns):
                x[t, i] += along * p[t, i]
                r[t, i] -= along * q[t, i]
    return x


@compiled
def _dot(a: NDArray, b: NDArray) -> float:
    total = 0.0
    for t in range(a.shape[0]):
        for i in range(a.shape[1]):
            total += a[t, i] * b[t, i]
    return total


@compiled
def _multiply(H: NDArray, still: NDArray, p: NDArray, q: NDArray) -> None:
    for t in range(p.shape[0]):
        for i in range(p.shape[1]):
            total = 0.0
            for j in range(p.shape[1]):
                total += H[t, i, j] * p[t, j]
            q[t, i] = total
    for t in range(1, p.shape[0] - 1):
        for i in range(p.shape[1]):
            pull = still[i] * (p[t + 1, i] - 2.0 * p[t, i] + p[t - 1, i])
            q[t - 1, i] += pull
            q[t, i] -= 2.0 * pull
            q[t + 1, i] += pull
