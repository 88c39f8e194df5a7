"""Where the lifter's answers put people, as far as that can be believed."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ...calibration.camera import Camera
from ...core.messages import Vector3

FARTHEST_M = 100.0  # from the camera; an answer farther away is not believed, ...
OFF_M = 1.0  # ... nor is one so far beside where its hips are seen
NOWHERE_M = 1e5  # a coordinate beyond this is no place at all


def believed_roots_m(
    joints_m: Sequence[Float[NDArray, "j 3"]],
    keypoints_px: Sequence[Float[NDArray, "j 2"]],
    hips: tuple[int, int],
    camera: Camera,
) -> list[Vector3 | None]:
    """The middles of people's hips in the room; None where they cannot be.

    Args:
        joints_m: what was answered of each person, in the room.
        keypoints_px: as what each was seen; an answer without seen hips is believed.
        hips: left and right.
        camera: that saw them.
    """
    if not joints_m:
        return []
    roots_m = [_middle_m(joints[hips[0]].tolist(), joints[hips[1]].tolist()) for joints in joints_m]
    roots_px = camera.project(np.array(roots_m)).tolist()
    center_m, focal_px = camera.t_world_camera_m.tolist(), float(camera.K[0, 0])
    believed: list[Vector3 | None] = []
    for root_m, (u, v), seen_px in zip(roots_m, roots_px, keypoints_px, strict=True):
        left, right = (seen_px[hip].tolist() for hip in hips)
        off_px = math.hypot(u - (left[0] + right[0]) / 2, v - (left[1] + right[1]) / 2)
        away_m = math.dist(root_m, center_m)
        off_m = off_px * away_m / focal_px  # NaN where no hips have been seen
        possible = math.isfinite(u) and away_m < FARTHEST_M and not off_m > OFF_M
        believed.append(root_m if possible else None)
    return believed


def _middle_m(left_m: Sequence[float], right_m: Sequence[float]) -> Vector3:
    """NaN where it is nowhere."""
    x, y, z = (
        (a + b) / 2 if max(abs(a), abs(b)) < NOWHERE_M else math.nan
        for a, b in zip(left_m, right_m, strict=True)
    )
    return x, y, z
