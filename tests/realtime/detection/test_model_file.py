"""Model files must be there and be the ones that were meant; nothing is downloaded."""

import hashlib
import zipfile

import pytest

from m2t3.core.errors import DetectorError
from m2t3.realtime.detection import loading
from m2t3.realtime.detection.loading import check_detector, open_detector
from m2t3.realtime.detection.model_file import WHERE_FROM, checked


@pytest.mark.parametrize("what", WHERE_FROM)
def test_a_model_that_is_not_there_is_named_with_where_it_comes_from(tmp_path, what):
    with pytest.raises(DetectorError, match=r"https://.*downloads nothing by itself") as refusal:
        checked(tmp_path / "none.onnx", None, what)
    assert str(tmp_path / "none.onnx") in str(refusal.value)
    assert "No such file" in str(refusal.value)


def test_the_checksum_is_told_and_compared(tmp_path):
    (tmp_path / "m.onnx").write_bytes(b"model")
    digest = hashlib.sha256(b"model").hexdigest()
    assert checked(tmp_path / "m.onnx", None, "rtmpose") == digest
    assert checked(tmp_path / "m.onnx", digest, "rtmpose") == digest
    with pytest.raises(DetectorError, match=f"has the sha256 {digest}, the camera file says 00"):
        checked(tmp_path / "m.onnx", "00" * 32, "rtmpose")


def test_a_packed_model_is_told_from_a_broken_one(tmp_path):
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as file:
        file.writestr("end2end.onnx", b"model")
    with pytest.raises(DetectorError, match=r"unzip it and give the path of its end2end\.onnx"):
        checked(tmp_path / "m.zip", None, "rtmpose")


def test_either_model_is_looked_at_before_anything_is_loaded(source, tmp_path):
    for changes in ({"person_model": tmp_path / "p.onnx"}, {"model_sha256": "0" * 64}):
        with pytest.raises(DetectorError, match="model file"):
            open_detector(source(**changes))


def test_a_library_that_is_not_installed_is_named_with_its_extra(source, monkeypatch):
    monkeypatch.setattr(loading, "find_spec", lambda name: None)
    with pytest.raises(DetectorError, match=r"rtmlib, which is not .* \"m2t3\[detect\]\""):
        check_detector(source())
    with pytest.raises(DetectorError, match=r"pip install \"m2t3\[mediapipe\]\""):
        check_detector(source(detector="mediapipe"))


def test_the_description_names_the_files_and_their_checksums(source):
    config = source()
    digest = hashlib.sha256(config.model.read_bytes()).hexdigest()
    described = open_detector(config).description
    assert described.startswith(f"rtmpose: pose17.onnx (sha256 {digest[:12]}), person.onnx (sha256")
