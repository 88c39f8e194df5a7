"""SMPL's kinematics, compiled: where a body's landmarks are, and how its shape moves them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...core.compiling import compiled
from .landmarks import CARRIERS, Correspondence, offsets_m
from .model_file import PARENTS, BodyModel
from .prior import Prior

_PARENTS = np.array(PARENTS)


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


class Figure(NamedTuple):
    """What is posed: a body, which of its points the joints tell, and how people usually stand."""

    body: Body
    chain: Chain
    prior: Prior


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
def moved_by_shape(frames: NDArray, body: Body, carriers: NDArray) -> NDArray:
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
