"""From the room's axes to Unity's: left-handed, y up, z forward; metres in both.

Whoever faces +x in the room, left at +y, faces +z in Unity with their left at -x: how a T-pose
stands in either. So local rotations convert bone by bone.
"""

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray


def unity_position(world_m: Float[NDArray, "*n 3"]) -> Float[NDArray, "*n 3"]:
    """Points or offsets (x, y, z) as (-y, z, x)."""
    x, y, z = np.moveaxis(np.asarray(world_m, float), -1, 0)
    return np.stack([-y, z, x], axis=-1)


def unity_rotation(quaternion_xyzw: Float[NDArray, "*n 4"]) -> Float[NDArray, "*n 4"]:
    """Rotations: the axis as a point, and the sense of rotation turned with the handedness."""
    x, y, z, w = np.moveaxis(np.asarray(quaternion_xyzw, float), -1, 0)
    return np.stack([y, -z, -x, w], axis=-1)
