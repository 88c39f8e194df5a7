"""A first pose straight from the joints: the trunk's frame, then each limb's bone and hinge.

The solver goes downhill, so it must begin on the right side: facing the right way and with every
knee bent at its own hinge. A limb's upper bone is turned to point as seen, and about itself so that
the plane of the bent limb is the hinge's; a straight limb's plane is noise, so it takes the
shortest way.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...core.compiling import compiled
from ...core.skeletons import SMPL24, Skeleton
from .body import Body
from .rotations import copy_into, exponential, product

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
        copy_into(R[joint], exponential(mean[joint]))
    seen, rest = _rows(joints_m, start.trunk), _rows(body.rest_m, start.trunk_smpl)
    trunk = product(_trunk_axes(seen), _trunk_axes(rest).T)
    copy_into(R[0], trunk)
    for i in range(3):
        pelvis_m[i] = 0.5 * (seen[0, i] + seen[1, i])
        for k in range(3):
            pelvis_m[i] -= trunk[i, k] * (0.5 * (rest[0, k] + rest[1, k]) - body.rest_m[0, k])
    for limb in range(len(start.limbs)):
        ends = _rows(joints_m, start.limbs[limb])
        first, second = _direction(ends[0], ends[1]), _direction(ends[1], ends[2])
        if not np.isfinite(first[0] + first[1] + first[2] + second[0] + second[1] + second[2]):
            continue
        upper, hinge = start.limbs_smpl[limb, 0], start.limbs_smpl[limb, 1]
        bone = _direction(body.rest_m[upper], body.rest_m[hinge])
        # the spine and the collars are straight so far, so the trunk's frame is the parent's
        first, second = _transposed_times(trunk, first), _transposed_times(trunk, second)
        axis = start.hinges[limb]
        plane, shortest = _cross(first, second), _shortest(bone, first)
        for i in range(3):
            for k in range(3):
                plane[i] += _CERTAIN * shortest[i, k] * axis[k]
        copy_into(R[upper], product(_frame(first, plane), _frame(bone, axis).T))
        bend = np.arccos(min(max(_dot(first, second), -1.0), 1.0))
        copy_into(R[hinge], exponential(_scaled(axis, bend)))


@compiled
def _trunk_axes(trunk_m: NDArray) -> NDArray:
    """Left, up and forward of hips and shoulders (4, 3), as columns."""
    up, left = np.empty(3), np.empty(3)
    for i in range(3):
        up[i] = trunk_m[2, i] + trunk_m[3, i] - trunk_m[0, i] - trunk_m[1, i]
        left[i] = trunk_m[0, i] - trunk_m[1, i] + trunk_m[2, i] - trunk_m[3, i]
    return _frame(_unit(up), left)


@compiled
def _frame(along: NDArray, beside: NDArray) -> NDArray:
    """The rotation of columns `beside`, made square, the unit vector `along`, and a third."""
    aside, share = np.empty(3), _dot(beside, along)
    for i in range(3):
        aside[i] = beside[i] - share * along[i]
    aside = _unit(aside)
    third = _cross(aside, along)
    axes = np.empty((3, 3))
    for i in range(3):
        axes[i, 0], axes[i, 1], axes[i, 2] = aside[i], along[i], third[i]
    return axes


@compiled
def _shortest(a: NDArray, b: NDArray) -> NDArray:
    """The shortest rotation from unit vector a to b."""
    axis = _cross(a, b)
    sine, cosine = np.sqrt(_dot(axis, axis)), _dot(a, b)
    if sine > 1e-9:
        return exponential(_scaled(axis, np.arctan2(sine, cosine) / sine))
    if cosine > 0.0:
        return exponential(np.zeros(3))
    any_axis = _cross(a, np.array([0.3, 0.5, 0.8]))  # square to a
    return exponential(_scaled(_unit(any_axis), np.pi))


# Small vectors by plain loops: slices, np.dot and np.cross take ten times as long to compile.


@compiled
def _rows(a: NDArray, index: NDArray) -> NDArray:
    rows = np.empty((len(index), 3))
    for n in range(len(index)):
        for i in range(3):
            rows[n, i] = a[index[n], i]
    return rows


@compiled
def _transposed_times(A: NDArray, v: NDArray) -> NDArray:
    x = np.zeros(3)
    for i in range(3):
        for k in range(3):
            x[i] += A[k, i] * v[k]
    return x


@compiled
def _cross(a: NDArray, b: NDArray) -> NDArray:
    c = np.empty(3)
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        c[i] = a[j] * b[k] - a[k] * b[j]
    return c


@compiled
def _dot(a: NDArray, b: NDArray) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@compiled
def _scaled(v: NDArray, factor: float) -> NDArray:
    x = np.empty(3)
    for i in range(3):
        x[i] = factor * v[i]
    return x


@compiled
def _direction(a: NDArray, b: NDArray) -> NDArray:
    """The unit vector from a to b."""
    v = np.empty(3)
    for i in range(3):
        v[i] = b[i] - a[i]
    return _unit(v)


@compiled
def _unit(v: NDArray) -> NDArray:
    return _scaled(v, 1.0 / max(np.sqrt(_dot(v, v)), 1e-12))
