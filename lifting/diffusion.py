"""Noise levels, and how the network's answer becomes views and points.

Training and the samplers share everything here, so they cannot disagree. A level t in [0, 1] of
the cosine schedule mixes motion and noise as x_t = alpha(t) x_0 + sigma(t) noise; t = 1 is pure
noise. The network sees alpha(t) x_t: the noised motion in proportion to the signal in it, so at
pure noise it sees nothing and the one-step answer does not depend on the noise drawn.
The functions take numpy arrays or torch tensors.
"""

import math
from dataclasses import dataclass

from array_api_compat import array_namespace
from jaxtyping import Bool, Float

from . import representation
from .arrays import Array
from .ground import stand
from .triangulation import triangulate

MAX_LOG_WEIGHT = 4.0  # a view counts at most e^8 times another


@dataclass(frozen=True)
class Denoised:
    """The network's answer for frames (..., T)."""

    motion: Array  # (..., V, C) the clean motion x_0 of every view
    log_weight: Array  # (..., V, J) how much each view should count in triangulation, before tanh
    trust: Array  # (..., J) logit: the detector's V0 joint (1) against the network's own (0)
    log_error: Array  # (..., J) log of the expected absolute error of the joint, in metres
    contact: Array  # (..., 2) logit: the left, right ankle stands still on something
    ankle_height_m: Array  # (..., 2) the ankles' heights above the ground (ground.stand)
    ankle_log_error: Array  # (..., 2) log of their expected errors, in metres
    depth_log_error: Array  # (..., 1) log of the views' expected error in depth, as a share of it
    size: Array  # (..., 2) log of the body's size and of its expected error (body_size)


def alpha_sigma(level: Float[Array, "*b"]) -> tuple[Float[Array, "*b"], Float[Array, "*b"]]:
    """Signal and noise amplitudes of the cosine schedule at `level` in [0, 1]."""
    xp = array_namespace(level)
    return xp.cos(level * (math.pi / 2)), xp.sin(level * (math.pi / 2))


def network_input(x_t: Float[Array, "*b t v c"], level: Float[Array, "*b"]) -> Array:
    """What the network sees of the noised motion `x_t`; `level` is one number a sample."""
    return alpha_sigma(level)[0][..., None, None, None] * x_t


def answer_points(
    denoised: Denoised,
    uv: Float[Array, "*#b j 2"],
    seen: Bool[Array, "*#b j"],
    axes: Float[Array, "*#b v 3 3"],
    centers_m: Float[Array, "*#b v 3"],
    distances_m: Float[Array, "*#b v"],
    ankles: tuple[int, int],
) -> tuple[Float[Array, "*#b j 3"], Float[Array, "*#b j 3"]]:
    """The points that the four views triangulate to, and the same standing where the ground says.

    V0 is the observation where it was seen and the network trusts it, else the network's own.
    """
    views, weight = read_views(denoised, uv, seen, distances_m)
    points = triangulate(views, weight, axes, centers_m)
    return points, stand(
        points, denoised.ankle_height_m, denoised.ankle_log_error, denoised.depth_log_error,
        centers_m[..., 0, :], ankles,
    )  # fmt: skip


def read_views(
    denoised: Denoised,
    uv: Float[Array, "*#b j 2"],
    seen: Bool[Array, "*#b j"],
    distances_m: Float[Array, "*#b v"],
) -> tuple[Float[Array, "*#b v j 2"], Float[Array, "*#b v j"]]:
    """The four views' 2D and their triangulation weights."""
    xp = array_namespace(uv)
    views = representation.decode(denoised.motion, distances_m)
    trust = xp.astype(seen, uv.dtype) / (1.0 + xp.exp(-denoised.trust))
    front = views[..., 0, :, :] + trust[..., None] * (uv - views[..., 0, :, :])
    views = xp.concat([front[..., None, :, :], views[..., 1:, :, :]], axis=-3)
    weight = xp.exp(MAX_LOG_WEIGHT * xp.tanh(denoised.log_weight / MAX_LOG_WEIGHT))
    return views, weight
