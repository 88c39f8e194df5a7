"""Who is seen twice: a detector at times draws two boxes around one body."""

import math

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ...core.compiling import compiled

SAME = 0.12  # body sizes within which two bodies are boxes around one
FEW = 4  # fewer shared joints than this do not tell


def twins_of(seen_px: Float[NDArray, "n j 2"]) -> list[list[int]]:
    """For each of the people, those who are seen at the same place in the same pose."""
    if len(seen_px) == 1:
        return [[]]
    close = coincidence(seen_px) < SAME
    if not close.any():
        return [[]] * len(seen_px)
    return [np.flatnonzero(row).tolist() for row in close]


@compiled
def coincidence(keypoints_px: Float[NDArray, "n j 2"]) -> Float[NDArray, "n n"]:
    """Mean distance of the joints of each two of the people seen, in sizes of the larger body.

    Args:
        keypoints_px: (N, J, 2), NaN where a joint is missing.

    Returns:
        (N, N); inf on the diagonal, and where they share fewer than `FEW` joints.
    """
    n, joints = len(keypoints_px), keypoints_px.shape[1]
    size_px = np.ones(n)  # of the box around each, its longer side
    for i in range(n):
        for axis in range(2):
            low, high = np.inf, -np.inf
            for j in range(joints):
                value = keypoints_px[i, j, axis]
                if not np.isnan(value):
                    low, high = min(low, value), max(high, value)
            size_px[i] = max(size_px[i], high - low)
    near = np.full((n, n), np.inf)
    for i in range(n):
        for k in range(i):
            count, total = 0, 0.0
            for j in range(joints):
                u = keypoints_px[i, j, 0] - keypoints_px[k, j, 0]
                v = keypoints_px[i, j, 1] - keypoints_px[k, j, 1]
                apart = math.sqrt(u * u + v * v)
                if not np.isnan(apart):
                    count += 1
                    total += apart
            if count >= FEW:
                near[i, k] = near[k, i] = total / count / max(size_px[i], size_px[k])
    return near
