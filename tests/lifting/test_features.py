"""The condition: what was not seen leaves no trace, a standing foot tells its distance."""

import numpy as np
import pytest
import torch

from m2t3.core.skeletons import COCO17
from m2t3.lifting.body_size import UNKNOWN
from m2t3.lifting.features import ANKLE_HEIGHT_M, feature_size, observation_features
from m2t3.lifting.rig import project, view_axes

J = COCO17.joint_count
RNG = np.random.default_rng(4)
UV = RNG.normal(0, 0.2, (6, J, 2))
CONFIDENCE = RNG.uniform(0, 1, (6, J))
DISTANCE_M, HEIGHT_M = RNG.uniform(1, 9, 6), RNG.uniform(0.3, 4, 6)
UNKNOWN_SIZE = np.zeros(6), np.full(6, UNKNOWN)


def features(uv=UV, confidence=CONFIDENCE, seen=None):
    seen = np.ones((6, J), bool) if seen is None else seen
    return observation_features(uv, confidence, seen, DISTANCE_M, HEIGHT_M, *UNKNOWN_SIZE, COCO17)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_joints_that_were_not_seen_leave_no_trace(share):
    seen = RNG.random((6, J)) < share
    noise = np.where(seen[..., None], 0, RNG.normal(0, 50, UV.shape))
    one = features(seen=seen)
    other = features(UV + noise, np.where(seen, CONFIDENCE, 0.7), seen)
    assert one.shape == (6, feature_size(COCO17))
    assert np.isfinite(one).all()
    np.testing.assert_array_equal(one, other)


def test_every_seen_joint_leaves_a_trace():
    for j in range(J):
        moved = UV.copy()
        moved[:, j] += 0.01
        assert (np.abs(features(moved) - features()).max(axis=-1) > 1e-3).all()


def test_numpy_and_torch_features_are_the_same():
    size = RNG.normal(0, 0.1, 6), RNG.uniform(0.01, 0.08, 6)
    arguments = (UV, CONFIDENCE, CONFIDENCE > 0.3, DISTANCE_M, HEIGHT_M, *size)
    theirs = observation_features(*map(torch.from_numpy, arguments), COCO17)
    np.testing.assert_allclose(observation_features(*arguments, COCO17), theirs, atol=1e-12)


@pytest.mark.parametrize("beyond_m", [-1.5, 0.0, 0.8, 2.0])
def test_an_ankle_on_the_floor_tells_its_distance(beyond_m):
    """The metric ground hits stand before the camera's five numbers and the size's two."""
    distance_m, height_m = np.array([4.0]), np.array([2.0])
    body_m = np.zeros((1, J, 3))
    body_m[0, :, 2] = 1.0
    for side, ankle in zip((-0.4, 0.3), COCO17.ankles, strict=True):
        body_m[0, ankle] = [beyond_m, side, ANKLE_HEIGHT_M]
    uv = project(body_m, *view_axes(distance_m, height_m))[:, 0]
    seen = np.ones((1, J), bool)
    size = np.zeros(1), np.full(1, UNKNOWN)
    found = observation_features(uv, np.ones((1, J)), seen, distance_m, height_m, *size, COCO17)
    hits = found[0, -15:-7].reshape(2, 4)
    np.testing.assert_allclose(3 * hits[:, 2], beyond_m, atol=1e-9)
    np.testing.assert_allclose(hits[:, 1], np.tanh(beyond_m), atol=1e-9)
    slope = (height_m[0] - ANKLE_HEIGHT_M) / (distance_m[0] + beyond_m)
    np.testing.assert_allclose(hits[:, 3], slope, atol=1e-9)


def test_an_ankle_above_the_horizon_hits_nothing_and_says_so():
    up = UV.copy()
    up[:, COCO17.ankles, 1] = -5.0
    hits = features(up)[:, -15:-7].reshape(6, 2, 4)
    assert np.isfinite(hits).all()
    np.testing.assert_allclose(hits[..., 2], 2.0)  # as far as is told
    assert (hits[..., 3] <= 0).all()  # a slope that nobody need trust
