"""The room from a board on the floor: how exact, and what is found out and explained."""

import cv2
import numpy as np
import pytest
from floor_scene import SURE, make_camera, same_place, seen, write_lens
from rendering import Renderer
from scipy.spatial.transform import Rotation

from m2t3.__main__ import main
from m2t3.calibration.board_detection import View
from m2t3.calibration.boards import parse_board
from m2t3.calibration.camera_file import read_camera_file, read_lens_file
from m2t3.calibration.floor_boards import fit_floor_boards, still_boards
from m2t3.calibration.floor_error import floor_error_mm, in_world, pitch_deg, pitch_sd_deg, roll_deg
from m2t3.calibration.place_fit import fit_place


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


def test_a_board_on_its_way_and_one_that_does_not_lie_flat_are_found_out():
    board, rng, camera = parse_board("charuco:7x5:60:44"), np.random.default_rng(0), make_camera()
    views = frames_of(camera, board, 5, rng)
    views += frames_of(camera, board, 1, rng, x=0.2) + frames_of(camera, board, 1, rng, x=0.4)
    views += frames_of(camera, board, 5, rng, x=0.6)
    boards = still_boards(views)
    assert len(boards) == 2
    tilted_m = lying(board, y=0.7) @ Rotation.from_euler("x", 15, degrees=True).as_matrix().T
    boards.append(View("tilted", board.corners_m, seen(camera, tilted_m, rng)))
    assert any(
        "does not lie on the floor" in w for w in fit_floor_boards(camera, boards, SURE).warnings
    )


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
