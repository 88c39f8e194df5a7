"""Feet that stand stay where they are, as surely as the network says that they stand.

An ankle is held where it was shown last, the less so the longer ago that was, and let go once it is
said to be elsewhere. Nothing else of the body is moved: what a foot slides while it stands are
millimetres, of which legs show nothing and floors all.
"""

import math

from numpy.typing import NDArray

from ..core.compiling import compiled

HOLD_S = 0.2  # for so long a foot that surely stands is held
LOOSE_M = 0.1  # a foot that is said to be so far away is let go


@compiled
def hold(
    dt_s: float, contact: NDArray, ankles: NDArray, before_m: NDArray, points_m: NDArray
) -> None:
    """Moves the ankles among `points_m` towards where they were, in place.

    Args:
        dt_s: since then.
        contact: (2,) chance that each foot stands; NaN: unknown.
        ankles: (2,) their joints.
        before_m, points_m: (J, 3) as shown then, and now.
    """
    for foot, j in enumerate(ankles):
        if contact[foot] > 0.0:  # False for NaN
            back_m = before_m[j] - points_m[j]
            apart = (back_m**2).sum() / LOOSE_M**2
            points_m[j] += contact[foot] * math.exp(-dt_s / HOLD_S - apart) * back_m
