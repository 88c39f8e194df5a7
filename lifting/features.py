"""What the network is told of one observed frame: V0's 2D, its confidence, and the ground.

The encoding stays defined when any joint is missing, hips included: it is centred on the
weighted mean of the joints that were seen and scaled by their spread.
The functions take numpy arrays or torch tensors.
"""

from array_api_compat import array_namespace
from jaxtyping import Bool, Float

from ..core.skeletons import Skeleton
from .arrays import Array
from .body_size import size_features
from .rig import view_distances

ANKLE_HEIGHT_M = 0.09  # an ankle joint above the floor it stands on
MIN_SPREAD_M = 0.05
HIT_LIMIT_M = 6.0  # further off the anchor a ground hit says nothing


def feature_size(skeleton: Skeleton) -> int:
    """Numbers per frame that `observation_features` gives."""
    return 4 * skeleton.joint_count + 3 + 4 * len(skeleton.ankles) + 5 + 2


def ground_hits(skeleton: Skeleton) -> slice:
    """Which of them say where the ankles' rays meet the ground."""
    start = 4 * skeleton.joint_count + 3
    return slice(start, start + 4 * len(skeleton.ankles))


def observation_features(
    uv: Float[Array, "*b j 2"],
    confidence: Float[Array, "*b j"],
    seen: Bool[Array, "*b j"],
    distance_m: Float[Array, "*b"],
    height_m: Float[Array, "*b"],
    log_size: Float[Array, "*b"],
    size_sigma: Float[Array, "*b"],
    skeleton: Skeleton,
) -> Float[Array, "*b f"]:
    """The condition of one frame.

    Args:
        uv: V0's normalised coordinates in the rig (camera turned to the gaze point); values of
            joints that were not seen must be finite and are ignored.
        confidence: the detector's, 0 to 1.
        seen: whether the joint was observed at all.
        distance_m, height_m: the rig's two numbers.
        log_size, size_sigma: what is believed of the body's size (`body_size.SizeBelief`).
    """
    xp = array_namespace(uv)
    weight = xp.astype(seen, uv.dtype)
    total = xp.sum(weight, axis=-1, keepdims=True).clip(1.0, None)
    slant = view_distances(distance_m, height_m)[..., 0]
    metric = uv * slant[..., None, None] * weight[..., None]
    center = xp.sum(metric, axis=-2) / total
    offset = (metric - center[..., None, :]) * weight[..., None]
    spread = xp.sqrt(xp.sum(xp.sum(offset**2, axis=-1), axis=-1, keepdims=True) / total)
    spread = spread.clip(MIN_SPREAD_M, None)
    local = xp.reshape(offset / spread[..., None], (*offset.shape[:-2], -1))
    camera = [
        xp.log(distance_m / 4.0),
        xp.log(height_m / 1.7),
        (height_m - 1.0) / slant,
        distance_m / slant,
        (distance_m / height_m).clip(0.0, 10.0) / 5.0,
    ]
    parts = [
        local,
        weight,
        confidence * weight,
        center,
        xp.log(spread / 0.45) * 2.0,
        *(
            _ground_hit(uv[..., j, :], distance_m, height_m, slant) * weight[..., j, None]
            for j in skeleton.ankles
        ),
        xp.stack(camera, axis=-1),
        size_features(log_size, size_sigma),
    ]
    return xp.concat(parts, axis=-1)


def _ground_hit(
    uv: Float[Array, "*b 2"],
    distance_m: Float[Array, "*b"],
    height_m: Float[Array, "*b"],
    slant_m: Float[Array, "*b"],
) -> Float[Array, "*b 4"]:
    """Where an ankle's ray comes down to ankle height, beyond (+) or before (-) the anchor.

    The pointmap of the paper, read at the keypoint: depth at three scales, and the ray's slope,
    which is how much that depth can be trusted.
    """
    xp = array_namespace(uv)
    cos, sin = distance_m / slant_m, (height_m - 1.0) / slant_m
    forward = cos - uv[..., 1] * sin
    drop = sin + uv[..., 1] * cos
    slope = drop / forward.clip(0.05, None)
    reach = (height_m - ANKLE_HEIGHT_M) / slope.clip(1e-3, None)
    hit = (reach - distance_m).clip(-HIT_LIMIT_M, HIT_LIMIT_M)
    return xp.stack([xp.tanh(hit / 0.3), xp.tanh(hit), hit / 3.0, slope.clip(-1.0, 3.0)], axis=-1)
