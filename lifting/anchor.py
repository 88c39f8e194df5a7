"""Where a person roughly stands, from one frame of 2D: the rig's first anchor.

A canonical standing body says how far joints lie apart; how far apart they are seen says how far
away they are, to some 15 %. Where an ankle is seen, the floor below it says so as well: most people
stand, and how much a foot in the air misleads depends on the camera's height.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray

from ..core.errors import M2t3Error
from ..core.skeletons import Skeleton, part
from .features import ANKLE_HEIGHT_M

# A standing person facing x, metres over the ground: (side, up) of joints, left side positive.
_STANDING = {
    "nose": (0.0, 1.60), "eye": (0.03, 1.64), "ear": (0.07, 1.61),
    "shoulder": (0.18, 1.41), "elbow": (0.25, 1.14), "wrist": (0.28, 0.90),
    "hip": (0.10, 0.92), "knee": (0.11, 0.50), "ankle": (0.11, 0.09),
    "head_top": (0.0, 1.74), "head": (0.0, 1.54), "neck": (0.0, 1.43), "thorax": (0.0, 1.41),
    "collar": (0.07, 1.40), "spine3": (0.0, 1.26), "spine2": (0.0, 1.18), "spine": (0.0, 1.17),
    "spine1": (0.0, 1.04), "pelvis": (0.0, 0.93), "hand": (0.29, 0.82),
    "foot": (0.13, 0.02), "big_toe": (0.12, 0.02), "small_toe": (0.18, 0.02), "heel": (0.11, 0.02),
}  # fmt: skip


_AS_SEEN = 0.8  # people turn, bend and are filmed from above: so much of the body is seen
_SIZE_SHARE = 0.15  # error of a distance that size tells, as a share of it
_LIFTED_M = 0.12  # how high over the floor the lower ankle may be beyond its own height
_STRIDE_M = 0.2  # from that ankle to the middle of the body


def canonical_body(skeleton: Skeleton) -> Float[NDArray, "j 2"]:
    """The standing body's joints (side, up) in metres."""
    joints = []
    for name in skeleton.joint_names:
        if part(name) not in _STANDING:
            raise M2t3Error(f"the canonical body has no joint {name!r} ({skeleton.name})")
        side, up = _STANDING[part(name)]
        joints.append((-side if name.startswith("right_") else side, up))
    return np.array(joints)


def guess_ground_position(
    rays_world: Float[NDArray, "j 3"],
    seen: Bool[NDArray, "j"],
    camera_world_m: Float[NDArray, "3"],
    body_m: Float[NDArray, "j 2"],
    ankles: Sequence[int] = (),
) -> Float[NDArray, "2"]:
    """World x and y of a person whose joints are seen along unit rays.

    Args:
        rays_world: unit directions; rows of joints that were not seen are ignored.
        seen: at least two joints.
        body_m: `canonical_body` of the skeleton.
        ankles: joints that may stand on the floor; none: the body's size alone tells.
    """
    rays = rays_world[seen]
    middle = rays.mean(axis=0)
    middle /= np.linalg.norm(middle)
    apart = np.sqrt(np.square(rays - rays @ middle[:, None] * middle).sum(axis=1).mean())
    known = body_m[seen]
    spread_m = np.sqrt(np.square(known - known.mean(axis=0)).sum(axis=1).mean())
    distance_m = np.clip(_AS_SEEN * spread_m / max(apart, 1e-3), 0.8, 30.0)
    by_size_m = (camera_world_m + distance_m * middle)[:2]
    over_m = camera_world_m[2] - ANKLE_HEIGHT_M
    downs = [rays_world[j] / -rays_world[j, 2] for j in ankles if seen[j] and rays_world[j, 2] < 0]
    if over_m <= 0 or not downs:
        return by_size_m
    step_m = min((over_m * down[:2] for down in downs), key=np.linalg.norm)  # the lower ankle's
    size_variance = (_SIZE_SHARE * distance_m) ** 2
    floor_variance = (_LIFTED_M / over_m) ** 2 * (step_m @ step_m) + _STRIDE_M**2
    share = size_variance / (size_variance + floor_variance)
    return by_size_m + share * (camera_world_m[:2] + step_m - by_size_m)
