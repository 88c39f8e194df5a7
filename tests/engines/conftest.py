"""A small random network, as it is and exported."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

import m2t3
from m2t3.calibration.camera_files.camera_file import read_camera_file
from m2t3.engines.manifest import Manifest, find_weights, sha256_of
from m2t3.engines.network import MotionDenoiser, NetworkConfig
from m2t3.engines.onnx_engine import OnnxDenoiser
from m2t3.engines.onnx_export import example_inputs, export_ground, export_onnx
from m2t3.lifting.denoiser import ANSWERS, NetworkInputs
from m2t3.lifting.lifter import Lifter
from m2t3.lifting.people import Observation
from m2t3.lifting.recording import read_recording
from m2t3.training.export import write_manifest

CONFIGS = Path(m2t3.__file__).parent / "configs"
CONFIG = NetworkConfig(width=64, heads=2, layers=2, memory_frames=8)


@pytest.fixture(scope="session")
def assert_alike():
    """Asserts that two answers have the same numbers, up to single precision in another order."""

    def compare(found, expected, atol=1e-4):
        pairs = {name: (getattr(found.denoised, name), getattr(expected.denoised, name))
                 for name in ANSWERS}  # fmt: skip
        pairs |= {"keys": (found.keys, expected.keys), "values": (found.values, expected.values)}
        for name, (ours, reference) in pairs.items():
            # of unit-variance numbers, and relative to larger ones
            np.testing.assert_allclose(ours, reference, atol=atol, rtol=atol, err_msg=name)
            assert np.std(reference) > 1e-3 or reference.size <= 2, name

    return compare


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
    network = make_network(replace(CONFIG, layers=1, pointmap_channels=8, **request.param))
    return network, export(network, tmp_path_factory.mktemp("variant") / "small")


def export(network, folder):
    folder.mkdir()
    export_onnx(network, folder / "model.onnx")
    c = network.config
    if c.sees_pointmaps:
        export_ground(network, folder / "ground.onnx")
    ground = folder / "ground.onnx"
    manifest = Manifest(
        name="small",
        sha256=sha256_of(folder / "model.onnx"),
        licence="free for all uses",
        data=("nothing",),
        skeleton=c.skeleton,
        layers=c.layers,
        heads=c.heads,
        head_width=c.width // c.heads,
        memory_frames=c.memory_frames,
        parameters=0,
        steps=0,
        minutes=0.0,
        commit="none",
        training={"network": asdict(c)},
        metrics=(),
        decoupled=c.decoupled,
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


@pytest.fixture(scope="session")
def real_inputs(exported):
    """What the lifter asks of the network while the built-in person walks: frames, moved rigs."""
    camera = read_camera_file(CONFIGS / "cam0.yaml").camera
    recording = read_recording(CONFIGS / "demo_walk.npz")
    asked = []

    class Listening(OnnxDenoiser):
        def __call__(self, inputs):
            asked.append(NetworkInputs(*(a if a is None else a.copy() for a in inputs)))
            return super().__call__(inputs)

    lifter = Lifter(camera, Listening(find_weights(str(exported))))
    for t in range(12):
        lifter.lift([
            Observation(
                person, recording.t_capture_ns[t] / 1e9,
                recording.keypoints_px[t, 0].astype(float) + 90.0 * person,
                recording.confidence[t, 0].astype(float),
            )
            for person in range(1 + t % 2)
        ])  # fmt: skip
    frames = {inputs.features.shape[:2] for inputs in asked}
    assert {(1, 1), (2, 1), (1, CONFIG.memory_frames)} <= frames
    return asked


@pytest.fixture(scope="session")
def lifted_demo():
    """Lifts the first frames of the built-in walk with a denoiser."""
    camera = read_camera_file(CONFIGS / "cam0.yaml").camera
    recording = read_recording(CONFIGS / "demo_walk.npz")

    def lift(denoiser, frames):
        lifter = Lifter(camera, denoiser)
        return np.stack([
            lifter.lift([
                Observation(0, ns / 1e9, px.astype(float), confidence.astype(float))
            ]).people[0].positions_world_m
            for ns, px, confidence in zip(
                recording.t_capture_ns[:frames], recording.keypoints_px[:frames, 0],
                recording.confidence[:frames, 0], strict=True,
            )
        ])  # fmt: skip

    return lift


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
