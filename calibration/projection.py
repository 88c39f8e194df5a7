"""OpenCV's two lens models, compiled: points of the room to pixels.

A live frame projects a point or three, for which `cv2.projectPoints` and the arrays around it take
eight times as long as this. The numbers are OpenCV's; a test compares them.
"""

import math

import numpy as np
from numpy.typing import NDArray

from ..core.compiling import compiled


@compiled
def project(
    points_world_m: NDArray,
    R_world_camera: NDArray,
    t_world_camera_m: NDArray,
    K: NDArray,
    distortion: NDArray,
    fisheye: bool,
) -> NDArray:
    """Pixels (N, 2) of points (N, 3); NaN behind the camera.

    Args:
        points_world_m: float64.
        distortion: OpenCV's coefficients, 4 to 14 in its order; the four of its fisheye model.
    """
    points_px = np.full((len(points_world_m), 2), np.nan)
    at = np.empty(3)
    for n in range(len(points_world_m)):
        for axis in range(3):
            at[axis] = 0.0
            for i in range(3):
                offset = points_world_m[n, i] - t_world_camera_m[i]
                at[axis] += offset * R_world_camera[i, axis]
        if at[2] > 0.0:  # False for NaN
            points_px[n] = _shown(at[0] / at[2], at[1] / at[2], K, distortion, fisheye)
    return points_px


@compiled
def keep_inverted(
    normalised: NDArray,
    points_px: NDArray,
    K: NDArray,
    distortion: NDArray,
    fisheye: bool,
    tolerance_px: float,
) -> None:
    """Makes NaN of all `normalised` (N, 2) that the lens does not show at their `points_px`."""
    for n in range(len(normalised)):
        u, v = _shown(normalised[n, 0], normalised[n, 1], K, distortion, fisheye)
        if not math.hypot(u - points_px[n, 0], v - points_px[n, 1]) < tolerance_px:
            normalised[n] = np.nan


@compiled
def _shown(
    x: float, y: float, K: NDArray, distortion: NDArray, fisheye: bool
) -> tuple[float, float]:
    """The pixel of normalised coordinates."""
    x, y = _fisheye(x, y, distortion) if fisheye else _bent(x, y, distortion)
    return K[0, 0] * x + K[0, 2], K[1, 1] * y + K[1, 2]


@compiled
def _fisheye(x: float, y: float, k: NDArray) -> tuple[float, float]:
    radius = math.sqrt(x * x + y * y)
    if radius == 0.0:
        return x, y
    angle = math.atan(radius)
    square = angle * angle
    bent = angle * (1 + square * (k[0] + square * (k[1] + square * (k[2] + square * k[3]))))
    return x * bent / radius, y * bent / radius


@compiled
def _bent(x: float, y: float, distortion: NDArray) -> tuple[float, float]:
    """k1 k2 p1 p2 k3, k4 k5 k6 (rational), s1 s2 s3 s4 (thin prism), tau_x tau_y (tilt)."""
    k = np.zeros(14)
    for i in range(len(distortion)):
        k[i] = distortion[i]
    r2 = x * x + y * y
    radial = 1 + r2 * (k[0] + r2 * (k[1] + r2 * k[4]))
    radial /= 1 + r2 * (k[5] + r2 * (k[6] + r2 * k[7]))
    u = x * radial + 2 * k[2] * x * y + k[3] * (r2 + 2 * x * x) + r2 * (k[8] + r2 * k[9])
    v = y * radial + k[2] * (r2 + 2 * y * y) + 2 * k[3] * x * y + r2 * (k[10] + r2 * k[11])
    if k[12] == 0.0 and k[13] == 0.0:
        return u, v
    # The picture's plane is tilted about its x, then its y axis, and seen from its own normal.
    cos_x, sin_x, cos_y, sin_y = math.cos(k[12]), math.sin(k[12]), math.cos(k[13]), math.sin(k[13])
    a = cos_y * u + sin_y * sin_x * v - sin_y * cos_x
    b = cos_x * v + sin_x
    c = sin_y * u - cos_y * sin_x * v + cos_y * cos_x
    # As R = Ry Rx and its last column: (R22 a - R02 c, R22 b - R12 c) / c.
    normal = cos_y * cos_x
    return (normal * a + sin_y * cos_x * c) / c, (normal * b - sin_x * c) / c
