"""Camera files: what is right is read exactly, each mistake gets an answer that helps."""

import copy
import dataclasses
from pathlib import Path

import numpy as np
import pytest
import yaml

from m2t3.calibration.camera_files.camera_file import (
    CameraFile,
    read_camera_file,
    read_lens_file,
    read_unplaced_file,
    write_camera_file,
)
from m2t3.calibration.camera_files.capture_source import CaptureSource
from m2t3.calibration.camera_files.edit import update_camera_file, with_keys
from m2t3.calibration.camera_files.keypoint_source import ReplaySource, ZmqSource
from m2t3.calibration.camera_files.record import record_keys
from m2t3.core.errors import CameraFileError
from m2t3.core.geometry import quaternion_from_rotation

REPLAY = {"type": "replay", "recording": "walk.npz"}
CAPTURE = {"type": "capture", "device": 0, "model": "m/pose.onnx", "person_model": "m/person.onnx"}


@pytest.fixture
def content(camera) -> dict:
    """A sound camera file, parsed, for each distortion model."""
    return {
        "camera_name": "cam0",
        "image_width": 1280,
        "image_height": 720,
        "camera_matrix": {"rows": 3, "cols": 3, "data": camera.K.ravel().tolist()},
        "distortion_model": camera.distortion_model,
        "distortion_coefficients": {
            "rows": 1,
            "cols": camera.distortion.size,
            "data": camera.distortion.tolist(),
        },
        "T_world_camera": {
            "translation_m": camera.t_world_camera_m.tolist(),
            "quaternion_xyzw": quaternion_from_rotation(camera.R_world_camera).tolist(),
        },
        "source": {
            "type": "zmq",
            "endpoint": "tcp://127.0.0.1:5570",
            "bind": False,
            "stream": "hall",
        },
    }


def changed(content: dict, path: str, value: object) -> dict:
    """`content` with the value at a dotted path replaced, or removed if it is `...`."""
    content = copy.deepcopy(content)
    *parents, last = path.split(".")
    place = content
    for key in parents:
        place = place[key]
    if value is ...:
        del place[last]
    else:
        place[int(last) if isinstance(place, list) else last] = value
    return content


def read(content: object, folder: Path) -> CameraFile:
    path = folder / "cam0.yaml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return read_camera_file(path)


def assert_same_camera(a, b):
    for field in ("name", "width_px", "height_px", "distortion_model"):
        assert getattr(a, field) == getattr(b, field)
    for field in ("K", "distortion", "R_world_camera", "t_world_camera_m"):
        np.testing.assert_allclose(getattr(a, field), getattr(b, field), atol=1e-12)


def test_a_file_is_read_as_it_is_written(content, camera, tmp_path):
    file = read(content, tmp_path)
    assert_same_camera(file.camera, camera)
    assert file.source == ZmqSource(stream="hall", endpoint="tcp://127.0.0.1:5570", bind=False)


@pytest.mark.parametrize("source", [ZmqSource("a", "ipc:///tmp/x", False), ReplaySource(Path("r"))])
def test_write_then_read_gives_the_same(camera, source, tmp_path):
    if isinstance(source, ReplaySource):
        source = ReplaySource(tmp_path / "takes" / "walk.npz", loop=False, rate=2.0)
    write_camera_file(tmp_path / "x.yaml", CameraFile(camera, source))
    file = read_camera_file(tmp_path / "x.yaml")
    assert_same_camera(file.camera, camera)
    assert file.source == source


def test_recordings_are_relative_to_the_camera_file(content, tmp_path):
    source = read({**content, "source": REPLAY}, tmp_path).source
    assert source == ReplaySource(tmp_path / "walk.npz", loop=True, rate=1.0)


def test_the_stream_is_named_after_the_camera_unless_told_otherwise(content, tmp_path):
    assert read({**content, "source": {"type": "zmq"}}, tmp_path).source == ZmqSource("cam0")


def test_a_file_of_ros_with_its_stereo_keys_is_welcome(content, tmp_path):
    ros = {"rectification_matrix": {"rows": 3}, "projection_matrix": {"rows": 3}}
    read({**content, **ros}, tmp_path)


def test_a_camera_with_a_detector_needs_no_more_than_its_models(content, tmp_path):
    source = read({**content, "source": CAPTURE}, tmp_path).source
    model, person = tmp_path / "m" / "pose.onnx", tmp_path / "m" / "person.onnx"
    assert source == CaptureSource(device=0, model=model, person_model=person)
    assert (source.detector, source.start, source.loop) == ("rtmpose", True, True)


@pytest.mark.parametrize(
    ("device", "meant"),
    [
        (2, 2),
        ("/dev/video2", "/dev/video2"),
        ("rtsp://cam/1", "rtsp://cam/1"),
        ("takes/walk.mp4", "FOLDER/takes/walk.mp4"),
    ],
)
def test_devices_are_numbers_paths_or_addresses(content, camera, tmp_path, device, meant):
    source = read({**content, "source": {**CAPTURE, "device": device}}, tmp_path).source
    expected = meant.replace("FOLDER", str(tmp_path)) if isinstance(meant, str) else meant
    assert source.device == expected
    source = dataclasses.replace(source, model_sha256="0a" * 32, fps=60.0, start=False)
    write_camera_file(tmp_path / "x.yaml", CameraFile(camera, source))
    assert read_camera_file(tmp_path / "x.yaml").source == source


def test_mediapipe_finds_people_by_itself(content, tmp_path):
    keys = {"type": "capture", "device": 0, "model": "pose.task", "detector": "mediapipe"}
    source = read({**content, "source": keys}, tmp_path).source
    assert (source.detector, source.person_model) == ("mediapipe", None)


CAPTURE_MISTAKES = {
    "no model": ({"model": ...}, "lacks model"),
    "unknown key": ({"modle": "x"}, "'modle'; did you mean 'model'?"),
    "detector": ({"detector": "rtmpos"}, "did you mean 'rtmpose'?"),
    "no person model": ({"person_model": ...}, "lacks person_model"),
    "two models": ({"detector": "mediapipe"}, "person_model is for rtmpose"),
    "device": ({"device": -1}, "device is -1; it is a camera's number"),
    "no device": ({"device": ""}, "device is ''"),
    "sha256": ({"model_sha256": "abc"}, "64 hex digits: sha256sum FILE"),
    "people": ({"max_people": 33}, "max_people is 33; it is 1 to 32"),
    "half a person": ({"max_people": 1.5}, "max_people is 1.5; it is a whole number"),
    "preview": ({"preview_hz": 60}, "preview_hz is 60; it is 0 to 10"),
    "fps": ({"fps": 0}, "fps is 0; it is 1 to 1000"),
    "accelerator": ({"accelerator": "gpu"}, "accelerator 'gpu' is not known"),
    "endpoint": ({"endpoint": "5570"}, "endpoint '5570' is no ZeroMQ address"),
    "start": ({"start": "no"}, "start is 'no'; it is true or false"),
}


@pytest.mark.parametrize("mistake", CAPTURE_MISTAKES)
def test_each_mistake_about_a_detector_is_told_with_its_mend(content, tmp_path, mistake):
    changes, message = CAPTURE_MISTAKES[mistake]
    keys = {key: value for key, value in {**CAPTURE, **changes}.items() if value is not ...}
    with pytest.raises(CameraFileError) as refusal:
        read({**content, "source": keys}, tmp_path)
    assert message in str(refusal.value)


MISTAKES = {
    "unknown key": ("image_widht", 1280, "'image_widht'; did you mean 'image_width'?"),
    "missing key": ("T_world_camera", ..., "lacks T_world_camera"),
    "missing source": ("source", ..., "lacks source"),
    "inner key": ("T_world_camera.translation", [0, 0, 1], "did you mean 'translation_m'?"),
    "no mapping": ("T_world_camera", [0, 0, 2], "is [0, 0, 2]; it is a mapping with the keys"),
    "empty value": ("camera_matrix", None, "camera_matrix is empty"),
    "name": ("camera_name", "left hall", "'left hall'; it becomes part of a topic"),
    "size as text": ("image_width", "1280", "image_width is '1280'; it is a whole number"),
    "size as flag": ("image_height", True, "image_height is True"),
    "no size": ("image_height", 0, "image_height is 0"),
    "K shape": ("camera_matrix.rows", 2, "camera_matrix is 2 x 3; it has 3 rows"),
    "K rows": ("camera_matrix.rows", 3.0, "camera_matrix: rows is 3.0; it is a whole number"),
    "source types": ("source.type", ["zmq"], "source: type ['zmq'] is not known"),
    "K short": ("camera_matrix.data", [1, 0, 0], "is a list of 9 numbers"),
    "K not finite": ("camera_matrix.data.0", float("nan"), "data[0] is nan"),
    "K a word": ("camera_matrix.data.0", "1e3", "write 1.0e-3"),
    "zero focal": ("camera_matrix.data.0", 0.0, "fx = 0; a focal length is above 0"),
    "negative focal": ("camera_matrix.data.4", -900.0, "fy = -900"),
    "focal in mm": ("camera_matrix.data.0", 4.2, "in pixels, not millimetres"),
    "focal ratio": ("camera_matrix.data.4", 300.0, "fx = 1100 and fy = 300"),
    "skew": ("camera_matrix.data.1", 3.0, "a skew of 3"),
    "transposed": ("camera_matrix.data.6", 645.0, "row by row"),
    "principal point": ("camera_matrix.data.2", 1920.0, "cx = 1920, far outside a picture"),
    "model": ("distortion_model", "plum_bob", "did you mean 'plumb_bob'?"),
    "count": (
        "distortion_coefficients",
        {"rows": 1, "cols": 3, "data": [0, 0, 0]},
        "distortion_coefficients has 3 numbers",
    ),
    "quaternion": ("T_world_camera.quaternion_xyzw", [0, 0, 0, 0.9], "has length 0.9, not 1"),
    "no quaternion": ("T_world_camera.quaternion_xyzw", [0, 0, 0, 0], "has length 0, not 1"),
    "short quaternion": ("T_world_camera.quaternion_xyzw", [0, 0, 1], "a list of 4 numbers"),
    "below ground": ("T_world_camera.translation_m.2", -2.2, "below the ground, at z = -2.2 m"),
    "millimetres": ("T_world_camera.translation_m.2", 2200, "divide millimetres by 1000"),
    "sky": ("T_world_camera.quaternion_xyzw", [0, 0, 0, 1], "looks at the sky: its axis points 90"),
    "source type": ("source.type", "zeromq", "did you mean 'zmq'?"),
    "source key": ("source.ednpoint", "tcp://x:1", "did you mean 'endpoint'?"),
    "source mix": ("source.rate", 1.0, "source (type zmq) has an unknown key 'rate'"),
    "endpoint": ("source.endpoint", "127.0.0.1:5570", "is no ZeroMQ address"),
    "bind": ("source.bind", "yes please", "it is true or false"),
    "stream": ("source.stream", "a.b", "stream is 'a.b'"),
    "no recording": ("source", {"type": "replay"}, "lacks recording"),
    "rate": ("source", {**REPLAY, "rate": 0}, "rate is 0; it is above 0"),
    "loop": ("source", {**REPLAY, "loop": 1}, "loop is 1; it is true or false"),
}


@pytest.mark.parametrize(("path", "value", "answer"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named_with_its_mend(content, path, value, answer, tmp_path):
    with pytest.raises(CameraFileError) as refusal:
        read(changed(content, path, value), tmp_path)
    assert str(refusal.value).startswith(f"{tmp_path / 'cam0.yaml'}: ")
    assert answer in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("", "the file is empty"),
        ("a: [1", "not YAML"),
        ("camera_name: a\ncamera_name: b\n", "'camera_name' is there twice"),
        ("%YAML:1.0\nK: !!opencv-matrix\n", "OpenCV's own files"),
        ("camera_name: !!python/object/apply:os.system ['true']\n", "not YAML"),
    ],
)
def test_a_text_that_is_no_camera_file_is_refused(text, answer, tmp_path):
    with pytest.raises(CameraFileError, match="cam0") as refusal:
        read(text, tmp_path)
    assert answer in str(refusal.value)


def test_a_missing_or_binary_file_is_refused(tmp_path):
    with pytest.raises(CameraFileError, match=r"No such file.*cam0\.yaml"):
        read_camera_file(tmp_path / "nowhere.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CameraFileError, match="not a text file"):
        read_camera_file(tmp_path / "binary.yaml")


@pytest.mark.parametrize("camera", ["plumb_bob", "rational_polynomial"], indirect=True)
def test_distortion_that_folds_the_picture_is_refused(content, tmp_path):
    wild = changed(content, "distortion_coefficients.data.0", -3.0)
    with pytest.raises(CameraFileError, match="fold the picture over itself"):
        read(wild, tmp_path)


def test_a_detector_needs_no_place_and_calibration_no_source(content, camera, tmp_path):
    path = tmp_path / "cam0.yaml"
    path.write_text(yaml.safe_dump(changed(content, "T_world_camera", ...)))
    file = read_unplaced_file(path)
    assert file.source == ZmqSource(stream="hall", endpoint="tcp://127.0.0.1:5570", bind=False)
    np.testing.assert_array_equal(file.camera.K, camera.K)
    with pytest.raises(CameraFileError, match=r"lacks T_world_camera.*calibrate ground"):
        read_camera_file(path)
    path.write_text(yaml.safe_dump(changed(content, "source", ...)))
    assert not read_lens_file(path).has_source
    with pytest.raises(CameraFileError, match="lacks source"):
        read_unplaced_file(path)


RECORD = {
    "lens": {
        "date": "2026-11-24", "board": "chessboard:7x4:60", "views": 22, "rms_px": 0.18,
        "focal_sd_px": 2.1, "principal_point_sd_px": 3.4,
    },
    "ground": {
        "date": "2026-11-24", "method": "board", "residual_px": 0.3, "pitch_sd_deg": 0.05,
        "height_sd_m": 0.004, "floor_error_mm": {3: 4.0, 5: 9.0}, "reference": "cam0.ground.jpg",
    },
}  # fmt: skip


@pytest.mark.parametrize("camera", ["plumb_bob"], indirect=True)
def test_the_record_of_a_calibration_is_kept_and_checked(content, tmp_path):
    path = tmp_path / "cam0.yaml"
    path.write_text(yaml.safe_dump({**content, "calibration": RECORD}))
    assert record_keys(read_lens_file(path).record) == RECORD
    read_camera_file(path)
    for key, value, answer in (
        ("ground.floor_error_mm", [3], "it is a mapping like {3: 4, 5: 9}"),
        ("lens.views", 2.5, "calibration: lens: views is 2.5; it is a whole number"),
        ("ground.reference", "pics/x.jpg", "the name of a picture that lies beside"),
        ("ground.reference", "", "reference is ''; it is the name"),
        ("lens.rms", 1, "did you mean 'rms_px'?"),
    ):
        with pytest.raises(CameraFileError) as refusal:
            read({**content, "calibration": changed(RECORD, key, value)}, tmp_path)
        assert answer in str(refusal.value)


def test_changing_some_keys_leaves_all_else_as_it_was_written():
    text = (
        "# ours\ncamera_name: a # the hall\nK:\n  data: [1, 2]\n\n# about the place\n"
        "T: {x: 1}\nlast: 2\n"
    )
    changed_text = with_keys(text, {"K": {"data": [3.0, 4.0]}, "camera_name": "b", "new": {"y": 1}})
    assert changed_text == (
        "# ours\ncamera_name: b # the hall\nK:\n  data: [3.0, 4.0]\n\n# about the place\n"
        "T: {x: 1}\nlast: 2\nnew: {y: 1}\n"
    )
    assert yaml.safe_load(with_keys("{a: 1, b: 2}", {"b": 3})) == {"a": 1, "b": 3}
    assert with_keys("", {"a": 1}) == "a: 1\n"


@pytest.mark.parametrize(
    "text",
    [
        "  camera_name: a\n  other: 1\n",
        "camera_name: a\nother: 1\n...\n",
        "camera_name: &name a\nother: 1\nsource: {type: zmq, stream: *name}\n",
    ],
)
def test_a_file_that_cannot_be_changed_in_its_text_is_written_anew(text):
    before, after = yaml.safe_load(text), {"camera_name": "b", "new": {"y": 1}}
    assert yaml.safe_load(with_keys(text, after)) == {**before, **after}


def test_keys_are_taken_out_with_all_that_is_below_them():
    text = "a: 1\nold:\n  lens: {x: 1}\n\n# the last\nb: 2 # two\nold2: 3 # three\n"
    assert with_keys(text, {"a": 4}, without=("old", "old2", "none")) == (
        "a: 4\n\n# the last\nb: 2 # two\n"
    )


def test_a_private_file_stays_private_and_a_link_stays_a_link(tmp_path):
    file, link = tmp_path / "kept" / "cam0.yaml", tmp_path / "cam0.yaml"
    file.parent.mkdir()
    file.write_text("a: 1\n")
    file.chmod(0o600)
    link.symlink_to(file)
    update_camera_file(link, {"a": 2})
    assert link.is_symlink()
    assert file.read_text() == "a: 2\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(file.parent.iterdir()) == [file]
