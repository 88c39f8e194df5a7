"""The views of a board in pictures, a video or before a camera; why there are none, if so."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np
from jaxtyping import UInt8
from numpy.typing import NDArray

from ...core.errors import CalibrationError
from ..camera_files.capture_source import device_text
from ..pictures import VIDEO_EVERY_S, Picture, is_video, read_pictures
from ..preview import PreviewPage
from .board import DICTIONARIES, Board
from .coverage import draw_progress
from .detection import View, find_board
from .stances import Stance, choose, guessed_lens, is_new, missing_views, sharpness, stance

_CHANCE = 2  # markers that are seen where there are none
_EXAMPLES = 3  # pictures without the board, in which another one is looked for
_SHARP_ENOUGH = 0.6  # of the sharpest view before a camera so far


@dataclass(eq=False)
class Search:
    """What was seen; grows as pictures come."""

    board: Board
    views: list[View] = field(default_factory=list)
    stances: list[Stance] = field(default_factory=list)
    sharpnesses: list[float] = field(default_factory=list)
    pictures: int = 0  # looked at
    without: list[str] = field(default_factory=list)  # names of pictures without the board
    examples: list[Picture] = field(default_factory=list)  # the first of those
    image_size_px: tuple[int, int] | None = None

    def look(self, picture: Picture) -> tuple[View, Stance, float] | None:
        """The view of `picture`, which is not kept yet.

        Raises:
            CalibrationError: the picture has another size than those before.
        """
        if self.image_size_px not in (None, picture.size_px):
            raise CalibrationError(
                f"{picture.name} is {picture.size_px[0]} x {picture.size_px[1]} px, those before "
                f"are {self.image_size_px[0]} x {self.image_size_px[1]}; a lens is calibrated at "
                "one size, and not turned"
            )
        self.image_size_px = picture.size_px
        self.pictures += 1
        grey = picture.grey
        view = find_board(grey, self.board, picture.name)
        held = stance(view, guessed_lens(picture.size_px)) if view else None
        if view is None or held is None:
            self.without.append(picture.name)
            self.examples = [*self.examples, picture][:_EXAMPLES]
            return None
        return view, held, sharpness(grey, view)

    def keep(self, view: View, held: Stance, sharp: float) -> None:
        """Count a view in."""
        self.views.append(view)
        self.stances.append(held)
        self.sharpnesses.append(sharp)


def search_files(
    source: str, board: Board, count: int, progress: Callable[[Picture], None]
) -> Search:
    """All views of pictures; of a video, `count` sharp and varied ones.

    Raises:
        CalibrationError: nothing can be read, sizes differ, or the board is in no picture.
    """
    search = Search(board)
    video = is_video(source)
    for picture in read_pictures(source, VIDEO_EVERY_S if video else 0.0):
        progress(picture)
        if (seen := search.look(picture)) is not None:
            search.keep(*seen)
    if not search.views:
        raise CalibrationError(_why_none(search, source))
    if video:
        best = choose(search.stances, search.sharpnesses, count)
        search.views = [search.views[i] for i in best]
        search.stances = [search.stances[i] for i in best]
        search.sharpnesses = [search.sharpnesses[i] for i in best]
    return search


def search_live(source: str, search: Search, count: int, page: PreviewPage) -> None:
    """Views before a camera into `search`, as they come; the page says what is missing.

    Ends when nothing is missing, `count` are taken, or the page's button is pressed.
    """
    for picture in read_pictures(source):
        seen = search.look(picture)
        taken = False
        if seen is not None:
            view, held, sharp = seen
            sharpest = max([*search.sharpnesses, sharp])
            if sharp >= _SHARP_ENOUGH * sharpest and is_new(held, search.stances):
                taken = True
                search.keep(view, held, sharp)
        missing = missing_views(search.stances)
        page.show(
            draw_progress(picture.bgr, search.views, seen and seen[0], taken),
            [
                f"{len(search.views)} views taken",
                "the board is seen" if seen else "no board seen",
                "",
                *(["Show it:", *(f"- {wish}" for wish in missing)] if missing else ["Enough."]),
            ],
        )
        if page.answered.is_set() or not missing or len(search.views) >= count:
            return


def _why_none(search: Search, source: str) -> str:
    board = search.board
    message = f"no {board} in any of the {search.pictures} pictures of {device_text(source)}"
    for picture in search.examples:
        if (other := _other_board(picture.grey, board)) is not None:
            return f"{message}, but {other}"
    return (
        f"{message}; is all of it in the picture, flat and sharp, with a white margin, and are the "
        "counts right (a chessboard's are its inner corners, one less than its squares)?"
    )


def _other_board(grey: UInt8[NDArray, "height width"], board: Board) -> str | None:
    """What the picture shows that is like `board`, in words."""
    if board.kind == "chessboard":
        counts = [(c, r) for c in (-1, 0, 1) for r in (-1, 0, 1) if (c, r) != (0, 0)]
        for more_columns, more_rows in counts:
            columns, rows = board.columns + more_columns, board.rows + more_rows
            if min(columns, rows) < 3:
                continue
            other = replace(board, columns=columns, rows=rows)
            if find_board(grey, other) is not None:
                return (
                    f"there is {other}: counts are those of inner corners, where four squares meet"
                )
        return None
    if board.kind == "charuco":
        for other in (
            replace(board, variant=not board.variant),
            replace(board, columns=board.rows, rows=board.columns),
        ):
            if find_board(grey, other) is not None:
                return f"there is {other}"
    ours, mirrored = (_markers(picture, board.dictionary) for picture in (grey, grey[:, ::-1]))
    if mirrored > max(ours, _CHANCE):
        return (
            f"{mirrored} of its markers are there mirrored: switch off the camera's mirror image "
            "(many programs flip a webcam's), or was the board printed through the paper's back?"
        )
    others = {name: _markers(grey, name) for name in DICTIONARIES if name != board.dictionary}
    # Dictionaries of one size of marker share their first ones; the smaller one is meant.
    best = max(others, key=lambda name: (others[name], -_size(name)))
    if others[best] > max(2 * ours, _CHANCE):
        return f"there are {others[best]} markers of dictionary {best}"
    if ours > _CHANCE:
        return (
            f"{ours} markers of its dictionary {board.dictionary} are there: are the counts "
            f"{board.columns}x{board.rows} right, columns first, and is enough of it seen?"
        )
    return None


def _size(name: str) -> int:
    """How many markers a dictionary has."""
    return len(cv2.aruco.getPredefinedDictionary(DICTIONARIES[name]).bytesList)


def _markers(grey: UInt8[NDArray, "height width"], name: str) -> int:
    """How many markers of a dictionary are seen."""
    dictionary = cv2.aruco.getPredefinedDictionary(DICTIONARIES[name])
    found: tuple[Any, ...] = cv2.aruco.ArucoDetector(dictionary).detectMarkers(
        np.ascontiguousarray(grey)
    )
    return 0 if found[1] is None else len(found[1])  # None where there is no marker
