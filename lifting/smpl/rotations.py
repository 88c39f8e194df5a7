"""Rotations as the compiled solver needs them: exponential, logarithm, and its derivative.

R(theta) = exp([theta]x) for a rotation vector theta (axis times angle, radians). Turning a joint
by a small delta in its own frame is R exp([delta]x), and log of it is about theta + A delta with
A = `log_jacobian(theta)`, the inverse of SO(3)'s right Jacobian (Sola et al. 2018, Eq. 144).
"""

import math

import numpy as np
from numpy.typing import NDArray

from ...core.compiling import compiled

_SMALL = 1e-6


@compiled
def exponential(theta: NDArray) -> NDArray:
    """The rotation matrix (3, 3) of a rotation vector (3,)."""
    x, y, z = theta[0], theta[1], theta[2]
    angle = math.sqrt(x * x + y * y + z * z)
    if angle < _SMALL:
        a, b = 1.0, 0.5
    else:
        a, b = math.sin(angle) / angle, (1.0 - math.cos(angle)) / (angle * angle)
    R = np.empty((3, 3))
    R[0, 0], R[1, 1], R[2, 2] = (
        1.0 - b * (y * y + z * z),
        1.0 - b * (x * x + z * z),
        1.0 - b * (x * x + y * y),
    )
    R[0, 1], R[1, 0] = b * x * y - a * z, b * x * y + a * z
    R[0, 2], R[2, 0] = b * x * z + a * y, b * x * z - a * y
    R[1, 2], R[2, 1] = b * y * z - a * x, b * y * z + a * x
    return R


@compiled
def logarithm(R: NDArray) -> NDArray:
    """The rotation vector (3,) of a rotation matrix, at most pi long; by way of a quaternion."""
    trace = R[0, 0] + R[1, 1] + R[2, 2]
    q = np.empty(3)
    if trace > 0.0:
        w = 1.0 + trace
        q[0], q[1], q[2] = R[2, 1] - R[1, 2], R[0, 2] - R[2, 0], R[1, 0] - R[0, 1]
    else:
        i = 0
        if R[1, 1] > R[0, 0]:
            i = 1
        if R[2, 2] > R[i, i]:
            i = 2
        j, k = (i + 1) % 3, (i + 2) % 3
        q[i] = 1.0 + R[i, i] - R[j, j] - R[k, k]
        q[j] = R[j, i] + R[i, j]
        q[k] = R[k, i] + R[i, k]
        w = R[k, j] - R[j, k]
        if w < 0.0:
            w, q = -w, -q
    length = math.sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2])
    if length < _SMALL * w:
        return q * (2.0 / w)
    return q * (2.0 * math.atan2(length, w) / length)


@compiled
def log_jacobian(theta: NDArray) -> NDArray:
    """How the logarithm changes (3, 3) when its rotation is turned in its own frame."""
    x, y, z = theta[0], theta[1], theta[2]
    squared = x * x + y * y + z * z
    angle = math.sqrt(squared)
    if angle < 1e-4:
        c = 1.0 / 12.0
    else:
        c = 1.0 / squared - 1.0 / (2.0 * angle * math.tan(angle / 2.0))
    A = np.empty((3, 3))
    A[0, 0], A[1, 1], A[2, 2] = (
        1.0 - c * (y * y + z * z),
        1.0 - c * (x * x + z * z),
        1.0 - c * (x * x + y * y),
    )
    A[0, 1], A[1, 0] = c * x * y - 0.5 * z, c * x * y + 0.5 * z
    A[0, 2], A[2, 0] = c * x * z + 0.5 * y, c * x * z - 0.5 * y
    A[1, 2], A[2, 1] = c * y * z - 0.5 * x, c * y * z + 0.5 * x
    return A


@compiled
def product(A: NDArray, B: NDArray) -> NDArray:
    """A B for (3, 3). Plain loops compile in a tenth of the time of slices and np.dot."""
    C = np.zeros((3, 3))
    for i in range(3):
        for j in range(3):
            for k in range(3):
                C[i, j] += A[i, k] * B[k, j]
    return C


@compiled
def turn_between(A: NDArray, B: NDArray) -> NDArray:
    """The rotation vector (3,) of A^T B."""
    return logarithm(product(A.T, B))


@compiled
def copy_into(target: NDArray, source: NDArray) -> None:
    """Copy a contiguous array into another of the same shape."""
    to, of = target.reshape(target.size), source.reshape(source.size)
    for i in range(len(of)):
        to[i] = of[i]
