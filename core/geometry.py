"""Rotations as matrices and as unit quaternions, x y z w with w last."""

import math

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray


def rotation_from_quaternion(quaternion_xyzw: Float[NDArray, "4"]) -> Float[NDArray, "3 3"]:
    """The rotation matrix of a quaternion, which need not have unit length."""
    x, y, z, w = quaternion_xyzw / np.linalg.norm(quaternion_xyzw)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def looking(forward_world: Float[NDArray, "3"], roll_rad: float = 0.0) -> Float[NDArray, "3 3"]:
    """R_world_camera of a camera that looks along a direction, which must not be vertical.

    A roll turns it clockwise, seen from behind: in its picture, what is upright leans to the left.
    """
    forward = forward_world / np.linalg.norm(forward_world)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    right = math.cos(roll_rad) * right + math.sin(roll_rad) * np.cross(forward, right)
    return np.stack([right, np.cross(forward, right), forward], axis=1)


def quaternion_from_rotation(R: Float[NDArray, "3 3"]) -> Float[NDArray, "4"]:
    """The unit quaternion x y z w of a rotation matrix, the one of the two with w >= 0.

    It is the largest column of q q^T, whose entries are sums of entries of R (Shepperd 1978).
    """
    outer = np.empty((4, 4))
    outer[:3, :3] = R + R.T + np.eye(3) * (1 - np.trace(R))
    outer[:3, 3] = outer[3, :3] = R[2, 1] - R[1, 2], R[0, 2] - R[2, 0], R[1, 0] - R[0, 1]
    outer[3, 3] = 1 + np.trace(R)
    quaternion_xyzw = outer[np.argmax(np.diag(outer))]
    return quaternion_xyzw * np.copysign(1 / np.linalg.norm(quaternion_xyzw), quaternion_xyzw[3])


def multiply(a: Float[NDArray, "*#n 4"], b: Float[NDArray, "*#n 4"]) -> Float[NDArray, "*#n 4"]:
    """The quaternion x y z w that turns by `b` first and by `a` then."""
    v, w, u, t = a[..., :3], a[..., 3:], b[..., :3], b[..., 3:]
    vector = w * u + t * v + np.cross(v, u)
    return np.concatenate([vector, w * t - (v * u).sum(axis=-1, keepdims=True)], axis=-1)


def rotate(
    quaternion_xyzw: Float[NDArray, "*#n 4"], vectors: Float[NDArray, "*#n 3"]
) -> Float[NDArray, "*#n 3"]:
    """Vectors turned by unit quaternions."""
    v, w = quaternion_xyzw[..., :3], quaternion_xyzw[..., 3:]
    twice = 2 * np.cross(v, vectors)
    return vectors + w * twice + np.cross(v, twice)
