"""A network learns whichever way it sees the ground, and however motion is written."""

from dataclasses import replace

import pytest
import torch

from m2t3.core.skeletons import COCO17
from m2t3.engines.network import MotionDenoiser
from m2t3.training.archive import read_archive
from m2t3.training.stages import STAGES

STEPS = 25


@pytest.fixture
def learn(tiny_config, tmp_path, archive_path):
    """Trains a tiny network on one batch: the network, and the loss at each step."""

    def run(**switches):
        torch.set_num_threads(1)
        config = tiny_config(tmp_path, STEPS)
        config = replace(config, network=replace(config.network, pointmap_channels=8, **switches))
        stage = STAGES["finetune"]
        batch = stage.drawing(config, [read_archive(archive_path, COCO17)], 0).draw()
        torch.manual_seed(0)
        network = MotionDenoiser(config.network)
        optimiser = torch.optim.Adam(network.parameters(), 3e-3)
        losses = []
        for _ in range(STEPS):
            optimiser.zero_grad()
            loss, _ = stage.loss(network, batch, torch.Generator().manual_seed(1), config)
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
        return network, losses

    return run


@pytest.mark.parametrize("decoupled", [True, False], ids=["decoupled", "global"])
@pytest.mark.parametrize("ground", ["rays", "pointmap", "both", "none"])
def test_the_loss_falls(learn, ground, decoupled):
    network, losses = learn(ground=ground, decoupled=decoupled)
    assert sum(losses[-5:]) < 0.85 * sum(losses[:5])
    if network.config.sees_pointmaps:  # the first convolution learns, and with it all behind it
        gradient = network.pointmaps.resnet.stem[0].weight.grad
        assert gradient.abs().max() > 0
