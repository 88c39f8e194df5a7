"""A first pose straight from the joints: the trunk's frame, then each limb's bone and hinge.

The solver goes downhill, so it must begin on the right side: facing the right way and with every
knee bent at its own hinge. A limb's upper bone is turned to point as seen, and about itself so that
the plane of the bent limb is the hinge's; a straight limb's plane is noise, so it takes the
shortest way.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...core.skeletons import SMPL24, Skeleton
from .rotations import compiled, exponential
from .solver import Body

TRUNK = ("left_hip", "right_hip", "left_shoulder", "right_shoulder")
_LIMBS = {  # upper joint, hinge, end: axis about which the hinge bends in the T-pose
    (f"{side}_{upper}", f"{side}_{hinge}", f"{side}_{end}"): axis
    for side, sign in (("left", -1.0), ("right", 1.0))
    for upper, hinge, end, axis in (
        ("hip", "knee", "ankle", (1.0, 0.0, 0.0)),
        ("shoulder", "elbow", "wrist", (0.0, sign, 0.0)),
    )
}
_CERTAIN = 0.2  # sine of the angle at which a limb's own plane counts as much as the shortest way


class Start(NamedTuple):
    """Which of a skeleton's joints tell the trunk and the limbs."""

    trunk: NDArray[np.int64]  # (4,) of the skeleton, as `TRUNK`
    trunk_smpl: NDArray[np.int64]  # (4,) of SMPL
    limbs: NDArray[np.int64]  # (4, 3) of the skeleton
    limbs_smpl: NDArray[np.int64]  # (4, 3) of SMPL
    hinges: NDArray[np.float64]  # (4, 3)


def start_of(skeleton: Skeleton) -> Start:
    """What `cold_start` must know of a skeleton."""
    return Start(
        np.array(skeleton.index(*TRUNK)),
        np.array(SMPL24.index(*TRUNK)),
        np.array([skeleton.index(*limb) for limb in _LIMBS]),
        np.array([SMPL24.index(*limb) for limb in _LIMBS]),
        np.array(list(_LIMBS.values())),
    )


@compiled
def cold_start(
    joints_m: NDArray, body: Body, mean: NDArray, start: Start, R: NDArray, pelvis_m: NDArray
) -> None:
    """Fill R (24, 3, 3) and pelvis_m (3,) from joints (K, 3), of which the trunk's are finite.

    A limb of which a joint is missing is left in the prior's mean (24, 3) pose.
    """
    for joint in range(24):
        R[joint] = exponential(mean[joint])
    seen, rest = joints_m[start.trunk], body.rest_m[start.trunk_smpl]
    R[0] = np.dot(_trunk_axes(seen), _trunk_axes(rest).T)
    middle = 0.5 * (rest[0] + rest[1]) - body.rest_m[0]
    pelvis_m[:] = 0.5 * (seen[0] + seen[1]) - np.dot(R[0], middle)
    for limb in range(len(start.limbs)):
        upper, hinge, end = joints_m[start.limbs[limb]]
        first, second = _unit(hinge - upper), _unit(end - hinge)
        if not np.isfinite(np.sum(first) + np.sum(second)):
            continue
        joint, middle_joint, _ = start.limbs_smpl[limb]
        bone = _unit(body.rest_m[middle_joint] - body.rest_m[joint])
        # the spine and the collars are straight so far, so the trunk's frame is the parent's
        first, second = np.dot(R[0].T, first), np.dot(R[0].T, second)
        axis = np.ascontiguousarray(start.hinges[limb])
        plane = np.cross(first, second) + _CERTAIN * np.dot(_shortest(bone, first), axis)
        R[joint] = np.dot(_frame(first, plane), _frame(bone, axis).T)
        bend = np.arccos(min(max(np.dot(first, second), -1.0), 1.0))
        R[middle_joint] = exponential(bend * axis)


@compiled
def _trunk_axes(trunk_m: NDArray) -> NDArray:
    """Left, up and forward of hips and shoulders (4, 3), as columns."""
    up = trunk_m[2] + trunk_m[3] - trunk_m[0] - trunk_m[1]
    return _frame(_unit(up), trunk_m[0] - trunk_m[1] + trunk_m[2] - trunk_m[3])


@compiled
def _frame(along: NDArray, beside: NDArray) -> NDArray:
    """The rotation of columns `beside`, made square, the unit vector `along`, and a third."""
    aside = _unit(beside - np.dot(beside, along) * along)
    axes = np.empty((3, 3))
    axes[:, 0], axes[:, 1], axes[:, 2] = aside, along, np.cross(aside, along)
    return axes


@compiled
def _shortest(a: NDArray, b: NDArray) -> NDArray:
    """The shortest rotation from unit vector a to b."""
    axis = np.cross(a, b)
    sine, cosine = np.sqrt(np.dot(axis, axis)), np.dot(a, b)
    if sine < 1e-9:
        if cosine > 0.0:
            return np.eye(3)
        axis = np.cross(a, np.array([0.3, 0.5, 0.8]))  # half a turn about any axis square to a
        return exponential(np.pi * _unit(axis))
    return exponential(np.arctan2(sine, cosine) / sine * axis)


@compiled
def _unit(v: NDArray) -> NDArray:
    return v / max(np.sqrt(np.dot(v, v)), 1e-12)
