"""The camera's maths against OpenCV, against itself, and at its edges."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from m2t3.calibration.camera import Camera
from m2t3.calibration.camera_checks import check_camera
from m2t3.core.geometry import looking

RNG = np.random.default_rng(2)
POINTS_WORLD_M = RNG.uniform([-1.5, -1.2, 0], [3, 1.2, 1.9], (6, 17, 3))


def test_undistort_takes_back_what_project_did(camera):
    points_camera_m = (POINTS_WORLD_M - camera.t_world_camera_m) @ camera.R_world_camera
    normalised = camera.undistort(camera.project(POINTS_WORLD_M))
    np.testing.assert_allclose(
        normalised, points_camera_m[..., :2] / points_camera_m[..., 2:], atol=1e-8
    )


def test_project_agrees_with_opencv(camera):
    R = camera.R_world_camera.T
    rotation, translation = cv2.Rodrigues(R)[0], -R @ camera.t_world_camera_m
    project = cv2.fisheye.projectPoints if camera.distortion.size == 4 else cv2.projectPoints
    expected, _ = project(
        POINTS_WORLD_M.reshape(-1, 1, 3), rotation, translation, camera.K, camera.distortion
    )
    points_px = camera.project(POINTS_WORLD_M)
    np.testing.assert_allclose(points_px, expected.reshape(6, 17, 2), atol=1e-6)


def test_rays_go_from_the_camera_through_the_points(camera):
    offsets_m = POINTS_WORLD_M - camera.t_world_camera_m
    directions = offsets_m / np.linalg.norm(offsets_m, axis=-1, keepdims=True)
    points_px = camera.project(POINTS_WORLD_M)
    np.testing.assert_allclose(camera.rays_world(points_px), directions, atol=1e-8)
    np.testing.assert_allclose(
        camera.rays_camera(points_px), directions @ camera.R_world_camera, atol=1e-8
    )


def test_nan_stays_nan_and_harms_no_neighbour(camera):
    points_px = camera.project(POINTS_WORLD_M)
    holed_px = points_px.copy()
    holed_px[2, 5] = np.nan
    holed_px[3, 1, 0] = np.inf
    expected = camera.undistort(points_px)
    expected[[2, 3], [5, 1]] = np.nan
    np.testing.assert_array_equal(camera.undistort(holed_px), expected)
    holed_m = POINTS_WORLD_M.copy()
    holed_m[0, 0, 1] = np.nan
    assert np.isnan(camera.project(holed_m)[0, 0]).all()
    assert np.isfinite(camera.project(holed_m)[0, 1:]).all()


def test_all_nan_and_no_points_are_fine(camera):
    assert np.isnan(camera.undistort(np.full((17, 2), np.nan))).all()
    assert camera.undistort(np.empty((0, 2))).shape == (0, 2)
    assert camera.project(np.empty((0, 17, 3))).shape == (0, 17, 2)


def test_points_behind_the_camera_have_no_pixels(camera):
    behind_m = camera.t_world_camera_m - camera.R_world_camera[:, 2]
    assert np.isnan(camera.project(behind_m)).all()


def off_axis(distortion, degrees):
    """Where a fisheye that shows more than half of the world sees what is so far off its axis."""
    K = np.array([[400.0, 0, 800], [0, 400, 600], [0, 0, 1]])
    camera = Camera(
        "f", 1600, 1200, K, "equidistant", np.array(distortion, float), np.eye(3), np.zeros(3)
    )
    angle = np.radians(degrees)
    bent = angle * np.polyval([*distortion[::-1], 1.0], angle**2)
    seen = camera.undistort(np.column_stack([800 + 400 * bent, np.full(len(bent), 600.0)]))
    return np.degrees(np.arctan(seen[:, 0]))


@pytest.mark.parametrize(
    "distortion", [(0, 0, 0, 0), (0.08, 0, 0, 0), (-0.0135, 0.0036, -0.0086, 0.0021)]
)
def test_what_a_fisheye_shows_from_its_side_or_behind_is_no_direction_ahead(distortion):
    true = np.linspace(0, 100, 101)
    seen = off_axis(distortion, true)
    told = np.isfinite(seen)
    np.testing.assert_allclose(seen[told], true[told], atol=0.2)  # a pixel
    assert told[:75].all()
    assert not told[91:].any()


def test_far_outside_the_picture_a_lens_that_folds_over_tells_nothing():
    K = np.array([[900.0, 0, 640], [0, 900, 360], [0, 0, 1]])
    lens = np.array([-0.3, 0.1, 0, 0, -0.01])
    camera = Camera("f", 1280, 720, K, "plumb_bob", lens, np.eye(3), np.zeros(3))
    points_px = np.stack(np.meshgrid(np.linspace(-3000, 4000, 31), [-2000, 0.0, 3000]), axis=-1)
    seen = camera.undistort(points_px)
    told = np.isfinite(seen).all(axis=-1)
    back_px = camera.project(np.concatenate([seen, np.ones_like(seen[..., :1])], axis=-1))
    np.testing.assert_allclose(back_px[told], points_px[told], atol=1)
    assert 0.1 < told.mean() < 0.9


def test_single_precision_keypoints_give_double_precision_rays(camera):
    points_px = camera.project(POINTS_WORLD_M)
    normalised = camera.undistort(points_px.astype(np.float32))
    assert normalised.dtype == np.float64
    np.testing.assert_allclose(normalised, camera.undistort(points_px), atol=1e-6)


@pytest.mark.parametrize(
    ("count", "model"), [(5, "plumb_bob"), (8, "rational_polynomial"), (14, "rational_polynomial")]
)
def test_from_opencv_projects_like_opencv(count, model):
    K = np.array([[900.0, 0, 320], [0, 900, 240], [0, 0, 1]])
    distortion = np.full(count, 0.01)
    R = cv2.Rodrigues(np.array([1.2, -0.3, 0.2]))[0]
    t = np.array([0.1, 0.2, 6])
    camera = Camera.from_opencv("cam7", (640, 480), K, distortion, R, t)
    assert camera.distortion_model == model
    expected = cv2.projectPoints(POINTS_WORLD_M.reshape(-1, 3), R, t, K, distortion)[0]
    np.testing.assert_allclose(
        camera.project(POINTS_WORLD_M), expected.reshape(6, 17, 2), atol=1e-6
    )


@pytest.mark.parametrize("camera", ["equidistant"], indirect=True)
def test_a_level_fisheye_sees_the_ground_though_its_borders_see_nothing(camera):
    K = np.array([[220.0, 0, 640], [0, 220, 360], [0, 0, 1]])  # 94 degrees down at the border
    level = looking(np.array([1.0, 0, 0]))
    check_camera(replace(camera, K=K, distortion=np.zeros(4), R_world_camera=level))
