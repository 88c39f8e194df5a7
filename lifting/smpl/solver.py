"""The compiled solver: a body's pose that explains where joints are, by damped Gauss-Newton."""

import numpy as np
from numpy.typing import NDArray

from ...core.compiling import compiled
from .body import Chain, Figure
from .equations import PELVIS, normal_equations
from .evidence import Evidence
from .rotations import copy_into, exponential, product, turn_between

ROBUST = 5.0  # residuals of more standard deviations count less and less
_LONGEST_STEP = 0.5  # rad, of one joint in one step
_DAMPING = 1e-3


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
            turn[c] = -step[PELVIS + 3 * a + c]
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
    figure: Figure,
    evidence: Evidence,
    before: NDArray,
    tether: float,
    robust: float,
    steps: int,
) -> float:
    """Improve R (24, 3, 3) and pelvis_m (3,) in place by at most `steps` steps; the cost reached.

    Args:
        R, pelvis_m: where to begin.
        figure, evidence, robust: as for `normal_equations`.
        before: (24, 3, 3) the turns of the frame before ...
        tether: ... and the weight, 1 / rad^2, of being turned as then; 0: none.
        steps: tries, including those that are taken back.
    """
    chain = figure.chain
    unknowns = PELVIS + 3 * len(chain.turning)
    H, L, g = np.empty((unknowns, unknowns)), np.zeros((unknowns, unknowns)), np.empty(unknowns)
    step = np.empty(unknowns)
    best_H, best_g, best = np.empty((unknowns, unknowns)), np.empty(unknowns), np.inf
    best_R, best_pelvis_m = np.empty((24, 3, 3)), np.empty(3)
    damping = _DAMPING
    for n in range(steps + 1):
        cost = normal_equations(R, pelvis_m, figure, evidence, robust, H, g)
        if tether > 0.0:
            for a in range(len(chain.turning)):
                joint = chain.turning[a]
                turn = turn_between(before[joint], R[joint])
                for c in range(3):
                    at = PELVIS + 3 * a + c
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
