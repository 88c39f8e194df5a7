"""A fixed, seeded set of cameras for evaluation: anything a person may set up in a room."""

import math

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ...calibration.camera import Camera
from ...core.errors import M2t3Error
from ...core.geometry import looking

_HEIGHT_M = (0.4, 4.0)
_DISTANCE_M = (1.5, 12.0)
_PITCH_DEG = (-50.0, 10.0)
_ROLL_DEG = (-30.0, 30.0)
_FIELD_DEG = (30.0, 100.0)  # horizontal
_SIZES_PX = ((1920, 1080), (1080, 1920))
_IN_VIEW = 0.95  # share of joints that must be in the picture
_DISTANCES, _TRIES = 20, 60  # how many are tried, and how many cameras at each


def camera_that_sees(points_world_m: Float[NDArray, "t j 3"], rng: np.random.Generator) -> Camera:
    """A random camera that has nearly all joints of a clip in its picture.

    Raises:
        M2t3Error: a clip so wide that no such camera was found.
    """
    middle = points_world_m.mean(axis=(0, 1))
    for _ in range(_DISTANCES):
        # The distance is drawn first: near cameras, which seldom see all, are not to be rare.
        distance_m = math.exp(rng.uniform(*np.log(_DISTANCE_M)))
        for _ in range(_TRIES):
            camera = _random_camera(middle, distance_m, rng)
            if camera is None:
                continue
            px = camera.project(points_world_m)
            with np.errstate(invalid="ignore"):
                inside = ((px >= 0) & (px < [camera.width_px, camera.height_px])).all(axis=-1)
            if inside.mean() >= _IN_VIEW:
                return camera
    wide_m = np.ptp(points_world_m.reshape(-1, 3), axis=0).max()
    raise M2t3Error(f"no camera sees a whole clip that is {wide_m:.1f} m wide: cut it shorter")


def _random_camera(
    middle: Float[NDArray, "3"], distance: float, rng: np.random.Generator
) -> Camera | None:
    width, height = _SIZES_PX[rng.integers(2)]
    around, up = rng.uniform(0, 2 * math.pi), rng.uniform(*_HEIGHT_M)
    center = np.array(
        [middle[0] + distance * math.cos(around), middle[1] + distance * math.sin(around), up]
    )
    forward = middle + rng.normal(0.0, 0.08 * distance, 3) - center
    pitch = math.degrees(math.asin(forward[2] / np.linalg.norm(forward)))
    if not _PITCH_DEG[0] <= pitch <= _PITCH_DEG[1]:
        return None
    roll, field = math.radians(rng.uniform(*_ROLL_DEG)), math.radians(rng.uniform(*_FIELD_DEG))
    return unseen_camera(center, looking(forward, roll), (width, height), field)


def unseen_camera(
    center_world_m: Float[NDArray, "3"],
    R_world_camera: Float[NDArray, "3 3"],
    size_px: tuple[int, int],
    field_rad: float,
) -> Camera:
    """A camera without distortion; `size_px` is width and height, `field_rad` the horizontal field
    of view."""
    width, height = size_px
    focal = width / 2 / math.tan(field_rad / 2)
    return Camera(
        name="unseen",
        width_px=width,
        height_px=height,
        K=np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1.0]]),
        distortion_model="plumb_bob",
        distortion=np.zeros(5),
        R_world_camera=R_world_camera,
        t_world_camera_m=center_world_m,
    )
