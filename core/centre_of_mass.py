"""A body's centre of mass, from where its bones are.

Masses and centres of the segments are those of de Leva, "Adjustments to Zatsiorsky-Seluyanov's
segment inertia parameters" (Journal of Biomechanics 29, 1996), table 4, men's and women's averaged.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from .geometry import rotate
from .messages import Humanoid


class Segment(NamedTuple):
    """A part of the body; its centre is on the way from one bone's origin towards another's."""

    mass: float  # share of the whole body's
    start: str  # bone
    end: str | None  # bone; None: the segment goes on beyond `start`, which is the last
    centre: float  # share of the way
    beyond_m: tuple[float, float, float] = (0.0, 0.0, 0.0)  # in `start`'s frame, where there is no
    # end: of a hand 0.79 of its 86 mm to the knuckles, of a foot 0.42 of it from the heel on


_LIMBS = (
    Segment(0.0263, "UpperArm", "LowerArm", 0.576),
    Segment(0.0150, "LowerArm", "Hand", 0.457),
    Segment(0.0059, "Hand", None, 0.0, (0.0, 0.068, 0.0)),
    Segment(0.1447, "UpperLeg", "LowerLeg", 0.385),
    Segment(0.0457, "LowerLeg", "Foot", 0.437),
    Segment(0.0133, "Foot", None, 0.0, (0.055, 0.0, -0.045)),
)
SEGMENTS = (
    Segment(0.0681, "Head", None, 0.0, (0.02, 0.0, 0.06)),
    Segment(0.4302, "Neck", "Hips", 0.432),
    *(
        Segment(
            limb.mass,
            side + limb.start,
            limb.end and side + limb.end,
            limb.centre,
            (limb.beyond_m[0], left * limb.beyond_m[1], limb.beyond_m[2]),
        )
        for side, left in (("Left", 1.0), ("Right", -1.0))
        for limb in _LIMBS
    ),
)


def centre_of_mass_m(
    definition: Humanoid,
    origins_world_m: Float[NDArray, "b 3"],
    turns_world_xyzw: Float[NDArray, "b 4"],
) -> Float[NDArray, "3"]:
    """Where the centre of mass is in the world, (3,) metres."""
    names = definition.bone_names
    start = [names.index(segment.start) for segment in SEGMENTS]
    end = [names.index(segment.end or segment.start) for segment in SEGMENTS]
    mass = np.array([segment.mass for segment in SEGMENTS])
    centre = np.array([[segment.centre] for segment in SEGMENTS])
    beyond = rotate(turns_world_xyzw[start], np.array([s.beyond_m for s in SEGMENTS]))
    centres = origins_world_m[start] * (1 - centre) + origins_world_m[end] * centre + beyond
    return mass @ centres / mass.sum()
