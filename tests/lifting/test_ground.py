"""The ground term: the image stays, a believed ankle comes to its height."""

import numpy as np
import pytest
import torch

from m2t3.core.skeletons import COCO17
from m2t3.lifting.ground import stand
from m2t3.lifting.rig import project, view_axes

RNG = np.random.default_rng(2)
DISTANCE_M, HEIGHT_M = np.array(4.0), np.array(1.8)
AXES, CENTERS_M = view_axes(DISTANCE_M, HEIGHT_M)
CAMERA_M = CENTERS_M[0]
BODY_M = RNG.uniform([-0.3, -0.3, 0.05], [0.3, 0.3, 1.7], (COCO17.joint_count, 3))


KNOWN, UNKNOWN = -12.0, 12.0  # log errors


def stood(body_m, ankle_height_m, ankle_log_error=(KNOWN, KNOWN), depth_log_error=0.0):
    return stand(
        body_m, np.array(ankle_height_m), np.array(ankle_log_error), np.array([depth_log_error]),
        CAMERA_M, COCO17.ankles,
    )  # fmt: skip


def test_a_body_off_in_depth_comes_back_when_its_ankle_heights_are_known():
    heights = BODY_M[list(COCO17.ankles), 2]
    for share in (0.9, 1.1):
        astray = CAMERA_M + (BODY_M - CAMERA_M) * share
        np.testing.assert_allclose(stood(astray, heights), BODY_M, atol=1e-5)


def test_the_image_never_changes():
    moved = stood(BODY_M, [0.3, 0.0], [-3.0, -3.0], -4.0)
    assert np.abs(moved - BODY_M).max() > 0.01
    before, after = (project(b, AXES, CENTERS_M)[0] for b in (BODY_M, moved))
    np.testing.assert_allclose(before, after, atol=1e-12)


def test_ankles_of_unknown_height_move_nothing():
    np.testing.assert_allclose(stood(BODY_M, [0.5, -0.5], [UNKNOWN, UNKNOWN]), BODY_M, atol=1e-5)


def test_what_is_expected_to_err_less_counts_by_the_square():
    """One ankle 1 m below the camera: its height's error in metres is its scale's error."""
    body = BODY_M.copy()
    body[COCO17.ankles[0], 2] = HEIGHT_M - 1.0
    told = HEIGHT_M - 1.1  # 10 % further
    for log_error, share in ((-4.0, 0.5), (-4.0 - np.log(3), 0.9), (-4.0 + np.log(3), 0.1)):
        moved = stood(body, [told, 0.0], [log_error, UNKNOWN], -4.0)
        scale = np.linalg.norm(moved[0] - CAMERA_M) / np.linalg.norm(body[0] - CAMERA_M)
        assert np.log(scale) == pytest.approx(share * np.log(1.1), rel=1e-4)


def test_the_ground_says_less_before_a_lower_camera():
    body = BODY_M.copy()
    body[list(COCO17.ankles), 2] = 0.1

    def share_moved(camera_height_m):
        camera = np.array([*CAMERA_M[:2], camera_height_m])
        errors = np.full(2, -4.0), np.array([-4.0])
        found = stand(body, np.full(2, 0.08), *errors, camera, COCO17.ankles)
        scale = np.linalg.norm(found[0] - camera) / np.linalg.norm(body[0] - camera)
        return np.log(scale) / np.log((camera_height_m - 0.08) / (camera_height_m - 0.1))

    assert 0.4 > share_moved(0.6) > 0.2
    assert 1.0 > share_moved(3.0) > 0.9


@pytest.mark.parametrize("ankle_height_m", [1.8, 2.5, np.float64(1e3), -1e3])
def test_an_ankle_at_or_above_the_camera_does_no_harm(ankle_height_m):
    body = BODY_M + np.array([0.0, 0.0, 1.75])
    moved = stood(body, [ankle_height_m, ankle_height_m])
    assert np.isfinite(moved).all()
    ratio = np.linalg.norm(moved - CAMERA_M, axis=-1) / np.linalg.norm(body - CAMERA_M, axis=-1)
    assert np.abs(np.log(ratio)).max() < 0.5 + 1e-9


def test_numpy_and_torch_agree_and_gradients_are_finite():
    arguments = [
        BODY_M, np.array([0.1, 0.2]), np.array([-3.0, -2.0]), np.array([-3.5]), CAMERA_M
    ]  # fmt: skip
    tensors = [torch.from_numpy(np.array(a)).requires_grad_() for a in arguments]
    theirs = stand(*tensors, COCO17.ankles)
    np.testing.assert_allclose(stand(*arguments, COCO17.ankles), theirs.detach(), atol=1e-12)
    theirs.sum().backward()
    assert all(torch.isfinite(t.grad).all() for t in tensors)
