"""Boards: what a word says, what is drawn, what is printed."""

import re
import zlib

import cv2
import numpy as np
import pytest

from m2t3.__main__ import main
from m2t3.calibration.boards.board import parse_board
from m2t3.calibration.boards.drawing import black_rectangles_m, draw
from m2t3.calibration.boards.page import POINTS_PER_MM
from m2t3.core.errors import CalibrationError

WORDS = (
    "chessboard:7x4:60",
    "charuco:7x5:35:26:4x4_50",
    "charuco:6x8:40:28:5x5_100:legacy",
    "aprilgrid:6x6:40:12:36h11",
    "aprilgrid:5x4:60:18:36h11:kalibr",
)


@pytest.mark.parametrize("word", WORDS)
def test_a_word_is_read_as_it_is_written(word):
    assert str(parse_board(word)) == word


@pytest.mark.parametrize("word", WORDS)
def test_corners_lie_where_black_meets_white(word):
    board = parse_board(word)
    picture = draw(board, 1000, margin_m=0.02).astype(int)
    middle = np.array(picture.shape[::-1]) / 2
    for x, y, _ in board.corners_m * 1000:
        u, v = np.rint(middle + np.array([x, -y])).astype(int)
        block = picture[v - 2 : v + 2, u - 2 : u + 2]
        quarters = [block[:2, :2], block[:2, 2:], block[2:, :2], block[2:, 2:]]
        assert all(np.ptp(quarter) == 0 for quarter in quarters)
        assert len({quarter[0, 0] for quarter in quarters}) == 2


@pytest.mark.parametrize("word", ["charuco:7x5:40:30", WORDS[2], "charuco:5x4:40:24:36h11"])
def test_charuco_boards_are_opencvs(word):
    board = parse_board(word)
    picture = draw(board, 1000)
    theirs = board.opencv_charuco().generateImage(picture.shape[::-1], None, 0, 1)
    np.testing.assert_array_equal(picture, theirs)


def test_apriltag_grids_are_opencvs():
    board = parse_board("aprilgrid:4x3:32:8")
    picture = draw(board, 1000)
    grid = cv2.aruco.GridBoard((4, 3), 0.032, 0.008, board.opencv_dictionary())
    np.testing.assert_array_equal(picture, grid.generateImage(picture.shape[::-1], None, 0, 1))


@pytest.mark.parametrize(
    ("word", "answer"),
    [
        ("charuco:7x5:35:26:", "no dictionary ''; valid: "),
        ("chesboard:7x4:60", "did you mean 'chessboard'?"),
        ("chessboard:7x4", "chessboard:COLUMNSxROWS:SQUARE_MM"),
        ("chessboard:7*4:60", "'7*4' is no COLUMNSxROWS"),
        ("chessboard:1x4:60", "not 2 to 60"),
        ("chessboard:7x2:60", "7x2 inner corners are too few"),
        ("charuco:4x3:35:26", "4x3 squares have 6 corners between them; 8,"),
        ("charuco:2x20:35:26", "2x20 squares have 19 corners"),
        ("chessboard:7x4:six", "'six' is no length in mm"),
        ("chessboard:7x4:0.06", "'0.06' is no length in mm"),
        ("charuco:7x5:30:35", "does not fit a square"),
        ("charuco:7x5:35:26:4x4_51", "did you mean '4x4_50'?"),
        ("charuco:12x9:35:26", "needs 54 markers, dictionary 4x4_50 has 50"),
        ("aprilgrid:6x6:40", "aprilgrid:COLUMNSxROWS:TAG_MM:GAP_MM"),
    ],
)
def test_a_word_that_is_no_board_is_refused(word, answer):
    with pytest.raises(CalibrationError) as refusal:
        parse_board(word)
    assert answer in str(refusal.value)


def test_a_pdf_is_true_to_size(tmp_path):
    path = tmp_path / "board.pdf"
    assert main(["calibrate", "board", str(path), "--board", "charuco:7x5:35:26"]) == 0
    pdf = path.read_bytes()
    width, height = map(float, re.search(rb"MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf).groups())
    assert width == pytest.approx(297 / 25.4 * 72, abs=0.01)
    assert height == pytest.approx(210 / 25.4 * 72, abs=0.01)
    content = zlib.decompress(re.search(rb"stream\n(.*)\nendstream", pdf, re.DOTALL).group(1))
    rectangles = np.array(re.findall(rb"^([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+) re$", content, re.M))
    rectangles = rectangles.astype(float)
    assert len(rectangles) == len(black_rectangles_m(parse_board("charuco:7x5:35:26")))
    assert f"{POINTS_PER_MM:.6f} 0 0 {POINTS_PER_MM:.6f} 0 0 cm".encode() in content
    left, right = rectangles[:, 0].min(), (rectangles[:, 0] + rectangles[:, 2]).max()
    assert right - left == pytest.approx(245, abs=1e-3)
    assert (left + right) / 2 == pytest.approx(297 / 2, abs=1e-3)
    offsets = re.search(rb"xref\n0 6\n(.*?)trailer", pdf, re.DOTALL).group(1).splitlines()[1:]
    for number, line in enumerate(offsets, 1):
        assert pdf[int(line.split()[0]) :].startswith(b"%d 0 obj" % number)


def test_a_png_shows_the_board_and_says_its_resolution(tmp_path):
    path = tmp_path / "board.png"
    assert main(["calibrate", "board", str(path), "--dpi", "100"]) == 0
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert picture.shape == (round(210 / 25.4 * 100), round(297 / 25.4 * 100))
    assert b"pHYs" + (3937).to_bytes(4) * 2 + b"\x01" in path.read_bytes()
    board = parse_board("charuco:7x5:35:26")
    _, ids, _, _ = cv2.aruco.CharucoDetector(board.opencv_charuco()).detectBoard(picture)
    assert len(ids) == 24


def test_a_board_too_large_for_its_page_is_refused_with_a_page_that_holds_it(tmp_path, capsys):
    out = str(tmp_path / "board.pdf")
    assert main(["calibrate", "board", out, "--board", "charuco:7x5:50:37"]) == 2
    assert "take --page a3, or lengths of at most" in capsys.readouterr().err
    assert main(["calibrate", "board", out, "--board", "charuco:7x5:50:37", "--page", "a3"]) == 0
    assert main(["calibrate", "board", out, "--page", "a44"]) == 2
    assert "did you mean 'a4'?" in capsys.readouterr().err


def test_the_line_on_a_narrow_page_is_as_long_as_its_label_says(tmp_path, capsys):
    path = tmp_path / "board.pdf"
    arguments = ["--board", "charuco:5x5:15:11", "--page", "90x120"]
    assert main(["calibrate", "board", str(path), *arguments]) == 0
    assert "check the 78 mm line" in capsys.readouterr().out
    content = zlib.decompress(re.search(rb"stream\n(.*)\nendstream", path.read_bytes(), re.S)[1])
    assert b"the line below is 78 mm" in content
    assert re.search(rb"^6\.0000 6\.0000 78\.0000 ", content, re.M)
    assert main(["calibrate", "board", str(tmp_path / "board.png"), *arguments]) == 0
    picture = cv2.imread(str(tmp_path / "board.png"), cv2.IMREAD_GRAYSCALE)
    edge = round(4.9 / 25.4 * 300)
    assert (picture[:, -edge:] == 255).all()  # the words end before the page's edge


def test_more_pixels_than_programs_open_are_refused(tmp_path, capsys):
    arguments = ["--page", "5000x5000", "--dpi", "2400"]
    assert main(["calibrate", "board", str(tmp_path / "board.png"), *arguments]) == 2
    assert "take --dpi 166 or less, or a PDF" in capsys.readouterr().err
