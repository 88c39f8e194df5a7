"""The doctor finds what is wrong and says how to mend it."""

import json
import socket

import pytest

from m2t3.__main__ import EXTRAS, main
from m2t3.engines import manifest
from m2t3.realtime.commands import doctor


def found(subject: str) -> doctor.Finding:
    return next(finding for finding in doctor.findings() if finding.subject == subject)


@pytest.fixture
def nothing_installed(monkeypatch):
    monkeypatch.setattr(doctor, "_version", lambda distribution: None)


def test_this_installation_can_run_the_stream(capsys):
    assert main(["doctor"]) == 0
    told = capsys.readouterr().out
    assert "m2t3-stream can run." in told
    for subject in ("python", "cores", "gpu", "packages", "weights", "onnxruntime", "torch"):
        assert subject in told


def test_missing_packages_stop_the_stream(nothing_installed, capsys):
    assert found("packages").state == "bad"
    assert "numpy" in found("packages").detail
    assert main(["doctor"]) == 1
    assert "m2t3-stream cannot run yet." in capsys.readouterr().out


def test_missing_extras_name_their_command(nothing_installed):
    view = found("view")
    assert (view.state, view.detail) == ("absent", "lacking viser, pillow")
    assert view.mend == "m2t3 view: pip install 'm2t3[view]'"
    assert found("vmc").detail == "lacking python-osc"


def test_every_extra_of_the_menu_is_told():
    assert {*doctor.EXTRAS, "tensorrt"} == set(EXTRAS.values())  # which is among the engines


@pytest.mark.parametrize(
    "error",
    [
        ImportError("libGL.so.1: cannot open shared object file"),
        ValueError("numpy.dtype size changed, may indicate binary incompatibility"),
    ],
)
def test_detectors_are_tried_and_missing_ones_name_their_extra(monkeypatch, error):
    assert found("rtmpose").detail.startswith("rtmlib ")
    assert found("mediapipe").state == "good"

    def import_module(name, package=None):
        raise error

    monkeypatch.setattr(doctor.importlib, "import_module", import_module)
    rtmpose = next(doctor._detectors())
    assert (rtmpose.state, rtmpose.mend) == (
        "absent",
        f"m2t3 detect: rtmlib does not load: {error}",
    )
    monkeypatch.setattr(doctor, "_version", lambda distribution: None)
    assert [f.mend for f in doctor._detectors() if f.subject in ("rtmpose", "mediapipe")] == [
        "m2t3 detect: pip install 'm2t3[detect]'",
        "m2t3 detect: pip install 'm2t3[mediapipe]'",
    ]


def test_opencvs_of_two_versions_in_one_folder_are_told(monkeypatch):
    versions = {"opencv-python": "5.0.0.93", "opencv-contrib-python": "5.1.0.95"}
    monkeypatch.setattr(doctor, "_version", versions.get)
    finding = next(f for f in doctor._detectors() if f.subject == "opencv")
    assert (finding.state, finding.detail) == (
        "absent",
        "opencv-python 5.0.0.93, opencv-contrib-python 5.1.0.95",
    )
    assert "all must be of one version: pip install 'm2t3[detect]'" in finding.mend


def test_weights_that_are_not_what_their_manifest_says_stop_the_stream(monkeypatch, tmp_path):
    name = manifest.shipped_weights()[0]
    shipped = manifest.find_weights(name)
    folder = tmp_path / name
    folder.mkdir()
    (folder / "model.onnx").write_bytes(shipped.onnx.read_bytes()[:-1])
    (folder / "manifest.json").write_text((shipped.onnx.parent / "manifest.json").read_text())
    assert "sha256" in json.loads((folder / "manifest.json").read_text())
    monkeypatch.setattr(manifest, "WEIGHTS_FOLDER", tmp_path)
    assert found(f"weights {name}").state == "bad"
    assert found("engines").state == "bad"


def test_no_weights_stop_the_stream(monkeypatch, tmp_path):
    monkeypatch.setattr(manifest, "WEIGHTS_FOLDER", tmp_path)
    assert found("weights").state == "bad"


def test_a_taken_port_is_seen_and_another_offered():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        finding = doctor._port(f"tcp://127.0.0.1:{port}", "poses out; try --publish")
    assert (finding.subject, finding.state) == (f"port {port}", "absent")
    assert finding.mend == "stop that one, or try --publish"
    assert doctor._port(f"tcp://127.0.0.1:{port}", "poses out; x").state == "good"
