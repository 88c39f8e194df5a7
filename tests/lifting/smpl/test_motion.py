"""A recording's bodies: joints within 10 mm, one shape, limbs that bend as limbs do."""

import numpy as np
import pytest

from m2t3.core.errors import M2t3Error
from m2t3.core.skeletons import COCO17, SKELETONS, SMPL24
from m2t3.lifting.smpl import motion as motion_module
from m2t3.lifting.smpl.evidence import Rays
from m2t3.lifting.smpl.motion import fit_motion

RNG = np.random.default_rng(5)


def sure(joints_m):
    return np.ones(joints_m.shape[:2])


def off_mm(a, b):
    return 1000 * np.linalg.norm(a - b, axis=-1)


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=SKELETONS)
def test_a_known_body_is_recovered(skeleton, person, model, joints_of):
    truth = person()
    joints_m = truth.joints_m(skeleton)
    found = fit_motion(model, skeleton, truth.fps, joints_m, sure(joints_m))
    again_m = joints_of(model, found.betas, found.poses_rotvec, found.trans_m, skeleton)
    assert off_mm(again_m, joints_m).max() < 10
    np.testing.assert_allclose(
        joints_of(model, found.betas, found.poses_rotvec, found.trans_m, SMPL24),
        found.joints_m, atol=1e-9,
    )  # fmt: skip
    np.testing.assert_allclose(found.residual_m, off_mm(again_m, joints_m).mean(1) / 1000)
    if skeleton is SMPL24:
        bones_m = [
            np.linalg.norm(np.diff(rest_m[np.array(SMPL24.bones)], axis=1), axis=-1)
            for rest_m in (model.rest_m(found.betas), model.rest_m(truth.betas))
        ]
        assert np.abs(bones_m[0] - bones_m[1]).max() < 0.006
        assert abs(found.betas[0] - truth.betas[0]) < 0.4


def test_knees_and_elbows_bend_one_way(person, model):
    """Even where noisy joints say that they bend the other way."""
    truth = person()
    joints_m = truth.joints_m(COCO17)
    joints_m += RNG.normal(0, 0.03, joints_m.shape)
    found = fit_motion(model, COCO17, truth.fps, joints_m, sure(joints_m), smoothness=0.0)
    names = SMPL24.joint_names
    for name, axis, sign in (
        ("left_knee", 0, 1), ("right_knee", 0, 1), ("left_elbow", 1, -1), ("right_elbow", 1, 1),
    ):  # fmt: skip
        bend = sign * found.poses_rotvec[:, names.index(name), axis]
        assert bend.min() > -0.1
        assert bend.max() > 0.5


def test_smoothness_takes_out_jitter_and_not_motion(person, model):
    truth = person(fps=60.0)
    joints_m = truth.joints_m(COCO17)
    noisy_m = joints_m + RNG.normal(0, 0.015, joints_m.shape)
    usual, rough = (
        fit_motion(model, COCO17, truth.fps, noisy_m, sure(joints_m), smoothness=s).joints_m
        for s in (1.0, 0.0)
    )
    seen = list(SMPL24.index(*(name for name in COCO17.joint_names if name in SMPL24.joint_names)))
    jerk = [np.abs(np.diff(m[:, seen], n=3, axis=0)).mean() for m in (usual, rough)]
    assert jerk[0] < jerk[1] / 4
    errors = [off_mm(m[:, seen], truth.bodies_m[:, seen]).mean() for m in (usual, rough)]
    assert errors[0] < 0.7 * errors[1]


def test_more_frames_a_second_are_smoothed_as_well(person, model):
    calm = []
    for fps in (30.0, 120.0):
        truth = person(fps=fps)
        noise_m = np.random.default_rng(0).normal(0, 0.03, (len(truth.bodies_m), 17, 3))
        joints_m = truth.joints_m(COCO17) + noise_m
        found = fit_motion(model, COCO17, fps, joints_m, sure(joints_m))
        calm.append(fps**2 * np.abs(np.diff(found.joints_m, n=2, axis=0)).mean())
    assert calm[1] < 1.7 * calm[0]  # a frame's own fit: sixteen times


def test_what_is_missing_is_bridged(person, model):
    truth = person()
    joints_m = truth.joints_m(COCO17)
    joints_m[40:50] = np.nan  # nobody
    joints_m[60:70, COCO17.index("left_wrist")] = np.nan
    joints_m[70:75, COCO17.index("left_hip")] = np.nan  # not enough to go by
    found = fit_motion(model, COCO17, truth.fps, joints_m, sure(joints_m))
    assert np.flatnonzero(np.isnan(found.residual_m)).tolist() == [*range(40, 50), *range(70, 75)]
    error_mm = off_mm(found.joints_m, truth.bodies_m)
    assert error_mm[[*range(40), *range(76, 90)]][:, SMPL24.index("left_knee")].max() < 12
    assert error_mm[40:50, SMPL24.index("pelvis")].max() < 60
    assert np.isfinite(found.poses_rotvec).all()


@pytest.mark.parametrize("known", [[40], [0, 89]], ids=["one frame", "both ends"])
@pytest.mark.parametrize(("fps", "smoothness"), [(30.0, 1e-6), (30.0, 1.0), (240.0, 1e6)])
def test_hardly_anything_is_enough(person, model, known, fps, smoothness):
    truth = person(fps=fps, seconds=90 / fps)
    joints_m = np.full((90, 17, 3), np.nan)
    joints_m[known] = truth.joints_m(COCO17)[known]
    found = fit_motion(model, COCO17, fps, joints_m, sure(joints_m), smoothness=smoothness)
    assert found.residual_m[known].max() < 0.03
    assert np.isfinite(found.poses_rotvec).all()
    assert np.abs(found.trans_m).max() < 3.0


def test_a_gap_of_whole_chunks_is_held(person, model, monkeypatch):
    truth = person()
    joints_m = truth.joints_m(COCO17)
    joints_m[30:70] = np.nan
    monkeypatch.setattr(motion_module, "CHUNK_FRAMES", 10)
    monkeypatch.setattr(motion_module, "MARGIN_S", 0.1)
    found = fit_motion(model, COCO17, truth.fps, joints_m, sure(joints_m))
    assert np.isfinite(found.poses_rotvec).all()
    np.testing.assert_array_equal(found.joints_m[45], found.joints_m[39])  # the last of a chunk
    assert off_mm(found.joints_m[75:, 4], truth.bodies_m[75:, 4]).max() < 12


def test_chunks_agree_where_they_meet(person, model, monkeypatch):
    truth = person()
    joints_m = truth.joints_m(COCO17) + RNG.normal(0, 0.02, (90, 17, 3))
    whole = fit_motion(model, COCO17, truth.fps, joints_m, sure(joints_m))
    monkeypatch.setattr(motion_module, "CHUNK_FRAMES", 30)
    told = []
    parts = fit_motion(model, COCO17, truth.fps, joints_m, sure(joints_m), done=told.append)
    assert told == [30, 30, 30]
    assert off_mm(whole.joints_m, parts.joints_m).max() < 1


def test_the_picture_is_fitted_too(person, model):
    """Joints whose depth is wrong, before a camera that sees where they are."""
    truth = person()
    joints_m = truth.joints_m(COCO17)
    center_m = np.array([0.0, -5.0, 1.6])
    away = (joints_m - center_m) / np.linalg.norm(joints_m - center_m, axis=-1, keepdims=True)
    aside = np.cross(away, [0.0, 0.0, 1.0])
    lifted_m = joints_m + RNG.normal(0, 0.03, (90, 17, 1)) * away + 0.03 * aside
    rays = Rays(center_m, away, sure(joints_m))
    errors_mm = []
    for seen in (None, rays):
        found = fit_motion(model, COCO17, truth.fps, lifted_m, sure(joints_m), seen)
        off = found.joints_m - truth.bodies_m
        knee = SMPL24.index("left_knee")[0]
        errors_mm.append(1000 * np.abs((off[:, knee] * aside[:, 0]).sum(-1)).mean())
    assert errors_mm[1] < 0.8 * errors_mm[0]  # the one error is 20 mm, the other 30


def test_any_facing_and_lying_down_is_found(person, model, joints_of):
    from scipy.spatial.transform import Rotation

    truth = person(seconds=0.5)
    joints_m = truth.joints_m(COCO17)
    for turn in Rotation.random(12, rng=np.random.default_rng(0)).as_matrix():
        turned_m = joints_m @ turn.T
        found = fit_motion(model, COCO17, truth.fps, turned_m, sure(joints_m))
        again_m = joints_of(model, found.betas, found.poses_rotvec, found.trans_m, COCO17)
        assert off_mm(again_m, turned_m).max() < 15


def test_nobody_to_fit_is_said(model):
    nothing = np.full((4, 17, 3), np.nan)
    with pytest.raises(M2t3Error, match="no frame of 4 has both hips and both shoulders"):
        fit_motion(model, COCO17, 30.0, nothing, np.zeros((4, 17)))
