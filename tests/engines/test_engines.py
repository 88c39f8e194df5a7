"""Every engine gives torch's numbers; what cannot run says how to mend it."""

from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import onnxruntime
import pytest

from m2t3.core.errors import EngineError
from m2t3.core.messages import MAX_PEOPLE
from m2t3.engines import registry
from m2t3.engines.loading import load_denoiser
from m2t3.engines.manifest import find_weights
from m2t3.engines.onnx_engine import OnnxCudaDenoiser, OnnxDenoiser, OnnxTensorrtDenoiser
from m2t3.engines.onnx_export import example_inputs
from m2t3.engines.registry import ENGINES
from m2t3.engines.shapes import input_shapes
from m2t3.engines.torch_cuda_engine import TorchCudaDenoiser
from m2t3.engines.torch_engine import TorchDenoiser
from m2t3.lifting.denoiser import Denoiser, NetworkInputs

ON_CPU = [
    pytest.param(e, marks=pytest.mark.skipif(not find_spec(ENGINES[e].module), reason="not here"))
    for e in ("onnxruntime", "openvino", "torch", "torch-cuda")
]


def load(folder, engine):
    """An engine; torch's for GPUs computes on the CPU, without stream and graph."""
    if engine == "torch-cuda":
        return TorchCudaDenoiser(find_weights(str(folder)), device="cpu")
    return load_denoiser(str(folder), engine)


@pytest.mark.parametrize("engine", ON_CPU)
@pytest.mark.parametrize(
    ("people", "frames", "memory"), [(1, 1, 7), (4, 1, 7), (1, 8, 7), (2, 8, 7), (1, 5, 0)]
)
def test_an_engine_gives_torchs_numbers(
    exported, network, inputs, assert_alike, engine, people, frames, memory
):
    given = inputs(people, frames, memory)
    assert_alike(load(exported, engine)(given), TorchDenoiser(network)(given))


@pytest.mark.parametrize("engine", ON_CPU)
def test_an_engine_gives_torchs_numbers_in_real_windows(
    exported, network, real_inputs, assert_alike, engine
):
    reference, denoiser = TorchDenoiser(network), load(exported, engine)
    for given in real_inputs:
        assert_alike(denoiser(given), reference(given))


@pytest.mark.parametrize("engine", ON_CPU)
def test_an_engine_gives_torchs_numbers_whatever_the_switches(variant, assert_alike, engine):
    network, folder = variant
    reference, denoiser = TorchDenoiser(network), load(folder, engine)
    assert denoiser.shape == reference.shape
    rigs = np.array([2.0, 4.0, 9.0]), np.array([0.6, 3.0, 1.8])
    expected, found = reference.ground(*rigs), denoiser.ground(*rigs)
    given = NetworkInputs(*(x.numpy() for x in example_inputs(network.config, 3, 2, 7)))
    if network.config.sees_pointmaps:
        alone = denoiser.ground(*(numbers[:1] for numbers in rigs))
        for ours, one, theirs in zip(found, alone, expected, strict=True):
            np.testing.assert_allclose(one, theirs[:1], atol=2e-4, rtol=2e-4)
            np.testing.assert_allclose(ours, theirs, atol=2e-4, rtol=2e-4)
            assert np.ptp(theirs, axis=0).max() > 0.1  # rigs differ
        given = given._replace(ground_keys=expected.keys, ground_values=expected.values)
    else:
        assert found is expected is None
    assert_alike(denoiser(given), reference(given))


@pytest.mark.parametrize("engine", ON_CPU)
def test_an_engine_is_a_denoiser_that_says_what_it_is(exported, network, small, engine):
    denoiser = load(exported, engine)
    assert isinstance(denoiser, Denoiser)
    assert (denoiser.name, denoiser.weights) == (engine, small.manifest)
    assert denoiser.shape == TorchDenoiser(network).shape


@pytest.mark.parametrize("engine", ON_CPU)
def test_answers_are_the_callers_to_keep(exported, inputs, engine):
    denoiser = load(exported, engine)
    first = denoiser(inputs(1, 1, 7))
    copy = first.denoised.motion.copy()
    other = inputs(1, 1, 7)
    denoiser(other._replace(features=other.features + 1))
    np.testing.assert_array_equal(first.denoised.motion, copy)


@pytest.mark.gpu
@pytest.mark.parametrize("engine", ["torch-cuda", "onnxruntime-cuda", "onnxruntime-tensorrt"])
def test_an_engine_on_a_gpu_gives_torchs_numbers(
    exported, network, real_inputs, assert_alike, engine
):
    reference, denoiser = TorchDenoiser(network), load_denoiser(str(exported), engine)
    for given in (*real_inputs, *real_inputs):  # captured, then replayed
        assert_alike(denoiser(given), reference(given), atol=1e-3)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_that_is_not_installed_says_how_to_get_it(exported, monkeypatch, engine):
    monkeypatch.setattr(registry.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EngineError, match=rf"'{engine}' is not installed.*pip install"):
        load_denoiser(str(exported), engine)


def test_an_unknown_engine_is_refused_and_the_known_are_named(exported):
    with pytest.raises(EngineError, match=r"'onnx'.*auto, onnxruntime, openvino"):
        load_denoiser(str(exported), "onnx")


@pytest.mark.parametrize("engine", ["onnxruntime-cuda", "onnxruntime-tensorrt"])
def test_a_provider_that_is_not_there_is_an_error_and_not_the_cpu(exported, monkeypatch, engine):
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(EngineError, match=r"has no .*ExecutionProvider .*m2t3\[gpu\]"):
        load_denoiser(str(exported), engine)


def test_a_provider_that_gives_up_in_silence_is_an_error_too(small, monkeypatch):
    there = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    asked = []

    def make(path, options, providers):
        asked.extend(providers)
        return SimpleNamespace(get_providers=lambda: there[1:])

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: there)
    monkeypatch.setattr(onnxruntime, "InferenceSession", make)
    with pytest.raises(EngineError, match="CUDAExecutionProvider cannot run here"):
        OnnxCudaDenoiser(small)
    assert asked[0] == ("CUDAExecutionProvider", {"use_tf32": "0"})


def test_the_tensorrt_provider_is_told_the_shapes_of_a_stream(small, monkeypatch):
    there = [f"{name}ExecutionProvider" for name in ("Tensorrt", "CUDA", "CPU")]
    made = []

    class Session(onnxruntime.InferenceSession):
        def __init__(self, path, options, providers):
            made.append(dict(providers))

        def get_providers(self):
            return there

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: there)
    monkeypatch.setattr(onnxruntime, "InferenceSession", Session)
    OnnxTensorrtDenoiser(small)
    assert list(made[0]) == there
    options = made[0][there[0]]
    for which, people in (("min", 1), ("max", MAX_PEOPLE)):
        told = [part.split(":") for part in options[f"trt_profile_{which}_shapes"].split(",")]
        inputs = list(input_shapes(small.manifest.shape, people, 1, 1))
        assert [name for name, _ in told] == 2 * inputs  # new frames, and a rig's memory anew
        first = [tuple(map(int, sizes.split("x"))) for _, sizes in told[: len(inputs)]]
        memory = small.manifest.memory_frames - 1
        assert first == list(input_shapes(small.manifest.shape, people, 1, memory).values())


def test_no_session_goes_over_to_the_cpu_while_it_runs(small):
    assert not OnnxDenoiser(small)._session._enable_fallback


def test_torch_for_gpus_without_a_gpu_is_an_error(small, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(EngineError, match="sees no CUDA device"):
        TorchCudaDenoiser(small)


@pytest.mark.parametrize(
    ("change", "why"), [({"width": 128, "heads": 4}, "size mismatch"), ({"wings": 2}, "wings"),
                        ({"width": 33}, "33"), ({"layers": 9}, "lacks")],
)  # fmt: skip
def test_weights_of_another_version_cannot_run_in_torch(small, change_manifest, change, why):
    training = {"network": small.manifest.training["network"] | change}
    with pytest.raises(EngineError, match=rf"weights small: .*{why}.*m2t3 train export"):
        load_denoiser(str(change_manifest(training=training)), "torch")


def test_weights_that_do_not_tell_their_network_cannot_run_in_torch(change_manifest):
    with pytest.raises(EngineError, match=r"small.*training.network.*m2t3 train export"):
        load_denoiser(str(change_manifest(training={})), "torch")
