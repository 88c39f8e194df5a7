"""Other bodies for a motion: feet stay, sides stay alike, mirror images are true, limbs turn."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from m2t3.core.skeletons import COCO17
from m2t3.training.windows.bodies import BodyVariation, vary_bodies

LEVEL = {"floor_m": 0.0, "platform": 0.0}
NONE = BodyVariation(size=0.0, proportion=0.0, width=0.0, mirror=0.0, **LEVEL)


@pytest.fixture
def motion(clips):
    """(8, T, J, 3): the walk eight times."""
    return torch.from_numpy(clips[1]).float().expand(8, -1, -1, -1).clone()


def vary(motion, variation, soles_m=0.0):
    soles = torch.full((len(motion),), soles_m)
    generator = torch.Generator().manual_seed(2)
    return vary_bodies(motion.clone(), COCO17, variation, soles, generator)


def length(positions, *names):
    a, b = COCO17.index(*names)
    return (positions[:, :, a] - positions[:, :, b]).norm(dim=-1)


def test_no_variation_is_the_same_body(motion):
    torch.testing.assert_close(vary(motion, NONE), motion, atol=1e-6, rtol=0)


def test_the_lowest_joint_keeps_its_height(motion):
    varied = vary(motion, BodyVariation(size=0.0, **LEVEL))
    assert (varied - motion).abs().max() > 0.05
    lowest, before = (p[..., 2].amin(dim=2) for p in (varied, motion))
    torch.testing.assert_close(lowest, before, atol=1e-6, rtol=0)


def test_floors_and_platforms_lift_a_window_as_a_whole(motion):
    lowest = vary(motion, BodyVariation(size=0.0, platform=1.0))[..., 2].amin(dim=2)
    lift = lowest - motion[..., 2].amin(dim=2)
    assert np.ptp(lift.numpy(), axis=1).max() < 1e-6
    assert lift[:, 0].std() > 0.01


def test_soles_lift_people_and_never_lower_them(motion):
    level = {**LEVEL, "mirror": 0.0}
    raised = vary(motion, BodyVariation(size=0.0, **level), 0.06)
    lift = raised[..., 2].amin(dim=2) - motion[..., 2].amin(dim=2)
    assert np.ptp(lift.numpy(), axis=1).max() < 1e-6
    assert 0.0 < lift.min() < 0.02 < 0.04 < lift.max() < 0.06


@pytest.mark.parametrize(
    "bone", [("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist")]
)
def test_bones_are_scaled_alike_on_both_sides_and_in_all_frames(motion, bone):
    varied = vary(motion, BodyVariation(mirror=0.0))
    scales = torch.stack([
        length(varied, *names) / length(motion, *names)
        for names in ([f"{side}_{end}" for end in bone] for side in ("left", "right"))
    ])  # fmt: skip
    torch.testing.assert_close(scales, scales[:1, :, :1].expand_as(scales), atol=1e-4, rtol=0)
    assert scales[0, :, 0].std() > 0.02  # and each window has its own


def test_a_mirror_image_exchanges_left_and_right(motion):
    mirrored = vary(motion, BodyVariation(0.0, 0.0, 0.0, mirror=1.0, **LEVEL))
    expected = motion * torch.tensor([1.0, -1.0, 1.0])
    left, right = COCO17.index("left_wrist", "right_wrist")
    torch.testing.assert_close(mirrored[:, :, left], expected[:, :, right], atol=1e-6, rtol=0)
    twice = vary(mirrored, BodyVariation(0.0, 0.0, 0.0, mirror=1.0, **LEVEL))
    torch.testing.assert_close(twice, motion, atol=1e-6, rtol=0)


@pytest.mark.parametrize(("bone", "inner"), [
    (("left_elbow", "left_wrist"), ("left_shoulder", "left_elbow")),
    (("right_knee", "right_ankle"), ("right_hip", "right_knee")),
])  # fmt: skip
def test_limbs_are_turned_at_their_joints_and_keep_their_length_and_their_motion(
    motion, bone, inner
):
    bent = vary(motion, replace(NONE, bent=1.0))
    torch.testing.assert_close(length(bent, *bone), length(motion, *bone), atol=1e-5, rtol=0)
    angle = torch.rad2deg(between(bent, motion, bone))
    assert (angle.std(dim=1) < angle.mean(dim=1)).all()  # a turn, not a shake
    assert 3 < angle.mean() < 45
    assert (between(bent, motion, bone) - between(bent, motion, inner)).abs().mean() > 0.02


def test_only_some_windows_are_bent(motion):
    many = motion[:1].expand(64, -1, -1, -1)
    bent = (vary(many, replace(NONE, bent=0.25)) - many).abs().amax(dim=(1, 2, 3)) > 1e-4
    assert 6 < bent.sum() < 28


def between(bodies, others, bone):
    """(B, T) angles between one bone of two bodies, radians."""
    a, b = COCO17.index(*bone)
    one, other = (p[:, :, b] - p[:, :, a] for p in (bodies, others))
    return torch.linalg.vecdot(F.normalize(one, dim=-1), F.normalize(other, dim=-1)).acos()
