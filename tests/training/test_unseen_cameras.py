"""Evaluation's cameras: anything a person may set up, as long as it sees the clip."""

import numpy as np
import pytest

from m2t3.calibration.camera_checks import check_camera
from m2t3.core.errors import M2t3Error
from m2t3.training.evaluation.unseen_cameras import camera_that_sees


def test_cameras_see_nearly_all_and_stand_everywhere(clips):
    rng = np.random.default_rng(1)
    heights, rolls = [], []
    for i in range(30):
        clip = clips[i % 2]
        camera = camera_that_sees(clip, rng)
        check_camera(camera)
        px = camera.project(clip)
        inside = ((px >= 0) & (px < [camera.width_px, camera.height_px])).all(axis=-1)
        assert inside.mean() >= 0.95
        heights.append(camera.t_world_camera_m[2])
        rolls.append(np.degrees(np.arcsin(camera.R_world_camera[2, 0])))
    assert min(heights) < 1.2
    assert max(heights) > 2.8
    assert np.ptp(rolls) > 30


def test_the_same_seed_gives_the_same_camera(clips):
    one, same, other = (camera_that_sees(clips[0], np.random.default_rng(s)) for s in (5, 5, 6))
    np.testing.assert_array_equal(one.R_world_camera, same.R_world_camera)
    assert not np.array_equal(one.R_world_camera, other.R_world_camera)


def test_a_clip_that_no_camera_sees_is_refused(clips):
    with pytest.raises(M2t3Error, match="no camera"):
        camera_that_sees(clips[0] * 100, np.random.default_rng(0))
