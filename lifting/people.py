"""What a lifter is given of the people in a frame, and what it answers."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

CONFIDENT_M = 0.15  # a joint's confidence is the chance that it is this near to the truth


@dataclass(frozen=True)
class Observation:
    """One person in one frame."""

    person_id: int  # the tracker's
    t_s: float  # capture time, seconds on a monotone clock
    keypoints_px: Float[NDArray, "j 2"]  # NaN where missing
    confidence: Float[NDArray, "j"]  # 0 to 1


@dataclass(frozen=True)
class LiftedPerson:
    """The answer to an `Observation`."""

    person_id: int
    positions_world_m: NDArray[np.float32]  # (J, 3), NaN where invalid
    expected_error_m: Float[NDArray, "j"]  # scale of the errors, which are Laplace's; inf: unknown
    valid: NDArray[np.bool_]  # (J,)
    contact: NDArray[np.float32]  # (2,) chance that the left, right foot stands still; NaN: unknown

    @cached_property
    def confidence(self) -> NDArray[np.float32]:
        """(J,) the chance to be within `CONFIDENT_M` of the truth."""
        return (1.0 - np.exp(-CONFIDENT_M / self.expected_error_m)).astype(np.float32)

    @staticmethod
    def unseen(person_id: int, joints: int) -> "LiftedPerson":
        """The answer to a person of whom too little is seen."""
        return LiftedPerson(
            person_id,
            np.full((joints, 3), np.nan, np.float32),
            np.full(joints, np.inf),
            np.zeros(joints, bool),
            np.full(2, np.nan, np.float32),
        )


@dataclass(frozen=True)
class Lifted:
    """All people of one frame."""

    people: tuple[LiftedPerson, ...]  # in the order of the observations
    timing_ns: dict[str, int]  # time spent, by stage
