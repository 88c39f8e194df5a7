"""Stage 1: it learns from what is known and nothing else, and stage 2 goes on from its answers."""

import dataclasses

import numpy as np
import pytest
import torch

from m2t3.core.skeletons import COCO17
from m2t3.lifting.representation import encode
from m2t3.lifting.rig import VIEWS
from m2t3.realtime.demo_person import demo_motion
from m2t3.training.archive import licence_of, read_archive
from m2t3.training.checkpoint import read_checkpoint
from m2t3.training.config import TrainConfig
from m2t3.training.losses import LossWeights
from m2t3.training.machines import Machines
from m2t3.training.pretraining import first_network, view_loss
from m2t3.training.run import train
from m2t3.training.stages import denoise, mocap_windows, pretrain_loss, view_windows
from m2t3.training.state import TrainingState
from m2t3.training.windows.recordings2d import assumed_camera

LEFT_WRIST, LEFT_KNEE = COCO17.index("left_wrist", "left_knee")
HIP = COCO17.hips[0]


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)  # sums in one order


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A recording of the demo person: a wrist that nobody saw, a knee seen now and then."""
    positions_world_m = demo_motion().positions_world_m[:90] + np.array([0, 5.0, 0])
    px = assumed_camera((1280, 720)).project(positions_world_m)
    keypoints = np.dstack([px, np.ones(px.shape[:2])]).astype(np.float32)
    keypoints[:, LEFT_WRIST] = [np.nan, np.nan, 0]
    keypoints[::9, LEFT_KNEE, 2] = 0.1
    path = tmp_path_factory.mktemp("recordings") / "a.npz"
    np.savez(path, keypoints=keypoints, fps=30.0, image_size=np.array([1280, 720]))
    return path.parent


@pytest.fixture(scope="module")
def config(tiny_config, folder, tmp_path_factory) -> TrainConfig:
    return tiny_config(tmp_path_factory.mktemp("stage1"), 200, recordings=folder)


@pytest.fixture(scope="module")
def drawing(config):
    """Makes what draws stage 1's batches: 3 windows of mocap, 1 of the recording."""
    archives = [read_archive(path, COCO17) for path in config.archives]
    return lambda seed=0: view_windows(config, archives, seed)


@pytest.fixture(scope="module")
def stage1(config):
    """The folder of a finished run of stage 1."""
    assert train(config, "pretrain") == 0
    return config.out


def test_the_same_seed_gives_the_same_batches(drawing):
    one, same, other = (drawing(seed).draw() for seed in (3, 3, 4))
    for name, value in vars(one).items():
        assert torch.isfinite(value.float()).all(), name
        torch.testing.assert_close(value, getattr(same, name), rtol=0, atol=0)
    assert not torch.equal(one.motion, other.motion)


def test_mocap_shows_four_views_and_a_recording_one(drawing):
    batch = drawing().draw()
    known = batch.known
    assert known.shape == (4, 10, VIEWS, COCO17.joint_count)
    assert known[:3].float().mean() > 0.9
    assert not known[3, :, 1:].any()
    assert not known[3, :, 0, LEFT_WRIST].any()
    assert known[3, :, 0, HIP].all()


def test_half_of_the_windows_are_not_observed(drawing):
    windows = drawing()
    silent = [(windows.draw().features == 0).all(dim=2).all(dim=1) for _ in range(24)]
    share = torch.stack(silent).float().mean(dim=0)
    assert 0.3 < share.mean() < 0.7
    assert ((share > 0) & (share < 1)).all(), share


def test_what_is_not_known_costs_nothing_and_teaches_nothing(drawing):
    batch = drawing().draw()
    answer = (batch.motion + torch.randn(batch.motion.shape)).requires_grad_()
    loss, _ = view_loss(answer, batch, LossWeights())
    loss.backward()
    local = answer.grad[..., : 2 * COCO17.joint_count].unflatten(-1, (-1, 2))
    assert (local[~batch.known] == 0).all()
    assert (local[batch.known] != 0).all()
    assert (answer.grad[3, :, 1:] == 0).all()
    # Whatever a hole is filled with, the loss is the same.
    filling = batch.motion.clone()
    filling[..., : 2 * COCO17.joint_count].unflatten(-1, (-1, 2))[~batch.known] += 1.0
    other, _ = view_loss(answer, dataclasses.replace(batch, motion=filling), LossWeights())
    assert other == loss


def test_a_hip_that_is_a_hole_does_not_move_the_truth(drawing):
    """All of a frame's motion vector hangs on its hips; the known joints' images do not."""
    batch = drawing().draw()
    known = batch.known.clone()
    known[..., HIP] = False
    uv = torch.rand(*known.shape, 2)
    moved = uv.clone()
    moved[..., HIP, :] += 0.3
    answer = torch.randn(batch.motion.shape)
    losses = [
        view_loss(
            answer,
            dataclasses.replace(batch, motion=encode(p, batch.distances_m, COCO17), known=known),
            LossWeights(),
        )[0]
        for p in (uv, moved)
    ]
    torch.testing.assert_close(*losses)


def test_the_truth_costs_nothing(drawing):
    batch = drawing().draw()
    terms = view_loss(batch.motion, batch, LossWeights())[1]
    assert all(term < 2e-3 for term in terms.values()), terms  # each distance is rounded by 1 mm


def test_only_what_stage_1_uses_is_trained(drawing, config):
    torch.manual_seed(0)
    network = first_network(config.network)
    batch = drawing().draw()
    batch = dataclasses.replace(batch, known=batch.known & (torch.arange(VIEWS) < 2)[:, None])
    pretrain_loss(network, batch, torch.Generator().manual_seed(0), config)[0].backward()
    idle = {name for name, p in network.named_parameters() if p.grad is None}
    assert idle == {
        *(f"blocks.0.view.{part}" for part in ("norm.weight", "norm.bias", "qkv.weight")),
        "blocks.0.view.out.weight", "front_head.weight", "front_head.bias",
    }  # fmt: skip
    width = config.network.width
    told = network.observe[-1].weight.grad
    assert (told[width:] == 0).all()
    assert told[:width].abs().max() > 0
    for parameter in (network.view, network.head):  # views 2 and 3 were not known
        assert (parameter.grad[2:] == 0).all()
        assert (parameter.grad[:2].flatten(1).abs().amax(dim=1) > 0).all()


def test_stage_1_learns(stage1, config, drawing):
    torch.manual_seed(config.seed)
    network = first_network(config.network)
    batches = [drawing(seed=9).draw() for _ in range(3)]

    def losses():
        for batch in batches:
            with torch.no_grad():
                terms = pretrain_loss(network, batch, torch.Generator().manual_seed(0), config)[1]
            yield [terms[name] for name in ("reprojection", "velocity", "motion")]

    before = torch.tensor(list(losses())).mean(dim=0)
    network.load_state_dict(read_checkpoint(stage1 / "last.pt")["network"])
    after = torch.tensor(list(losses())).mean(dim=0)
    assert (after < 0.9 * before).all(), after / before


def test_recordings_are_of_what_the_weights_learned_from(stage1, config, make_archive, tmp_path):
    (untold,) = set(read_checkpoint(stage1 / "last.pt")["sources"]) - {
        "made of sines, CC0", "made of sines, CC BY-NC 4.0"
    }  # fmt: skip
    assert config.recordings.name in untold
    assert licence_of([untold]).startswith("unknown")
    free = make_archive(clip_source=np.array(["made of sines, CC0"] * 2))
    told = dataclasses.replace(
        config, archives=(free,), steps=1, out=tmp_path, recordings_source="my videos, CC BY 4.0"
    )
    train(told, "pretrain")
    sources = read_checkpoint(tmp_path / "last.pt")["sources"]
    assert sources == ["made of sines, CC0", "my videos, CC BY 4.0"]
    assert licence_of(sources).startswith("free")


def test_an_interrupted_stage_1_ends_as_one_that_was_not(config, tmp_path):
    """Longer by and by: with a decay of next to nothing the rate does not depend on the length."""
    for out, lengths in (("whole", (4,)), ("parts", (2, 4))):
        for steps in lengths:
            run = dataclasses.replace(config, out=tmp_path / out, steps=steps, decay=1e-6)
            train(run, "pretrain")
    one, other = (read_checkpoint(tmp_path / out / "last.pt") for out in ("whole", "parts"))
    for name, value in one["network"].items():
        torch.testing.assert_close(other["network"][name], value, rtol=0, atol=0)


def test_stage_2_begins_with_the_answers_of_stage_1(stage1, config, drawing, tmp_path):
    archives = [read_archive(path, COCO17) for path in config.archives]
    config = dataclasses.replace(config, out=tmp_path, start=stage1 / "last.pt")
    stage2 = TrainingState(config, "finetune", archives, Machines(accelerator="cpu").launch())
    alone = first_network(config.network)
    alone.load_state_dict(read_checkpoint(stage1 / "last.pt")["average"])
    batch = mocap_windows(config, archives, seed=1).draw()
    x_t, level = torch.randn(batch.motion.shape), torch.rand(len(batch.motion))
    with torch.no_grad():
        expected = denoise(alone, batch, x_t, level, together=False).motion
        found = denoise(stage2.network, batch, x_t, level).motion
    torch.testing.assert_close(found, expected, rtol=0, atol=0)
    # And what stage 2 adds begins to learn at once.
    stage2.advance(1.0)
    opened = stage2.network.blocks[0].view.out.weight, stage2.network.observe[-1].weight[32:]
    assert all(weight.abs().max() > 0 for weight in opened)
