"""The camera's maths against OpenCV, against itself, and at its edges."""

import cv2
import numpy as np
import pytest

from m2t3.calibration.camera import Camera

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
