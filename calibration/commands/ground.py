"""`m2t3 calibrate ground board` and `points`: the room's coordinates from what is known in it."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from ...core.errors import CalibrationError, CameraFileError
from ...core.out_file import check_out
from ..boards.board import parse_board
from ..boards.detection import View, find_board
from ..camera import Camera
from ..camera_checks import doubtful_height
from ..camera_files.camera_file import read_lens_file
from ..camera_files.capture_source import device_text
from ..floor.boards import fit_floor_boards, names, on_their_way, still_boards
from ..floor.click_page import CLICK_PAGE, points_of
from ..floor.error import in_world
from ..floor.place_fit import PlaceFit
from ..floor.place_from_points import fit_place
from ..floor.points_file import read_points, write_points
from ..pictures import VIDEO_EVERY_S, Picture, first_picture, is_live, is_video, read_pictures
from ..preview import DEFAULT_PORT, PreviewPage
from .placing import check_size, finish, lens_sd_px, question_upside_down


@dataclass(frozen=True)
class GroundBoard:
    """The room from a board that lies on the floor, best at several places one after the other.

    The world's origin is on the floor under the middle of the board where it lay first; x to the
    right of its print, y to its top, z up.
    """

    camera: Path
    """Camera file with a calibrated lens; the camera's place is written into it."""
    source: str
    """A camera's number (0), an address, a video, a picture or a folder of pictures: the fixed
    camera's, with the board on the floor."""
    board: str
    """As of `m2t3 calibrate intrinsics`. A chessboard does not tell all its sides apart."""
    thickness_mm: float = 0.0
    """Of what the print is glued to."""
    origin: tuple[float, float] = (0.0, 0.0)
    """World x and y in metres of the board's middle where it lay first."""
    yaw: float = 0.0
    """Where its x points in the world, degrees counter-clockwise from above."""
    seconds: float = 10.0
    """How long to watch a live camera."""
    as_is: bool = False
    """Believe the board when it has the camera upside down."""

    def run(self) -> int:
        """Find the camera's place.

        Raises:
            CalibrationError: no board on the floor, or one that fixes no place.
        """
        console = Console(highlight=False, soft_wrap=True)
        board, file = parse_board(self.board), read_lens_file(self.camera)
        if not 0 <= self.thickness_mm < 1000:
            raise CalibrationError(f"--thickness-mm {self.thickness_mm:g}: 0 to 1000")
        views: list[View] = []
        reference: Picture | None = None
        count = 0
        with console.status("looking for the board"):
            for picture in self._pictures():
                check_size(picture, file, self.camera)
                count += 1
                if (view := find_board(picture.grey, board, picture.name)) is not None:
                    views.append(view)
                    reference = picture
        if not views:
            raise CalibrationError(
                f"no {board} in any of the {count} pictures of {device_text(self.source)}; far "
                "away, a board needs larger squares"
            )
        video = is_live(self.source) or is_video(self.source)
        places = still_boards(views, single_pictures=not video)
        console.print(
            f"the board was still at {len(places)} place{'s' * (len(places) != 1)}, "
            f"seen in {len(views)} of {count} pictures"
        )
        if video and (moving := on_their_way(views)):
            console.print(f"left out, it was on its way: {names(moving)}")
        fit = fit_floor_boards(file.lens, places, lens_sd_px(file), self.thickness_mm / 1000)
        if len(places) == 1:
            console.print(
                "several places, spread over where people will be, make the pitch surer: move the "
                "board about and take a picture of each"
            )
        if not self.as_is:
            question_upside_down(
                fit.camera,
                "did the board lie flat on the floor, its print up, or was it tilted in the hand? "
                "Lay it down and let go of it",
            )
        fit = in_world(fit, self.origin, math.radians(self.yaw))
        finish(console, self.camera, fit, "board", reference)
        return 0

    def _pictures(self) -> Iterator[Picture]:
        live = is_live(self.source)
        every_s = VIDEO_EVERY_S if live or is_video(self.source) else 0.0
        until = None
        for picture in read_pictures(self.source, every_s):
            until = until or time.monotonic() + self.seconds  # a camera takes a while to open
            yield picture
            if live and time.monotonic() >= until:
                return


@dataclass(frozen=True)
class GroundPoints:
    """The room from measured points: the surest way, if they are spread out."""

    camera: Path
    """Camera file with a calibrated lens; the camera's place is written into it."""
    points: Path
    """Text file with a line `x y z u v` for each point (metres, pixels), or `x y z` for points
    still to be clicked in the browser, whose clicks go into NAME.clicked.csv beside it. Without
    such a file all is entered there and kept in it."""
    source: str | None = None
    """The fixed camera's picture: its number (0), an address, a video or a picture. Kept as the
    reference that `m2t3 calibrate check` compares with; needed for clicking."""
    port: int = DEFAULT_PORT
    """Port of the page for clicking."""
    as_is: bool = False
    """Believe the points when they have the camera upside down or very high up."""

    def run(self) -> int:
        """Find the camera's place.

        Raises:
            CalibrationError: too few points, points that do not agree, or a mirrored world.
        """
        console = Console(highlight=False, soft_wrap=True)
        file = read_lens_file(self.camera)
        lens, sd_px = file.lens, lens_sd_px(file)
        picture = first_picture(self.source) if self.source is not None else None
        if picture is not None:
            check_size(picture, file, self.camera)
        points_m, points_px = np.zeros((0, 3)), None
        if self.points.exists():
            points_m, points_px = read_points(self.points, (lens.width_px, lens.height_px))
        if points_px is None:
            if picture is None:
                raise CalibrationError(
                    f"{self.points} gives no pixels (u v): add them, or give the picture to click "
                    "them in with --source"
                )
            there = self.points.exists()  # what was measured stays as it was written
            kept = self.points.with_suffix(".clicked.csv") if there else self.points
            check_out(kept, option="--points")
            points_m, points_px = self._clicked(console, picture, points_m, lens, sd_px)
            write_points(kept, points_m, points_px)
            console.print(f"{kept}: your clicks; --points {kept} takes them again")
        fit = self._fitted(lens, points_m, points_px, sd_px)
        for point, off in zip(points_m, np.linalg.norm(fit.residuals_px, axis=1), strict=True):
            console.print(
                f"  {point[0]:8.3f} {point[1]:8.3f} {point[2]:8.3f} m  off by {off:.2f} px"
            )
        finish(console, self.camera, fit, "points", picture)
        return 0

    def _fitted(self, lens: Camera, points_m: Any, points_px: Any, sd_px: Any) -> PlaceFit:
        fit = fit_place(lens, points_m, points_px, sd_px)
        if not self.as_is:
            question_upside_down(fit.camera, "are points exchanged, or clicked wrongly?")
            if (doubt := doubtful_height(fit.camera)) is not None:
                raise CalibrationError(f"{doubt}; if it truly is: --as-is")
        return fit

    def _clicked(
        self, console: Console, picture: Picture, points_m: Any, lens: Camera, sd_px: Any
    ) -> tuple[Any, Any]:
        def wrong_with(answer: Any) -> str | None:
            try:
                self._fitted(lens, *points_of(answer), sd_px)
            except (CalibrationError, CameraFileError) as error:
                return str(error)
            return None

        words = [" ".join(f"{value:g}" for value in point) for point in points_m]
        with PreviewPage(self.port, CLICK_PAGE) as page:
            page.check = wrong_with
            page.show(picture.bgr, words)
            console.print(f"open {page.url} and click the points; Ctrl-C gives up")
            page.answered.wait()
            return points_of(page.answer)
