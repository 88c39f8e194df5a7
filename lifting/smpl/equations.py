"""What a pose costs and how the cost falls: the normal equations of one frame, compiled.

A pose is where the pelvis is (3 numbers) and how each joint that matters is turned; a step turns
joint a by delta_a in its own frame. With G_a that frame in the world, a point x that hangs on a
moves by G_a (delta_a x G_a^T (x - x_a)), so the Jacobian is written down directly, and only for the
joints above a point: the normal equations of a frame take microseconds where automatic
differentiation through a mesh takes milliseconds. Evidence is a Gaussian in space for each joint
(evidence.py), made robust after Geman and McClure.
"""

import numpy as np
from numpy.typing import NDArray

from ...core.compiling import compiled
from .body import Chain, Figure, moved_by_shape, posed
from .evidence import Evidence
from .prior import Prior
from .rotations import log_jacobian, logarithm

PELVIS = 3  # unknowns before the rotations


@compiled
def frame_of(evidence: Evidence, t: int) -> Evidence:
    """`Evidence.of` one frame, for compiled code."""
    return Evidence(evidence.mean_m[t], evidence.precision[t])


@compiled
def normal_equations(
    R: NDArray,
    pelvis_m: NDArray,
    figure: Figure,
    evidence: Evidence,
    robust: float,
    H: NDArray,
    g: NDArray,
) -> float:
    """Fill the lower half of H (D, D) and g (D,); returns the cost, half of whose slope is g.

    The unknowns are the pelvis, the turns of `chain.turning`, and the shape if it is free.

    Args:
        R, pelvis_m: the pose so far.
        figure: what is posed.
        evidence: of this frame, (K, 3) and (K, 3, 3).
        robust: residuals of more standard deviations count less and less.
        H, g: to be filled; D = 3 + 3 A + B.
    """
    chain, mean_m, precision = figure.chain, evidence.mean_m, evidence.precision
    points, frames = posed(R, pelvis_m, figure.body, chain.carriers)
    by_shape = moved_by_shape(frames, figure.body, chain.carriers)
    cost = 0.0
    unknowns = len(g)
    for i in range(unknowns):
        g[i] = 0.0
        for j in range(unknowns):
            H[i, j] = 0.0
    J, WJ = np.empty((3, unknowns)), np.empty((3, unknowns))
    column = np.empty(unknowns, np.int64)
    for k in range(len(mean_m)):
        if precision[k, 0, 0] + precision[k, 1, 1] + precision[k, 2, 2] == 0.0:
            continue
        off, pull = np.zeros(3), np.zeros(3)
        for i in range(3):
            off[i] = -mean_m[k, i]
            for s in range(chain.made_of.shape[1]):
                off[i] += chain.weight[k, s] * points[chain.made_of[k, s], i]
        squared = 0.0
        for i in range(3):
            for j in range(3):
                pull[i] += precision[k, i, j] * off[j]
            squared += off[i] * pull[i]
        trust = 1.0 / (1.0 + squared / (robust * robust))
        cost += squared * trust
        trust *= trust
        n = PELVIS
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
                column[n] = PELVIS + 3 * a + c
                n += 1
        for b in range(by_shape.shape[2]):
            for i in range(3):
                J[i, n] = 0.0
                for s in range(chain.made_of.shape[1]):
                    J[i, n] += chain.weight[k, s] * by_shape[chain.made_of[k, s], i, b]
            column[n] = PELVIS + 3 * len(chain.turning) + b
            n += 1
        for i in range(3):
            for c in range(n):
                WJ[i, c] = 0.0
                for j in range(3):
                    WJ[i, c] += trust * precision[k, i, j] * J[j, c]
        for c in range(n):
            row = column[c]
            g[row] += trust * (J[0, c] * pull[0] + J[1, c] * pull[1] + J[2, c] * pull[2])
            for d in range(c + 1):
                H[row, column[d]] += J[0, c] * WJ[0, d] + J[1, c] * WJ[1, d] + J[2, c] * WJ[2, d]
    return cost + _add_prior(R, chain, figure.prior, H, g)


@compiled
def _add_prior(R: NDArray, chain: Chain, prior: Prior, H: NDArray, g: NDArray) -> float:
    cost = 0.0
    for a in range(len(chain.turning)):
        joint = chain.turning[a]
        if joint == 0:
            continue
        theta = logarithm(R[joint])
        A = log_jacobian(theta)
        at = PELVIS + 3 * a
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
