"""A small random network, as it is and exported."""

import json

import pytest
import torch

from m2t3.engines.manifest import Manifest, find_weights, sha256_of
from m2t3.engines.network import MotionDenoiser, NetworkConfig
from m2t3.lifting.denoiser import NetworkInputs
from m2t3.training.export import example_inputs, export_onnx, write_manifest

CONFIG = NetworkConfig(width=64, heads=2, layers=2, memory_frames=8)


@pytest.fixture(scope="session")
def network():
    """Weights large enough that every part of the network has its say."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = MotionDenoiser(CONFIG)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return network.eval()


@pytest.fixture(scope="session")
def exported(network, tmp_path_factory):
    """The folder of the exported network."""
    folder = tmp_path_factory.mktemp("weights") / "small"
    folder.mkdir()
    export_onnx(network, folder / "model.onnx")
    manifest = Manifest(
        name="small",
        sha256=sha256_of(folder / "model.onnx"),
        licence="free for all uses",
        data=("nothing",),
        skeleton=CONFIG.skeleton,
        layers=CONFIG.layers,
        heads=CONFIG.heads,
        head_width=CONFIG.width // CONFIG.heads,
        memory_frames=CONFIG.memory_frames,
        parameters=0,
        steps=0,
        minutes=0.0,
        commit="none",
        training={},
        metrics=(),
    )
    write_manifest(manifest, folder)
    return folder


@pytest.fixture
def small(exported):
    return find_weights(str(exported))


@pytest.fixture
def inputs():
    """Makes random inputs: people, new frames, remembered frames."""
    return lambda people, frames, memory: NetworkInputs(
        *(tensor.numpy() for tensor in example_inputs(CONFIG, people, frames, memory, seed=3))
    )


@pytest.fixture
def change_manifest(exported, tmp_path):
    """Copies the weights with some keys of their manifest changed; `...` leaves one out."""

    def change(**changes):
        folder = tmp_path / "changed"
        folder.mkdir()
        (folder / "model.onnx").write_bytes((exported / "model.onnx").read_bytes())
        content = {**json.loads((exported / "manifest.json").read_text()), **changes}
        kept = {key: value for key, value in content.items() if value is not ...}
        (folder / "manifest.json").write_text(json.dumps(kept))
        return folder

    return change
