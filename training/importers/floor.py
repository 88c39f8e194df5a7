"""People on the floor, as in the project's archives."""

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ..archive import JOINT_NAMES

TOE_HEIGHT_M = 0.015  # of a toe's joint over the floor it stands on
LOW_PERCENT = 2.0  # the toes are as low as this in so many per cent of the frames: outliers are not
_TOES = [JOINT_NAMES.index(f"{side}_foot") for side in ("left", "right")]


def on_floor(positions_m: Float[NDArray, "T 30 3"]) -> Float[NDArray, "T 30 3"]:
    """The clip moved along z so that the low percentile of the lower toe is 1.5 cm high."""
    low_m = np.percentile(positions_m[:, _TOES, 2].min(axis=1), LOW_PERCENT)
    return positions_m + np.array([0.0, 0.0, TOE_HEIGHT_M - low_m])
