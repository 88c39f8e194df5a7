"""The compiled loops over many frames that the fitting of recordings and of streams is made of."""

import numpy as np
from numpy.typing import NDArray

from ...core.compiling import compiled
from .body import Body, Chain, Figure, posed, skeleton_joints
from .cold_start import Start, cold_start
from .equations import frame_of, normal_equations
from .evidence import Evidence
from .rotations import copy_into, logarithm
from .solver import factorise, fit_frame


@compiled
def begin(
    R: NDArray,
    pelvis_m: NDArray,
    figure: Figure,
    start: Start,
    joints_m: NDArray,
    usable: NDArray,
) -> None:
    """Cold starts of all usable frames into R (T, 24, 3, 3) and pelvis_m (T, 3)."""
    for t in range(len(R)):
        if usable[t]:
            cold_start(joints_m[t], figure.body, figure.prior.mean, start, R[t], pelvis_m[t])


@compiled
def fit_each(
    R: NDArray,
    pelvis_m: NDArray,
    figure: Figure,
    evidence: Evidence,
    usable: NDArray,
    robust: float,
    steps: int,
) -> None:
    """`fit_frame` for all usable frames, each by itself."""
    for t in range(len(R)):
        if usable[t]:
            fit_frame(
                R[t], pelvis_m[t], figure, frame_of(evidence, t), R[t], 0.0, robust, steps
            )  # fmt: skip


@compiled
def joints_of_frames(
    R: NDArray, pelvis_m: NDArray, body: Body, chain: Chain
) -> tuple[NDArray, NDArray]:
    """SMPL's joints (T, 24, 3) and the skeleton's (T, K, 3)."""
    bodies, joints = np.empty((len(R), 24, 3)), np.empty((len(R), len(chain.made_of), 3))
    for t in range(len(R)):
        points, _ = posed(R[t], pelvis_m[t], body, chain.carriers)
        copy_into(joints[t], skeleton_joints(points, chain))
        for joint in range(24):
            copy_into(bodies[t, joint], points[joint])
    return bodies, joints


@compiled
def logarithms(R: NDArray) -> NDArray:
    """Rotation vectors (T, 24, 3) of R (T, 24, 3, 3)."""
    rotvec = np.empty((len(R), 24, 3))
    for t in range(len(R)):
        for joint in range(24):
            copy_into(rotvec[t, joint], logarithm(R[t, joint]))
    return rotvec


@compiled
def shape_evidence(
    R: NDArray,
    pelvis_m: NDArray,
    figure: Figure,
    evidence: Evidence,
    robust: float,
) -> tuple[NDArray, NDArray]:
    """Precision (B, B) and slope (B,) of the cost in the free shape, the poses following it.

    Args:
        R, pelvis_m: fitted poses (T, 24, 3, 3) and (T, 3).
        figure: of free shape.
        evidence, robust: as for `normal_equations`, T frames.
    """
    components = figure.body.shapes_m.shape[2]
    poses = 3 + 3 * len(figure.chain.turning)
    unknowns = poses + components
    H, L, g = np.empty((unknowns, unknowns)), np.zeros((unknowns, unknowns)), np.empty(unknowns)
    y = np.empty(unknowns)
    precision, slope = np.zeros((components, components)), np.zeros(components)
    for t in range(len(R)):
        normal_equations(R[t], pelvis_m[t], figure, frame_of(evidence, t), robust, H, g)
        factorise(H, 0.0, L)  # the last rows factorise the Schur complement
        for i in range(unknowns):
            total = g[i]
            for k in range(i):
                total -= L[i, k] * y[k]
            y[i] = total / L[i, i]
        for i in range(components):
            for k in range(i + 1):
                slope[i] += L[poses + i, poses + k] * y[poses + k]
            for j in range(components):
                for k in range(min(i, j) + 1):
                    precision[i, j] += L[poses + i, poses + k] * L[poses + j, poses + k]
    return precision, slope
