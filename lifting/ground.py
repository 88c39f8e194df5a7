"""The ground as a soft term: the body slides along the camera's rays to where its feet stand.

Scaling a body about the camera's centre leaves its image untouched and moves it in depth. How high
an ankle is over the ground is known to a centimetre or two where it stands (the pose tells a flat
foot from a raised heel), and with the camera's height that fixes the scale: (h - z_true) / (h - z).
The views' own depth and what each ankle tells are weighed by their expected errors, which the
network gives frame by frame; an error of an ankle's height counts for more the less far it is below
the camera. So the ground says nothing in a jump, little before a low camera, and nearly all when
somebody walks seen from above. There is no contact rule and no switch.
The functions take numpy arrays or torch tensors.
"""

from array_api_compat import array_namespace
from jaxtyping import Float

from .arrays import Array

MIN_DROP_M = 0.05  # an ankle this little below the camera, or above it, tells no distance
MAX_LOG_SCALE = 0.5  # no ankle moves the body further than this
MAX_LOG_PRECISION = 15.0  # of an ankle, against the views' depth


def stand(
    points_m: Float[Array, "*#b j 3"],
    ankle_height_m: Float[Array, "*#b a"],
    ankle_log_error: Float[Array, "*#b a"],
    depth_log_error: Float[Array, "*#b 1"],
    camera_m: Float[Array, "*#b 3"],
    ankles: tuple[int, ...],
) -> Float[Array, "*#b j 3"]:
    """The body moved along the rays of a camera that stands over the ground z = 0.

    Args:
        points_m: joints, in any frame whose z is the height above the ground.
        ankle_height_m: how high each ankle really is ...
        ankle_log_error: ... and the logarithm of that height's expected error in metres.
        depth_log_error: logarithm of the points' expected error in depth, as a share of it.
        camera_m: the camera's centre in the same frame.
        ankles: their indices among the joints.
    """
    xp = array_namespace(points_m)
    height = camera_m[..., 2:]
    found = xp.stack([points_m[..., k, 2] for k in ankles], axis=-1)
    told = (height - ankle_height_m).clip(MIN_DROP_M, None)
    drop = (height - found).clip(MIN_DROP_M, None)
    log_scale = xp.log(told / drop).clip(-MAX_LOG_SCALE, MAX_LOG_SCALE)
    precision = xp.exp(
        (2.0 * (depth_log_error - ankle_log_error + xp.log(drop))).clip(
            -MAX_LOG_PRECISION, MAX_LOG_PRECISION
        )
    )
    believed = precision / (1.0 + xp.sum(precision, axis=-1, keepdims=True))
    scale = xp.exp(xp.sum(believed * log_scale, axis=-1))[..., None, None]
    camera = camera_m[..., None, :]
    return camera + (points_m - camera) * scale
