"""Cameras over a floor, and what they see, for the tests of `calibrate ground`."""

from pathlib import Path

import numpy as np

from m2t3.calibration.camera import Camera
from m2t3.calibration.camera_files.camera_file import lens_keys, read_camera_file
from m2t3.calibration.camera_files.edit import update_camera_file
from m2t3.core.geometry import looking

SHARED = Path(__file__).parents[2] / "shared" / "data"
SURE = np.zeros(4)  # the lens is known exactly
NOISE_PX = 0.5


def make_camera(pitch=25.0, roll=0.0, position=(-3.0, 0.2, 2.0), size=(1280, 720)) -> Camera:
    """Looks along world x, `pitch` degrees down."""
    down = np.radians(pitch)
    R = looking(np.array([np.cos(down), 0, -np.sin(down)]), np.radians(roll))
    width, height = size
    focal = 0.8 * width
    K = np.array([[focal, 0, width / 2 + 3], [0, focal, height / 2 - 4], [0, 0, 1]])
    lens = np.array([-0.2, 0.05, 1e-3, -5e-4, 0])
    return Camera("cam0", width, height, K, "plumb_bob", lens, R, np.array(position, float))


def seen(camera, points_m, rng, noise_px=NOISE_PX):
    points_px = camera.project(points_m)
    return points_px + rng.normal(0, noise_px, points_px.shape)


def write_lens(path: Path, camera: Camera, extra: dict | None = None) -> Path:
    update_camera_file(path, {**lens_keys(camera), **(extra or {})})
    return path


def same_place(file: Path, camera: Camera, atol: float) -> None:
    found = read_camera_file(file).camera
    np.testing.assert_allclose(found.t_world_camera_m, camera.t_world_camera_m, atol=atol)
    np.testing.assert_allclose(found.R_world_camera, camera.R_world_camera, atol=atol)
