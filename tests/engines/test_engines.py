"""Every engine gives torch's numbers; what cannot run says how to mend it."""

import importlib.util

import numpy as np
import pytest

from m2t3.core.errors import EngineError
from m2t3.engines import loading
from m2t3.engines.loading import ENGINES, available_engines, load_denoiser
from m2t3.engines.torch_engine import TorchDenoiser
from m2t3.lifting.denoiser import ANSWERS, Denoiser, NetworkInputs
from m2t3.training.export import example_inputs

INSTALLED = [
    pytest.param(e, marks=pytest.mark.skipif(not importlib.util.find_spec(e), reason="not here"))
    for e in ENGINES
]


@pytest.mark.parametrize("engine", INSTALLED)
@pytest.mark.parametrize(
    ("people", "frames", "memory"), [(1, 1, 7), (4, 1, 7), (1, 8, 7), (2, 8, 7), (1, 5, 0)]
)
def test_an_engine_gives_torchs_numbers(exported, network, inputs, engine, people, frames, memory):
    given = inputs(people, frames, memory)
    assert_alike(load_denoiser(str(exported), engine)(given), TorchDenoiser(network)(given))


def assert_alike(found, expected):
    pairs = {name: (getattr(found.denoised, name), getattr(expected.denoised, name))
             for name in ANSWERS}  # fmt: skip
    pairs |= {"keys": (found.keys, expected.keys), "values": (found.values, expected.values)}
    for name, (ours, reference) in pairs.items():
        # 1e-4 of unit-variance numbers: single precision, summed in another order
        np.testing.assert_allclose(ours, reference, atol=1e-4, rtol=1e-4, err_msg=name)
        assert np.std(reference) > 1e-3 or reference.size == 1, name


@pytest.mark.parametrize("engine", INSTALLED)
def test_an_engine_gives_torchs_numbers_whatever_the_switches(variant, engine):
    network, folder = variant
    reference, denoiser = TorchDenoiser(network), load_denoiser(str(folder), engine)
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


@pytest.mark.parametrize("engine", INSTALLED)
def test_an_engine_is_a_denoiser_that_says_what_it_is(exported, network, small, engine):
    denoiser = load_denoiser(str(exported), engine)
    assert isinstance(denoiser, Denoiser)
    assert (denoiser.name, denoiser.weights) == (engine, small.manifest)
    assert denoiser.shape == TorchDenoiser(network).shape


@pytest.mark.parametrize("engine", INSTALLED)
def test_answers_are_the_callers_to_keep(exported, inputs, engine):
    denoiser = load_denoiser(str(exported), engine)
    first = denoiser(inputs(1, 1, 7))
    copy = first.denoised.motion.copy()
    other = inputs(1, 1, 7)
    denoiser(other._replace(features=other.features + 1))
    np.testing.assert_array_equal(first.denoised.motion, copy)


def install(monkeypatch, *engines):
    monkeypatch.setattr(
        loading.importlib.util, "find_spec", lambda name: object() if name in engines else None
    )


def test_auto_takes_the_first_that_is_installed(exported, monkeypatch):
    assert load_denoiser(str(exported)).name == available_engines()[0]
    install(monkeypatch, "openvino")
    assert available_engines() == ["openvino"]


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_that_is_not_installed_says_how_to_get_it(exported, monkeypatch, engine):
    install(monkeypatch, *(other for other in ENGINES if other != engine))
    with pytest.raises(EngineError, match=rf"{engine}.*pip install .*{engine}"):
        load_denoiser(str(exported), engine)


def test_without_any_engine_the_mend_is_named(exported, monkeypatch):
    install(monkeypatch)
    with pytest.raises(EngineError, match="pip install"):
        load_denoiser(str(exported))


def test_an_unknown_engine_is_refused_and_the_known_are_named(exported):
    with pytest.raises(EngineError, match=r"'onnx'.*auto, onnxruntime, openvino"):
        load_denoiser(str(exported), "onnx")
