"""The room from a board on the floor: how exact, and what is found out and explained."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from floor_scene import SURE, make_camera, same_place, seen, write_lens
from rendering import Renderer
from scipy.spatial.transform import Rotation

from m2t3.__main__ import main
from m2t3.calibration.boards.board import parse_board
from m2t3.calibration.boards.detection import View
from m2t3.calibration.camera_files.camera_file import read_camera_file, read_lens_file
from m2t3.calibration.commands import ground
from m2t3.calibration.floor.boards import fit_floor_boards, on_their_way, still_boards
from m2t3.calibration.floor.error import floor_error_mm, in_world, pitch_deg, pitch_sd_deg, roll_deg
from m2t3.calibration.floor.place_from_points import fit_place
from m2t3.core.errors import CalibrationError


def lying(board, x=0.0, y=0.0, yaw=0.0):
    """Corners of a board on the floor."""
    turn = Rotation.from_euler("z", yaw).as_matrix()
    return board.corners_m @ turn.T + [x, y, 0]


def frames_of(camera, board, count, rng, **place) -> list[View]:
    """A board that lies still in `count` pictures."""
    points_m = lying(board, **place)
    return [View(f"{i}", board.corners_m, seen(camera, points_m, rng)) for i in range(count)]


def errors_of(fit, camera):
    """Pitch in degrees, height in metres."""
    return (
        pitch_deg(fit.camera) - pitch_deg(camera),
        fit.camera.t_world_camera_m[2] - camera.t_world_camera_m[2],
    )


@pytest.mark.parametrize("word", ["charuco:7x5:80:60", "chessboard:7x4:80", "aprilgrid:4x3:90:27"])
def test_a_second_of_a_board_three_metres_away_gives_pitch_and_height(word):
    board, errors = parse_board(word), []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        camera = make_camera(rng.uniform(25, 45), 3, (-2.3, rng.uniform(-0.3, 0.3), 1.9))
        views = frames_of(camera, board, 30, rng, yaw=rng.uniform(-3, 3))
        fit = fit_floor_boards(camera, still_boards(views), SURE)
        errors.append(errors_of(fit, camera))
    pitch, height = np.abs(errors).max(axis=0)
    assert pitch < 0.15
    assert height < 0.01


def test_boards_at_several_places_give_pitch_and_height_from_few_pictures():
    board, errors, alone = parse_board("charuco:7x5:60:44"), [], []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        camera = make_camera()
        places = [(0, 0, 0.3), (-0.8, 0.6, 1), (0.5, -0.9, 2), (1, 0.7, -1), (-0.9, -0.5, 3)]
        views = [
            view
            for x, y, yaw in places
            for view in frames_of(camera, board, 5, rng, x=x, y=y, yaw=yaw)
        ]
        boards = still_boards(views)
        assert len(boards) == len(places)
        fit = fit_floor_boards(camera, boards, SURE)
        assert pitch_sd_deg(fit.camera, fit.covariance) < 0.12
        errors.append(errors_of(fit, camera))
        alone.append(pitch_sd_deg(*vars_of(fit_floor_boards(camera, boards[:1], SURE))))
        expected = in_world(fit, (0, 0), 0.3).camera
        np.testing.assert_allclose(expected.t_world_camera_m, camera.t_world_camera_m, atol=0.02)
    pitch, height = np.abs(errors).max(axis=0)
    assert pitch < 0.15
    assert height < 0.015
    assert min(alone) > 0.12


def vars_of(fit):
    return fit.camera, fit.covariance


def held(camera, board, rng, name, *, tilt=35.0, y=0.7, z=0.4) -> View:
    """A board held still in the hand, tilted to the camera."""
    turn = Rotation.from_euler("yx", [-tilt, 10], degrees=True).as_matrix()
    points_m = board.corners_m @ turn.T + [0, y, z]
    return View(name, board.corners_m, seen(camera, points_m, rng, 0.2))


def test_a_board_on_its_way_and_one_that_does_not_lie_flat_are_left_out():
    board, rng, camera = parse_board("charuco:7x5:60:44"), np.random.default_rng(0), make_camera()
    views = frames_of(camera, board, 5, rng)
    views += frames_of(camera, board, 1, rng, x=0.2) + frames_of(camera, board, 1, rng, x=0.4)
    views += frames_of(camera, board, 5, rng, x=0.6)
    boards = still_boards(views)
    assert len(boards) == 2
    assert on_their_way(views) == views[5:7]
    good = fit_floor_boards(camera, boards, SURE)
    assert good.warnings == ()
    fit = fit_floor_boards(camera, [*boards, held(camera, board, rng, "tilted", tilt=15)], SURE)
    assert "the board of tilted does not lie on the floor of the other 2" in fit.warnings[0]
    assert "origin" not in fit.warnings[0]
    np.testing.assert_allclose(errors_of(fit, camera), errors_of(good, camera), atol=1e-3)


def test_of_pictures_taken_one_by_one_a_place_in_a_single_one_counts():
    board, rng, camera = parse_board("charuco:7x5:60:44"), np.random.default_rng(0), make_camera()
    views = frames_of(camera, board, 3, rng)
    views += [view for x in (0.4, 0.8) for view in frames_of(camera, board, 1, rng, x=x)]
    assert len(still_boards(views, single_pictures=True)) == 3


def test_a_first_board_held_in_the_hand_moves_the_origin_to_the_first_that_lies():
    board, rng, camera = parse_board("charuco:7x5:80:60"), np.random.default_rng(0), make_camera()
    # Held for a while, it drifts: four places, but hardly apart, against two on the floor.
    boards = [held(camera, board, rng, f"held {i}", y=0.7 + 0.01 * i) for i in range(4)]
    boards += [frames_of(camera, board, 1, rng, x=x, y=-x)[0] for x in (0.0, 0.8)]
    fit = fit_floor_boards(camera, boards, SURE)
    assert "held 0, held 1, held 2, held 3 do not lie on the floor" in fit.warnings[0]
    assert "origin is under the board of 0" in fit.warnings[0]
    pitch, height = np.abs(errors_of(fit, camera))
    assert pitch < 0.5
    assert height < 0.03


def test_boards_of_which_no_two_lie_on_one_floor_are_refused():
    board, rng, camera = parse_board("charuco:7x5:80:60"), np.random.default_rng(0), make_camera()
    boards = [frames_of(camera, board, 1, rng)[0], held(camera, board, rng, "held")]
    with pytest.raises(CalibrationError, match="no two of them are on one floor: lay it flat"):
        fit_floor_boards(camera, boards, SURE)


def test_a_board_that_has_the_camera_upside_down_is_questioned(tmp_path, capsys):
    camera = make_camera(pitch=42, roll=180, position=(-1.3, 0.1, 1.4), size=(640, 360))
    board, file = parse_board("charuco:5x4:140:105"), write_lens(tmp_path / "cam0.yaml", camera)
    R = camera.R_world_camera.T
    picture = Renderer(camera, board).picture(R, -R @ camera.t_world_camera_m)
    cv2.imwrite(str(tmp_path / "floor.png"), picture)
    arguments = ["--camera", str(file), "--source", str(tmp_path / "floor.png"), "--board"]
    arguments = ["calibrate", "ground", "board", *arguments, "charuco:5x4:140:105"]
    before = file.read_text()
    assert main(arguments) == 2
    assert "--as-is" in capsys.readouterr().err
    assert file.read_text() == before
    assert main([*arguments, "--as-is"]) == 0
    same_place(file, camera, 0.02)


def test_a_live_camera_is_watched_for_seconds_however_slow_the_search(monkeypatch):
    now_s = 100.0
    monkeypatch.setattr(ground.time, "monotonic", lambda: now_s)
    monkeypatch.setattr(ground, "read_pictures", lambda source, every_s: iter(range(1000)))
    for source, expected in (("0", 5), ("walk", 1000)):
        command = ground.GroundBoard(Path("cam0.yaml"), source, "chessboard:7x4:60", seconds=10)
        count = 0
        for _ in command._pictures():
            now_s += 2.0  # to look for the board
            count += 1
        assert count == expected


def test_a_thick_board_lifts_the_camera():
    board, camera = parse_board("charuco:7x5:80:60"), make_camera()
    views = [View("", board.corners_m, camera.project(lying(board) + np.array([0, 0, 0.02])))]
    fit = fit_floor_boards(camera, views, SURE, thickness_m=0.02)
    np.testing.assert_allclose(fit.camera.t_world_camera_m, camera.t_world_camera_m, atol=1e-4)


def test_the_predicted_spread_is_the_spread_there_is():
    board, camera = parse_board("charuco:7x5:80:60"), make_camera()
    pitches, predicted = [], []
    for seed in range(30):
        points_px = seen(camera, board.corners_m, np.random.default_rng(seed))
        fit = fit_place(camera, board.corners_m, points_px, SURE)
        pitches.append(pitch_deg(fit.camera) - pitch_deg(camera))
        predicted.append(pitch_sd_deg(fit.camera, fit.covariance))
    assert np.std(pitches) == pytest.approx(np.mean(predicted), rel=0.35)


def test_an_unsure_lens_makes_the_floor_unsure():
    board, camera = parse_board("charuco:7x5:80:60"), make_camera()
    points_px = seen(camera, board.corners_m, np.random.default_rng(0))
    sure = fit_place(camera, board.corners_m, points_px, SURE)
    unsure = fit_place(camera, board.corners_m, points_px, np.array([10, 10, 15, 15.0]))
    for distance in (5, 10):
        assert (
            floor_error_mm(unsure.camera, unsure.covariance)[distance]
            > 1.1 * floor_error_mm(sure.camera, sure.covariance)[distance]
        )


def test_pitch_alone_moves_the_floor_as_trigonometry_says():
    camera, covariance = make_camera(position=(0, 0, 2.2)), np.zeros((10, 10))
    covariance[1, 1] = np.radians(0.1) ** 2
    expected_mm = 1000 * np.radians(0.1) * (5**2 + 2.2**2) / 2.2
    assert floor_error_mm(camera, covariance)[5] == pytest.approx(expected_mm, rel=1e-3)


def test_a_camera_upside_down_or_rolled_is_found_too():
    board = parse_board("charuco:7x5:150:110")
    for roll in (-90, 20, 90, 180):
        camera = make_camera(roll=roll, position=(-2.0, 0, 1.8), pitch=40)
        points_px = seen(camera, board.corners_m, np.random.default_rng(1), 0.2)
        fit = fit_place(camera, board.corners_m, points_px, SURE)
        np.testing.assert_allclose(fit.camera.t_world_camera_m, camera.t_world_camera_m, atol=0.05)
        assert np.cos(np.radians(roll_deg(fit.camera) - roll)) > 0.999


def test_the_commands_go_from_a_board_on_the_floor_to_a_checked_camera(tmp_path, capsys):
    camera = make_camera(pitch=42, position=(-1.3, 0.1, 1.4), size=(640, 360))
    board, file = parse_board("charuco:5x4:140:105"), write_lens(tmp_path / "cam0.yaml", camera)
    renderer = Renderer(camera, board)
    R = camera.R_world_camera.T
    picture = renderer.picture(R, -R @ camera.t_world_camera_m)
    cv2.imwrite(str(tmp_path / "floor.png"), picture)
    arguments = ["--camera", str(file), "--source", str(tmp_path / "floor.png")]
    word = ["--board", "charuco:5x4:140:105"]
    assert main(["calibrate", "ground", "board", *arguments, *word]) == 0
    assert "mm at 5 m" in capsys.readouterr().out
    same_place(file, camera, 0.02)
    ground = read_lens_file(file).record.ground
    assert ground.method == "board"
    assert ground.residual_px < 0.3
    assert set(ground.floor_error_mm) == {3, 5, 10}
    assert (tmp_path / "cam0.ground.jpg").exists()
    assert main(["calibrate", "check", "--camera", str(file)]) == 0
    said = capsys.readouterr().out
    assert "10 m away" in said
    drawn = cv2.imread(str(tmp_path / "cam0.check.jpg"))
    assert np.abs(drawn.astype(int) - cv2.imread(str(tmp_path / "cam0.ground.jpg"))).max() > 100
    again = [*arguments, *word, "--origin", "2", "1", "--yaw", "90"]
    assert main(["calibrate", "ground", "board", *again]) == 0
    turned = read_camera_file(file).camera
    x, y, z = camera.t_world_camera_m
    np.testing.assert_allclose(turned.t_world_camera_m, [2 - y, 1 + x, z], atol=0.02)
