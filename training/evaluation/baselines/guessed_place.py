"""A standing body where one frame says that somebody is: what needs neither training nor time.

Where: by how large they are seen alone, or by that and the floor under their lower ankle, weighed
as for the method's first anchor. The body is of average size and stands with its front or back to
the camera.
"""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ....core.skeletons import Skeleton
from ....lifting.anchor import canonical_body, guess_ground_position
from ....lifting.lifter import MIN_JOINTS
from ..cases import Case
from .standing_body import seen_px, standing_body, turned


def stand_where_size_says(case: Case, skeleton: Skeleton) -> Float[NDArray, "t j 3"]:
    """A body a frame, its distance from its size and nothing else."""
    return _stand(case, skeleton, ())


def stand_on_the_feet(case: Case, skeleton: Skeleton) -> Float[NDArray, "t j 3"]:
    """A body a frame, told by the floor under its feet as well: the method's first anchor."""
    return _stand(case, skeleton, skeleton.ankles)


def _stand(case: Case, skeleton: Skeleton, ankles: Sequence[int]) -> Float[NDArray, "t j 3"]:
    """Frames with fewer than MIN_JOINTS joints are not answered."""
    rays = case.camera.rays_world(seen_px(case))
    seen = np.isfinite(rays).all(axis=-1)
    center, flat = case.camera.t_world_camera_m, canonical_body(skeleton)
    body = standing_body(skeleton)
    result = np.full(rays.shape, np.nan)
    for t in np.flatnonzero(seen.sum(axis=1) >= MIN_JOINTS):
        ground = guess_ground_position(rays[t], seen[t], center, flat, ankles)
        away = ground - center[:2]
        yaw = math.atan2(away[1], away[0])
        if _faces_camera(rays[t], skeleton, yaw):
            yaw += math.pi
        result[t] = turned(body, yaw) + np.append(ground, 0.0)
    return result


def _faces_camera(rays: Float[NDArray, "j 3"], skeleton: Skeleton, yaw_rad: float) -> bool:
    """Whether left joints are seen to the right of right ones; `yaw_rad` is the gaze."""
    left, right = (rays[list(side)] for side in zip(*skeleton.left_right, strict=True))
    to_the_right = np.array([math.sin(yaw_rad), -math.cos(yaw_rad), 0.0])
    return bool(np.nansum((left - right) @ to_the_right) > 0)
