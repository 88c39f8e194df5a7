"""The detector model: exact when told so, and every fault is one that detectors have."""

import dataclasses

import pytest
import torch

from m2t3.core.skeletons import COCO17
from m2t3.training.windows.noise import DetectorNoise, observe, telegraph

B, T, J = 64, 24, COCO17.joint_count
UV = torch.randn(B, T, J, 2, generator=torch.Generator().manual_seed(0)) * 0.2
BODY_UV = torch.full((B,), 0.4)
EXACT = DetectorNoise(
    exact=1.0, jump=0.0, swap_window=0.0, limb_window=0.0, cut_window=0.0, missing=0.0, certain=1.0
)
MIRROR = list(COCO17.mirror)


def detect(**changes):
    noise = dataclasses.replace(EXACT, **changes)
    return observe(UV, BODY_UV, COCO17, noise, torch.Generator().manual_seed(1))


def test_exact_windows_are_unchanged():
    uv, confidence, seen = detect(jump=1.0, swap_window=1.0, missing=1.0, pitch_rad=0.1)
    torch.testing.assert_close(uv, UV)
    assert (confidence == 1).all()
    assert seen.all()


def test_swaps_exchange_mirrored_joints_and_nothing_else():
    uv, _, seen = detect(exact=0.0, sigma=(1e-9, 1e-9), pitch_rad=0.0, swap_window=1.0)
    own, other = ((uv - p).norm(dim=-1) < 1e-6 for p in (UV, UV[:, :, MIRROR]))
    assert (own | other).all()
    assert seen.all()
    swapped = (~own).any(dim=2)
    assert 0.1 < swapped.float().mean() < 0.4  # now and then, not mostly
    pairs = ~own[..., torch.tensor(COCO17.left_right)]
    assert (pairs[..., 0] == pairs[..., 1]).all()


@pytest.mark.parametrize(
    ("fault", "share"),
    [({"limb_window": 1.0}, (0.02, 0.2)), ({"cut_window": 1.0}, (0.05, 0.5)),
     ({"missing": 0.1, "exact": 0.0}, (0.08, 0.12))],
    ids=["limbs", "cut off", "singly"],
)  # fmt: skip
def test_missing_joints_are_flagged(fault, share):
    uv, confidence, seen = detect(**fault)
    assert share[0] < 1 - seen.float().mean() < share[1]
    assert torch.isfinite(uv).all()
    assert torch.isfinite(confidence).all()


def test_a_desk_hides_the_lower_body_all_the_time():
    _, _, seen = detect(desk_window=1.0)
    assert (seen == seen[:, :1]).all()
    shown = {tuple(window.nonzero().ravel().tolist()) for window in seen[:, 0]}
    assert shown == {tuple(range(7)), tuple(range(11)), tuple(range(13))}  # COCO's order
    assert 0.3 < detect(desk_window=0.5)[2][:, 0, -1].float().mean() < 0.7


def test_errors_grow_with_the_persons_size_and_confidence_falls_with_them():
    noise = DetectorNoise(exact=0.0, sigma=(0.02, 0.02), jump=0.02, certain=0.0, pitch_rad=0.0,
                          swap_window=0.0)  # fmt: skip
    found = {}
    for size in (0.1, 0.8):
        generator = torch.Generator().manual_seed(4)
        uv, confidence, _ = observe(UV, torch.full((B,), size), COCO17, noise, generator)
        found[size] = (uv - UV).norm(dim=-1)
        assert ((confidence >= 0.05) & (confidence <= 1)).all()
        error = found[size].flatten()
        worst = error > error.quantile(0.98)
        assert confidence.flatten()[worst].mean() < confidence.flatten()[~worst].mean() - 0.1
    torch.testing.assert_close(found[0.8], 8 * found[0.1], rtol=1e-3, atol=1e-6)
    assert 0.01 < found[0.8].median() / 0.8 < 0.04  # of the body, at a level of 0.02


def test_what_wanders_comes_and_goes_within_some_frames():
    """Without it, noise hardly differs between frames: most of it stays for a whole window."""
    fresh = {}
    for wander in (0.0, 5.0):
        noise = {"exact": 0.0, "sigma": (0.02, 0.02), "wander": wander, "pitch_rad": 0.0}
        error = detect(**noise)[0] - UV
        error = error - error.mean(dim=1, keepdim=True)
        kept = (error[:, 1:] * error[:, :-1]).mean() / error.square().mean()
        fresh[wander] = error.diff(dim=1).square().mean().sqrt()
    assert 0.4 < kept < 0.8
    assert fresh[5.0] > 3 * fresh[0.0]


def test_faults_come_and_go_at_the_rates_asked_for():
    state = telegraph((2000, 50), 0.05, 0.2, torch.Generator().manual_seed(0))
    assert abs(state.float().mean() - 0.05 / 0.25) < 0.01
    ends = (state[:, :-1] & ~state[:, 1:]).sum() / state[:, :-1].sum()
    assert abs(ends - 0.2) < 0.02
