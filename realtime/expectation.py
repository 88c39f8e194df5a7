"""How people who have been seen before should be seen now."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np
from jaxtyping import Float
from msgspec import Struct
from numpy.typing import NDArray

from ..calibration.camera import Camera
from .motion import Motion

NEAREST_M = 0.3  # nobody is nearer to the camera
STRETCHED = 8.0  # what is far off the axis of a lens is seen larger, but not more so than this
ASIDE = 0.05  # step to the side that tells how large a metre is, as a share of the distance


class Sighting(Struct, frozen=True, eq=False):
    """Somebody as last seen."""

    t_s: float
    keypoints_px: Float[NDArray, "j 2"]  # joints not seen then: where they would have been
    motion: Motion
    detector_id: int | None


@dataclass(frozen=True, eq=False)
class Expected:
    """M people as they should be seen now."""

    keypoints_px: Float[NDArray, "m j 2"]  # NaN for joints that were never seen
    pixels_per_m: Float[NDArray, "m"]  # across the ray, where the person is
    distance_m: Float[NDArray, "m"]  # from the camera
    moved_sigma_m: Float[NDArray, "m"]  # how uncertain their way since the last sighting is
    unseen_s: Float[NDArray, "m"]  # time since the last sighting


def expected(t_s: float, sightings: Sequence[Sighting], camera: Camera, joints: int) -> Expected:
    """Everybody as they should be seen at `t_s`, given how they were seen before."""
    m = len(sightings)
    roots_m, ahead_m, seen_px = np.empty((m, 3)), np.empty((m, 3)), np.empty((m, joints, 2))
    moved_sigma_m, unseen_s = np.empty(m), np.empty(m)
    for k, seen in enumerate(sightings):
        roots_m[k], ahead_m[k] = seen.motion.root_world_m, seen.motion.place_m(t_s)
        seen_px[k], unseen_s[k] = seen.keypoints_px, t_s - seen.t_s
        moved_sigma_m[k] = math.sqrt(seen.motion.moved_variance_m2(t_s))
    places_m, before_m, distance_m = _places(
        roots_m, ahead_m, camera.t_world_camera_m, camera.R_world_camera
    )
    keypoints_px, pixels_per_m = _moved(
        seen_px, camera.project(places_m), before_m, distance_m, camera.K[0, 0]
    )
    return Expected(keypoints_px, pixels_per_m, distance_m, moved_sigma_m, unseen_s)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _places(roots_m, ahead_m, center_m, R_world_camera):  # type: ignore[no-untyped-def]
    """Roots then, now, and a step to the side of that (3, M, 3); distances then and now."""
    m = len(roots_m)
    places_m, away_m = np.empty((3, m, 3)), np.empty((2, m))
    for k in range(m):
        places_m[0, k], places_m[1, k] = roots_m[k], ahead_m[k]
        for when in range(2):
            square = 0.0
            for i in range(3):
                square += (places_m[when, k, i] - center_m[i]) ** 2
            away_m[when, k] = max(math.sqrt(square), NEAREST_M)
        for i in range(3):
            places_m[2, k, i] = ahead_m[k, i] + ASIDE * away_m[1, k] * R_world_camera[i, 0]
    return places_m, away_m[0], away_m[1]


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _moved(seen_px, places_px, before_m, distance_m, focal_px):  # type: ignore[no-untyped-def]
    """Pixels moved with their roots (3, M, 2 of `_places`), and pixels per metre."""
    keypoints_px, pixels_per_m = seen_px.copy(), focal_px / before_m
    for k in range(len(seen_px)):
        old, new, aside = places_px[0, k], places_px[1, k], places_px[2, k]
        scale = math.sqrt((aside[0] - new[0]) ** 2 + (aside[1] - new[1]) ** 2)
        scale /= ASIDE * distance_m[k]
        # Somebody expected behind or right beside the camera has no pixels; they are looked for
        # where they were.
        if np.isfinite(old[0]) and scale < STRETCHED * focal_px / distance_m[k]:  # NaN is not
            pixels_per_m[k] = scale
            for i in range(2):
                size = before_m[k] / distance_m[k]
                keypoints_px[k, :, i] = new[i] + size * (seen_px[k, :, i] - old[i])
    return keypoints_px, pixels_per_m


@numba.njit(cache=True, nogil=True, error_model="numpy")
def completed(seen_px, expected_px):  # type: ignore[no-untyped-def]
    """People (F, J, 2) with joints that are not seen (NaN) where the others say they are."""
    whole_px = seen_px.copy()
    for f in range(len(seen_px)):
        for i in range(2):
            total, count = 0.0, 0
            for j in range(seen_px.shape[1]):
                off = seen_px[f, j, i] - expected_px[f, j, i]
                if not np.isnan(off):
                    total, count = total + off, count + 1
            for j in range(seen_px.shape[1]):
                if np.isnan(whole_px[f, j, i]):
                    whole_px[f, j, i] = expected_px[f, j, i] + total / max(count, 1)
    return whole_px
