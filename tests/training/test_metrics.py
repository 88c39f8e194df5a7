"""Metrics against cases that can be worked out by hand, or against other code for the same."""

import numpy as np
import pytest
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from m2t3.core.skeletons import COCO17
from m2t3.training.evaluation.metrics import CHUNK, align, errors

FPS = 30.0
EXACT_MM = 1e-6  # rounding


def moved(points, R=None, scale=1.0, by=(0, 0, 0)):
    R = np.eye(3) if R is None else R
    return scale * points @ R.T + np.array(by, float)


@pytest.fixture
def truth(clips):
    return clips[1]


@pytest.fixture
def still():
    return np.tile(np.random.default_rng(0).normal(size=(17, 3)), (20, 1, 1))


def test_the_truth_has_no_error(truth):
    found = errors(truth, truth, FPS, COCO17)
    for name in ("abs_mpjpe", "mpjpe", "pa_mpjpe", "w_mpjpe", "wa_mpjpe", "root", "t_root"):
        np.testing.assert_allclose(getattr(found, name), 0, atol=EXACT_MM, err_msg=name)
    np.testing.assert_allclose(found.accel[2:], 0, atol=EXACT_MM)


def test_a_shift_is_an_absolute_error_and_a_root_error_only(truth):
    found = errors(moved(truth, by=(0.3, 0, 0.4)), truth, FPS, COCO17)
    np.testing.assert_allclose(found.abs_mpjpe, 500)
    np.testing.assert_allclose(found.root, 500)
    for name in ("mpjpe", "pa_mpjpe", "w_mpjpe", "wa_mpjpe", "t_root"):
        np.testing.assert_allclose(getattr(found, name), 0, atol=EXACT_MM, err_msg=name)


def test_a_similarity_is_an_error_to_all_that_do_not_remove_it(truth):
    R = Rotation.from_euler("xyz", [0.3, -1.2, 2.0]).as_matrix()
    found = errors(moved(truth, R, 1.3, (1, 2, 3)), truth, FPS, COCO17)
    for name in ("pa_mpjpe", "w_mpjpe", "wa_mpjpe"):
        np.testing.assert_allclose(getattr(found, name), 0, atol=EXACT_MM, err_msg=name)
    assert found.mpjpe.min() > 100
    assert found.t_root.max() > 10  # the scale stays


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


def test_alignment_is_what_a_search_over_similarities_finds():
    rng = np.random.default_rng(1)
    points, target = rng.normal(size=(2, 9, 3))

    def off(x):
        return (np.exp(x[6]) * Rotation.from_rotvec(x[:3]).apply(points) + x[3:6] - target).ravel()

    starts = [np.append(Rotation.random(rng=k).as_rotvec(), [0, 0, 0, 0]) for k in range(8)]
    best = min((least_squares(off, start) for start in starts), key=lambda found: found.cost)
    found = align(points[None], target[None])[0] - target
    np.testing.assert_allclose(np.square(found).sum(), 2 * best.cost, rtol=1e-6)


def test_w_mpjpe_aligns_the_first_two_frames_of_each_chunk():
    """A person who stands, then is seen to drift: 10 mm a frame from the chunk's second on."""
    standing = np.tile(np.random.default_rng(0).normal(size=(17, 3)), (CHUNK + 30, 1, 1))
    drift_m = 0.01 * np.maximum(np.arange(CHUNK + 30) % CHUNK - 1, 0)
    found = errors(standing + drift_m[:, None, None] * [0, 0, 1.0], standing, FPS, COCO17)
    np.testing.assert_allclose(found.w_mpjpe, drift_m * 1e3, atol=EXACT_MM)


def test_wa_mpjpe_aligns_each_chunk_as_a_whole():
    """A step half-way through a chunk is shared between its halves, if nothing else can help."""
    rng = np.random.default_rng(0)
    standing = np.tile(1e3 * rng.normal(size=(17, 3)), (2 * CHUNK, 1, 1))  # too large to turn
    step_m = np.where(np.arange(2 * CHUNK) % CHUNK < CHUNK // 2, 0.0, 0.2)
    found = errors(standing + step_m[:, None, None] * [0, 1.0, 0], standing, FPS, COCO17)
    np.testing.assert_allclose(found.wa_mpjpe, 100, atol=0.01)


def test_t_root_forgives_a_turn_of_the_path_but_no_stretching():
    t = np.linspace(-1, 1, 21)
    path = np.stack([t, t**2, 0 * t], axis=-1)[:, None]
    truth = path + np.random.default_rng(0).normal(size=(17, 3))
    truth -= truth[:, COCO17.hips].mean(axis=1, keepdims=True) - path
    turned = moved(truth, Rotation.from_euler("z", 0.7).as_matrix(), by=(4, 5, 6))
    np.testing.assert_allclose(errors(turned, truth, FPS, COCO17).t_root, 0, atol=EXACT_MM)
    stretched = truth + 0.1 * (path - path.mean(axis=0))
    expected = 100 * np.linalg.norm(path - path.mean(axis=0), axis=-1)[:, 0]
    np.testing.assert_allclose(errors(stretched, truth, FPS, COCO17).t_root, expected, atol=1e-6)


def test_acceleration_is_in_metres_a_second_squared(truth):
    t_s = np.arange(len(truth)) / FPS
    falling = truth - 0.5 * 9.81 * t_s[:, None, None] ** 2 * np.array([0, 0, 1.0])
    found = errors(falling, truth, FPS, COCO17)
    assert found.accel.shape == (len(truth),)
    assert np.isnan(found.accel[:2]).all()
    np.testing.assert_allclose(found.accel[2:], 9.81, rtol=1e-6)


def test_jitter_is_the_predictions_jerk_in_ten_metres_a_second_cubed(still):
    t_s = np.arange(20) / FPS
    jerking = still + (60.0 / 6) * t_s[:, None, None] ** 3 * np.array([0, 1.0, 0])
    np.testing.assert_allclose(errors(jerking, still, FPS, COCO17).jitter[3:], 6.0, rtol=1e-6)


def test_feet_slide_only_while_the_truth_stands(still):
    gliding = still + np.arange(20)[:, None, None] * np.array([0.004, 0, 0])
    found = errors(gliding, still, FPS, COCO17).foot_sliding
    assert np.isnan(found[0]).all()
    np.testing.assert_allclose(found[1:], 4.0)
    running = still + np.arange(20)[:, None, None] * np.array([0.05, 0, 0])
    assert np.isnan(errors(still, running, FPS, COCO17).foot_sliding).all()


def test_frames_without_an_answer_count_for_nothing(truth):
    t_s = np.arange(len(truth)) / FPS
    falling = truth - 0.5 * 9.81 * t_s[:, None, None] ** 2 * np.array([0, 0, 1.0])
    holes = falling.copy()
    holes[[0, 20, 21]] = np.nan
    holes[30, 4] = np.nan  # a joint is missing: so is the frame
    found, whole = (errors(p, truth, FPS, COCO17) for p in (holes, falling))
    gone = np.zeros(len(truth), bool)
    gone[[0, 20, 21, 30]] = True
    for name in ("abs_mpjpe", "mpjpe", "pa_mpjpe", "root"):
        one, other = getattr(found, name), getattr(whole, name)
        np.testing.assert_array_equal(np.isnan(one), gone)
        np.testing.assert_allclose(one[~gone], other[~gone])
    known = found.accel[np.isfinite(found.accel)]
    np.testing.assert_allclose(known, 9.81, rtol=1e-6)  # no false acceleration over a gap
    assert np.isnan(found.accel[[20, 21, 22, 23, 30, 31, 32]]).all()


def test_frames_whose_truth_is_unknown_count_for_nothing(truth):
    unknown = truth.copy()
    unknown[5] = np.nan
    found = errors(truth, unknown, FPS, COCO17)
    for name in ("abs_mpjpe", "pa_mpjpe", "w_mpjpe", "wa_mpjpe", "t_root"):
        assert np.isfinite(getattr(found, name)).sum() == len(truth) - 1, name
