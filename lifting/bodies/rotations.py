"""Rotation matrices, compiled: their logarithm, small turns of them, their quaternions.

Numba's cache overlooks changes in another module: whoever changes this one or `habits` removes the
folder `__pycache__`, and a test tells whoever forgets.
"""

import math

import numpy as np
from numpy.typing import NDArray

from ...core.compiling import compiled


@compiled
def log(R: NDArray, turn: NDArray) -> None:
    """Write the rotation vector of a rotation matrix; its angle is taken to be below pi."""
    cos = min(1.0, max(-1.0, 0.5 * (R[0, 0] + R[1, 1] + R[2, 2] - 1.0)))
    sin = math.sqrt((1.0 - cos) * (1.0 + cos))
    scale = 0.5 if sin < 1e-6 else 0.5 * math.acos(cos) / sin
    turn[0] = scale * (R[2, 1] - R[1, 2])
    turn[1] = scale * (R[0, 2] - R[2, 0])
    turn[2] = scale * (R[1, 0] - R[0, 1])


@compiled
def turn_back(R: NDArray, x: float, y: float, z: float, max_rad: float) -> None:
    """R exp(-(x, y, z)), in place, of `max_rad` at most; brought back to a rotation."""
    angle = math.sqrt(x**2 + y**2 + z**2)
    if not angle > 1e-12:
        return
    x, y, z = -x / angle, -y / angle, -z / angle
    c, s = math.cos(min(angle, max_rad)), math.sin(min(angle, max_rad))
    t = 1.0 - c
    xx, xy, xz = t * x * x + c, t * x * y - s * z, t * x * z + s * y
    yx, yy, yz = t * x * y + s * z, t * y * y + c, t * y * z - s * x
    zx, zy, zz = t * x * z - s * y, t * y * z + s * x, t * z * z + c
    for i in range(3):
        u, v, w = R[i, 0], R[i, 1], R[i, 2]
        R[i, 0] = u * xx + v * yx + w * zx
        R[i, 1] = u * xy + v * yy + w * zy
        R[i, 2] = u * xz + v * yz + w * zz
        for k in range(i):  # Gram and Schmidt by rows, against rounding
            dot = R[i, 0] * R[k, 0] + R[i, 1] * R[k, 1] + R[i, 2] * R[k, 2]
            for j in range(3):
                R[i, j] -= dot * R[k, j]
        norm = math.sqrt(R[i, 0] ** 2 + R[i, 1] ** 2 + R[i, 2] ** 2)
        for j in range(3):
            R[i, j] /= norm


@compiled
def quaternions(local: NDArray, turns: NDArray) -> None:
    """Write the quaternions x y z w of B rotations over the last ones, whose signs they keep."""
    outer = np.empty((4, 4))  # 4 q q^T, whose largest column is q (Shepperd 1978)
    for b in range(len(local)):
        R = local[b]
        trace = R[0, 0] + R[1, 1] + R[2, 2]
        for i in range(3):
            for j in range(3):
                outer[i, j] = R[i, j] + R[j, i] + ((1.0 - trace) if i == j else 0.0)
            cross = R[(i + 2) % 3, (i + 1) % 3] - R[(i + 1) % 3, (i + 2) % 3]
            outer[i, 3] = outer[3, i] = cross
        outer[3, 3] = 1.0 + trace
        best = 0
        for i in range(1, 4):
            if outer[i, i] > outer[best, best]:
                best = i
        norm = dot = 0.0
        for i in range(4):
            norm += outer[best, i] ** 2
            dot += outer[best, i] * turns[b, i]
        scale = np.copysign(1.0 / np.sqrt(norm), dot)
        for i in range(4):
            turns[b, i] = outer[best, i] * scale
