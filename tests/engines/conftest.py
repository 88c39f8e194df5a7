"""A small random network, as it is and exported."""

import json
from dataclasses import replace

import pytest
import torch

from m2t3.engines.manifest import Manifest, find_weights, sha256_of
from m2t3.engines.network import MotionDenoiser, NetworkConfig
from m2t3.lifting.denoiser import NetworkInputs
from m2t3.training.export import example_inputs, export_ground, export_onnx, write_manifest

CONFIG = NetworkConfig(width=64, heads=2, layers=2, memory_frames=8)


@pytest.fixture(scope="session")
def make_network():
    """Makes networks with weights large enough that every part has its say."""

    def make(config):
        torch.set_num_threads(1)
        torch.manual_seed(0)
        network = MotionDenoiser(config)
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.add_(0.1 * torch.randn_like(parameter))
        return network.eval()

    return make


@pytest.fixture(scope="session")
def network(make_network):
    return make_network(CONFIG)


@pytest.fixture(scope="session")
def exported(network, tmp_path_factory):
    """The folder of the exported network."""
    return export(network, tmp_path_factory.mktemp("weights") / "small")


@pytest.fixture(
    scope="session",
    params=[
        {"ground": "pointmap"},
        {"ground": "both", "pointmap_px": 96},
        {"ground": "none", "decoupled": False},
    ],
    ids=lambda changes: changes["ground"],
)
def variant(request, make_network, tmp_path_factory):
    """A network with other switches, and the folder of its export."""
    network = make_network(replace(CONFIG, pointmap_channels=8, **request.param))
    return network, export(network, tmp_path_factory.mktemp("variant") / "small")


def export(network, folder):
    folder.mkdir()
    export_onnx(network, folder / "model.onnx")
    if network.config.sees_pointmaps:
        export_ground(network, folder / "ground.onnx")
    ground = folder / "ground.onnx"
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
        decoupled=network.config.decoupled,
        ground_sha256=sha256_of(ground) if ground.exists() else None,
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
