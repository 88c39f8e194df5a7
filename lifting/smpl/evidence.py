"""What lifted joints and the picture say of where a body's joints are: a Gaussian in space each.

The lifted joint is a round Gaussian. What the detector saw is a ray: it says nothing along itself,
and across itself it is as sure as the detector is, in metres at the person (people's limbs are as
thick near as far). Their product is a Gaussian again; its precision is a matrix W, its mean Q.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray

from .landmarks import Correspondence

LIFTED_M = 0.02  # usual error of a lifted joint of confidence 1 against the body's own
PICTURE_M = 0.03  # usual error across the ray of a keypoint of confidence 1
OTHER_M = 0.15  # a ray this far from the lifted joint sees another: detectors swap sides
LEAST_CONFIDENCE = 0.05  # of a joint that is there: less tells nothing else


@dataclass(frozen=True, eq=False)
class Rays:
    """What one camera saw of a skeleton's joints."""

    center_m: Float[NDArray, "3"]  # of the camera in the world
    directions: Float[NDArray, "T K 3"]  # unit vectors in the world; NaN where nothing was seen
    confidence: Float[NDArray, "T K"]  # 0..1


class Evidence(NamedTuple):
    """Where joints should be, of T frames or, as the compiled solver sees it, of one."""

    mean_m: Float[NDArray, "T K 3"]  # in the world
    precision: Float[NDArray, "T K 3 3"]  # inverse covariance, 1 / m^2; 0 where nothing is known

    def of(self, frames: int | slice | NDArray[np.int64]) -> "Evidence":
        """These frames' evidence, or one frame's."""
        return Evidence(self.mean_m[frames], self.precision[frames])


def gather(
    joints_m: Float[NDArray, "T K 3"],
    confidence: Float[NDArray, "T K"],
    valid: Bool[NDArray, "T K"],
    correspondence: Correspondence,
    rays: Rays | None,
) -> Evidence:
    """Both as one; a joint that is not valid has precision 0."""
    precision = _precision(confidence, LIFTED_M, correspondence)
    precision = np.where(valid, precision, 0.0)[..., None, None]
    W = precision * np.eye(3)
    Q = np.where(valid[..., None], joints_m, 0.0).astype(np.float64)
    if rays is None:
        return Evidence(Q, W)
    seen = valid & np.isfinite(rays.directions).all(axis=-1)
    d = np.where(seen[..., None], rays.directions, 0.0)
    across = np.eye(3) - d[..., :, None] * d[..., None, :]
    apart_m = np.linalg.norm(across @ (Q - rays.center_m)[..., None], axis=(-2, -1))
    seen &= apart_m < OTHER_M
    across *= np.where(seen, _precision(rays.confidence, PICTURE_M, correspondence), 0.0)[
        ..., None, None
    ]
    pull = precision[..., 0] * Q + across @ rays.center_m
    W = W + across
    solvable = np.where(valid[..., None, None], W, np.eye(3))
    return Evidence(np.linalg.solve(solvable, pull[..., None])[..., 0], W)


def _precision(
    confidence: Float[NDArray, "T K"], error_m: float, correspondence: Correspondence
) -> Float[NDArray, "T K"]:
    sure = np.clip(np.nan_to_num(confidence), LEAST_CONFIDENCE, 1.0).astype(np.float64)
    return sure / (error_m * correspondence.vague) ** 2
