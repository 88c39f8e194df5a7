"""A board's corners in a picture."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from numpy.typing import NDArray

from .board import MIN_CORNERS, Board
from .tag_corners import edge_crossings

_SEARCH_PX = 1000  # longest side of the picture in which chessboards are searched
_MAX_BEND = 0.4  # turn of a grid line from square to square, of the squares' side
_SEARCH = cv2.CALIB_CB_NORMALIZE_IMAGE | cv2.CALIB_CB_EXHAUSTIVE
_SUBPIX = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 100, 1e-4)

Grey = UInt8[NDArray, "height width"]


@dataclass(frozen=True, eq=False)
class View:
    """What one picture shows of a board."""

    name: str  # of the picture
    points_board_m: Float[NDArray, "n 3"]
    points_px: Float[NDArray, "n 2"]


def find_board(picture: Grey, board: Board, name: str = "") -> View | None:
    """The board's corners, or None if fewer than MIN_CORNERS of them are seen.

    A chessboard is seen whole or not at all; of the other boards some corners are enough.
    """
    if board.kind == "chessboard":
        points_px = _chessboard(picture, board)
        return None if points_px is None else View(name, board.corners_m, points_px)
    corner_ids, points_px = (_charuco if board.kind == "charuco" else _aprilgrid)(picture, board)
    if len(corner_ids) < MIN_CORNERS:
        return None
    points_board_m = board.corners_m[corner_ids]
    if min(np.ptp(points_board_m[:, 0]), np.ptp(points_board_m[:, 1])) == 0:
        return None  # one line of corners fixes no plane
    return View(name, points_board_m, points_px)


def _chessboard(picture: Grey, board: Board) -> Float[NDArray, "n 2"] | None:
    """Corners by the sector-based detector (Duda and Frese 2018), then to a part of a pixel.

    The detector's own corners are good to 0.1 px; saddle points within 0.4 of a square's side, in
    the full picture, to 0.04 px (both in rendered pictures).
    """
    size = board.columns, board.rows
    scale = min(1.0, _SEARCH_PX / max(picture.shape))
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    found, corners = cv2.findChessboardCornersSB(small, size, flags=_SEARCH)
    if not found or _bend(corners := corners.reshape(-1, 2), board) > _MAX_BEND:
        return None  # the detector sometimes completes a board with what lies beside it
    coarse_px = ((corners + 0.5) / scale - 0.5).astype(np.float32)
    window = int(np.clip(0.4 * _shortest_side(coarse_px, board), 2, 30))
    fine_px = cv2.cornerSubPix(
        picture, coarse_px[:, None].copy(), (window, window), (-1, -1), _SUBPIX
    ).reshape(-1, 2)
    return _in_order(picture, board, fine_px.astype(float))


def _shortest_side(corners: NDArray, board: Board) -> float:
    grid = corners.reshape(board.rows, board.columns, 2)
    return float(
        min(np.linalg.norm(np.diff(grid, axis=axis), axis=-1).min(initial=1e3) for axis in (0, 1))
    )


def _bend(corners: NDArray, board: Board) -> float:
    """How sharply the grid's lines turn at worst, of the shorter neighbouring side."""
    grid = corners.reshape(board.rows, board.columns, 2)
    worst = 0.0
    for lines in (grid, grid.swapaxes(0, 1)):
        sides = np.diff(lines, axis=0)
        lengths = np.linalg.norm(sides, axis=-1)
        turns = np.linalg.norm(np.diff(sides, axis=0), axis=-1)
        shorter = np.minimum(lengths[1:], lengths[:-1])
        worst = max(worst, float((turns / np.maximum(shorter, 1e-6)).max(initial=0)))
    return worst


def _in_order(picture: Grey, board: Board, points_px: NDArray) -> Float[NDArray, "n 2"]:
    """The corners from the page's top left, row by row, as far as a chessboard tells its top."""
    grid = points_px.reshape(board.rows, board.columns, 2)
    right, down = grid[0, 1] - grid[0, 0], grid[1, 0] - grid[0, 0]
    if right[0] * down[1] - right[1] * down[0] < 0:
        grid = grid[:, ::-1]  # seen from the front, a page's rows run to the right of its columns
    if (board.columns + board.rows) % 2 and board.columns > 2:
        first, second = (grid[:2, i : i + 2].mean(axis=(0, 1)) for i in (0, 1))
        if _brightness(picture, first) > _brightness(picture, second):
            grid = grid[::-1, ::-1]  # our top left square is black
    return grid.reshape(-1, 2)


def _brightness(picture: Grey, point_px: NDArray) -> float:
    return float(np.mean(cv2.getRectSubPix(picture, (3, 3), point_px.tolist())))


def _charuco(picture: Grey, board: Board) -> tuple[NDArray, Float[NDArray, "n 2"]]:
    detector = cv2.aruco.CharucoDetector(board.opencv_charuco())
    found: tuple[Any, ...] = detector.detectBoard(picture)  # Nones where there is no board
    corners, ids = found[:2]
    if ids is None:
        return np.zeros(0, int), np.zeros((0, 2))
    return np.asarray(ids).ravel(), np.asarray(corners).reshape(-1, 2).astype(float)


def _aprilgrid(picture: Grey, board: Board) -> tuple[NDArray, Float[NDArray, "n 2"]]:
    parameters = cv2.aruco.DetectorParameters()
    parameters.markerBorderBits = board.border_cells
    parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_CONTOUR
    detector = cv2.aruco.ArucoDetector(board.opencv_dictionary(), parameters)
    found: tuple[Any, ...] = detector.detectMarkers(picture)  # None where there is no tag
    corners, ids = found[:2]
    tags = np.zeros(0, int) if ids is None else np.asarray(ids).ravel()
    ours = (tags < board.columns * board.rows) & (np.bincount(tags)[tags] == 1)
    corners_px = np.asarray(corners, np.float32).reshape(-1, 4, 2)[ours]
    gap = (board.pitch_m - board.marker_m) / board.marker_m  # of a tag's side
    cells = board.opencv_dictionary().markerSize + 2 * board.border_cells
    for tag_px in corners_px:
        side_px = np.linalg.norm(tag_px - np.roll(tag_px, 1, axis=0), axis=-1).min()
        if board.variant:  # Kalibr's black squares make saddle points of the corners
            window = int(np.clip(0.45 * gap * side_px, 2, 9))
            tag_px[:] = cv2.cornerSubPix(
                picture, tag_px[:, None].copy(), (window, window), (-1, -1), _SUBPIX
            ).reshape(4, 2)
        else:
            clear_px = float(min(gap, board.border_cells / cells) * side_px)
            tag_px[:] = edge_crossings(picture, tag_px.astype(float), clear_px)
    corner_ids = (4 * tags[ours, None] + np.arange(4)).ravel()
    return corner_ids, corners_px.reshape(-1, 2).astype(float)
