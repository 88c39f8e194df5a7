"""The rig sees what the real camera saw, whatever the camera's pose, and leads back to the room."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from m2t3.calibration.camera import Camera
from m2t3.lifting.rig import (
    GAZE_HEIGHT_M,
    MIN_DISTANCE_M,
    VIEWS,
    VIRTUAL_DISTANCE_M,
    Rig,
    project,
    view_axes,
    view_distances,
)

FORWARD_X = np.array([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]])  # a level camera that looks along x


def angle(low, high):
    return st.floats(np.radians(low), np.radians(high))


def make_camera(yaw, pitch, roll, center_m):
    turn = Rotation.from_euler("ZYX", [yaw, -pitch, roll]).as_matrix()
    return Camera(
        name="cam",
        width_px=1280,
        height_px=720,
        K=np.array([[900.0, 0, 600], [0, 910, 370], [0, 0, 1]]),
        distortion_model="plumb_bob",
        distortion=np.array([-0.1, 0.02, 1e-3, -1e-3, 0.0]),
        R_world_camera=turn @ FORWARD_X,
        t_world_camera_m=np.asarray(center_m, float),
    )


@pytest.mark.parametrize("away_m", [0.0, 0.05, 0.4, 0.6, 3.0])
def test_a_rig_at_its_nearest_anchor_stays_there(away_m):
    camera_m, rig = np.array([1.0, 2.0, 2.5]), Rig.facing(np.array([1.0, 2, 2.5]), np.zeros(2))
    point_m = np.array([1.0, 2.0 + away_m, 0.9])
    for _ in range(2):
        anchor_m = rig.nearest_anchor((point_m - rig.origin_world_m) @ rig.R_rig_world.T)
        rig = Rig.facing(camera_m, rig.to_world(anchor_m)[:2])
    below_m = rig.nearest_anchor((point_m - rig.origin_world_m) @ rig.R_rig_world.T)
    np.testing.assert_allclose(below_m, 0.0, atol=1e-9)
    assert rig.distance_m == pytest.approx(max(away_m, MIN_DISTANCE_M))


@settings(max_examples=60, deadline=None)
@given(angle(-180, 180), angle(-40, 10), angle(-30, 30), st.floats(0.4, 4), st.integers(0, 99))
def test_v0_sees_what_the_real_camera_saw(yaw, pitch, roll, height_m, seed):
    rng = np.random.default_rng(seed)
    camera = make_camera(yaw, pitch, roll, [*rng.uniform(-5, 5, 2), height_m])
    inside = np.append(rng.uniform(-0.3, 0.3, (8, 2)), np.ones((8, 1)), axis=1)
    ahead = (inside * rng.uniform(2, 8, (8, 1))) @ camera.R_world_camera.T
    points_world_m = camera.t_world_camera_m + ahead
    rig = Rig.facing(camera.t_world_camera_m, points_world_m.mean(axis=0)[:2])
    axes, centers = view_axes(np.array(rig.distance_m), np.array(rig.height_m))

    rays = camera.rays_world(camera.project(points_world_m)) @ rig.R_rig_world.T @ axes[0].T
    points_rig_m = (points_world_m - np.append(rig.anchor_world_m, 0)) @ rig.R_rig_world.T
    np.testing.assert_allclose(  # 1e-7: how exactly the lens is undone
        project(points_rig_m, axes, centers)[0], rays[:, :2] / rays[:, 2:], atol=1e-7
    )
    np.testing.assert_allclose(rig.to_world(points_rig_m), points_world_m, atol=1e-12)


@pytest.mark.parametrize(("distance_m", "height_m"), [(0.5, 4.0), (3.0, 1.0), (12.0, 0.4)])
def test_all_cameras_look_at_the_gaze_point(distance_m, height_m):
    axes, centers = view_axes(np.array(distance_m), np.array(height_m))
    gaze = np.array([0.0, 0, GAZE_HEIGHT_M])
    away = view_distances(np.array(distance_m), np.array(height_m))
    np.testing.assert_allclose(centers[0], [-distance_m, 0, height_m])
    np.testing.assert_allclose(centers + away[:, None] * axes[:, 2], np.tile(gaze, (VIEWS, 1)))
    np.testing.assert_allclose(away[1:], VIRTUAL_DISTANCE_M)
    np.testing.assert_allclose(project(gaze[None], axes, centers), 0, atol=1e-15)


def test_all_cameras_are_upright_and_right_handed_and_stand_around_the_anchor():
    axes, centers = view_axes(np.array(4.0), np.array(2.5))
    unit = np.tile(np.eye(3), (VIEWS, 1, 1))
    np.testing.assert_allclose(axes @ np.swapaxes(axes, 1, 2), unit, atol=1e-15)
    np.testing.assert_allclose(np.linalg.det(axes), 1)
    np.testing.assert_allclose(axes[:, 0, 2], 0)  # x is level
    assert (axes[:, 1, 2] < 0).all()  # y goes down
    around = np.degrees(np.arctan2(centers[:, 1], centers[:, 0]) - np.pi) % 360
    np.testing.assert_allclose(around, [0, 90, 180, 270], atol=1e-9)


def test_training_and_the_stream_have_the_same_rig():
    rng = np.random.default_rng(0)
    distance, height = rng.uniform(1, 9, 3), rng.uniform(0.5, 4, 3)
    points = rng.normal(size=(3, 5, 3))
    ours = view_axes(distance, height)
    theirs = view_axes(torch.from_numpy(distance), torch.from_numpy(height))
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b.numpy(), atol=1e-15)
    np.testing.assert_allclose(
        project(points, *ours), project(torch.from_numpy(points), *theirs).numpy(), rtol=1e-12
    )


def test_a_person_under_the_camera_has_a_rig_too():
    rig = Rig.facing(np.array([1.0, 2, 3]), np.array([1.0, 2]))
    assert rig.distance_m == MIN_DISTANCE_M
    np.testing.assert_allclose(rig.anchor_world_m, [1 + MIN_DISTANCE_M, 2])


def test_points_behind_a_camera_have_finite_images():
    axes, centers = view_axes(np.array(2.0), np.array(2.0))
    behind = np.array([[-4.0, 0, 1], [-2, 0, 2]])  # the second is V0's centre itself
    assert np.isfinite(project(behind, axes, centers)).all()
