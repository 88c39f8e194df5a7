"""Cameras to test with."""

import numpy as np
import pytest

from m2t3.calibration.camera import Camera
from m2t3.core.geometry import looking

DISTORTIONS = {
    "plumb_bob": [-0.31, 0.12, 1e-3, -7e-4, -0.02],
    "rational_polynomial": [0.4, 0.11, -5e-4, 8e-4, 0.006, 0.71, 0.19, 0.02],
    "equidistant": [-0.02, 0.004, -0.002, 3e-4],
}


def make_camera(model: str = "plumb_bob", **changes: object) -> Camera:
    """A 1280 x 720 camera, 2.2 m up, that looks along world +x, 15 degrees down."""
    down = np.radians(15)
    values = {
        "name": "cam0",
        "width_px": 1280,
        "height_px": 720,
        "K": np.array([[1100.0, 0, 645], [0, 1102, 355], [0, 0, 1]]),
        "distortion_model": model,
        "distortion": np.array(DISTORTIONS[model]),
        "R_world_camera": looking(np.array([np.cos(down), 0, -np.sin(down)])),
        "t_world_camera_m": np.array([-5, 0.3, 2.2]),
    }
    return Camera(**{**values, **changes})


@pytest.fixture(params=DISTORTIONS)
def camera(request) -> Camera:
    return make_camera(request.param)
