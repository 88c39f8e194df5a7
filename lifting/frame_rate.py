"""The frame rate that recorded times tell."""

import numpy as np
from jaxtyping import Int64
from numpy.typing import NDArray

_LOST = 1.5  # a step this many times the usual one is over lost frames


def frames_per_second(t_ns: Int64[NDArray, "T"]) -> float:
    """Frames per second by the mean step between times; 1 if there is no step.

    Not by the median: times in whole milliseconds have none of 33.3 ms. Steps over lost frames and
    steps back, where a clock begins anew, do not count.
    """
    steps_ns = np.diff(t_ns)
    steps_ns = steps_ns[steps_ns > 0]
    if not steps_ns.size:
        return 1.0
    return float(1e9 / steps_ns[steps_ns <= _LOST * np.median(steps_ns)].mean())
