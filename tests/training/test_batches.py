"""Batches: reproducible, finite, and consistent with the rig that the stream uses."""

import dataclasses

import numpy as np
import pytest
import torch

from m2t3.core.skeletons import COCO17
from m2t3.lifting import representation
from m2t3.lifting.diffusion import Denoised
from m2t3.training.archive import read_archive
from m2t3.training.losses import LossWeights, denoiser_loss
from m2t3.training.windows.batches import Batch, WindowConfig, Windows
from m2t3.training.windows.bodies import BodyVariation
from m2t3.training.windows.mixing import BodyMixing
from m2t3.training.windows.noise import DetectorNoise
from m2t3.training.windows.tumbling import Tumbling

EXACT = DetectorNoise(exact=1.0, limb_window=0.0, cut_window=0.0, certain=1.0)


def windows(archive_path, seed=0, **changes):
    archive = read_archive(archive_path, COCO17)
    config = WindowConfig(**{"batch": 16, "frames": 20, **changes})
    return Windows([archive, archive], [1.0, 2.0], COCO17, config, seed)


def tensors(batch):
    return {f.name: getattr(batch, f.name) for f in dataclasses.fields(Batch)}


def test_the_same_seed_gives_the_same_batches_and_another_others(archive_path):
    one, same, other = (windows(archive_path, seed) for seed in (3, 3, 4))
    first = tensors(one.draw())
    for name, value in tensors(same.draw()).items():
        torch.testing.assert_close(value, first[name], rtol=0, atol=0)
    assert not torch.equal(other.draw().points_m, first["points_m"])
    assert not torch.equal(one.draw().points_m, first["points_m"])


@pytest.mark.parametrize("frames", [2, 20, 120])  # 120 is longer than a clip
def test_everything_in_a_batch_is_finite(archive_path, frames):
    drawn = windows(archive_path, frames=frames)
    for _ in range(5):
        for name, value in tensors(drawn.draw()).items():
            assert torch.isfinite(value.float()).all(), name


def test_people_stay_people_whatever_camera_and_clip(archive_path):
    batch = windows(archive_path, batch=64, tumbling=Tumbling(share=0.0)).draw()
    heights = batch.points_m[..., 2].amax(dim=2)
    assert heights.min() > 1.2
    assert heights.max() < 2.6
    hips = batch.points_m[:, :, COCO17.hips].mean(dim=2)
    near = hips[..., :2].norm(dim=-1).amin(dim=1) < 0.5 * batch.distances_m[:, 0, 0]
    assert near.float().mean() > 0.9  # of the anchor, which is a guess


def test_each_archive_has_soles_of_its_own(archive_path):
    level = BodyVariation(size=0.0, proportion=0.0, width=0.0, floor_m=0.0, platform=0.0)
    drawn = windows(
        archive_path, batch=200, body=dataclasses.replace(level, soles_m=(0.3, 0.0)),
        tumbling=Tumbling(share=0.0), mixing=BodyMixing(share=0.0),
    )  # fmt: skip
    lowest = drawn.draw().points_m[..., 2].amin(dim=(1, 2))
    raised = lowest > lowest.min() + 0.05
    assert 0.15 < raised.float().mean() < 0.4  # of the third that is the first archive's
    assert lowest[raised].max() < lowest.min() + 0.35


def test_v0_and_the_motion_vectors_are_the_truths(archive_path):
    batch = windows(archive_path, noise=EXACT).draw()
    views = representation.decode(batch.motion, batch.distances_m)
    seen = batch.seen
    assert seen.float().mean() > 0.9
    torch.testing.assert_close(views[:, :, 0][seen], batch.uv[seen], atol=1e-4, rtol=1e-4)


def test_the_truth_costs_nothing_and_anything_else_costs(archive_path):
    batch = windows(archive_path, noise=EXACT).draw()
    b, t = batch.seen.shape[:2]

    def loss(motion):
        joints = COCO17.joint_count
        denoised = Denoised(
            motion=motion,
            log_weight=torch.zeros(b, t, 4, joints),
            trust=torch.zeros(b, t, joints),
            log_error=torch.full((b, t, joints), -2.5),
            contact=torch.zeros(b, t, 2),
            depth_log_error=torch.full((b, t, 1), -15.0),
            ankle_height_m=torch.zeros(b, t, 2),
            ankle_log_error=torch.zeros(b, t, 2),
            size=torch.zeros(b, t, 2),
        )
        return denoiser_loss(denoised, batch, torch.ones(b), COCO17, LossWeights())[1]

    truth, off = loss(batch.motion), loss(batch.motion + 0.1)
    steady = ("velocity", "acceleration")
    for name in ("absolute", "relative", *steady, "bone", "reprojection", "motion"):
        # Each distance is rounded by 1 mm; the image of single-precision points near V0 by more.
        assert truth[name] < (0.02 if name == "reprojection" else 0.004), name
        assert off[name] > truth[name] + (0 if name in steady else 0.002), name
    back_and_forth = 0.1 * (-1.0) ** torch.arange(t)[:, None, None]
    shaken = loss(batch.motion + back_and_forth)
    assert shaken["acceleration"] > 1.5 * shaken["velocity"] > 3.0 * off["velocity"]


def test_a_standing_foot_is_in_contact_and_a_stepping_one_is_not(archive_path):
    batch = windows(archive_path, batch=64).draw()
    ankles = batch.points_m[:, :, COCO17.ankles]
    speed = (ankles.diff(dim=1).norm(dim=-1) / batch.dt_s[:, 1:, None]).numpy()
    assert torch.equal(batch.contact[:, 0], batch.contact[:, 1])  # nothing is before the first
    contact = batch.contact[:, 1:].numpy() > 0
    assert 0.2 < contact.mean() < 0.95
    assert speed[contact].max() < 0.2
    assert np.median(speed[~contact]) > 0.2
