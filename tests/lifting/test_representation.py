"""Eq. 1 both ways: a motion vector is the four views, no more and no less."""

import numpy as np
import pytest
import torch

from m2t3.core.skeletons import COCO17
from m2t3.lifting.representation import decode, encode, motion_size
from m2t3.lifting.rig import VIEWS, view_distances

RNG = np.random.default_rng(3)
VIEWS_UV = RNG.normal(0, 0.2, (2, 5, VIEWS, COCO17.joint_count, 2))
DISTANCES_M = view_distances(RNG.uniform(1, 9, (2, 5)), RNG.uniform(0.5, 4, (2, 5)))


@pytest.mark.parametrize("array", [np.asarray, torch.from_numpy], ids=["numpy", "torch"])
def test_decode_undoes_encode(array):
    motion = encode(array(VIEWS_UV), array(DISTANCES_M), COCO17)
    assert motion.shape == (2, 5, VIEWS, motion_size(COCO17.joint_count))
    np.testing.assert_allclose(decode(motion, array(DISTANCES_M)), VIEWS_UV, atol=1e-12)


def test_numpy_and_torch_encode_alike():
    ours = encode(VIEWS_UV, DISTANCES_M, COCO17)
    theirs = encode(torch.from_numpy(VIEWS_UV), torch.from_numpy(DISTANCES_M), COCO17)
    np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-12)


@pytest.mark.parametrize("array", [np.asarray, torch.from_numpy], ids=["numpy", "torch"])
def test_global_2d_as_it_is_comes_back_too(array):
    motion = encode(array(VIEWS_UV), array(DISTANCES_M), COCO17, decoupled=False)
    assert motion.shape == (2, 5, VIEWS, motion_size(COCO17.joint_count, decoupled=False))
    np.testing.assert_allclose(decode(motion, array(DISTANCES_M)), VIEWS_UV, atol=1e-12)


def test_place_and_size_do_not_touch_the_local_pose():
    joints = COCO17.joint_count
    one = encode(VIEWS_UV, DISTANCES_M, COCO17)
    other = encode(1.5 * VIEWS_UV + 0.1, DISTANCES_M, COCO17)
    np.testing.assert_allclose(other[..., : 2 * joints], one[..., : 2 * joints], atol=1e-12)
    assert (np.abs(other - one)[..., 2 * joints :].max(axis=-1) > 1).all()


def test_a_body_shrunk_to_a_point_stays_finite():
    motion = encode(np.zeros_like(VIEWS_UV), DISTANCES_M, COCO17)
    assert np.isfinite(motion).all()
    np.testing.assert_allclose(decode(motion, DISTANCES_M), 0)
