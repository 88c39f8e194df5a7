"""`auto` is the engine that was measured to be the fastest here, and remembers that."""

import json

import pytest

from m2t3.core.errors import EngineError
from m2t3.engines import cache, choice, machine, registry
from m2t3.engines.choice import Trial
from m2t3.engines.loading import load_denoiser


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    """An empty cache."""
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def measured(monkeypatch):
    """Makes engines take given milliseconds; the list tells what was measured."""
    asked = []
    monkeypatch.setattr(choice, "candidates", lambda: ["onnxruntime", "openvino"])

    def set_times(**step_ms):
        def try_engine(weights, name, threads):
            asked.append(name)
            ms = step_ms[name]
            return Trial(name, ms) if ms else Trial(name, None, f"{name} is broken")

        monkeypatch.setattr(choice, "try_engine", try_engine)
        return asked

    return set_times


@pytest.mark.parametrize("best", ["onnxruntime", "openvino"])
def test_the_fastest_is_taken(small, measured, best):
    measured(**{"onnxruntime": 2.0, "openvino": 2.0, best: 1.0})
    assert choice.fastest(small, 1) == best


def test_what_was_measured_once_is_not_measured_again(small, measured):
    asked = measured(onnxruntime=2.0, openvino=1.0)
    assert [choice.fastest(small, 1) for _ in range(3)] == ["openvino"] * 3
    assert asked == ["onnxruntime", "openvino"]


@pytest.mark.parametrize("change", ["cpu", "version", "threads"])
def test_another_machine_version_or_number_of_threads_is_measured_anew(
    small, measured, monkeypatch, change
):
    measured(onnxruntime=2.0, openvino=1.0)
    choice.fastest(small, 1)
    if change == "cpu":
        monkeypatch.setattr(machine, "cpu", lambda: "another")
    if change == "version":
        monkeypatch.setattr(choice, "version", lambda name: "99")
    measured(onnxruntime=1.0, openvino=2.0)
    assert choice.fastest(small, 2 if change == "threads" else 1) == "onnxruntime"


def test_a_broken_engine_is_passed_over_and_its_reason_kept(small, measured, folder):
    measured(onnxruntime=None, openvino=9.0)
    assert choice.fastest(small, 1) == "openvino"
    (trials,) = json.loads((folder / "engines.json").read_text()).values()
    assert trials[0]["why_not"] == "onnxruntime is broken"


def test_an_engine_that_could_not_run_is_tried_again(small, measured):
    measured(onnxruntime=3.0, openvino=None)
    assert choice.fastest(small, 1) == "onnxruntime"
    asked = measured(onnxruntime=3.0, openvino=2.0)
    asked.clear()
    assert choice.fastest(small, 1) == "openvino"
    assert asked == ["openvino"]


def test_if_none_can_run_every_reason_is_told(small, measured):
    measured(onnxruntime=None, openvino=None)
    with pytest.raises(EngineError, match=r"onnxruntime is broken.*openvino is broken"):
        choice.fastest(small, 1)


def test_without_any_engine_the_mend_is_named(small, monkeypatch):
    monkeypatch.setattr(choice, "candidates", list)
    with pytest.raises(EngineError, match=r"no engine is installed.*pip install onnxruntime"):
        choice.fastest(small, 1)


def test_a_cache_that_says_nothing_sensible_is_made_anew(small, measured, folder):
    measured(onnxruntime=2.0, openvino=1.0)
    folder.mkdir()
    (folder / "engines.json").write_text("{broken")
    assert choice.fastest(small, 1) == "openvino"
    assert json.loads((folder / "engines.json").read_text())


def test_a_cache_that_cannot_be_written_costs_a_measurement_each_time(small, measured, folder):
    asked = measured(onnxruntime=2.0, openvino=1.0)
    folder.write_text("a file where the folder should be")
    assert [choice.fastest(small, 1) for _ in range(2)] == ["openvino"] * 2
    assert len(asked) == 4


def test_a_single_engine_needs_no_measurement(exported, monkeypatch, folder):
    monkeypatch.setattr(choice, "candidates", lambda: ["onnxruntime"])
    assert load_denoiser(str(exported)).name == "onnxruntime"
    assert not folder.exists()


def test_engines_are_really_run(small):
    trial = choice.try_engine(small, "onnxruntime", 1)
    assert trial.step_ms > 0
    assert "not installed" in choice.try_engine(small, "tensorrt", 1).why_not


def test_gpus_engines_are_considered_where_there_is_a_gpu(monkeypatch):
    monkeypatch.setattr(registry, "version", lambda name: "1")
    monkeypatch.setattr(registry, "gpu", lambda: None)
    assert registry.candidates() == ["onnxruntime", "openvino"]
    monkeypatch.setattr(registry, "gpu", lambda: machine.Gpu("H100", "550"))
    assert "tensorrt" in registry.candidates()


def test_the_cache_is_where_the_platform_keeps_caches(monkeypatch, tmp_path):
    monkeypatch.delenv(cache.VARIABLE)
    monkeypatch.setattr(cache.sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.cache_folder() == tmp_path / "m2t3"


@pytest.mark.parametrize("told", ["", "here"])
def test_an_empty_or_relative_cache_is_none(monkeypatch, told):
    monkeypatch.setenv(cache.VARIABLE, "")
    monkeypatch.setattr(cache.sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", told)
    assert cache.cache_folder() == cache.Path.home() / ".cache" / "m2t3"


def test_a_user_without_a_home_has_no_cache(monkeypatch):
    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv(cache.VARIABLE)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(cache.sys, "platform", "linux")
    monkeypatch.setattr(cache.Path, "home", no_home)
    assert str(cache.cache_folder()) == "/.cache/m2t3"


def test_nvidia_smi_is_asked_for_the_gpu(monkeypatch, tmp_path):
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'NVIDIA H100 80GB HBM3, 550.54.15'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert machine.gpu() == ("NVIDIA H100 80GB HBM3", "550.54.15")
    program.write_text("#!/bin/sh\necho no devices; exit 9\n")
    assert machine.gpu() is None
