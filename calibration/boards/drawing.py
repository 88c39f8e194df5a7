"""A board as black rectangles, which the page and the picture are both made of."""

from collections.abc import Iterator

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from numpy.typing import NDArray

from .board import Board


def black_rectangles_m(board: Board) -> Float[NDArray, "n 4"]:
    """All that is black on `board`: left, bottom, right, top in the board frame, metres."""
    rectangles = [*_squares(board), *_markers(board)]
    return np.array(rectangles).reshape(-1, 4)


def draw(
    board: Board, pixels_per_m: float, margin_m: float = 0.0
) -> UInt8[NDArray, "height width"]:
    """A grey picture of the board, white around, edges rounded to whole pixels."""
    width_m, height_m = (side + 2 * margin_m for side in board.size_m)
    picture = np.full(
        (round(height_m * pixels_per_m), round(width_m * pixels_per_m)), 255, np.uint8
    )
    for left, bottom, right, top in black_rectangles_m(board):
        columns = np.rint((np.array([left, right]) + width_m / 2) * pixels_per_m).astype(int)
        rows = np.rint((height_m / 2 - np.array([top, bottom])) * pixels_per_m).astype(int)
        picture[slice(*rows), slice(*columns)] = 0
    return picture


def _squares(board: Board) -> Iterator[tuple[float, float, float, float]]:
    width_m, height_m = board.size_m
    if board.kind == "aprilgrid":
        if board.variant:  # Kalibr: small black squares in the crossings of the gaps
            side = board.pitch_m - board.marker_m
            for row in range(board.rows + 1):
                for column in range(board.columns + 1):
                    left = column * board.pitch_m - width_m / 2
                    top = height_m / 2 - row * board.pitch_m
                    yield left, top - side, left + side, top
        return
    columns, rows = board.squares
    first_black = (rows + 1) % 2 if board.kind == "charuco" and board.variant else 0
    for row in range(rows):
        for column in range(columns):
            if (row + column) % 2 == first_black:
                left = column * board.pitch_m - width_m / 2
                top = height_m / 2 - row * board.pitch_m
                yield left, top - board.pitch_m, left + board.pitch_m, top


def _markers(board: Board) -> Iterator[tuple[float, float, float, float]]:
    ids, middles_m = board.white_square_markers()
    if not ids.size:
        return
    dictionary = board.opencv_dictionary()
    cells = dictionary.markerSize + 2 * board.border_cells
    cell_m = board.marker_m / cells
    for marker, (x, y) in zip(ids, middles_m, strict=True):
        bits = cv2.aruco.generateImageMarker(
            dictionary, int(marker), cells, borderBits=board.border_cells
        )
        left, top = x - board.marker_m / 2, y + board.marker_m / 2
        for row in range(cells):
            for start, end in _runs(bits[row] == 0):
                yield (
                    left + start * cell_m, top - (row + 1) * cell_m,
                    left + end * cell_m, top - row * cell_m,
                )  # fmt: skip


def _runs(black: NDArray) -> Iterator[tuple[int, int]]:
    """Start and end of each run of black cells."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], black.astype(int), [0]])))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
