"""How many millimetres to expect: a camera's uncertain place and lens, seen on the floor."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ..camera import Camera
from .place_fit import PlaceFit, moved

DISTANCES_M = (3, 5, 10)


def floor_error_mm(
    camera: Camera, covariance: Float[NDArray, "10 10"], distances_m: Sequence[float] = DISTANCES_M
) -> dict[int, float]:
    """By distance over the floor straight ahead: by how much a person's place there is wrong.

    The standard deviation of the point where the ray of a pixel meets the floor, both directions
    together. Along the ray, an error of the pitch by a angle of e moves it by e (d^2 + h^2) / h
    from a camera h above the floor at distance d: pitch dominates far away.

    Args:
        covariance: of `place_fit.moved`'s parameters.
    """
    floor = camera.t_world_camera_m * [1, 1, 0]
    errors = {}
    for distance in distances_m:
        point = floor + distance * heading(camera)
        derivatives = _derivatives(camera, point)
        errors[int(distance)] = 1000 * float(
            np.sqrt(np.trace(derivatives @ covariance @ derivatives.T))
        )
    return errors


def heading(camera: Camera) -> Float[NDArray, "3"]:
    """The camera's direction over the floor; the picture's up where it looks straight down."""
    ahead = camera.R_world_camera[:, 2] * [1, 1, 0]
    if np.linalg.norm(ahead) < 1e-3:
        ahead = -camera.R_world_camera[:, 1] * [1, 1, 0]
    return ahead / np.linalg.norm(ahead)


def pitch_deg(camera: Camera) -> float:
    """How far the camera's axis points below the horizon."""
    return float(-np.degrees(np.arcsin(np.clip(camera.R_world_camera[2, 2], -1, 1))))


def roll_deg(camera: Camera) -> float:
    """How far the camera is turned clockwise, its right side lower than its left."""
    down = camera.R_world_camera.T @ [0, 0, -1]
    return float(np.degrees(np.arctan2(down[0], down[1])))


def pitch_sd_deg(camera: Camera, covariance: Float[NDArray, "10 10"]) -> float:
    """Standard deviation of `pitch_deg`: of the turn about the horizontal axis across."""
    across = np.cross([0, 0, 1], heading(camera))
    return float(np.degrees(np.sqrt(across @ covariance[:3, :3] @ across)))


def _derivatives(camera: Camera, point_m: NDArray) -> Float[NDArray, "2 10"]:
    """Of the floor point that the pixel of `point_m` shows, by what `moved` takes."""
    steps = np.array([1e-6] * 3 + [1e-5] * 3 + [1e-2] * 4)
    normalised = (point_m - camera.t_world_camera_m) @ camera.R_world_camera
    ideal_px = camera.K[:2, :2].diagonal() * normalised[:2] / normalised[2] + camera.K[:2, 2]

    def seen(by: NDArray) -> NDArray:
        other = moved(camera, by)
        in_camera = np.append((ideal_px - other.K[:2, 2]) / other.K[:2, :2].diagonal(), 1.0)
        ray = other.R_world_camera @ in_camera
        return (other.t_world_camera_m - other.t_world_camera_m[2] / ray[2] * ray)[:2]

    return np.array(
        [
            (seen(step * row) - seen(-step * row)) / (2 * step)
            for step, row in zip(steps, np.eye(10), strict=True)
        ]
    ).T


def in_world(fit: PlaceFit, origin_m: tuple[float, float], yaw_rad: float) -> PlaceFit:
    """`fit` in a world in which its own origin lies at `origin_m` and its x points to `yaw_rad`."""
    c, s = np.cos(yaw_rad), np.sin(yaw_rad)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    every = np.eye(10)
    every[:3, :3] = every[3:6, 3:6] = turn
    camera = replace(
        fit.camera,
        R_world_camera=turn @ fit.camera.R_world_camera,
        t_world_camera_m=turn @ fit.camera.t_world_camera_m + [*origin_m, 0],
    )
    return replace(fit, camera=camera, covariance=every @ fit.covariance @ every.T)
