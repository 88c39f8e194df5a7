"""The compiled steps of the stream give the numbers of those that training shares."""

import numpy as np
import pytest

from m2t3.core.skeletons import COCO17, HALPE26
from m2t3.lifting import compiled, compiled_answers, questions, sampler
from m2t3.lifting.body_size import UNKNOWN
from m2t3.lifting.diffusion import Denoised, answer_points, read_views
from m2t3.lifting.features import observation_features
from m2t3.lifting.ground import stand
from m2t3.lifting.memory import ANGULAR_PER_S, phases
from m2t3.lifting.representation import motion_size
from m2t3.lifting.rig import VIEWS, Rig, Views
from m2t3.lifting.triangulation import triangulate

RNG = np.random.default_rng(8)
B, T = 3, 4
DISTANCE_M, HEIGHT_M = RNG.uniform(1, 9, B), RNG.uniform(0.3, 4, B)
RIGS = Views.of(DISTANCE_M, HEIGHT_M)


def wide(a):
    return np.broadcast_to(a[:, None], (B, T))


@pytest.mark.parametrize("skeleton", [COCO17, HALPE26], ids=lambda s: s.name)
@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
def test_features_are_those_of_training(skeleton, share):
    joints = skeleton.joint_count
    uv = RNG.normal(0, 0.6, (B, T, joints, 2)).astype(np.float32)
    confidence, seen = RNG.uniform(0, 1, (B, T, joints)), RNG.random((B, T, joints)) < share
    size, sigma = RNG.normal(0, 0.1, B), RNG.uniform(0.01, 2 * UNKNOWN, B)
    expected = observation_features(
        uv, confidence, seen, *map(wide, (DISTANCE_M, HEIGHT_M, size, sigma)), skeleton
    )
    found = compiled.features(
        uv, confidence, seen, DISTANCE_M, HEIGHT_M, RIGS.distances_m[:, 0], size, sigma,
        skeleton.ankles, questions._FEATURE_NUMBERS,
    )  # fmt: skip
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=2e-6, rtol=1e-5)


@pytest.mark.parametrize("decoupled", [True, False])
def test_views_are_those_of_training(decoupled):
    joints = COCO17.joint_count
    shapes = {
        "motion": (VIEWS, motion_size(joints, decoupled)), "log_weight": (VIEWS, joints),
        "trust": (joints,), "log_error": (joints,), "contact": (2,), "ankle_height_m": (2,),
        "ankle_log_error": (2,), "depth_log_error": (1,), "size": (2,),
    }  # fmt: skip
    denoised = Denoised(
        **{k: 4 * RNG.standard_normal((B, T, *s), np.float32) for k, s in shapes.items()}
    )
    uv = RNG.normal(0, 0.3, (B, T, joints, 2)).astype(np.float32)
    seen = RNG.random((B, T, joints)) < 0.7
    axes, centers_m, distances_m = (a[:, None] for a in RIGS)
    expected = read_views(denoised, uv, seen, distances_m)
    found = compiled_answers.views(
        denoised.motion, denoised.log_weight, denoised.trust, uv, seen, RIGS.distances_m,
        sampler._VIEW_NUMBERS,
    )  # fmt: skip
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=1e-6)
    triangulated = triangulate(*found, axes, centers_m)
    _, standing = answer_points(denoised, uv, seen, axes, centers_m, distances_m, COCO17.ankles)
    points = compiled_answers.points(
        denoised.motion, denoised.log_weight, denoised.trust, denoised.ankle_height_m,
        denoised.ankle_log_error, denoised.depth_log_error, uv, seen, *RIGS, COCO17.ankles,
        sampler._VIEW_NUMBERS, sampler._GROUND_NUMBERS,
    )  # fmt: skip
    assert np.abs(points - triangulated).max() > 0.1
    np.testing.assert_allclose(points, standing, rtol=1e-3, atol=1e-4)


def test_bodies_stand_where_those_of_training_do():
    points = RNG.normal(0, 0.6, (B, T, COCO17.joint_count, 3)) + np.array([0, 0, 1.0])
    ankle, log_error = RNG.normal(0.1, 0.3, (B, T, 2)), RNG.normal(-3, 4, (B, T, 2))
    depth, camera = RNG.normal(-3, 4, (B, T, 1)), RIGS.centers_m[:, 0]
    expected = stand(points, ankle, log_error, depth, camera[:, None], COCO17.ankles)
    assert np.abs(expected - points).max() > 0.1
    compiled_answers.stand(
        points, ankle, log_error, depth, camera, COCO17.ankles, sampler._GROUND_NUMBERS
    )
    np.testing.assert_allclose(points, expected, atol=1e-12)


def test_rays_are_the_cameras(camera):
    px = RNG.uniform(0, 1, (40, 2)) * [camera.width_px, camera.height_px]
    px[3], px[4, 1] = np.nan, np.inf
    confidence = RNG.uniform(-0.2, 1.2, 40)
    confidence[5] = np.nan
    rays, sure, seen = compiled.rays(camera.undistort(px), confidence, camera.R_world_camera, 0.05)
    expected = np.isfinite(px).all(axis=-1) & (confidence >= 0.05)
    np.testing.assert_array_equal(seen, expected)
    np.testing.assert_allclose(rays[seen], camera.rays_world(px)[seen], atol=1e-12)
    assert not rays[~seen].any()
    np.testing.assert_array_equal(sure, np.nan_to_num(confidence).clip(0, 1))


def test_phases_are_those_of_training():
    t_s = RNG.uniform(0, 1e5, (B, T))
    found = compiled.phases(t_s, ANGULAR_PER_S)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, phases(t_s), atol=1e-6)


def test_rays_are_seen_by_the_camera_turned_to_the_anchor():
    rig = Rig.facing(np.array([1.0, -2.0, 2.5]), np.array([4.0, 3.0]))
    rays = RNG.normal(0, 1, (1, 200, 17, 3))
    given = RNG.random((1, 200, 17)) < 0.9
    camera = rays @ rig.front_axes_world.T
    expected = given & (camera[..., 2] > np.abs(camera[..., :2]).max(axis=-1) / questions.MAX_UV)
    uv, seen = compiled.front_view(rays, given, rig.front_axes_world[None], questions.MAX_UV)
    np.testing.assert_array_equal(seen, expected)
    assert 0.2 < seen.mean() < 0.8
    np.testing.assert_allclose(uv[seen], (camera[..., :2] / camera[..., 2:])[seen], rtol=1e-5)
    assert not uv[~seen].any()
    middle = np.append(rig.anchor_world_m, 1.0) - np.array([1.0, -2.0, 2.5])
    uv, seen = compiled.front_view(
        middle[None, None, None], np.ones((1, 1, 1), bool), rig.front_axes_world[None], 5.0
    )
    np.testing.assert_allclose(uv, 0, atol=1e-6)


def test_joints_are_placed_in_the_room():
    rig = Rig.facing(np.array([1.0, -2.0, 2.5]), np.array([4.0, 3.0]))
    points, log_error = RNG.normal(0, 1, (17, 3)), RNG.normal(-3, 1, 17).astype(np.float32)
    points[5, 1] = np.nan
    logit, camera_m = np.array([0.7, -40.0], np.float32), np.array([1.0, -2.0, 2.5])
    rest = rig.R_rig_world, rig.origin_world_m, camera_m
    found, valid, error_m, contact, expected_m, away_m = compiled_answers.placed(
        points, log_error, logit, *rest
    )
    np.testing.assert_allclose(found, rig.to_world(points), atol=1e-6)
    np.testing.assert_array_equal(valid, np.arange(17) != 5)
    np.testing.assert_allclose(error_m, np.exp(log_error), rtol=1e-6)
    np.testing.assert_allclose(contact, 1 / (1 + np.exp(-logit.astype(float))), atol=1e-6)
    np.testing.assert_allclose(expected_m, error_m.mean())
    assert np.isnan(away_m)
    points[5, 1] = 0.3
    *_, away_m = compiled_answers.placed(points, log_error, logit, *rest)
    np.testing.assert_allclose(away_m, np.linalg.norm(rig.to_world(points).mean(0) - camera_m))
