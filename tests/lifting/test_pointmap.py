"""A pointmap is the ground as the view's own camera would see it."""

import numpy as np
import pytest
import torch

from m2t3.lifting.pointmap import HALF_SPAN_M, REACH_M, UNIT_M, ground_pointmaps
from m2t3.lifting.rig import VIEWS, project, view_axes, view_distances

DISTANCE_M, HEIGHT_M, PX = np.array([1.5, 4.0, 12.0]), np.array([0.4, 2.2, 4.5]), 24
MAPS = ground_pointmaps(DISTANCE_M, HEIGHT_M, PX)
GROUND_M, SEEN = MAPS[..., :2] * UNIT_M, MAPS[..., 2] == 1
NEAR = SEEN & (np.linalg.norm(GROUND_M, axis=-1) < REACH_M - 1e-6)  # not pulled nearer


def pixels(points_m):
    """(B, V, P, P, 2) where points of the ground (B, V, P, P, 2) are in their views' images."""
    b = len(points_m)
    points_m = np.concatenate([points_m, np.zeros_like(points_m[..., :1])], axis=-1)
    axes, centers = view_axes(DISTANCE_M, HEIGHT_M)
    uv = project(points_m.reshape(b, VIEWS, -1, 3), axes[:, :, None], centers[:, :, None])
    half = HALF_SPAN_M / view_distances(DISTANCE_M, HEIGHT_M)
    uv = uv.reshape(b, VIEWS, PX, PX, 2) / half[..., None, None, None]
    return (uv + 1) * PX / 2 - 0.5


def test_a_pixel_below_the_horizon_lies_on_the_ground_and_projects_back_onto_itself():
    rows, columns = np.mgrid[:PX, :PX]
    itself = np.broadcast_to(np.stack([columns, rows], axis=-1), (*NEAR.shape, 2))
    assert NEAR.mean(axis=(2, 3)).min() > 0.1  # each view sees some
    np.testing.assert_allclose(pixels(GROUND_M)[NEAR], itself[NEAR], atol=1e-6)


def test_ground_too_far_away_is_shown_in_its_direction_at_the_reach():
    far = SEEN & ~NEAR
    assert far.any()
    np.testing.assert_allclose(np.linalg.norm(GROUND_M[far], axis=-1), REACH_M)
    assert (GROUND_M[:, 0][far[:, 0]][:, 0] > 0).all()  # before V0, not behind it


def test_there_is_no_ground_above_the_horizon_and_all_of_it_below():
    level = SEEN[:, 1:]  # the virtual cameras look straight ahead
    assert not level[..., : PX // 2, :].any()
    assert level[..., PX // 2 :, :].all()
    assert not SEEN[0, 0, : PX // 2].any()  # a camera below the gaze point looks up
    assert SEEN[2, 0, PX // 2 - 2 :].all()  # one above looks down
    assert not MAPS[~SEEN].any()


def test_the_virtual_views_are_the_same_in_every_rig():
    np.testing.assert_array_equal(MAPS[1:, 1:], MAPS[:2, 1:])
    assert np.abs(MAPS[1, 0] - MAPS[2, 0]).max() > 0.1


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_torch_and_numpy_see_the_same_ground(dtype):
    theirs = ground_pointmaps(*(torch.tensor(a, dtype=dtype) for a in (DISTANCE_M, HEIGHT_M)), PX)
    assert theirs.dtype == dtype
    np.testing.assert_allclose(theirs.numpy(), MAPS, atol=1e-4)
