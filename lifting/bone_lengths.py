"""How long a person's bones are: what a minute of them tells, and the pose that agrees with it.

A network that remembers a second or two lets bones grow and shrink with the pose; a person's do
not. Every frame tells how long each bone is, the less so the more it points along the camera's
rays, where the network is least sure; both sides of a body are alike. In turn the joints slide
along their rays, so their images stay, to where lengths and network contradict each other least:
each joint by as much as the network doubts it.
"""

import math

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ..core.compiling import compiled
from ..core.skeletons import Skeleton, part

LIMB_M, TRUNK_M = 0.012, 0.02  # by how much a bone's length differs from frame to frame, at least
TOGETHER_S = 0.3  # frames so near to one another say the same, errors included
LASTING_S = 60.0  # how long what a frame has told counts
_TRUNK = {"hip", "shoulder", "pelvis", "spine", "spine1", "spine2", "spine3", "neck", "thorax",
          "collar"}  # fmt: skip
_ACROSS = (("left_shoulder", "right_hip"), ("right_shoulder", "left_hip"))  # keep a trunk's shape
_ALONG_M = 0.05  # how far the typical joint is off along its ray, the body's place aside
_STEPS = 2  # Gauss-Newton
_SHORTEST_M = 1e-6  # joints may coincide
_WEIGHT, _SUM, _SQUARES = range(3)  # rows of what was told, over the frames


class BoneLengths:
    """What is known of one person's bones, seen by a camera that does not move."""

    def __init__(self, skeleton: Skeleton, center_world_m: Float[NDArray, "3"]) -> None:
        bones = [*skeleton.bones, *(skeleton.index(*names) for names in _ACROSS)]
        mirrored = [sorted(skeleton.mirror[j] for j in bone) for bone in bones]
        parts = [{part(skeleton.joint_names[j]) for j in bone} for bone in bones]
        self._center_m = np.array(center_world_m, np.float64)
        self._bones = np.array(bones)
        self._twins = np.array([[sorted(b) for b in bones].index(twin) for twin in mirrored])
        self._least_m = np.array([TRUNK_M if of <= _TRUNK else LIMB_M for of in parts])
        self._told = np.zeros((3, len(bones)))
        self._frames = 0.0  # that have told it, as far as they are independent
        self._t_s = -math.inf

    def fitted(
        self,
        t_s: float,
        points_world_m: Float[NDArray, "j 3"],
        expected_error_m: Float[NDArray, "j"],
    ) -> Float[NDArray, "j 3"]:
        """The pose at `t_s`, later than all before, by what is then known of the bones.

        Args:
            t_s: seconds.
            points_world_m: where the network has the joints; finite.
            expected_error_m: how far off it expects each of them to be. Most of that is the
                body's place, so only the proportions count here.
        """
        since_s = t_s - self._t_s
        new = min(since_s / TOGETHER_S, 1.0)  # share of this frame that others have not told
        lasting = math.exp(-since_s / LASTING_S)
        self._t_s, self._frames = t_s, lasting * self._frames + new
        self._told *= lasting
        return _fitted(
            np.array(points_world_m, np.float64), np.array(expected_error_m, np.float64),
            self._center_m, self._bones, self._twins, self._least_m, new, self._frames, self._told,
        )  # fmt: skip


@compiled
def _fitted(
    points_world_m: NDArray,
    expected_error_m: NDArray,
    center_m: NDArray,
    bones: NDArray,
    twins: NDArray,
    least_m: NDArray,
    new: float,
    frames: float,
    told: NDArray,
) -> NDArray:
    """Learns from a frame and fits it; `_learn` and `_believed` say what is what."""
    points_m, rays = points_world_m - center_m, np.empty(points_world_m.shape)
    for j in range(len(rays)):
        rays[j] = points_m[j] / math.sqrt(np.sum(points_m[j] ** 2))
    along_m = _ALONG_M * expected_error_m / math.exp(np.log(expected_error_m).mean())
    _learn(points_m, rays, along_m, bones, least_m, new, told)
    length_m, precision = _believed(told, twins, least_m, frames)
    slid_m = _slid(points_m, rays, along_m, bones, length_m, precision)
    return points_world_m + slid_m.reshape(-1, 1) * rays


@compiled
def _learn(
    points_m: NDArray,
    rays: NDArray,
    along_m: NDArray,
    bones: NDArray,
    least_m: NDArray,
    new: float,
    told: NDArray,
) -> None:
    """Adds to `told` (3, N), by its share that is `new`, what a frame says of N bones.

    Args:
        points_m: (J, 3) seen from the camera.
        rays: (J, 3) their directions.
        along_m: (J,) how far off they are along these.
        bones: (N, 2) joints.
        least_m: (N,) by how much each length differs from frame to frame, at least.
        new: share of the frame.
        told: weights, weighted lengths and weighted squares.
    """
    for n in range(len(bones)):
        i, j = bones[n]
        bone_m = points_m[i] - points_m[j]
        length_m = math.sqrt(np.sum(bone_m**2))
        turned = np.sum(bone_m * (rays[i] + rays[j])) / (2 * max(length_m, _SHORTEST_M))
        variance = turned**2 * (along_m[i] ** 2 + along_m[j] ** 2) / 2 + least_m[n] ** 2
        told[_WEIGHT, n] += new / variance
        told[_SUM, n] += new / variance * length_m
        told[_SQUARES, n] += new / variance * length_m**2


@compiled
def _believed(
    told: NDArray, twins: NDArray, least_m: NDArray, frames: float
) -> tuple[NDArray, NDArray]:
    """Lengths (N,) and how firmly a pose is held to them, 1 / m^2.

    Args:
        told: see `_learn`.
        twins: (N,) each bone's mirror image; its own index if it is none's.
        least_m: see `_learn`.
        frames: sum of all shares.
    """
    length_m, precision = np.empty((2, len(twins)))
    for n in range(len(twins)):
        weight, total, squares = (told[:, n] + told[:, twins[n]]) / 2
        length_m[n] = total / weight
        # Lengths that scatter by more than they should are known less well than they should be.
        scatter = (max(squares - total**2 / weight, 0.0) + 1.0) / (frames + 1.0)
        precision[n] = 1.0 / (scatter * (least_m[n] ** 2 + 0.5 / weight))
    return length_m, precision


@compiled
def _slid(
    points_m: NDArray,
    rays: NDArray,
    along_m: NDArray,
    bones: NDArray,
    length_m: NDArray,
    precision: NDArray,
) -> NDArray:
    """How far (J,) each joint goes along its ray, by Gauss-Newton."""
    joints = len(points_m)
    slid_m = np.zeros(joints)
    hessian, gradient = np.empty((joints, joints)), np.empty(joints)
    for _ in range(_STEPS):
        hessian[:] = 0.0
        for j in range(joints):
            hessian[j, j] = 1.0 / along_m[j] ** 2
            gradient[j] = slid_m[j] / along_m[j] ** 2
        for n in range(len(bones)):
            i, j = bones[n]
            bone_m = points_m[i] + slid_m[i] * rays[i] - points_m[j] - slid_m[j] * rays[j]
            now_m = max(math.sqrt(np.sum(bone_m**2)), _SHORTEST_M)
            by_i, by_j = np.sum(bone_m * rays[i]) / now_m, -np.sum(bone_m * rays[j]) / now_m
            pull = precision[n] * (now_m - length_m[n])
            hessian[i, i] += precision[n] * by_i**2
            hessian[j, j] += precision[n] * by_j**2
            hessian[i, j] += precision[n] * by_i * by_j
            hessian[j, i] += precision[n] * by_i * by_j
            gradient[i] += pull * by_i
            gradient[j] += pull * by_j
        slid_m -= np.linalg.solve(hessian, gradient)
    return slid_m
