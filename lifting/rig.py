"""The camera rig: the real camera V0, turned to face the person, and three virtual ones.

Everything here lives in the **rig frame**: origin at the anchor on the ground, z up, x pointing
horizontally away from the real camera, y to the left of that. In it the real camera stands at
(-distance, 0, height) whatever its yaw, pitch, roll and place in the room; only these two numbers
are left of its pose, so one network serves every camera.

The functions take numpy arrays or torch tensors: training and the stream share them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from array_api_compat import array_namespace
from jaxtyping import Float
from numpy.typing import NDArray

from .arrays import Array

VIEWS = 4  # the real view V0 and the virtual ones at 90, 180 and 270 degrees around the anchor
VIRTUAL_DISTANCE_M = 5.0  # how far the virtual cameras stand from the anchor's vertical
GAZE_HEIGHT_M = 1.0  # V0 looks at this height above the anchor; the virtual cameras stand there
MIN_DEPTH_M = 0.3  # nearer to a camera than this, nothing can be said of a point's image
MIN_DISTANCE_M = 0.5  # an anchor nearer to the camera's foot than this has no meaningful yaw


class Views(NamedTuple):
    """The cameras of B rigs, in their frames; what depends on nothing else."""

    axes: Float[NDArray, "b v 3 3"]  # `view_axes`
    centers_m: Float[NDArray, "b v 3"]
    distances_m: Float[NDArray, "b v"]  # `view_distances`

    @staticmethod
    def of(distance_m: Float[NDArray, "b"], height_m: Float[NDArray, "b"]) -> "Views":
        """The cameras of rigs with these two numbers."""
        return Views(*view_axes(distance_m, height_m), view_distances(distance_m, height_m))

    @staticmethod
    def joined(parts: Sequence["Views"]) -> "Views":
        """Several people's as one; one person's is used where it lies."""
        return (
            parts[0] if len(parts) == 1 else Views(*map(np.concatenate, zip(*parts, strict=True)))
        )


@dataclass(frozen=True)
class Rig:
    """Where the rig stands in the room; fixed while a memory lives."""

    anchor_world_m: NDArray[np.float64]  # (2,) the rig's origin on the ground, world x and y
    yaw_rad: float  # direction from the camera's foot to the anchor, about world z
    distance_m: float  # horizontal distance from the camera's foot to the anchor
    height_m: float  # the camera's height above the ground

    @staticmethod
    def facing(camera_world_m: Float[NDArray, "3"], anchor_world_m: Float[NDArray, "2"]) -> "Rig":
        """The rig of a camera at `camera_world_m` whose person stands near `anchor_world_m`."""
        offset = np.asarray(anchor_world_m, np.float64) - camera_world_m[:2]
        distance = float(np.hypot(*offset))
        yaw = math.atan2(offset[1], offset[0]) if distance > 1e-6 else 0.0
        distance = max(distance, MIN_DISTANCE_M)
        anchor = camera_world_m[:2] + distance * np.array([math.cos(yaw), math.sin(yaw)])
        return Rig(anchor, yaw, distance, float(camera_world_m[2]))

    @cached_property
    def R_rig_world(self) -> NDArray[np.float64]:
        """(3, 3) rotation that takes world directions to rig directions."""
        c, s = math.cos(self.yaw_rad), math.sin(self.yaw_rad)
        return np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])

    @cached_property
    def views(self) -> Views:
        """Its cameras, B = 1."""
        return Views.of(np.array([self.distance_m]), np.array([self.height_m]))

    @cached_property
    def front_axes_world(self) -> NDArray[np.float64]:
        """(3, 3) V0's axes as rows of world directions."""
        return self.views.axes[0, 0] @ self.R_rig_world

    def to_world(self, points_rig_m: Float[NDArray, "*n 3"]) -> Float[NDArray, "*n 3"]:
        """World coordinates of points in the rig frame, metres."""
        return points_rig_m @ self.R_rig_world + self.origin_world_m

    def nearest_anchor(self, point_rig_m: Float[NDArray, "3"]) -> Float[NDArray, "3"]:
        """The place on the ground below a point, or as near to it as an anchor can be."""
        x, y, _ = point_rig_m.tolist()
        away_m = math.hypot(x + self.distance_m, y)  # from the camera's foot
        if away_m < MIN_DISTANCE_M:
            yaw = math.atan2(y, x + self.distance_m) if away_m > 1e-6 else 0.0
            x = MIN_DISTANCE_M * math.cos(yaw) - self.distance_m
            y = MIN_DISTANCE_M * math.sin(yaw)
        return np.array([x, y, 0.0])

    @cached_property
    def origin_world_m(self) -> NDArray[np.float64]:
        """(3,) the anchor on the ground."""
        return np.append(self.anchor_world_m, 0.0)


def view_axes(
    distance_m: Float[Array, "*b"], height_m: Float[Array, "*b"]
) -> tuple[Float[Array, "*b v 3 3"], Float[Array, "*b v 3"]]:
    """The rig's cameras, in the rig frame.

    Args:
        distance_m: horizontal distance from the real camera's foot to the anchor.
        height_m: height of the real camera above the ground.

    Returns:
        Axes: each camera's x (right), y (down) and z (forward) as rows; and centres in metres.
    """
    xp = array_namespace(distance_m)
    zero, one = xp.zeros_like(distance_m), xp.ones_like(distance_m)
    drop = height_m - GAZE_HEIGHT_M
    slant = xp.sqrt(distance_m**2 + drop**2)
    cos, sin = distance_m / slant, drop / slant
    rows = [zero, -one, zero, -sin, zero, -cos, cos, zero, -sin]
    centers = [-distance_m, zero, height_m]
    for k in range(1, VIEWS):
        c, s = round(math.cos(k * math.pi / 2)), round(math.sin(k * math.pi / 2))
        rows += [s * one, -c * one, zero, zero, zero, -one, c * one, s * one, zero]
        centers += [-c * VIRTUAL_DISTANCE_M * one, -s * VIRTUAL_DISTANCE_M * one]
        centers += [GAZE_HEIGHT_M * one]
    batch = tuple(distance_m.shape)
    axes = xp.reshape(xp.stack(rows, axis=-1), (*batch, VIEWS, 3, 3))
    return axes, xp.reshape(xp.stack(centers, axis=-1), (*batch, VIEWS, 3))


def view_distances(
    distance_m: Float[Array, "*b"], height_m: Float[Array, "*b"]
) -> Float[Array, "*b v"]:
    """Distance from each camera to the gaze point: what turns image units into metres there."""
    xp = array_namespace(distance_m)
    slant = xp.sqrt(distance_m**2 + (height_m - GAZE_HEIGHT_M) ** 2)
    virtual = xp.ones_like(slant) * VIRTUAL_DISTANCE_M
    return xp.stack([slant] + [virtual] * (VIEWS - 1), axis=-1)


def project(
    points_rig_m: Float[Array, "*#b j 3"],
    axes: Float[Array, "*#b v 3 3"],
    centers_m: Float[Array, "*#b v 3"],
) -> Float[Array, "*#b v j 2"]:
    """Normalised image coordinates (x/z right, y/z down) of points in every camera of the rig.

    Points behind a camera, or nearer than MIN_DEPTH_M, are projected as if at that depth.
    """
    xp = array_namespace(points_rig_m)
    offset = points_rig_m[..., None, :, :] - centers_m[..., :, None, :]
    camera = offset @ xp.matrix_transpose(axes)
    return camera[..., :2] / camera[..., 2:].clip(MIN_DEPTH_M, None)
