"""Poses of many frames at once: every frame's evidence, and limbs that do not accelerate idly.

The cost is the sum of the frames' own and of squared second differences of the pelvis and of every
joint's turn. Its normal equations reach two frames far, and are solved as the band that they are:
the higher the frame rate, the less a frame says beside its neighbours, and the more steps any
iteration would take.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded

from ...core.compiling import compiled
from .body import Chain, Figure
from .equations import PELVIS, frame_of, normal_equations
from .evidence import Evidence
from .rotations import turn_between
from .solver import ROBUST, take_step

_STEPS = 12  # of Gauss and Newton, at most
_DONE = 2e-3  # rad and m; a step in which nothing goes further is the last
_DAMPING, _ROUNDING = 1e-3, 1e-10  # of a step, for what no frame tells: 1 / m^2 and 1 / rad^2, and
# a share of the smoothing's weights, in whose rounding the former may be lost
_CURVED = (1.0, -2.0, 1.0)  # a second difference


def smooth(
    R: NDArray,
    pelvis_m: NDArray,
    figure: Figure,
    evidence: Evidence,
    still: NDArray,
) -> None:
    """Improve poses R (T, 24, 3, 3) and pelvis_m (T, 3) in place, all frames together.

    Args:
        R, pelvis_m: each frame's own fit; T is 3 or more.
        figure: what is posed.
        evidence: of T frames.
        still: (D,) weight of each unknown's squared second difference.
    """
    for _ in range(_STEPS):
        band, slope = _equations(R, pelvis_m, figure, evidence, still)
        step = solveh_banded(
            band, slope.ravel(), overwrite_ab=True, overwrite_b=True, lower=True, check_finite=False
        )
        _take(R, pelvis_m, figure.chain, step.reshape(slope.shape))
        if np.abs(step).max() < _DONE:
            break


@compiled
def _equations(
    R: NDArray, pelvis_m: NDArray, figure: Figure, evidence: Evidence, still: NDArray
) -> tuple[NDArray, NDArray]:
    """The normal equations' lower band (2 D + 1, T D), as LAPACK keeps it, and slope (T, D)."""
    chain = figure.chain
    frames, unknowns = len(R), PELVIS + 3 * len(chain.turning)
    band, slope = np.zeros((2 * unknowns + 1, frames * unknowns)), np.empty((frames, unknowns))
    velocity, H = np.empty((frames - 1, unknowns)), np.empty((unknowns, unknowns))
    for t in range(frames):
        own = frame_of(evidence, t)
        normal_equations(R[t], pelvis_m[t], figure, own, ROBUST, H, slope[t])
        for j in range(unknowns):
            for i in range(j, unknowns):
                band[i - j, t * unknowns + j] = H[i, j]
            band[0, t * unknowns + j] += _DAMPING + _ROUNDING * still[j]
    for t in range(frames - 1):
        for i in range(PELVIS):
            velocity[t, i] = pelvis_m[t + 1, i] - pelvis_m[t, i]
        for a in range(len(chain.turning)):
            joint = chain.turning[a]
            turn = turn_between(R[t, joint], R[t + 1, joint])
            for i in range(3):
                velocity[t, PELVIS + 3 * a + i] = turn[i]
    for t in range(frames - 2):
        for i in range(unknowns):
            curved = still[i] * (velocity[t + 1, i] - velocity[t, i])
            for later in range(3):
                slope[t + later, i] += _CURVED[later] * curved
                for earlier in range(later + 1):
                    pull = still[i] * _CURVED[later] * _CURVED[earlier]
                    band[(later - earlier) * unknowns, (t + earlier) * unknowns + i] += pull
    return band, slope


@compiled
def _take(R: NDArray, pelvis_m: NDArray, chain: Chain, step: NDArray) -> None:
    for t in range(len(R)):
        take_step(R[t], pelvis_m[t], chain, step[t])
