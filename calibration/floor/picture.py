"""The room's coordinates drawn over the camera's picture: floor grid, axes, a pole of 1.8 m."""

import itertools
import math

import cv2
import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ..camera import Camera
from .error import heading

POLE_M = 1.8
Colour = tuple[int, int, int]
Point = tuple[float, float, float] | NDArray
_FRACTION = 4  # bits of a pixel that OpenCV draws
_REACH_M = 12  # how far from the camera the grid goes
_STEP_M = 0.05  # lines bend with the lens: drawn in short pieces
_GRID, _X, _Y, _POLE, _EDGE = (
    (235, 206, 135),
    (60, 60, 230),
    (80, 200, 80),
    (0, 215, 255),
    (0, 0, 0),
)


def draw_floor(bgr: NDArray, camera: Camera) -> NDArray:
    """A copy of the picture (height, width, 3) with the floor in it."""
    picture = bgr.copy()
    thick = max(1, round(max(bgr.shape[:2]) / 900))
    x0, y0 = (camera.t_world_camera_m[:2] + 0.5 * _REACH_M * heading(camera)[:2]).round()
    reach = _REACH_M // 2 + 1
    over = picture.copy()
    for i in range(-reach, reach + 1):
        _line(over, camera, (x0 + i, y0 - reach, 0), (x0 + i, y0 + reach, 0), _GRID, thick)
        _line(over, camera, (x0 - reach, y0 + i, 0), (x0 + reach, y0 + i, 0), _GRID, thick)
    picture = cv2.addWeighted(over, 0.6, picture, 0.4, 0)
    _line(picture, camera, (0, 0, 0), (1, 0, 0), _X, 2 * thick)
    _line(picture, camera, (0, 0, 0), (0, 1, 0), _Y, 2 * thick)
    _words(picture, camera, (1, 0, 0), "x", _X, thick)
    _words(picture, camera, (0, 1, 0), "y", _Y, thick)
    for i in range(-reach, reach + 1):
        for j in range(-reach, reach + 1):
            x, y = x0 + i, y0 + j
            if x % 2 == 0 and y % 2 == 0:
                _words(picture, camera, (x, y, 0), f"{x:g}, {y:g}", _GRID, thick)
    foot = pole_foot(camera)
    top = foot + np.array([0, 0, POLE_M])
    _line(picture, camera, foot, top, _EDGE, 5 * thick)
    _line(picture, camera, foot, top, _POLE, 3 * thick)
    distance_m = float(np.linalg.norm(foot - camera.t_world_camera_m * [1, 1, 0]))
    _words(picture, camera, top, f"{POLE_M:g} m high, {distance_m:.1f} m away", _POLE, thick)
    return picture


def pole_foot(camera: Camera) -> Float[NDArray, "3"]:
    """A floor point in the picture, 2 to 8 m away: straight ahead, low enough to see the pole."""
    pixel = np.array([[0.5 * camera.width_px, 0.8 * camera.height_px]])
    ray = camera.rays_world(pixel)[0]
    below = camera.t_world_camera_m * [1, 1, 0]
    if np.isfinite(ray).all() and ray[2] < 0:
        offset = -camera.t_world_camera_m[2] / ray[2] * ray * [1, 1, 0]
        distance = float(np.linalg.norm(offset))
        if distance > 0.5:
            return below + offset * min(1.0, 8 / distance)
    return below + 4 * heading(camera)


def _line(picture: NDArray, camera: Camera, a: Point, b: Point, colour: Colour, thick: int) -> None:
    start, end = np.asarray(a, float), np.asarray(b, float)
    count = max(2, math.ceil(np.linalg.norm(end - start) / _STEP_M) + 1)
    points_px = _shown(camera, start + np.linspace(0, 1, count)[:, None] * (end - start))
    for first, second in itertools.pairwise(points_px):
        if np.isfinite([first, second]).all():
            cv2.line(picture, _at(first), _at(second), colour, thick, cv2.LINE_AA, _FRACTION)


def _words(
    picture: NDArray, camera: Camera, at: Point, text: str, colour: Colour, thick: int
) -> None:
    point_px = _shown(camera, np.asarray(at, float)[None])[0]
    if not np.isfinite(point_px).all():
        return
    place = int(point_px[0]) + 4 * thick, int(point_px[1]) - 3 * thick
    scale = 0.5 * max(1.0, 0.8 * thick)
    for edge, shade in ((1, _EDGE), (0, colour)):
        cv2.putText(
            picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, shade, thick + edge, cv2.LINE_AA
        )


def _shown(camera: Camera, points_world_m: Float[NDArray, "n 3"]) -> Float[NDArray, "n 2"]:
    """Pixels; NaN for what lies outside, also where the lens model would fold it back inside."""
    points_px = camera.project(points_world_m)
    size = np.array([camera.width_px, camera.height_px])
    with np.errstate(invalid="ignore"):
        inside = ((points_px > -0.1 * size) & (points_px < 1.1 * size)).all(axis=1)
    rays = points_world_m - camera.t_world_camera_m
    rays = rays / np.linalg.norm(rays, axis=1, keepdims=True)
    back = np.full(points_world_m.shape, np.nan)
    if inside.any():
        back[inside] = camera.rays_world(points_px[inside])
    with np.errstate(invalid="ignore"):
        same = (back * rays).sum(axis=1) > 1 - 1e-6
    return np.where(same[:, None], points_px, np.nan)


def _at(point_px: NDArray) -> tuple[int, int]:
    return round(float(point_px[0]) * 2**_FRACTION), round(float(point_px[1]) * 2**_FRACTION)
