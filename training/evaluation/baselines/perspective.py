"""Bodies of known shape placed by solvePnP, frame by frame: what a user would do today."""

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ....calibration.placement import place_body
from ....core.skeletons import Skeleton
from ..cases import Case
from .standing_body import seen_px, standing_body


def place_lifted_pose(
    case: Case, skeleton: Skeleton, lifted_m: Float[NDArray, "t j 3"]
) -> Float[NDArray, "t j 3"]:
    """Each frame's lifted pose, its place and turn forgotten and found again by solvePnP.

    So one uses MediaPipe's root-relative landmarks; with the method's own pose it says what the
    method's absolute position is worth.
    """
    hips = list(skeleton.hips)
    poses = lifted_m - lifted_m[:, hips].mean(axis=1, keepdims=True)
    return np.stack([
        place_body(case.camera, pose, px) for pose, px in zip(poses, seen_px(case), strict=True)
    ])  # fmt: skip


def place_standing_body(
    case: Case, skeleton: Skeleton, _: Float[NDArray, "t j 3"]
) -> Float[NDArray, "t j 3"]:
    """The rigid standing body of average size, placed and turned by solvePnP."""
    body = standing_body(skeleton)
    return np.stack([place_body(case.camera, body, px) for px in seen_px(case)])
