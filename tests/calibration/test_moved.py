"""Has the camera moved since it was calibrated?"""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from floor_scene import make_camera, write_lens
from scipy.spatial.transform import Rotation

from m2t3.__main__ import main
from m2t3.calibration.camera_files.camera_file import CameraFile, write_camera_file
from m2t3.calibration.camera_files.keypoint_source import ZmqSource
from m2t3.calibration.floor.points_file import write_points
from m2t3.calibration.moved import turn_between


def picture_of_a_room(seed, count=250):
    """A picture with much to hold on to."""
    rng = np.random.default_rng(seed)
    picture = np.full((540, 960), 120, np.uint8)
    for _ in range(count):
        corner, size = rng.integers(0, [960, 540]), rng.integers(8, 60, 2)
        cv2.rectangle(
            picture, corner.tolist(), (corner + size).tolist(), int(rng.integers(256)), -1
        )
    return cv2.GaussianBlur(picture, (0, 0), 1)


@pytest.fixture(scope="module")
def room():
    return picture_of_a_room(0)


@pytest.mark.parametrize(
    ("turn_deg", "code", "answer"),
    [(0.0, 0, "not moved since"), (0.4, 1, "moved since: by 0.4"), (90, 1, "too little in common")],
)
def test_a_camera_that_was_moved_is_found_out(turn_deg, code, answer, room, tmp_path, capsys):
    camera = make_camera(size=(960, 540), position=(-4, 0.2, 2))
    camera = replace(camera, distortion=np.zeros(5))
    file = write_lens(tmp_path / "cam0.yaml", camera)
    points_m = np.array([(x, y, 0) for x in (-1, 0, 1) for y in (-0.8, 0.8)], float)
    write_points(tmp_path / "points.csv", points_m, camera.project(points_m))
    cv2.imwrite(str(tmp_path / "room.png"), room)
    arguments = ["--camera", str(file), "--points", str(tmp_path / "points.csv")]
    source = ["--source", str(tmp_path / "room.png")]
    assert main(["calibrate", "ground", "points", *arguments, *source]) == 0
    R = Rotation.from_euler("x", turn_deg, degrees=True).as_matrix()
    now = cv2.warpPerspective(room, camera.K @ R @ np.linalg.inv(camera.K), (960, 540))
    if turn_deg > 45:
        now = np.full_like(room, 60)
    cv2.circle(now, (300, 300), 70, 255, -1)  # somebody stands there now
    cv2.imwrite(str(tmp_path / "now.png"), now)
    capsys.readouterr()
    source = ["--source", str(tmp_path / "now.png")]
    assert main(["calibrate", "check", "--camera", str(file), *source]) == code
    assert answer in capsys.readouterr().out


def burnt_in(picture):
    """With the words that cameras write over their pictures."""
    words = (("2026-11-30 12:34:56 Mon", (30, 40)), ("CAMERA 01 HALL WEST", (560, 520)))
    for text, at in words:
        picture = cv2.putText(picture.copy(), text, at, 0, 1.0, 255, 3)
    return picture


@pytest.mark.parametrize("count", [250, 8])
def test_a_time_that_is_burnt_into_the_picture_says_nothing_of_the_room(count):
    camera = replace(make_camera(size=(960, 540)), distortion=np.zeros(5))
    before = picture_of_a_room(0, count)
    other = picture_of_a_room(1, count)
    assert turn_between(camera, burnt_in(before), burnt_in(other)) is None
    R = Rotation.from_euler("x", 2, degrees=True).as_matrix()
    now = cv2.warpPerspective(
        before, camera.K @ R @ np.linalg.inv(camera.K), (960, 540), borderMode=cv2.BORDER_REFLECT
    )
    turn = turn_between(camera, burnt_in(before), burnt_in(now))
    assert turn is None or turn.angle_deg == pytest.approx(2, abs=0.1)


def test_without_a_reference_nobody_can_tell_whether_it_was_moved(room, tmp_path, capsys):
    file = tmp_path / "cam0.yaml"
    camera = make_camera(size=(960, 540))
    write_camera_file(file, CameraFile(camera, ZmqSource(stream="cam0")))
    cv2.imwrite(str(tmp_path / "now.png"), room)
    source = ["--source", str(tmp_path / "now.png")]
    assert main(["calibrate", "check", "--camera", str(file), *source]) == 1
    assert "cannot be told" in " ".join(capsys.readouterr().out.split())


def test_a_picture_of_another_size_is_refused(tmp_path, capsys):
    file = write_lens(tmp_path / "cam0.yaml", make_camera())
    cv2.imwrite(str(tmp_path / "small.png"), np.zeros((360, 640), np.uint8))
    arguments = ["--camera", str(file), "--source", str(tmp_path / "small.png")]
    assert main(["calibrate", "ground", "board", *arguments, "--board", "chessboard:7x4:60"]) == 2
    assert "small.png is 640 x 360 px" in capsys.readouterr().err


def test_a_camera_that_looks_straight_down_is_told_what_a_tenth_of_a_degree_does(tmp_path, capsys):
    file = tmp_path / "cam0.yaml"
    write_camera_file(file, CameraFile(make_camera(pitch=90), ZmqSource(stream="cam0")))
    assert main(["calibrate", "check", "--camera", str(file)]) == 0
    assert "5 m away: 25 mm" in capsys.readouterr().out  # 0.1 degrees, (25 + 4) / 2 m
