"""The head's own frame, and the points of the face at fixed places in it.

Few data sets have a face. Its points are put where the project's archives have them (an average
adult's), in metres to the left, up and forward of SMPL's head joint, which lies between the ears
and 7 cm below them.
"""

from math import atan2, cos, sin

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ...lifting.smpl.landmarks import FACE_M

EARS_M = np.array([0.0, 0.0702, 0.0013])  # midway between the ears
# Angles, from up towards forward, of directions that are known where the head's turning is not:
# from SMPL's neck to its head joint (of the mean body at rest: 65 mm up, 51 mm forward) ...
NECK_TO_HEAD_RAD = atan2(0.0513, 0.0650)
# ... and from between the ears to the nose.
EARS_TO_NOSE_RAD = atan2(0.1020 - 0.0013, 0.0604 - 0.0702)

Axes = Float[NDArray, "T 3 3"]  # columns: the head's left, up and forward, unit vectors


def face_points(
    head_m: Float[NDArray, "T 3"], axes: Float[NDArray, "T 3 3"]
) -> dict[str, Float[NDArray, "T 3"]]:
    """Nose, eyes, ears and top of the head, from the head joint and the head's axes."""
    return {name: head_m + axes @ np.array(offset) for name, offset in FACE_M.items()}


def axes_from_points(
    to_left: Float[NDArray, "T 3"], along: Float[NDArray, "T 3"], angle_rad: float
) -> Float[NDArray, "T 3 3"]:
    """The head's axes from two directions, neither of which need have unit length.

    Args:
        to_left: roughly the head's left (ears; or shoulders, where the head's turning against
            the chest is not known).
        along: a direction in the head's middle plane, kept exactly.
        angle_rad: the angle of `along`, from up towards forward.
    """
    along = _unit(along)
    left = _unit(to_left - (to_left * along).sum(-1, keepdims=True) * along)
    across = np.cross(left, along)
    up = cos(angle_rad) * along - sin(angle_rad) * across
    return np.stack([left, up, np.cross(left, up)], axis=-1)


def _unit(vectors: NDArray) -> NDArray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
