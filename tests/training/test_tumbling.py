"""Tumbled bodies: rigidly turned, on the floor, smooth, and hardly slipping."""

import numpy as np
import pytest
import torch

from m2t3.core.skeletons import COCO17
from m2t3.training.windows.tumbling import Tumbling, flesh_m, tumble_bodies

WINDOWS = 64
STILL = Tumbling(share=1.0, still=1.0, ease=0.0)
EASING = Tumbling(share=1.0, still=0.0, ease=1.0)
TURNING = Tumbling(share=1.0, still=0.0, ease=0.0)
ALL_KINDS = Tumbling(share=1.0)
HIPS = list(COCO17.hips)


@pytest.fixture
def t_s():
    """(64, 45) frame times at 20 to 50 frames a second."""
    return torch.arange(45) / torch.linspace(20, 50, WINDOWS)[:, None]


@pytest.fixture
def walk(clips):
    """(64, 45, J, 3): one walk many times."""
    return torch.from_numpy(clips[1][:45]).float().expand(WINDOWS, -1, -1, -1).clone()


@pytest.fixture
def statue(walk):
    """(64, 45, J, 3): nothing moves."""
    return walk[:, :1].expand(-1, 45, -1, -1).clone()


def tumble(motion, t_s, tumbling, seed=0):
    return tumble_bodies(motion, t_s, COCO17, tumbling, torch.Generator().manual_seed(seed))


def second_difference(positions, t_s):
    step_s = t_s.diff(dim=1)[:, 1:].reshape(-1, t_s.shape[1] - 2, *[1] * (positions.ndim - 2))
    return positions.diff(n=2, dim=1) / step_s**2


@pytest.mark.parametrize("tumbling", [STILL, EASING, TURNING])
def test_all_distances_within_the_body_are_kept(walk, t_s, tumbling):
    def apart(positions):
        return torch.cdist(positions, positions, compute_mode="donot_use_mm_for_euclid_dist")

    tumbled = tumble(walk, t_s, tumbling)
    assert (tumbled - walk).abs().amax(dim=(1, 2, 3)).min() > 0.1
    torch.testing.assert_close(apart(tumbled), apart(walk), atol=1e-5, rtol=0)


def test_bodies_are_turned_and_not_mirrored(walk, t_s):
    a, b, c, d = COCO17.index("left_hip", "right_hip", "left_shoulder", "left_wrist")

    def volume(p):
        edges = torch.stack([p[:, :, b], p[:, :, c], p[:, :, d]], dim=-1) - p[:, :, a, :, None]
        return torch.linalg.det(edges)

    torch.testing.assert_close(
        volume(tumble(walk, t_s, ALL_KINDS)), volume(walk), atol=1e-5, rtol=0
    )


@pytest.mark.parametrize("tumbling", [STILL, EASING, TURNING])
def test_nothing_sinks_into_the_floor(walk, t_s, tumbling):
    room = tumble(walk, t_s, tumbling)[..., 2] - flesh_m(COCO17)
    assert room.min() > -0.05  # flesh gives that much, joints stay over the floor
    assert tumble(walk, t_s, tumbling)[..., 2].min() > -0.03


def test_who_is_held_still_lies_on_the_floor(statue, t_s):
    tumbled = tumble(statue, t_s, STILL)
    room = (tumbled[..., 2] - flesh_m(COCO17)).amin(dim=-1)
    torch.testing.assert_close(room, torch.zeros_like(room), atol=1e-4, rtol=0)
    torch.testing.assert_close(tumbled, tumbled[:, :1].expand_as(tumbled), atol=1e-4, rtol=0)


def test_a_rigid_turn_adds_only_its_own_acceleration_and_a_soft_landing(statue, t_s):
    tumbled = tumble(statue, t_s, TURNING)
    pelvis = tumbled[:, :, HIPS].mean(dim=2)
    fastest = 2 * np.pi * TURNING.turns_s
    arm = (statue - statue[:, :, HIPS].mean(dim=2, keepdim=True)).norm(dim=-1)
    turning = second_difference(tumbled - pelvis[:, :, None], t_s).norm(dim=-1)
    assert (turning <= 1.01 * fastest**2 * arm[:, 1:-1] + 0.1).all()
    path = second_difference(pelvis, t_s)
    assert path.norm(dim=-1).max() < 5 * 9.81
    assert path[..., 2].min() > -1.1 * 9.81  # no faster down than free fall


def test_rolling_carries_the_body_along(statue, t_s):
    tumbled = tumble(statue, t_s, TURNING)
    pelvis = tumbled[:, :, HIPS].mean(dim=2)[..., :2]
    speed = pelvis.diff(dim=1).norm(dim=-1) / t_s.diff(dim=1)
    assert speed.max() < TURNING.travel_m_s + 0.01
    assert speed.mean(dim=1).median() > 0.3


def test_slow_falls_do_not_slip(statue, t_s):
    slow = Tumbling(share=1.0, still=0.0, ease=1.0, ease_s=(4.0, 4.0))
    tumbled = tumble(statue, t_s, slow)
    lowest = (tumbled[..., 2] - flesh_m(COCO17)).argmin(dim=-1)[:, 1:, None]
    speed = tumbled[..., :2].diff(dim=1).norm(dim=-1) / t_s.diff(dim=1)[..., None]
    body = speed.mean(dim=-1)
    assert speed.gather(2, lowest).mean() < 0.35 * body.mean()


def test_a_share_of_nothing_changes_nothing(walk, t_s):
    assert torch.equal(tumble(walk, t_s, Tumbling(share=0.0)), walk)


def test_the_share_is_tumbled_and_seeded(walk, t_s):
    many, times = walk[:, :3].repeat(8, 1, 1, 1), t_s[:, :3].repeat(8, 1)
    before = many.clone()
    tumbled = tumble(many, times, Tumbling(share=0.2))
    changed = (tumbled != many).flatten(1).any(dim=1).float().mean()
    assert 0.14 < changed < 0.26
    assert torch.equal(many, before)
    assert torch.equal(tumbled, tumble(many, times, Tumbling(share=0.2)))


@pytest.mark.parametrize("frames", [1, 2, 45])
def test_windows_of_any_length_with_dropped_frames_stay_finite(walk, t_s, frames):
    t_s = t_s + 5.0 * (torch.arange(45) > 20)
    tumbled = tumble(walk[:, :frames], t_s[:, :frames], ALL_KINDS)
    assert tumbled.shape == (WINDOWS, frames, 17, 3)
    assert tumbled.isfinite().all()
