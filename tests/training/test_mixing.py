"""Mixed bodies: halves and arms stay whole and fit on, and only upright ones are mixed."""

import pytest
import torch

from m2t3.core.skeletons import COCO17
from m2t3.training.windows.mixing import BodyMixing, mix_bodies

LEGS = list(range(11, 17))
UPPER = list(range(11))
LEFT_ARM, RIGHT_ARM = [5, 7, 9], [6, 8, 10]
ALL = BodyMixing(share=1.0)
ARMS = BodyMixing(share=0.0, arms=1.0)


@pytest.fixture
def motion(clips):
    """(2, T, J, 3): somebody waves, somebody walks the other way."""
    frames = min(map(len, clips))
    wave, walk = (torch.from_numpy(clip[:frames]).float() for clip in clips)
    return torch.stack([wave, walk * torch.tensor([-1.0, -1.0, 1.0])])


def mix(motion, mixing=ALL, seed=0):
    """Mixed with the windows in reversed order: of two, the other one."""
    donors = [motion.flip(0)] * 3
    return mix_bodies(motion, donors, COCO17, mixing, torch.Generator().manual_seed(seed))


def apart(positions):
    return torch.cdist(positions, positions, compute_mode="donot_use_mm_for_euclid_dist")


def heading_rad(positions, left, right):
    left, right = COCO17.index(left, right)
    across = positions[:, :, left] - positions[:, :, right]
    return torch.atan2(across[..., 1], across[..., 0])


def test_legs_stay_and_the_upper_body_is_the_others_unbent(motion):
    mixed = mix(motion)
    assert torch.equal(mixed[:, :, LEGS], motion[:, :, LEGS])
    torch.testing.assert_close(
        apart(mixed[:, :, UPPER]), apart(motion[:, :, UPPER]).flip(0), atol=1e-5, rtol=0
    )


def test_the_trunk_stands_on_the_hips_with_the_twist_it_was_recorded_with(motion):
    def twist(positions):
        turn = heading_rad(positions, "left_shoulder", "right_shoulder")
        turn = turn - heading_rad(positions, "left_hip", "right_hip")
        return torch.stack([turn.cos(), turn.sin()])

    def trunk(positions):
        return positions[:, :, [5, 6]].mean(dim=2) - positions[:, :, [11, 12]].mean(dim=2)

    mixed = mix(motion)
    torch.testing.assert_close(twist(mixed), twist(motion).flip(1), atol=1e-4, rtol=0)
    for size in (lambda v: v[..., 2], lambda v: v.norm(dim=-1)):
        torch.testing.assert_close(
            size(trunk(mixed)), size(trunk(motion)).flip(0), atol=1e-5, rtol=0
        )


def test_who_lies_neither_gives_nor_takes_and_keeps_both_arms(motion):
    motion[0] = motion[0][..., [2, 1, 0]]
    assert torch.equal(mix(motion), motion)
    assert torch.equal(mix(motion, ARMS)[0], motion[0])


def held(positions, arm):
    """How far an arm's joints reach up along the trunk, and how far they are from each other."""
    trunk = positions[:, :, [5, 6]].mean(dim=2) - positions[:, :, [11, 12]].mean(dim=2)
    reach = positions[:, :, arm] - positions[:, :, arm[:1]]
    up = (reach * torch.nn.functional.normalize(trunk, dim=-1)[:, :, None]).sum(-1)
    return torch.cat([up.flatten(2), apart(reach).flatten(2)], dim=2)


@pytest.mark.parametrize("arm", [LEFT_ARM, RIGHT_ARM])
def test_an_arm_is_another_windows_on_the_shoulder_that_it_comes_to(motion, arm):
    mixed = mix(motion, ARMS)
    torch.testing.assert_close(held(mixed, arm), held(motion, arm).flip(0), atol=1e-5, rtol=0)
    kept = [j for j in range(17) if j not in (*LEFT_ARM[1:], *RIGHT_ARM[1:])]
    assert torch.equal(mixed[:, :, kept], motion[:, :, kept])


def test_a_turned_donor_gives_the_same_arms(motion):
    turned = motion.clone()
    turned[..., :2] = torch.stack([-motion[..., 1], motion[..., 0]], dim=-1)
    torch.testing.assert_close(
        mix(torch.stack([motion[0], turned[1]]), ARMS, seed=3)[0],
        mix(motion, ARMS, seed=3)[0], atol=1e-5, rtol=0,
    )  # fmt: skip


@pytest.mark.parametrize("count", [1, 2, 7])
def test_a_share_of_nothing_changes_nothing(motion, count):
    motion = motion.repeat(4, 1, 1, 1)[:count]
    assert torch.equal(mix(motion, BodyMixing(share=0.0)), motion)


def test_the_share_of_upright_windows_is_mixed_and_seeded(motion):
    many = motion.repeat(200, 1, 1, 1)[:, :2] + torch.randn(400, 1, 1, 1)
    before = many.clone()
    mixed = mix(many, BodyMixing(share=0.2))
    changed = (mixed != many).flatten(1).any(dim=1).float().mean()
    assert 0.14 < changed < 0.26
    assert torch.equal(many, before)
    assert torch.equal(mixed, mix(many, BodyMixing(share=0.2)))
