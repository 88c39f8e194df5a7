"""Which joints of a detected person can be used, in the network's format."""

import math

import numpy as np
from numpy.typing import NDArray

from ...core.compiling import compiled

MARGIN = 1.0  # a joint may be so many picture sizes outside the picture, on each side


@compiled
def usable_joints(
    keypoints_px: NDArray,
    confidence: NDArray,
    width_px: int,
    height_px: int,
    index: NDArray,
    weight: NDArray,
) -> tuple[NDArray, NDArray, int, int, bool]:
    """A person's joints as `core.conversions.Conversion` (index, weight) makes them.

    A joint with confidence 0 is one that the detector did not find; its pixels mean nothing.

    Args:
        keypoints_px: (J, 2) float32 in the detector's format, with confidence (J,).
        width_px, height_px: the picture.

    Returns:
        Pixels (K, 2) float32, NaN where a joint cannot be used; confidence (K,), 0 there; how many
        claimed joints were not finite, and how many too far outside; and whether any can be used.
    """
    joints, made = len(confidence), len(index)
    usable = np.zeros(joints, np.bool_)
    nonfinite, distant = 0, 0
    for j in range(joints):
        if confidence[j] <= 0.0:  # False for NaN
            continue
        u, v = keypoints_px[j]
        if not (math.isfinite(u) and math.isfinite(v) and math.isfinite(confidence[j])):
            nonfinite += 1
        elif (
            abs(u - 0.5 * width_px) > (0.5 + MARGIN) * width_px
            or abs(v - 0.5 * height_px) > (0.5 + MARGIN) * height_px
        ):
            distant += 1
        else:
            usable[j] = True
    pixels_px = np.full((made, 2), np.nan, np.float32)
    sure = np.zeros(made, np.float32)
    anything = False
    for k in range(made):
        whole, least = True, np.float32(1.0)
        for j in index[k]:
            whole = whole and usable[j]
            least = min(least, confidence[j])
        if not whole:
            continue
        anything = True
        sure[k] = least
        for i in range(2):
            total = np.float32(0.0)
            for s, j in enumerate(index[k]):
                total += np.float32(weight[k, s]) * keypoints_px[j, i]
            pixels_px[k, i] = total
    return pixels_px, sure, nonfinite, distant, anything
