"""The standing body of the first anchor as 3D joints, and how it is turned."""

import math

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ....core.skeletons import Skeleton
from ....lifting.anchor import canonical_body
from ....lifting.rays import MIN_CONFIDENCE
from ..cases import Case

_AHEAD_M = {"nose": 0.10, "left_eye": 0.08, "right_eye": 0.08}  # the face; all else in one plane


def standing_body(skeleton: Skeleton) -> Float[NDArray, "j 3"]:
    """Joints in metres over the ground, mid-hip over the origin: x ahead, y left, z up."""
    side_up = canonical_body(skeleton)
    ahead = [_AHEAD_M.get(name, 0.0) for name in skeleton.joint_names]
    return np.column_stack([ahead, side_up])


def turned(points_m: Float[NDArray, "*n 3"], yaw_rad: float) -> Float[NDArray, "*n 3"]:
    """Points turned about the vertical, from x towards y."""
    c, s = math.cos(yaw_rad), math.sin(yaw_rad)
    return points_m @ np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])


def seen_px(case: Case) -> Float[NDArray, "t j 2"]:
    """The 2D of joints that the method would take for seen, NaN elsewhere."""
    return np.where((case.confidence >= MIN_CONFIDENCE)[..., None], case.keypoints_px, np.nan)
