"""TensorRT: everything around it, with a stand-in that computes by ONNX Runtime.

What a plan is made of, where it is kept, when it is refused, and that the numbers which go in and
come out are those of the network. TensorRT itself has not been run.
"""

import sys

import numpy as np
import onnx
import pytest

from m2t3.__main__ import main
from m2t3.core.errors import EngineError
from m2t3.core.messages import MAX_PEOPLE
from m2t3.engines import tensorrt_plan
from m2t3.engines.cache import VARIABLE
from m2t3.engines.machine import Gpu
from m2t3.engines.manifest import DEFAULT_WEIGHTS, Weights, find_weights
from m2t3.engines.onnx_engine import OnnxDenoiser
from m2t3.engines.onnx_export import example_inputs, export_onnx
from m2t3.engines.onnx_parameters import network_of
from m2t3.engines.torch_engine import TorchDenoiser
from m2t3.lifting.denoiser import OUTPUT_NAMES, NetworkInputs

from .fake_tensorrt import Engine, OnnxParser, fake

HALF_TOLERANCE = 0.03  # of numbers of unit variance: float16 keeps three digits


@pytest.fixture
def tensorrt(monkeypatch, tmp_path):
    """Puts a TensorRT and a GPU in place; answers how to change what they say of themselves."""

    def change(version="11.4.0.106", gpu="NVIDIA H100 80GB HBM3", driver="550.54.15"):
        for module in [name for name in sys.modules if name.startswith("m2t3.engines.tensorrt_")]:
            if module != tensorrt_plan.__name__:  # they have the TensorRT before
                monkeypatch.delitem(sys.modules, module)
        monkeypatch.setitem(sys.modules, "tensorrt", fake(version))
        monkeypatch.setattr(tensorrt_plan, "gpu", lambda: Gpu(gpu, driver))

    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    change()
    return change


@pytest.fixture(scope="session")
def half(network, tmp_path_factory):
    """The network's graph in half precision."""
    path = tmp_path_factory.mktemp("half") / "half.onnx"
    export_onnx(network, path, "fp16")
    return path


@pytest.fixture
def graph_is(monkeypatch):
    """Lets a graph that is there already stand for an export, which takes long."""

    def put(graph, precision):
        def export(network, path, asked):
            assert asked == precision
            path.write_bytes(graph.read_bytes())

        monkeypatch.setattr("m2t3.engines.onnx_export.export_onnx", export)

    return put


@pytest.fixture
def compiled(tensorrt, exported, half, graph_is, capsys):
    """Weights with a plan in half precision."""
    graph_is(half, "fp16")
    assert main(["compile", "--engine", "tensorrt", "--precision", "fp16",
                 "--weights", str(exported)]) == 0  # fmt: skip
    assert "m2t3-stream --engine tensorrt" in capsys.readouterr().out
    return find_weights(str(exported))


def load(weights):
    from m2t3.engines.tensorrt_engine import TensorrtDenoiser

    return TensorrtDenoiser(weights, device="cpu")


def test_a_half_precision_graph_has_single_precision_ends(network, half):
    graph = onnx.load(half).graph
    ends = {t.name: t.type.tensor_type.elem_type for t in (*graph.input, *graph.output)}
    assert set(OUTPUT_NAMES) <= set(ends)
    assert set(ends.values()) == {onnx.TensorProto.FLOAT}
    norms = [n.input[0] for n in graph.node if n.op_type == "LayerNormalization"]
    kinds = {v.name: v.type.tensor_type.elem_type for v in graph.value_info}
    assert {kinds[name] for name in norms} == {onnx.TensorProto.FLOAT}
    matrices = [t for t in graph.initializer if len(t.dims) == 2 and min(t.dims) > 8]
    half = [t for t in matrices if t.data_type == onnx.TensorProto.FLOAT16]
    assert len(half) > 4 * network.config.layers


def test_a_compiled_network_gives_torchs_numbers_in_real_windows(
    compiled, network, real_inputs, assert_alike
):
    reference, denoiser = TorchDenoiser(network), load(compiled)
    assert denoiser.name == "tensorrt-fp16"
    for given in real_inputs:
        assert_alike(denoiser(given), reference(given), atol=HALF_TOLERANCE)


def test_a_new_plan_has_the_engines_measured_anew(
    tensorrt, exported, half, graph_is, tmp_path, capsys
):
    measured = tmp_path / "cache" / "engines.json"
    measured.parent.mkdir()
    measured.write_text("{}")
    graph_is(half, "fp16")
    assert main(["compile", "--weights", str(exported)]) == 0
    assert not measured.exists()


def test_each_shape_of_call_is_prepared_once(compiled, real_inputs):
    denoiser, before = load(compiled), Engine.contexts
    for given in (*real_inputs, *real_inputs):
        denoiser(given)
    assert Engine.contexts - before == len({given.features.shape for given in real_inputs})


def test_answers_are_the_callers_to_keep(compiled, inputs):
    denoiser = load(compiled)
    first = denoiser(inputs(1, 1, 7))
    copy = first.denoised.motion.copy()
    other = inputs(1, 1, 7)
    denoiser(other._replace(features=other.features + 1))
    np.testing.assert_array_equal(first.denoised.motion, copy)


def test_any_number_of_people_has_its_place_and_a_whole_clip_has_none(compiled, inputs):
    denoiser = load(compiled)
    for people in (1, 3, MAX_PEOPLE):
        assert denoiser(inputs(people, 1, 7)).denoised.trust.shape[0] == people
    with pytest.raises(EngineError, match=r"no profile for 2 people x 5 frames.*m2t3 compile"):
        denoiser(inputs(2, 5, 7))


def test_pointmaps_are_compiled_too(tensorrt, variant, graph_is, assert_alike):
    network, folder = variant
    graph_is(folder / "model.onnx", "fp32")
    assert main(["compile", "--precision", "fp32", "--weights", str(folder)]) == 0
    denoiser, reference = load(find_weights(str(folder))), TorchDenoiser(network)
    rigs = np.array([2.0, 4.0]), np.array([0.6, 3.0])
    ground = denoiser.ground(*rigs)
    given = NetworkInputs(*(x.numpy() for x in example_inputs(network.config, 2, 1, 7)))
    if network.config.sees_pointmaps:
        given = given._replace(ground_keys=ground.keys, ground_values=ground.values)
    assert_alike(denoiser(given), reference(given))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"driver": "560.1"}, r"driver was 550.54.15, is 560.1"),
        ({"version": "10.16.1.11"}, r"tensorrt was 11.4.0.106, is 10.16.1.11"),
    ],
)
def test_a_plan_of_another_driver_or_tensorrt_is_stale(compiled, tensorrt, change, said):
    tensorrt(**change)
    again = rf"m2t3 compile --engine tensorrt --precision fp16 --weights {compiled.onnx.parent}"
    with pytest.raises(EngineError, match=rf"stale \({said}\).*{again}"):
        load(compiled)


def test_a_plan_of_other_weights_is_stale(compiled, change_manifest):
    other = find_weights(str(change_manifest()))
    manifest = type(other.manifest)(**{
        f: getattr(other.manifest, f) for f in other.manifest.__struct_fields__
    } | {"sha256": "0" * 64})  # fmt: skip
    with pytest.raises(EngineError, match=r"stale \(weights_sha256 was .*, is 0000"):
        load(type(other)(manifest, other.onnx, None))


def test_another_gpu_has_a_plan_of_its_own(compiled, tensorrt):
    tensorrt(gpu="NVIDIA L4")
    with pytest.raises(EngineError, match=r"no TensorRT plan of small.*m2t3 compile"):
        load(compiled)


def test_a_damaged_plan_is_refused(compiled, tmp_path):
    (plan,) = (tmp_path / "cache" / "tensorrt").glob("*.plan")
    plan.write_bytes(plan.read_bytes()[:-1])
    with pytest.raises(EngineError, match=r"damaged.*m2t3 compile"):
        load(compiled)
    plan.with_suffix(".json").write_text("{}")
    with pytest.raises(EngineError, match=r"m2t3 compile"):
        load(compiled)


@pytest.mark.parametrize("version", ["10.16.1.11", "11.4.0.106"])
def test_what_tensorrt_complains_of_is_told(
    tensorrt, exported, half, graph_is, monkeypatch, capsys, version
):
    tensorrt(version=version)
    graph_is(half, "fp16")
    monkeypatch.setattr(OnnxParser, "complaint", "no such operator")
    assert main(["compile", "--weights", str(exported)]) == 2
    assert f"TensorRT {version} does not take the network: no such operator" in (
        capsys.readouterr().err
    )


def test_without_a_gpu_nothing_is_compiled(tensorrt, exported, monkeypatch, capsys):
    monkeypatch.setattr(tensorrt_plan, "gpu", lambda: None)
    assert main(["compile", "--weights", str(exported)]) == 2
    assert "needs an NVIDIA GPU" in capsys.readouterr().err


def test_without_tensorrt_its_extra_is_named(monkeypatch, exported, capsys):
    monkeypatch.setitem(sys.modules, "tensorrt", None)
    assert main(["compile", "--weights", str(exported)]) == 2
    assert 'pip install "m2t3[tensorrt]"' in capsys.readouterr().err


@pytest.mark.slow
def test_the_shipped_weights_in_half_precision_stay_within_a_millimetre(tmp_path, lifted_demo):
    weights = find_weights(DEFAULT_WEIGHTS)
    export_onnx(network_of(weights), tmp_path / "half.onnx", "fp16")
    half = OnnxDenoiser(Weights(weights.manifest, tmp_path / "half.onnx", None))
    off_m = np.linalg.norm(
        lifted_demo(half, 250) - lifted_demo(OnnxDenoiser(weights), 250), axis=-1
    )
    assert 0 < off_m.mean() < 2e-4
    assert off_m.max() < 1e-3


@pytest.mark.tensorrt
def test_the_real_tensorrt_gives_torchs_numbers(exported, network, real_inputs, assert_alike):
    assert main(["compile", "--weights", str(exported)]) == 0
    from m2t3.engines.tensorrt_engine import TensorrtDenoiser

    reference, denoiser = TorchDenoiser(network), TensorrtDenoiser(find_weights(str(exported)))
    for given in (*real_inputs, *real_inputs):
        assert_alike(denoiser(given), reference(given), atol=HALF_TOLERANCE)
