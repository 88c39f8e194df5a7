"""Poses of many frames at once: every frame's evidence, and limbs that do not accelerate idly.

The cost is the sum of the frames' own and of squared second differences of the pelvis and of every
joint's turn. Its normal equations are the frames' blocks plus a band that is the same for every
unknown; they are solved by conjugate gradients, preconditioned by the blocks.
"""

import numpy as np
from numpy.typing import NDArray

from .prior import Prior
from .rotations import compiled, logarithm
from .solver import ROBUST, Body, Chain, factorise, normal_equations, solve_factored, take_step

_GRADIENT_STEPS = 12
_ENOUGH = 1e-3  # of the residual at the start of the conjugate gradients


@compiled
def smooth(
    R: NDArray,
    pelvis_m: NDArray,
    body: Body,
    chain: Chain,
    prior: Prior,
    target_m: NDArray,
    weight: NDArray,
    still: NDArray,
    steps: int,
) -> None:
    """Improve poses R (T, 24, 3, 3) and pelvis_m (T, 3) in place, all frames together.

    Args:
        R, pelvis_m: each frame's own fit; T is 3 or more.
        body, chain, prior: shape, skeleton, and what poses are usual.
        target_m, weight: evidence, (T, K, 3) and (T, K, 3, 3).
        still: (D,) weight of each unknown's squared second difference.
        steps: Gauss-Newton steps.
    """
    frames, unknowns = len(R), 3 + 3 * len(chain.turning)
    H, L = np.empty((frames, unknowns, unknowns)), np.zeros((frames, unknowns, unknowns))
    g, velocity = np.empty((frames, unknowns)), np.empty((frames - 1, unknowns))
    block = np.empty((unknowns, unknowns))
    for _ in range(steps):
        for t in range(frames):
            normal_equations(
                R[t], pelvis_m[t], body, chain, prior, target_m[t], weight[t], ROBUST, H[t], g[t]
            )
            for i in range(unknowns):
                for j in range(i):
                    H[t, j, i] = H[t, i, j]
            block[:] = H[t]
            for i in range(unknowns):
                block[i, i] += 6.0 * still[i]
            factorise(block, 0.0, L[t])
        for t in range(frames - 1):
            velocity[t, :3] = pelvis_m[t + 1] - pelvis_m[t]
            for a in range(len(chain.turning)):
                joint = chain.turning[a]
                turn = logarithm(np.dot(R[t, joint].T, R[t + 1, joint]))
                velocity[t, 3 + 3 * a : 6 + 3 * a] = turn
        for t in range(1, frames - 1):
            pull = still * (velocity[t] - velocity[t - 1])
            g[t - 1] += pull
            g[t] -= 2.0 * pull
            g[t + 1] += pull
        step = _conjugate_gradients(H, L, still, g)
        for t in range(frames):
            take_step(R[t], pelvis_m[t], chain, step[t])


@compiled
def _conjugate_gradients(H: NDArray, L: NDArray, still: NDArray, b: NDArray) -> NDArray:
    x, r = np.zeros(b.shape), b.copy()
    z = _precondition(L, r)
    p = z.copy()
    rz = np.sum(r * z)
    enough = rz * _ENOUGH * _ENOUGH
    for _ in range(_GRADIENT_STEPS):
        if rz <= enough:
            break
        q = _multiply(H, still, p)
        along = rz / np.sum(p * q)
        x += along * p
        r -= along * q
        z = _precondition(L, r)
        last, rz = rz, np.sum(r * z)
        p = z + rz / last * p
    return x


@compiled
def _precondition(L: NDArray, r: NDArray) -> NDArray:
    z = np.empty(r.shape)
    for t in range(len(r)):
        solve_factored(L[t], r[t], z[t])
    return z


@compiled
def _multiply(H: NDArray, still: NDArray, p: NDArray) -> NDArray:
    q = np.empty(p.shape)
    for t in range(len(p)):
        q[t] = np.dot(H[t], p[t])
    for t in range(1, len(p) - 1):
        pull = still * (p[t + 1] - 2.0 * p[t] + p[t - 1])
        q[t - 1] += pull
        q[t] -= 2.0 * pull
        q[t + 1] += pull
    return q
