"""How people who have been seen before should be seen now."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from msgspec import Struct
from numpy.typing import NDArray

from ...calibration.camera import Camera
from ...calibration.projection import project
from ...core.compiling import compiled
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
    known = np.array([
        (*seen.motion.root_world_m, *seen.motion.place_m(t_s),
         math.sqrt(seen.motion.moved_variance_m2(t_s)), t_s - seen.t_s)
        for seen in sightings
    ]).reshape(-1, 8)  # fmt: skip
    seen_px = np.array([seen.keypoints_px for seen in sightings]).reshape(-1, joints, 2)
    keypoints_px, pixels_per_m, distance_m = _expected(
        known, seen_px, np.ascontiguousarray(camera.R_world_camera), camera.t_world_camera_m,
        camera.K, camera.distortion, camera.distortion_model == "equidistant",
    )  # fmt: skip
    return Expected(keypoints_px, pixels_per_m, distance_m, known[:, 6].copy(), known[:, 7].copy())


@compiled
def _expected(
    known: NDArray,
    seen_px: NDArray,
    R_world_camera: NDArray,
    center_m: NDArray,
    K: NDArray,
    distortion: NDArray,
    fisheye: bool,
) -> tuple[NDArray, NDArray, NDArray]:
    """Pixels moved with their roots, pixels per metre, distances; `known`: roots then and now."""
    people, focal_px = len(known), K[0, 0]
    keypoints_px, pixels_per_m, distances_m = seen_px.copy(), np.empty(people), np.empty(people)
    places_m = np.empty((3, 3))  # the root then, now, and a step to the side of that
    for k in range(people):
        places_m[0], places_m[1] = known[k, :3], known[k, 3:6]
        before_m = max(math.sqrt(((places_m[0] - center_m) ** 2).sum()), NEAREST_M)
        distance_m = max(math.sqrt(((places_m[1] - center_m) ** 2).sum()), NEAREST_M)
        places_m[2] = places_m[1] + ASIDE * distance_m * R_world_camera[:, 0]
        old, new, aside = project(places_m, R_world_camera, center_m, K, distortion, fisheye)
        scale = math.sqrt(((aside - new) ** 2).sum()) / (ASIDE * distance_m)
        distances_m[k], pixels_per_m[k] = distance_m, focal_px / before_m
        # Somebody expected behind or right beside the camera has no pixels; they are looked for
        # where they were.
        if math.isfinite(old[0]) and scale < STRETCHED * focal_px / distance_m:  # NaN is not
            pixels_per_m[k] = scale
            size = before_m / distance_m
            for i in range(2):
                keypoints_px[k, :, i] = new[i] + size * (seen_px[k, :, i] - old[i])
    return keypoints_px, pixels_per_m, distances_m


@compiled
def completed(seen_px: NDArray, expected_px: NDArray) -> NDArray:
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
