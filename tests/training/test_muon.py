"""Muon in float32 is torch's Muon but for rounding, and goes on from its state."""

import copy

import torch

from m2t3.training.muon import Float32Muon, orthogonalised

QUINTIC = (3.4445, -4.7750, 2.0315)


def test_it_steps_as_torchs_own_does_to_bfloat16s_precision():
    torch.manual_seed(0)
    first = [torch.nn.Parameter(torch.randn(shape)) for shape in ((8, 8), (24, 8), (8, 24), (8, 8))]
    second = copy.deepcopy(first)
    options = {"lr": 0.01, "weight_decay": 0.1, "adjust_lr_fn": "match_rms_adamw"}
    theirs, ours = torch.optim.Muon(first, **options), Float32Muon(second, **options)
    begun = [p.detach().clone() for p in first]
    for _ in range(5):
        for a, b in zip(first, second, strict=True):
            a.grad = torch.randn_like(a)
            b.grad = a.grad.clone()
        theirs.step()
        ours.step()
    for a, b, before in zip(first, second, begun, strict=True):
        moved = (a - before).norm()
        assert moved > 0.02
        assert (a - b).norm() < 0.03 * moved
    ours.load_state_dict(theirs.state_dict())
    for a, b in zip(first, second, strict=True):
        torch.testing.assert_close(
            ours.state[b]["momentum_buffer"], theirs.state[a]["momentum_buffer"]
        )


def test_singular_values_come_near_one():
    matrices = torch.randn(5, 32, 12, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(orthogonalised(matrices, QUINTIC, 5, 1e-7))
    assert values.min() > 0.5
    assert values.max() < 1.3
