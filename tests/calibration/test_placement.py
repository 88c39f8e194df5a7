"""Perspective-n-point: a body of known shape is put back where it was seen."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from m2t3.calibration.camera import Camera
from m2t3.calibration.placement import MIN_POINTS, place_body
from m2t3.core.geometry import looking

BODY = np.random.default_rng(3).normal(scale=[0.2, 0.3, 0.5], size=(17, 3))
MODELS = {"plumb_bob": [-0.2, 0.05, 1e-3, -1e-3, 0.0], "equidistant": [0.02, -0.01, 0.0, 0.0]}


@pytest.fixture(params=MODELS)
def camera(request):
    return Camera(
        name="cam", width_px=1280, height_px=720,
        K=np.array([[900.0, 0, 640], [0, 910.0, 350], [0, 0, 1]]),
        distortion_model=request.param, distortion=np.array(MODELS[request.param]),
        R_world_camera=looking(np.array([0.0, 0.96, -0.28])),
        t_world_camera_m=np.array([1.0, -4.0, 2.2]),
    )  # fmt: skip


@pytest.fixture
def placed_m():
    turn = Rotation.from_euler("zyx", [1.1, 0.2, -0.3]).as_matrix()
    return BODY @ turn.T + [0.8, 0.3, 0.9]


def test_a_body_is_placed_where_it_was_seen(camera, placed_m):
    found = place_body(camera, BODY, camera.project(placed_m))
    np.testing.assert_allclose(found, placed_m, atol=1e-5)


def test_points_that_are_not_seen_are_placed_with_the_others(camera, placed_m):
    px = camera.project(placed_m)
    px[MIN_POINTS + 1 :] = np.nan
    np.testing.assert_allclose(place_body(camera, BODY, px), placed_m, atol=1e-4)


def test_too_few_points_place_nothing(camera, placed_m):
    px = camera.project(placed_m)
    px[MIN_POINTS - 1 :] = np.nan
    assert np.isnan(place_body(camera, BODY, px)).all()


def test_a_body_that_is_unknown_is_placed_nowhere(camera, placed_m):
    assert np.isnan(place_body(camera, BODY * np.nan, camera.project(placed_m))).all()
