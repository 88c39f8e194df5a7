"""Bones keep their lengths: what a session has told of them says where along its ray a joint is."""

import numpy as np
import pytest

from m2t3.core.skeletons import COCO17, SKELETONS, Skeleton
from m2t3.lifting.anchor import canonical_body
from m2t3.lifting.bone_lengths import LASTING_S, BoneLengths

CENTER_M = np.array([-5.0, 0.5, 1.7])
CERTAIN = np.ones(COCO17.joint_count)
LEG = COCO17.index("left_hip", "left_knee", "left_ankle")
ARMS = COCO17.index("left_wrist", "right_wrist", "left_elbow", "right_elbow")


def turning_body(frames: int) -> np.ndarray:
    """A body that turns before the camera, arms held to the sides and a little forward."""
    upright = np.concatenate([np.zeros((COCO17.joint_count, 1)), canonical_body(COCO17)], axis=1)
    upright[list(ARMS), 0] += 0.15
    yaw = np.linspace(0, 2 * np.pi, frames)
    turn = np.zeros((frames, 3, 3))
    turn[:, 0, 0] = turn[:, 1, 1] = np.cos(yaw)
    turn[:, 1, 0], turn[:, 0, 1], turn[:, 2, 2] = np.sin(yaw), -np.sin(yaw), 1.0
    return np.einsum("tij,nj->tni", turn, upright)


def off_along_rays(motion: np.ndarray, sigma_m: float) -> np.ndarray:
    rays = motion - CENTER_M
    rays = rays / np.linalg.norm(rays, axis=-1, keepdims=True)
    return motion + rays * np.random.default_rng(0).normal(0, sigma_m, (*motion.shape[:2], 1))


def fitted(seen: np.ndarray, doubt: np.ndarray = CERTAIN) -> np.ndarray:
    bones = BoneLengths(COCO17, CENTER_M)
    return np.stack([bones.fitted(t / 30, points, doubt) for t, points in enumerate(seen)])


def error_m(found: np.ndarray, truth: np.ndarray) -> float:
    return float(np.linalg.norm(found - truth, axis=-1)[60:].mean())


def test_joints_come_nearer_to_the_truth_and_bones_to_one_length():
    truth = turning_body(240)
    seen = off_along_rays(truth, 0.05)
    found = fitted(seen)
    assert error_m(found, truth) < 0.8 * error_m(seen, truth)
    thigh, shin = (
        [np.linalg.norm(p[60:, LEG[k]] - p[60:, LEG[k + 1]], axis=-1).std() for p in (found, seen)]
        for k in (0, 1)
    )
    assert thigh[0] < 0.7 * thigh[1]
    assert shin[0] < 0.7 * shin[1]


def test_images_stay_and_true_poses_stay_where_they_are():
    truth = turning_body(120)
    seen = off_along_rays(truth, 0.05)
    before, after = ((p - CENTER_M) / np.linalg.norm(p - CENTER_M, axis=-1, keepdims=True)
                     for p in (seen, fitted(seen)))  # fmt: skip
    np.testing.assert_allclose(after, before, atol=1e-9)
    assert error_m(fitted(truth), truth) < 0.003


def test_the_joint_that_is_doubted_is_the_one_that_moves():
    bones = BoneLengths(COCO17, CENTER_M)
    truth = turning_body(240)
    for t, points in enumerate(truth):
        bones.fitted(t / 30, points, CERTAIN)
    knee, ankle = LEG[1:]
    seen, doubt = truth[-1].copy(), CERTAIN.copy()
    seen[ankle, 0] += 0.3  # forward, away from the camera
    doubt[ankle] = 5.0
    found = bones.fitted(len(truth) / 30, seen, doubt)
    moved = np.linalg.norm(found - seen, axis=-1)
    assert moved.argmax() == ankle
    assert moved[ankle] > 4 * moved[knee]
    assert np.linalg.norm(found - truth[-1], axis=-1)[ankle] < 0.2


def test_another_body_is_believed_after_a_while():
    """An id may have passed to somebody else without anybody noticing."""
    bones = BoneLengths(COCO17, CENTER_M)
    tall = turning_body(240)
    small = tall * 0.8
    for t, points in enumerate(tall):
        bones.fitted(t / 30, points, CERTAIN)
    at_first = bones.fitted(8.0, small[0], CERTAIN)
    for t in range(200):
        last = bones.fitted(8.0 + 3 * LASTING_S + t / 30, small[t], CERTAIN)
    assert np.linalg.norm(last - small[199], axis=-1).mean() < 0.01
    assert np.linalg.norm(at_first - small[0], axis=-1).mean() > 0.01


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=lambda s: s.name)
def test_every_format_has_bones_to_hold_on_to(skeleton: Skeleton):
    points = np.random.default_rng(1).normal(0, 0.3, (skeleton.joint_count, 3))
    found = BoneLengths(skeleton, CENTER_M).fitted(0.0, points, np.ones(skeleton.joint_count))
    assert np.isfinite(found).all()
    mirrored = BoneLengths(skeleton, CENTER_M * [1, -1, 1]).fitted(
        0.0, points[list(skeleton.mirror)] * [1, -1, 1], np.ones(skeleton.joint_count)
    )
    np.testing.assert_allclose(mirrored[list(skeleton.mirror)] * [1, -1, 1], found, atol=1e-9)
