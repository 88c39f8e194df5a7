"""Time for the network: rotary phases of real times, and the mask that hides the future."""

import math

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

ROTARY_FREQUENCIES = 16  # half an attention head's width
_PERIODS_S = (0.06, 12.0)  # shortest and longest period of the rotary phases
ANGULAR_PER_S = 2 * math.pi / np.geomspace(*_PERIODS_S, ROTARY_FREQUENCIES)

HIDDEN = -1e4  # added to a score that must not count; finite, so a row of nothing stays a number


def phases(t_s: NDArray[np.float64]) -> Float[NDArray, "*b 2 f"]:
    """Cosines and sines of times in seconds; double precision keeps long sessions exact."""
    angle = t_s[..., None] * ANGULAR_PER_S
    return np.stack([np.cos(angle), np.sin(angle)], axis=-2).astype(np.float32)


def past_mask(frames: int, memory_frames: int) -> Float[NDArray, "t t"]:
    """Added to the scores of a window without memory: frame i sees i - memory_frames + 1 ... i."""
    i, j = np.ogrid[:frames, :frames]
    return np.where((j <= i) & (j > i - memory_frames), 0.0, HIDDEN).astype(np.float32)
