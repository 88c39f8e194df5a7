"""Eq. 1 of the paper: a view's 2D motion as local pose, root trajectory and scale.

    global = local * s + tau

A motion vector holds, per frame and view, 2 J + 3 numbers of about unit variance: the J local
joints (root-centred, divided by the box's half size), the root tau in metres at the gaze point, and
the logarithm of the scale in metres. The paper's ablation writes the J global joints instead, 2 J
numbers; whoever reads a vector knows it by its size. Packing lives here and nowhere else.
The functions take numpy arrays or torch tensors.
"""

from array_api_compat import array_namespace
from jaxtyping import Float

from ..core.skeletons import Skeleton
from .arrays import Array

LOCAL_STD = 0.45  # spread of local coordinates over mocap
TAU_STD_M = 0.8  # spread of the root about the gaze point
LOG_SCALE_MEAN = -0.2  # log of the box's half size in metres, averaged over mocap
LOG_SCALE_STD = 0.25
GLOBAL_STD_M = 0.9  # spread of all joints about the gaze point
_MIN_SCALE_M = 0.05  # keeps a degenerate box from dividing by nothing


def motion_size(joints: int, decoupled: bool = True) -> int:
    """Numbers per frame and view for a skeleton of `joints` joints."""
    return 2 * joints + 3 if decoupled else 2 * joints


def encode(
    views_uv: Float[Array, "*#b v j 2"],
    distances_m: Float[Array, "*#b v"],
    skeleton: Skeleton,
    decoupled: bool = True,
) -> Float[Array, "*#b v c"]:
    """Global 2D of every view to motion vectors.

    Args:
        views_uv: normalised image coordinates of all joints in every view.
        distances_m: each camera's distance to the gaze point (`rig.view_distances`).
        skeleton: tells which joints are the hips, whose mean is the root.
        decoupled: by Eq. 1; else global 2D as it is.
    """
    xp = array_namespace(views_uv)
    metric = views_uv * distances_m[..., None, None]
    if not decoupled:
        return xp.reshape(metric, (*metric.shape[:-2], -1)) / GLOBAL_STD_M
    left, right = skeleton.hips
    tau = 0.5 * (metric[..., left, :] + metric[..., right, :])
    offset = metric - tau[..., None, :]
    scale = xp.amax(xp.abs(xp.reshape(offset, (*offset.shape[:-2], -1))), axis=-1, keepdims=True)
    scale = scale.clip(_MIN_SCALE_M, None)
    local = xp.reshape(offset, (*offset.shape[:-2], -1)) / scale
    parts = [
        local / LOCAL_STD,
        tau / TAU_STD_M,
        (xp.log(scale) - LOG_SCALE_MEAN) / LOG_SCALE_STD,
    ]
    return xp.concat(parts, axis=-1)


def decode(
    motion: Float[Array, "*#b v c"], distances_m: Float[Array, "*#b v"]
) -> Float[Array, "*#b v j 2"]:
    """Motion vectors back to normalised image coordinates of every view (inverse of `encode`)."""
    xp = array_namespace(motion)
    joints, rest = divmod(motion.shape[-1], 2)
    if not rest:  # not decoupled
        metric = xp.reshape(motion, (*motion.shape[:-1], joints, 2)) * GLOBAL_STD_M
        return metric / distances_m[..., None, None]
    joints -= 1
    local = xp.reshape(motion[..., : 2 * joints], (*motion.shape[:-1], joints, 2)) * LOCAL_STD
    tau = motion[..., 2 * joints : 2 * joints + 2] * TAU_STD_M
    log_scale = motion[..., -1:] * LOG_SCALE_STD + LOG_SCALE_MEAN
    scale = xp.exp(log_scale.clip(-4.0, 3.0))
    metric = local * scale[..., None] + tau[..., None, :]
    return metric / distances_m[..., None, None]
