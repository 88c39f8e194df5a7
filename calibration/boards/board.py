"""Calibration boards: chessboard, ChArUco, AprilTag grid; one word on the command line each.

    chessboard:7x4:60                  7 x 4 inner corners (not squares), squares of 60 mm
    charuco:7x5:35:26[:4x4_50]         7 x 5 squares of 35 mm, markers of 26 mm, dictionary
    aprilgrid:6x6:40:12[:36h11]        6 x 6 tags of 40 mm with gaps of 12 mm, family

`:legacy` at the end is ChArUco as drawn before OpenCV 4.6 or by calib.io; `:kalibr` is Kalibr's
aprilgrid: tag 0 at the bottom left, black squares in the gaps, two cells of border around a tag.

Board frame: on the printed page x to the right, y *up*, z out of the paper towards the reader,
right-handed, metres, the origin in the middle. (OpenCV's boards have y down and z into the paper.)
"""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from jaxtyping import Float, Int
from numpy.typing import NDArray

from ...core.errors import CalibrationError, valid_names

BoardKind = Literal["chessboard", "charuco", "aprilgrid"]
SHAPES = {
    "chessboard": "chessboard:COLUMNSxROWS:SQUARE_MM (inner corners), e.g. chessboard:7x4:60",
    "charuco": "charuco:COLUMNSxROWS:SQUARE_MM:MARKER_MM (squares), e.g. charuco:7x5:35:26",
    "aprilgrid": "aprilgrid:COLUMNSxROWS:TAG_MM:GAP_MM (tags), e.g. aprilgrid:6x6:40:12",
}
DICTIONARIES = {
    name.removeprefix("DICT_").removeprefix("APRILTAG_").lower(): getattr(cv2.aruco, name)
    for name in dir(cv2.aruco)
    if name.startswith("DICT_") and isinstance(getattr(cv2.aruco, name), int)
}
_DEFAULT_DICTIONARY = {"charuco": "4x4_50", "aprilgrid": "36h11"}
_OPTION = {"charuco": "legacy", "aprilgrid": "kalibr"}
MAX_SIDE = 60
MIN_CORNERS = 8  # of a view; fewer say too little of a lens


@dataclass(frozen=True)
class Board:
    """A printed board. Squares and tags are counted, sized and identified as `parse_board` says."""

    kind: BoardKind
    columns: int  # chessboard: inner corners; ChArUco: squares; AprilTag grid: tags
    rows: int
    pitch_m: float  # from a square or tag to the next
    marker_m: float = 0.0  # side of a marker's black border; 0: no markers
    dictionary: str = ""  # of the markers, a key of DICTIONARIES
    variant: bool = False  # ChArUco: the legacy pattern; AprilTag grid: Kalibr's layout

    def __str__(self) -> str:
        """The word that `parse_board` reads."""
        sizes = [f"{self.kind}:{self.columns}x{self.rows}"]
        if self.kind == "aprilgrid":
            sizes += [_mm(self.marker_m), _mm(self.pitch_m - self.marker_m)]
        else:
            sizes += [_mm(self.pitch_m)] + [_mm(self.marker_m)] * (self.kind == "charuco")
        if self.dictionary:
            sizes.append(self.dictionary)
        if self.variant:
            sizes.append(_OPTION[self.kind])
        return ":".join(sizes)

    @property
    def border_cells(self) -> int:
        """How many cells wide the black border of a marker is."""
        return 2 if self.kind == "aprilgrid" and self.variant else 1

    @property
    def squares(self) -> tuple[int, int]:
        """Columns and rows of squares, or of tags."""
        extra = 1 if self.kind == "chessboard" else 0
        return self.columns + extra, self.rows + extra

    @property
    def size_m(self) -> tuple[float, float]:
        """Width and height of what is printed, without the white margin."""
        gap_m = self.pitch_m - self.marker_m if self.kind == "aprilgrid" else 0.0
        if self.kind == "aprilgrid" and self.variant:
            gap_m = -gap_m  # Kalibr's black squares stand at the outer corners too
        width, height = (count * self.pitch_m - gap_m for count in self.squares)
        return width, height

    @property
    def corners_m(self) -> Float[NDArray, "n 3"]:
        """All corners in the board frame: row by row, or four of each tag in the tags' order."""
        if self.kind == "aprilgrid":
            side = self.marker_m / 2
            square = np.array([[-side, side], [side, side], [side, -side], [-side, -side]])
            flat = (self.tag_centres_m[:, None] + square).reshape(-1, 2)
        else:
            columns, rows = (count - 1 for count in self.squares)
            flat = _grid(columns, rows, self.pitch_m)
        return np.column_stack([flat, np.zeros(len(flat))])

    @property
    def tag_centres_m(self) -> Float[NDArray, "n 2"]:
        """Middles of an AprilTag grid's tags in the order of their ids."""
        centres = _grid(self.columns, self.rows, self.pitch_m)
        if self.variant:  # Kalibr counts rows from the bottom
            centres = centres.reshape(self.rows, self.columns, 2)[::-1].reshape(-1, 2)
        return centres

    def opencv_dictionary(self) -> cv2.aruco.Dictionary:
        """The markers' dictionary."""
        return cv2.aruco.getPredefinedDictionary(DICTIONARIES[self.dictionary])

    def opencv_charuco(self) -> cv2.aruco.CharucoBoard:
        """OpenCV's board of this ChArUco board."""
        board = cv2.aruco.CharucoBoard(
            (self.columns, self.rows), self.pitch_m, self.marker_m, self.opencv_dictionary()
        )
        board.setLegacyPattern(self.variant)
        return board

    def white_square_markers(self) -> tuple[Int[NDArray, "n"], Float[NDArray, "n 2"]]:
        """Ids of the markers and their middles in the board frame; none on a chessboard."""
        if self.kind == "chessboard":
            return np.zeros(0, int), np.zeros((0, 2))
        if self.kind == "aprilgrid":
            return np.arange(self.columns * self.rows), self.tag_centres_m
        board = self.opencv_charuco()
        middles = np.array([np.asarray(corners).mean(axis=0) for corners in board.getObjPoints()])
        width, height = self.size_m
        flat = middles[:, :2] * [1, -1] + [-width / 2, height / 2]
        return np.asarray(board.getIds()).ravel().astype(int), flat


def parse_board(text: str) -> Board:
    """The board that a word describes.

    Raises:
        CalibrationError: naming the part that is wrong, and what is valid.
    """
    kind, *parts = text.lower().replace("apriltag_", "").split(":")
    if kind not in SHAPES:
        raise CalibrationError(f"board {text!r}: {valid_names(kind, SHAPES)}; {_examples()}")
    variant = bool(parts) and parts[-1] == _OPTION.get(kind)
    parts = parts[:-1] if variant else parts
    sizes = 2 if kind == "chessboard" else 3
    if not sizes <= len(parts) <= (sizes if kind == "chessboard" else sizes + 1):
        raise CalibrationError(f"board {text!r}: it is {SHAPES[kind]}")
    columns, rows = _counts(text, parts[0])
    lengths_m = [_length_m(text, part) for part in parts[1:sizes]]
    dictionary = parts[sizes] if len(parts) > sizes else _DEFAULT_DICTIONARY.get(kind, "")
    if kind != "chessboard" and dictionary not in DICTIONARIES:
        raise CalibrationError(
            f"board {text!r}: no dictionary {dictionary!r}; {valid_names(dictionary, DICTIONARIES)}"
        )
    if kind == "chessboard":
        if min(columns, rows) < 3:
            raise CalibrationError(
                f"board {text!r}: {parts[0]} inner corners are too few to be found; 3 each way are "
                "the least"
            )
        return Board("chessboard", columns, rows, lengths_m[0])
    if kind == "charuco":
        corners = (columns - 1) * (rows - 1)
        if min(columns, rows) < 3 or corners < MIN_CORNERS:
            raise CalibrationError(
                f"board {text!r}: {parts[0]} squares have {corners} corners between them; "
                f"{MIN_CORNERS}, of 3 squares or more each way, are the least"
            )
        if not lengths_m[1] < lengths_m[0]:
            raise CalibrationError(
                f"board {text!r}: a marker of {parts[2]} mm does not fit a square of {parts[1]} mm;"
                f" it is {SHAPES[kind]}"
            )
        board = Board("charuco", columns, rows, lengths_m[0], lengths_m[1], dictionary, variant)
        markers = columns * rows // 2
    else:
        board = Board("aprilgrid", columns, rows, sum(lengths_m), lengths_m[0], dictionary, variant)
        markers = columns * rows
    there = len(board.opencv_dictionary().bytesList)
    if markers > there:
        raise CalibrationError(
            f"board {text!r}: it needs {markers} markers, dictionary {dictionary} has {there}"
        )
    return board


def _counts(text: str, part: str) -> tuple[int, int]:
    columns, cross, rows = part.partition("x")
    if not (cross and columns.isdecimal() and rows.isdecimal()):
        raise CalibrationError(f"board {text!r}: {part!r} is no COLUMNSxROWS, e.g. 7x5")
    counts = int(columns), int(rows)
    if not all(2 <= count <= MAX_SIDE for count in counts):
        raise CalibrationError(f"board {text!r}: {part} is not 2 to {MAX_SIDE} each way")
    return counts


def _length_m(text: str, part: str) -> float:
    try:
        length_mm = float(part.removesuffix("mm"))
    except ValueError:
        length_mm = float("nan")
    if not 1 <= length_mm <= 5000:
        raise CalibrationError(f"board {text!r}: {part!r} is no length in mm, 1 to 5000")
    return length_mm / 1000


def _grid(columns: int, rows: int, pitch_m: float) -> Float[NDArray, "n 2"]:
    """Points row by row from the top left, around the origin, y up."""
    x = (np.arange(columns) - (columns - 1) / 2) * pitch_m
    y = ((rows - 1) / 2 - np.arange(rows)) * pitch_m
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


def _mm(length_m: float) -> str:
    return f"{length_m * 1000:.6g}"


def _examples() -> str:
    return "; ".join(SHAPES.values())
