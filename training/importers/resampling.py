"""To the archives' frame rate."""

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

ARCHIVE_FPS = 30.0
_NEARLY_FPS = 0.01  # files round frame times: 0.0333333 s is 30 fps


def resample(positions_m: Float[NDArray, "T J 3"], fps: float) -> Float[NDArray, "S J 3"]:
    """Joint paths at 30 fps from the first frame on, by cubic splines through every frame.

    Frames that the two rates share are kept as they are.
    """
    if abs(fps - round(fps)) < _NEARLY_FPS:
        fps = float(round(fps))
    if fps == ARCHIVE_FPS:
        return positions_m
    t = np.arange(len(positions_m)) / fps
    count = int(t[-1] * ARCHIVE_FPS + 1e-6) + 1
    return CubicSpline(t, positions_m)(np.arange(count) / ARCHIVE_FPS)
