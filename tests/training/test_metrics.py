"""Metrics against cases that can be worked out by hand."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from m2t3.core.skeletons import COCO17
from m2t3.training.metrics import align_similarity, errors

FPS = 30.0
EXACT_MM = 1e-9  # rounding


def moved(points, R=None, scale=1.0, by=(0, 0, 0)):
    R = np.eye(3) if R is None else R
    return scale * points @ R.T + np.array(by, float)


@pytest.fixture
def truth(clips):
    return clips[1]


def test_the_truth_has_no_error(truth):
    found = errors(truth, truth, FPS, COCO17)
    for name in ("abs_mpjpe", "mpjpe", "pa_mpjpe", "root", "accel"):
        np.testing.assert_allclose(getattr(found, name), 0, atol=1e-6, err_msg=name)


def test_a_shift_is_an_absolute_error_and_a_root_error_only(truth):
    found = errors(moved(truth, by=(0.3, 0, 0.4)), truth, FPS, COCO17)
    np.testing.assert_allclose(found.abs_mpjpe, 500)
    np.testing.assert_allclose(found.root, 500)
    np.testing.assert_allclose([found.mpjpe, found.pa_mpjpe], 0, atol=1e-6)


def test_a_similarity_is_an_error_to_all_but_pa(truth):
    R = Rotation.from_euler("xyz", [0.3, -1.2, 2.0]).as_matrix()
    wrong = moved(truth, R, 1.3, (1, 2, 3))
    found = errors(wrong, truth, FPS, COCO17)
    np.testing.assert_allclose(found.pa_mpjpe, 0, atol=1e-6)
    assert found.mpjpe.min() > 100
    np.testing.assert_allclose(align_similarity(wrong, truth), truth, atol=1e-12)


def test_a_mirror_image_is_no_similarity(truth):
    found = errors(truth * np.array([1.0, -1, 1]), truth, FPS, COCO17)
    assert found.pa_mpjpe.min() > 10


def test_one_joint_off_is_a_seventeenth_of_its_error(truth):
    wrong = truth.copy()
    wrong[:, 9, 2] += 0.17  # a wrist
    found = errors(wrong, truth, FPS, COCO17)
    np.testing.assert_allclose(found.abs_mpjpe, 10)
    np.testing.assert_allclose(found.mpjpe, 10)
    np.testing.assert_allclose(found.root, 0, atol=EXACT_MM)


def test_acceleration_is_in_metres_a_second_squared(truth):
    t_s = np.arange(len(truth)) / FPS
    falling = truth - 0.5 * 9.81 * t_s[:, None, None] ** 2 * np.array([0, 0, 1.0])
    found = errors(falling, truth, FPS, COCO17)
    assert found.accel.shape == (len(truth) - 2,)
    np.testing.assert_allclose(found.accel, 9.81, rtol=1e-6)


def test_jitter_is_the_predictions_jerk_in_ten_metres_a_second_cubed():
    t_s = np.arange(20) / FPS
    still = np.tile(np.random.default_rng(0).normal(size=(17, 3)), (20, 1, 1))
    jerking = still + (60.0 / 6) * t_s[:, None, None] ** 3 * np.array([0, 1.0, 0])
    assert np.isclose(errors(jerking, still, FPS, COCO17).jitter, 6.0, rtol=1e-6)


def test_feet_slide_only_while_the_truth_stands(truth):
    still = np.tile(truth[:1], (10, 1, 1))
    gliding = still + np.arange(10)[:, None, None] * np.array([0.004, 0, 0])
    assert np.isclose(errors(gliding, still, FPS, COCO17).foot_sliding, 4.0)
    running = still + np.arange(10)[:, None, None] * np.array([0.05, 0, 0])
    assert np.isnan(errors(still, running, FPS, COCO17).foot_sliding)
