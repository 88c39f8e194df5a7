"""The ground as each view of the rig sees it: the paper's ground pointmaps (method, section 1).

The paper meets every pixel's ray of a W x H image with the ground plane and lets a network look at
the W x H x 3 points (224 x 224 there, which its ResNet turns into 7 x 7 = 49 tokens). Here lens,
yaw, pitch, roll and place are gone before: all that is left of the real camera in the rig is its
distance and its height, so the pointmaps depend on these two numbers only; and those of the
virtual cameras, which stand still in the rig, on nothing at all. The image plane is upright in the
rig and spans so many metres at the gaze point, whatever the distance, so that a pixel means the
same as a motion vector's metres. Its side is the caller's choice; on a CPU 64 px will do.
"""

from array_api_compat import array_namespace, device
from jaxtyping import Float

from .arrays import Array
from .rig import view_axes, view_distances

HALF_SPAN_M = 2.5  # the image's edge is this far from its middle, in metres at the gaze point
UNIT_M = 3.0  # metres to a unit of the map
REACH_M = 12.0  # ground further from the anchor is shown at this distance, in its direction
_MIN_DROP = 1e-4  # a ray that falls less than this per unit of depth counts as above the horizon


def ground_pointmaps(
    distance_m: Float[Array, "*b"], height_m: Float[Array, "*b"], px: int
) -> Float[Array, "*b v {px} {px} 3"]:
    """Where each pixel's ray of every view meets the ground z = 0, in the rig frame.

    Args:
        distance_m, height_m: the rig's two numbers.
        px: side of the maps in pixels; rows go down, columns to the right.

    Returns:
        x and y of the point in UNIT_M, at most REACH_M from the anchor, and 1; above the horizon,
        where there is no point, three zeros. (z would be 0 everywhere, so the third number is
        free to say which.) The array library, dtype and device are those of `distance_m`.
    """
    xp = array_namespace(distance_m)
    axes, centers = (a[..., None, None, :] for a in view_axes(distance_m, height_m))
    right, down, forward = (axes[..., i, :, :, :] for i in range(3))
    half = HALF_SPAN_M / view_distances(distance_m, height_m)[..., None, None, None]
    steps = xp.arange(px, dtype=distance_m.dtype, device=device(distance_m))
    at = (2.0 * steps + 1.0) / px - 1.0
    rays = forward + half * (at[:, None] * right + at[:, None, None] * down)
    drop = -rays[..., 2:]
    below = drop > _MIN_DROP
    depth = centers[..., 2:] / xp.where(below, drop, xp.ones_like(drop))
    ground_m = centers[..., :2] + depth * rays[..., :2]
    reach = xp.sqrt(xp.sum(ground_m**2, axis=-1, keepdims=True))
    ground = ground_m * (REACH_M / UNIT_M) / reach.clip(REACH_M, None)
    seen = xp.astype(below, distance_m.dtype)
    return xp.concat([ground * seen, seen], axis=-1)
