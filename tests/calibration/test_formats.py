"""Other programs' camera files: there and back, real ones, and what is wrong with the others."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from m2t3.__main__ import main
from m2t3.calibration.camera import Camera
from m2t3.calibration.camera_files.camera_file import (
    CameraFile,
    read_camera_file,
    read_lens_file,
    write_camera_file,
)
from m2t3.calibration.camera_files.edit import update_camera_file
from m2t3.calibration.camera_files.keypoint_source import ZmqSource
from m2t3.calibration.camera_files.record import (
    CalibrationRecord,
    GroundRecord,
    LensRecord,
    record_keys,
)
from m2t3.calibration.formats.qualisys import turned
from m2t3.calibration.formats.table import FORMATS, format_of, read_foreign
from m2t3.core.errors import CameraFileError
from m2t3.core.geometry import looking

LENSES = {
    "plumb_bob": [-0.2, 0.05, 1e-3, -5e-4, 0.01],
    "rational_polynomial": [0.4, 0.11, -5e-4, 8e-4, 0.006, 0.71, 0.19, 0.02],
    "equidistant": [-0.02, 0.004, -0.002, 3e-4],
}
SUFFIXES = {
    "opencv": ".yml", "ros": ".yaml", "kalibr": ".yaml", "pose2sim": ".toml",
    "qualisys": ".qca.txt",
}  # fmt: skip
KNOWN = {
    "opencv": tuple(LENSES), "ros": tuple(LENSES), "kalibr": ("equidistant",),
    "pose2sim": tuple(LENSES), "qualisys": ("plumb_bob",),
}  # fmt: skip
ROUND_TRIPS = [(name, model) for name, models in KNOWN.items() for model in models]


def make_camera(model: str = "plumb_bob", distortion=None) -> Camera:
    """Looks along world x and a little to the left, 18 degrees down, from 2.2 m."""
    down, left = np.radians([18, 12])
    forward = np.array([np.cos(down) * np.cos(left), np.cos(down) * np.sin(left), -np.sin(down)])
    return Camera(
        name="cam_3", width_px=1280, height_px=720,
        K=np.array([[1100.0, 0, 645.5], [0, 1102, 355.25], [0, 0, 1]]),
        distortion_model=model,
        distortion=np.array(LENSES[model] if distortion is None else distortion),
        R_world_camera=looking(forward),
        t_world_camera_m=np.array([-4, 0.3, 2.2]),
    )  # fmt: skip


def write(path: Path, camera: Camera) -> Path:
    write_camera_file(path, CameraFile(camera, ZmqSource("cam_3")))
    return path


def assert_same(a: Camera, b: Camera, placed: bool = True) -> None:
    assert (a.width_px, a.height_px, a.distortion_model) == (
        b.width_px,
        b.height_px,
        b.distortion_model,
    )
    fields = ["K", "distortion"] + ["R_world_camera", "t_world_camera_m"] * placed
    for field in fields:
        np.testing.assert_allclose(getattr(a, field), getattr(b, field), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("name", "model"), ROUND_TRIPS)
def test_a_camera_goes_there_and_comes_back(name, model, tmp_path, capsys):
    camera = make_camera(model)
    ours, theirs = write(tmp_path / "ours.yaml", camera), tmp_path / f"theirs{SUFFIXES[name]}"
    out = tmp_path / "back.yaml"
    arguments = ["--camera", str(ours), "--out", str(theirs), "--format", name]
    assert main(["calibrate", "export", *arguments]) == 0
    assert format_of(theirs) == name
    assert main(["calibrate", "import", str(theirs), "--out", str(out)]) == 0
    placed = FORMATS[name].places
    assert ("lens and place" in capsys.readouterr().out) == placed
    if placed:
        assert_same(read_camera_file(out).camera, camera)
    else:
        assert_same(read_lens_file(out).lens, camera, placed=False)
        with pytest.raises(CameraFileError, match="calibrate ground"):
            read_camera_file(out)


def test_kalibrs_radtan_comes_back_without_a_fifth_coefficient(tmp_path, capsys):
    camera = make_camera("plumb_bob", [-0.2, 0.05, 1e-3, -5e-4])
    ours, theirs = write(tmp_path / "ours.yaml", camera), tmp_path / "theirs.yaml"
    arguments = ["--camera", str(ours), "--out", str(theirs), "--format", "kalibr"]
    assert main(["calibrate", "export", *arguments]) == 0
    assert_same(read_foreign(theirs).camera, camera, placed=False)
    write(ours, make_camera())
    assert main(["calibrate", "export", *arguments]) == 2
    assert "k1, k2, p1 and p2 only" in capsys.readouterr().err
    arguments[-1] = "qualisys"
    write(ours, make_camera("equidistant"))
    assert main(["calibrate", "export", *arguments]) == 2
    assert "not equidistant" in capsys.readouterr().err


def test_a_lens_without_a_place_is_exported_too(tmp_path, capsys):
    camera = make_camera()
    ours = write(tmp_path / "ours.yaml", camera)
    text = ours.read_text()
    ours.write_text(text[: text.index("T_world_camera")])
    theirs = tmp_path / "theirs.toml"
    arguments = ["--camera", str(ours), "--out", str(theirs), "--format", "pose2sim"]
    assert main(["calibrate", "export", *arguments]) == 0
    assert "lens only" in capsys.readouterr().out
    item = read_foreign(theirs)
    assert not item.placed
    assert_same(item.camera, camera, placed=False)


def test_opencvs_own_calibration_sample_is_read(tmp_path):
    path = tmp_path / "camera.xml"
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    storage.write("image_width", 640)
    storage.write("image_height", 480)
    storage.write("camera_matrix", np.array([[500.0, 0, 320], [0, 501, 240], [0, 0, 1]]))
    storage.write("distortion_coefficients", np.array([[-0.1, 0.02, 0.001, 0, 0]]))
    storage.write("extrinsic_parameters", np.zeros((3, 6)))
    storage.write("rvec", np.array([[1.9], [0.1], [0.05]]))
    storage.write("tvec", np.array([0.1, 0.5, 4.0]))
    storage.release()
    item = read_foreign(path)
    R = cv2.Rodrigues(np.array([1.9, 0.1, 0.05]))[0]
    np.testing.assert_allclose(item.camera.R_world_camera, R.T, atol=1e-12)
    np.testing.assert_allclose(item.camera.t_world_camera_m, -R.T @ [0.1, 0.5, 4.0], atol=1e-12)


def test_a_file_that_speaks_of_opencv_need_not_be_its(tmp_path):
    file = tmp_path / "cam.yaml"
    file.write_text("# as opencv orders them\ncamera_name: opencv_cam\ncamera_matrix: {data: []}\n")
    assert format_of(file) == "ros"


@pytest.mark.parametrize("key", ["dist_coeffs", "dist_coeff"])
def test_a_json_dump_of_what_opencv_returned_is_read(key, tmp_path):
    file = tmp_path / "cam.json"
    content = {
        "camera_matrix": [[500, 0, 320], [0, 500.5, 240], [0, 0, 1]],
        key: [[0.1, -0.2, 0, 0, 0.05]], "image_width": 640, "image_height": 480,
    }  # fmt: skip
    file.write_text(json.dumps(content))
    item = read_foreign(file)
    assert item.camera.K.tolist() == content["camera_matrix"]
    assert item.camera.distortion.tolist() == content[key][0]


@pytest.mark.parametrize("word", ["equidistant", "fisheye"])
def test_an_opencv_file_may_name_its_model_in_the_words_of_ros(word, tmp_path):
    path = tmp_path / "fish.yml"
    short = "distortion_coefficients: [ 0.1, 0.01, 0., 0. ]\n"
    path.write_text(opencv_text(dist=f"distortion_model: {word}\n{short}"))
    assert read_foreign(path).camera.distortion_model == "equidistant"
    path.write_text(opencv_text(dist=f"distortion_model: kannala_brandt\n{short}"))
    with pytest.raises(CameraFileError, match="valid: equidistant, fisheye, plumb_bob"):
        read_foreign(path)


def test_a_camera_info_message_is_read_as_it_is_echoed(tmp_path):
    path = tmp_path / "info.yaml"
    path.write_text(
        "header: {frame_id: left}\nheight: 480\nwidth: 640\ndistortion_model: plumb_bob\n"
        "d: [-0.1, 0.02, 0.001, 0.0, 0.0]\nk: [500.0, 0.0, 320.0,"
        " 0.0, 501.0, 240.0, 0.0, 0.0, 1.0]\n---\nheight: 481\n---\n"
    )
    camera = read_foreign(path).camera
    assert camera.K[1, 1] == 501
    assert camera.name == "info"


def test_a_broken_place_is_not_exported_as_a_lens_and_a_source_is_not_needed(tmp_path, capsys):
    camera = make_camera()
    ours, theirs = write(tmp_path / "ours.yaml", camera), tmp_path / "theirs.toml"
    text = ours.read_text()
    arguments = ["calibrate", "export", "--camera", str(ours), "--out", str(theirs)]
    arguments += ["--format", "pose2sim"]
    ours.write_text(text[: text.index("source:")])
    assert main(arguments) == 0
    assert "lens and place" in capsys.readouterr().out
    assert_same(read_foreign(theirs).camera, camera)
    theirs.unlink()
    ours.write_text(text.replace("2.2]", "-2.2]"))
    assert main(arguments) == 2
    assert "below the ground" in capsys.readouterr().err
    assert not theirs.exists()


def test_an_imported_camera_has_no_record_of_the_one_before(tmp_path):
    out, theirs = write(tmp_path / "cam0.yaml", make_camera()), tmp_path / "calib.toml"
    lens = LensRecord("2026-11-24", "chessboard:7x4:60", 22, 0.18, 2.1, 3.4)
    ground = GroundRecord("2026-11-24", "board", 0.31, 0.05, 0.004, {3: 4, 5: 9})
    record = record_keys(CalibrationRecord(lens, ground))
    update_camera_file(out, {"calibration": record, "projection_matrix": {"rows": 3}})
    out.write_text("# in the hall\n" + out.read_text())
    theirs.write_text(pose_text(R_TRUE, T_TRUE))
    assert main(["calibrate", "import", str(theirs), "--out", str(out)]) == 0
    assert read_lens_file(out).record == CalibrationRecord()
    text = out.read_text()
    assert text.startswith("# in the hall\n")
    assert "projection_matrix" not in text
    assert read_camera_file(out).source == ZmqSource("cam_3")


KALIBR = """cam0:
  cam_overlaps: [1]
  camera_model: pinhole
  distortion_coeffs: [-0.28, 0.07, 0.0002, 1.7e-05]
  distortion_model: radtan
  intrinsics: [458.654, 457.296, 367.215, 248.375]
  resolution: [752, 480]
  rostopic: /cam0/image_raw
cam1:
  T_cn_cnm1:
  - [1.0, 0.0, 0.0, -0.11]
  - [0.0, 1.0, 0.0, 0.0]
  - [0.0, 0.0, 1.0, 0.0]
  - [0.0, 0.0, 0.0, 1.0]
  camera_model: pinhole
  distortion_coeffs: [-0.02, 0.01, 0.0, 0.0]
  distortion_model: equidistant
  intrinsics: [457.587, 456.134, 379.999, 255.238]
  resolution: [752, 480]
"""


def test_one_camera_of_several_is_picked(tmp_path, capsys):
    path, out = tmp_path / "camchain.yaml", tmp_path / "cam.yaml"
    path.write_text(KALIBR)
    arguments = ["calibrate", "import", str(path), "--out", str(out)]
    assert main(arguments) == 2
    assert "has 2 cameras: --pick one of cam0, cam1" in capsys.readouterr().err
    assert main([*arguments, "--pick", "cam2"]) == 2
    assert "did you mean" in capsys.readouterr().err
    assert main([*arguments, "--pick", "cam1", "--name", "hall"]) == 0
    lens = read_lens_file(out).lens
    assert (lens.name, lens.distortion_model) == ("hall", "equidistant")


BROKEN_NEIGHBOURS = {
    "kalibr": ("a.yaml", KALIBR.replace("radtan", "fov"), "cam0", "cam1"),
    "pose2sim": (
        "a.toml",
        lambda: toml_text() + "\n" + toml_text(size="").replace("cam_01", "cam_02"),
        "cam_02", "cam_01",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "broken", "sound"), BROKEN_NEIGHBOURS.values(), ids=BROKEN_NEIGHBOURS
)
def test_a_sound_camera_is_picked_beside_one_that_cannot_be_used(
    name, text, broken, sound, tmp_path
):
    path = tmp_path / name
    path.write_text(text() if callable(text) else text)
    assert read_foreign(path, pick=sound, as_is=True).name == sound
    with pytest.raises(CameraFileError, match=broken):
        read_foreign(path, pick=broken)


@pytest.mark.parametrize("command", ["import", "export"])
def test_the_file_that_is_read_is_not_written_over(command, tmp_path, capsys):
    path = write(tmp_path / "cam0.yaml", make_camera())
    if command == "import":
        path.write_text(opencv_text())
    before = path.read_text()
    read = [str(path)] if command == "import" else ["--format", "ros", "--camera", str(path)]
    assert main(["calibrate", command, *read, "--out", str(path)]) == 2
    assert "is what is read, and would be lost" in capsys.readouterr().err
    assert path.read_text() == before


def test_a_file_that_has_only_a_source_keeps_it_at_import(tmp_path):
    out, theirs = tmp_path / "cam0.yaml", tmp_path / "calib.toml"
    out.write_text("source: {type: zmq, stream: hall}  # ours\n")
    theirs.write_text(pose_text(R_TRUE, T_TRUE))
    assert main(["calibrate", "import", str(theirs), "--out", str(out)]) == 0
    assert read_camera_file(out).source == ZmqSource("hall")


def test_an_export_into_a_folder_that_is_not_there_says_so(tmp_path, capsys):
    ours = write(tmp_path / "cam0.yaml", make_camera())
    out = ["--out", str(tmp_path / "none" / "x.yml"), "--format", "opencv"]
    assert main(["calibrate", "export", "--camera", str(ours), *out]) == 2
    assert "there is no folder" in capsys.readouterr().err


def test_a_lens_without_a_place_is_not_exported_to_qualisys(tmp_path, capsys):
    ours, theirs = write(tmp_path / "cam0.yaml", make_camera()), tmp_path / "x.qca.txt"
    text = ours.read_text()
    ours.write_text(text[: text.index("T_world_camera")])
    arguments = ["--camera", str(ours), "--out", str(theirs), "--format", "qualisys"]
    assert main(["calibrate", "export", *arguments]) == 2
    assert "m2t3 calibrate ground" in capsys.readouterr().err
    assert not theirs.exists()


def test_keys_that_are_numbers_are_told_as_such(tmp_path):
    path = tmp_path / "cam.yaml"
    path.write_text("1: 2\ndistortion_model: plumb_bob\ncamera_matrix: {data: []}\n")
    with pytest.raises(CameraFileError, match="it has 1, distortion_model"):
        read_foreign(path)


# Shapes and magnitudes of a real export: three quarters of its digits, no camera of ours.
QUALISYS = """<?xml version="1.0"?>
<calibration calibrated="2021-05-06" source="x" qtm-version="2021.1" type="regular">
 <results std-dev="1.1" min-max-diff="9.2"/>
 <cameras>
  <camera active="1" avg-residual="0.5" serial="26580" model="Miqus Video" viewrotation="{turn}">
   <fov_marker left="0" top="0" right="1919" bottom="1087"/>
   <fov_video left="0" top="4" right="1919" bottom="1083"/>
   <transform x="{x}" y="{y}" z="{z}" {rows}/>
   <intrinsic focallength="9.27" sensorMinU="0.000000" sensorMaxU="122879.000000"
    sensorMinV="0.000000" sensorMaxV="69631.000000" focalLengthU="107872.6" focalLengthV="107880.2"
    centerPointU="60827.2" centerPointV="32684.0" skew="0" radialDistortion1="-0.045450"
    radialDistortion2="0.139604" radialDistortion3="0.000000" tangentalDistortion1="0.000615"
    tangentalDistortion2="-0.000391"/>
  </camera>
 </cameras>
</calibration>
"""


def qualisys_text(camera: Camera, turn: int) -> str:
    """The file of a camera that stands there, whose sensor may lie on its side."""
    M = np.diag([1, -1, -1]) @ camera.R_world_camera.T
    rows = " ".join(f'r{i + 1}{j + 1}="{M[i, j]:.9f}"' for i in range(3) for j in range(3))
    x, y, z = 1000 * camera.t_world_camera_m
    return QUALISYS.format(x=x, y=y, z=z, rows=rows, turn=turn)


def test_a_qualisys_camera_is_read_in_pixels_and_metres(tmp_path):
    camera, path = make_camera(), tmp_path / "x.qca.txt"
    path.write_text(qualisys_text(camera, 0))
    found = read_foreign(path).camera
    assert (found.name, found.width_px, found.height_px) == ("26580", 1920, 1080)
    assert found.K[0, 0] == pytest.approx(107872.6 / 64)
    assert found.K[1, 2] == pytest.approx(32684.0 / 64 - 4)
    assert found.distortion == pytest.approx([-0.04545, 0.139604, 0.000615, -0.000391, 0])
    np.testing.assert_allclose(found.t_world_camera_m, camera.t_world_camera_m, atol=1e-9)
    np.testing.assert_allclose(found.R_world_camera, camera.R_world_camera, atol=1e-8)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_qualisys_camera_on_its_side_is_turned_upright(quarters, tmp_path):
    upright, path = make_camera(), tmp_path / "x.qca.txt"
    sensor = upright
    for _ in range(4 - quarters):
        sensor = turned(sensor)
    path.write_text(qualisys_text(sensor, 90))
    found = read_foreign(path).camera
    np.testing.assert_allclose(found.R_world_camera, upright.R_world_camera, atol=1e-8)
    assert (found.width_px > found.height_px) == (quarters == 2)


def test_a_turned_camera_sees_points_where_the_turned_picture_shows_them():
    camera = make_camera()
    points_m = np.random.default_rng(0).uniform([-1, -1, 0], [2, 1.5, 2], (40, 3))
    u, v = camera.project(points_m).T
    expected_px = np.column_stack([camera.height_px - 1 - v, u])
    np.testing.assert_allclose(turned(camera).project(points_m), expected_px, atol=1e-6)


def opencv_text(**changes: str) -> str:
    parts = {
        "head": "%YAML:1.0\n---\n",
        "size": "image_width: 640\nimage_height: 480\n",
        "K": "camera_matrix: !!opencv-matrix\n   rows: 3\n   cols: 3\n   dt: d\n"
        "   data: [ 500., 0., 320., 0., 500., 240., 0., 0., 1. ]\n",
        "dist": "distortion_coefficients: !!opencv-matrix\n   rows: 1\n   cols: 5\n   dt: d\n"
        "   data: [ -0.1, 0., 0., 0., 0. ]\n",
    }
    return "".join({**parts, **changes}.values())


def toml_text(**changes: str) -> str:
    values = {
        "size": "[ 1080.0, 1920.0]",
        "matrix": "[ [ 1681.2, 0.0, 533.0], [ 0.0, 1681.1, 948.1], [ 0.0, 0.0, 1.0]]",
        "distortions": "[ -0.04, 0.1, 0.0, 0.0]",
        "rotation": "[ 1.7, 0.7, -0.4]",
        "translation": "[ 0.3, 0.9, 2.9]",
        **changes,
    }
    lines = [f"{key} = {value}" for key, value in values.items() if value]
    return "\n".join(["[cam_01]", 'name = "cam_01"', *lines])


MALFORMED = {
    "opencv: broken": (
        "a.yml",
        opencv_text(K="camera_matrix: !!opencv-matrix\n   rows: [\n"),
        "is no file of OpenCV's FileStorage: line 7: Incorrect",
    ),
    "opencv: no matrix": ("a.yml", opencv_text(K=""), "lacks camera_matrix"),
    "opencv: no size": ("a.yml", opencv_text(size=""), "lacks image_width and image_height"),
    "opencv: short data": (
        "a.yml",
        opencv_text(dist="distortion_coefficients: [ 0.1, 0.2, 0.3 ]\n"),
        "distortion has 3 coefficients",
    ),
    "ros: model": (
        "a.yaml",
        "image_width: 640\nimage_height: 480\ncamera_matrix: {data: [1, 2]}\n"
        "distortion_model: plum_bob\n",
        "did you mean 'plumb_bob'?",
    ),
    "ros: short matrix": (
        "a.yaml",
        "image_width: 640\nimage_height: 480\ncamera_matrix: {data: [1, 2]}\n"
        "distortion_model: plumb_bob\ndistortion_coefficients: {data: [0, 0, 0, 0, 0]}\n",
        "camera matrix has 2 numbers; it has 3 x 3",
    ),
    "ros: not yaml": ("a.yaml", "camera_matrix: [1", "not YAML"),
    "kalibr: omni": (
        "a.yaml",
        KALIBR.replace("camera_model: pinhole", "camera_model: omni", 1),
        "camera_model 'omni' is not supported; pinhole is",
    ),
    "kalibr: intrinsics": (
        "a.yaml",
        KALIBR.replace("367.215, ", ""),
        "cam0: intrinsics has 3 numbers",
    ),
    "kalibr: coefficients": (
        "a.yaml",
        KALIBR.replace("0.0002, ", ""),
        "cam0: distortion_coeffs has 3 numbers; radtan has 4",
    ),
    "toml: broken": ("a.toml", "[cam_01\n", "is no TOML"),
    "toml: no camera": ("a.toml", "[metadata]\nerror = 0.0\n", "has no camera: a table like"),
    "toml: no size": ("a.toml", toml_text(size=""), "[cam_01]: lacks size"),
    "toml: rotation": ("a.toml", toml_text(rotation="[1.0, 2.0]"), "rotation has 2 numbers"),
    "toml: a word": ("a.toml", toml_text(size='["big", 3]'), "it is made of numbers"),
    "toml: not finite": ("a.toml", toml_text(translation="[nan, 0.0, 1.0]"), "holds nan"),
    "qualisys: broken": ("a.qca.txt", "<calibration><cameras>", "is no XML"),
    "qualisys: empty": ("a.qca.txt", "<calibration/>", "has no <camera>"),
    "qualisys: lacks": (
        "a.qca.txt",
        qualisys_text(make_camera(), 0).replace("focalLengthU", "focal"),
        "camera 26580 lacks focalLengthU",
    ),
    "qualisys: word": (
        "a.qca.txt",
        qualisys_text(make_camera(), 0).replace('"107872.6"', '"long"'),
        "<intrinsic> focalLengthU is 'long'; it is a number",
    ),
    "qualisys: entity": ("a.qca.txt", "<!DOCTYPE x><calibration/>", "document type declaration"),
    "qualisys: mirrored": (
        "a.qca.txt",
        qualisys_text(make_camera(), 0).replace('r11="', 'r11="-').replace('r12="', 'r12="-')
        .replace('r13="', 'r13="-').replace("--", ""),
        "the rotation mirrors",
    ),
    "unknown": ("a.txt", "hello", "looks like none of opencv, ros, kalibr, pose2sim, qualisys"),
    "binary": ("a.yml", None, "not a text file"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "text", "answer"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_file_gets_its_own_answer(name, text, answer, tmp_path, capsys):
    path = tmp_path / name
    path.write_bytes(b"\xff\xfe\x00\x80" if text is None else text.encode())
    pick = ["--pick", "cam0"] if name == "a.yaml" and text.startswith("cam0") else []
    assert main(["calibrate", "import", str(path), "--out", str(tmp_path / "out.yaml"), *pick]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"m2t3 calibrate: {path}: ")
    assert answer in error
    assert not (tmp_path / "out.yaml").exists()


def test_answers_differ():
    answers = [answer for _, _, answer in MALFORMED.values()]
    assert len(set(answers)) == len(answers)


def pose_text(R_camera_world, t) -> str:
    turn = cv2.Rodrigues(np.asarray(R_camera_world, float))[0].ravel()
    return toml_text(rotation=str(turn.tolist()), translation=str(np.asarray(t, float).tolist()))


R_TRUE = make_camera().R_world_camera.T
T_TRUE = -R_TRUE @ make_camera().t_world_camera_m
CONVENTIONS = {
    "camera to world": (R_TRUE.T, make_camera().t_world_camera_m, "camera to world"),
    "z down": (
        R_TRUE @ np.diag([1, -1, -1]),
        T_TRUE,
        "z points down in this world",
    ),
    "y up": (R_TRUE @ np.array([[0, 0, 1.0], [1, 0, 0], [0, 1, 0]]), T_TRUE, "y points up"),
    "OpenGL": (
        np.diag([1, -1, -1]) @ R_TRUE,
        np.diag([1, -1, -1]) @ T_TRUE,
        "OpenGL and Blender",
    ),
    "millimetres": (R_TRUE, 1000 * T_TRUE, "millimetres"),
}


@pytest.mark.parametrize(("R", "t", "answer"), CONVENTIONS.values(), ids=CONVENTIONS)
def test_a_wrong_convention_is_found_out_and_explained(R, t, answer, tmp_path):
    path = tmp_path / "calib.toml"
    path.write_text(pose_text(R, t))
    with pytest.raises(CameraFileError) as refusal:
        read_foreign(path)
    assert answer in str(refusal.value)


def test_centimetres_are_questioned_but_for_a_camera_that_truly_is_so_high(tmp_path):
    path = tmp_path / "calib.toml"
    path.write_text(pose_text(R_TRUE, 100 * T_TRUE))
    with pytest.raises(CameraFileError, match=r"220 m above the floor.*centimetres.*--as-is"):
        read_foreign(path)
    assert read_foreign(path, as_is=True).camera.t_world_camera_m[2] == pytest.approx(220)


def test_a_camera_that_truly_hangs_upside_down_is_believed_as_it_is(tmp_path, capsys):
    path, out = tmp_path / "calib.toml", tmp_path / "out.yaml"
    R, t = CONVENTIONS["OpenGL"][:2]
    path.write_text(pose_text(R, t))
    arguments = ["calibrate", "import", str(path), "--out", str(out)]
    assert main(arguments) == 2
    assert "--as-is" in capsys.readouterr().err
    hanging = np.diag([-1.0, -1, 1])
    path.write_text(pose_text(hanging @ R_TRUE, hanging @ T_TRUE))
    assert main([*arguments, "--as-is"]) == 0
    found = read_camera_file(out).camera
    np.testing.assert_allclose(found.t_world_camera_m, make_camera().t_world_camera_m, atol=1e-9)
