"""Feet that stand: where a foot is held, and how it is let go without a jump.

A foot whose contact is likely is held where it came down. Its joints are then asked for at their
place in the picture plus an offset that undoes their wandering; when the foot leaves, the offset
fades, and the foot is where it is seen again. So the place that is asked for never jumps. A held
foot gives way slowly towards where it is seen, and is let go where that is too far off: the network
was wrong about the contact then.
"""

import math

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

_HOLD, _RELEASE = 0.4, 0.2  # contact above, below which a foot is held, let go
_FIRM_S = 0.1  # a held foot is firm after this
_FADE_S = 0.15  # time constant of letting go
_CREEP_S = 2.0  # time constant of giving way
_TOO_FAR_M = 0.12


class Foot:
    """One foot: `held` (0 to 1) is how firmly, `offset_m` (3,) how far from where it is seen."""

    def __init__(self) -> None:
        self.held = 0.0
        self.offset_m: NDArray[np.float64] = np.zeros(3)
        self._place_m: NDArray[np.float64] | None = None

    def step(self, dt_s: float, ankle_m: Float[NDArray, "3"], contact: float) -> None:
        """Go on to the next frame, in which the ankle is seen at `ankle_m`."""
        if self._place_m is None and contact > _HOLD:
            self._place_m = ankle_m + self.offset_m
        elif self._place_m is not None and not contact >= _RELEASE:  # NaN lets go, too
            self._place_m = None
        if self._place_m is not None:
            away = ankle_m - self._place_m
            self._place_m = self._place_m + away * (1.0 - math.exp(-dt_s / _CREEP_S))
            self.offset_m = self._place_m - ankle_m
            self.held = min(1.0, self.held + dt_s / _FIRM_S)
            if not away @ away < _TOO_FAR_M**2:
                self._place_m = None
        else:
            keep = math.exp(-dt_s / _FADE_S)
            self.offset_m, self.held = self.offset_m * keep, self.held * keep
