"""`m2t3 calibrate intrinsics`: what the lens does, from views of a board."""

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from rich.console import Console
from rich.table import Table

from ...core.errors import CalibrationError, CameraFileError
from ..boards.board import parse_board
from ..boards.coverage import draw_coverage
from ..boards.search import Search, search_files, search_live
from ..boards.stances import missing_views, stance, unreached
from ..camera import DistortionModel
from ..camera_checks import check_lens
from ..camera_files.camera_file import lens_keys
from ..camera_files.edit import keys_in, update_camera_file
from ..camera_files.keypoint_source import valid_stream_name
from ..camera_files.record import CalibrationRecord, LensRecord, record_keys
from ..lens.fit import MIN_VIEWS, LensFit, fit_lens
from ..lens.model import fit_best_lens
from ..lens.uncertainty import with_uncertainty
from ..pictures import check_picture_path, is_live, write_picture
from ..preview import DEFAULT_PORT, PreviewPage

_UNSURE = 0.005  # of the focal length, or of the picture's width for the principal point


@dataclass(frozen=True)
class Intrinsics:
    """Calibrate a lens: focal lengths, principal point, distortion. Writes a camera file."""

    source: str
    """Where the pictures are: a camera's number (0), an address (rtsp://...), a video, a folder of
    pictures, or a 'pattern*.jpg'."""
    board: str
    """What they show: chessboard:COLUMNSxROWS:SQUARE_MM (inner corners),
    charuco:COLUMNSxROWS:SQUARE_MM:MARKER_MM or aprilgrid:COLUMNSxROWS:TAG_MM:GAP_MM; measure the
    print. `m2t3 calibrate board` makes one."""
    out: Path
    """Camera file to write; what else stands in it stays."""
    name: str | None = None
    """The camera's name, and its stream's: the one that the camera file has, or else cam0."""
    distortion: Literal["auto", DistortionModel] = "auto"
    """auto: the simplest model that predicts views it was not fitted to. equidistant is for
    fisheye lenses."""
    views: int = 30
    """Take at most so many views of a video or a camera; all of pictures."""
    coverage: Path | None = None
    """Draw all corners found into a picture."""
    port: int = DEFAULT_PORT
    """Port of the page that shows a camera's picture and what it has not seen yet."""

    def run(self) -> int:
        """Calibrate and report.

        Raises:
            CalibrationError: no pictures, no board in them, or views that fix no lens.
            CameraFileError: a name that cannot be part of a topic.
        """
        found = keys_in(self.out).get("camera_name", "cam0")
        name = valid_stream_name(self.name if self.name is not None else found, "--name")
        if self.views < MIN_VIEWS:
            raise CalibrationError(f"--views {self.views}: {MIN_VIEWS} are the least, 15 are good")
        if self.coverage is not None:
            check_picture_path(self.coverage, "--coverage")
        console = Console(highlight=False, soft_wrap=True)
        board = parse_board(self.board)
        search = self._search(console)
        assert search.image_size_px is not None
        size = search.image_size_px
        errors: dict[DistortionModel, float] = {}
        if self.distortion == "auto":
            fit, errors = fit_best_lens(search.views, size, name)
        else:
            fit = fit_lens(search.views, size, self.distortion, name)
        fit = with_uncertainty(fit)
        report(console, fit, search, errors)
        _check(fit)
        assert fit.sd_px is not None
        lens = LensRecord(
            date=datetime.date.today().isoformat(),
            board=str(board),
            views=len(fit.views),
            rms_px=round(fit.rms_px, 3),
            focal_sd_px=_rounded(fit.sd_px[:2]),
            principal_point_sd_px=_rounded(fit.sd_px[2:]),
        )
        record = record_keys(CalibrationRecord(lens=lens))
        update_camera_file(self.out, {**lens_keys(fit.lens), "calibration": record})
        if self.coverage is not None:
            write_picture(self.coverage, draw_coverage(fit.views, size))
        console.print(
            f"\n{self.out} written. Where the camera stands is next: "
            f"m2t3 calibrate ground board --camera {self.out} --source ... (or points, or person)"
        )
        return 0

    def _search(self, console: Console) -> Search:
        board = parse_board(self.board)
        if not is_live(self.source):
            with console.status("looking for the board") as status:
                return search_files(
                    self.source, board, self.views,
                    lambda picture: status.update(f"looking for the board: {picture.name}"),
                )  # fmt: skip
        search = Search(board)
        with PreviewPage(self.port) as page:
            console.print(
                f"open {page.url} and show the board to the camera; the page's button or Ctrl-C "
                "ends it"
            )
            try:
                search_live(self.source, search, self.views, page)
            except KeyboardInterrupt:
                console.print("")
            except CalibrationError as error:
                if not search.views:
                    raise
                console.print(f"[yellow]{error} Going on with the {len(search.views)} views taken.")
        if not search.views:
            raise CalibrationError(f"no {board} was seen")
        return search


def _check(fit: LensFit) -> None:
    """Refuse a fit that no camera can have: it says too much of what no view shows."""
    try:
        check_lens(fit.lens)
    except CameraFileError:
        held = [stance(view, fit.lens) for view in fit.views]
        places = unreached([one for one in held if one is not None])
        raise CalibrationError(
            "nothing is written: no camera has such a lens. Where no view of the board reaches, it "
            "is guessed: show the board "
            + (f"at the picture's {', '.join(places)}" if places else "in the picture's corners")
            + ", tilted by 20 to 45 degrees"
        ) from None


def report(
    console: Console, fit: LensFit, search: Search, errors: dict[DistortionModel, float]
) -> None:
    """Print how the calibration went and what it is worth."""
    table = Table(box=None, pad_edge=False)
    for title in ("view", "corners", "error px", "held"):
        table.add_column(title, justify="left" if title in ("view", "held") else "right")
    stances = [stance(view, fit.lens) for view in fit.views]
    for view, rms, held in zip(fit.views, fit.view_rms_px, stances, strict=True):
        how = ""
        if held is not None:
            right, top = held.tilt_deg
            how = f"right side {right:+.0f}°, top {top:+.0f}° away, turned {held.roll_deg:.0f}°"
        table.add_row(view.name, str(len(view.points_px)), f"{rms:.2f}", how)
    for view, rms in fit.rejected:
        table.add_row(view.name, str(len(view.points_px)), f"{rms:.2f}", "left out: disagrees")
    console.print(table)
    if search.without:
        shown = ", ".join(search.without[:8]) + ", ..." * (len(search.without) > 8)
        console.print(f"no board in {len(search.without)} of {search.pictures} pictures: {shown}")
    lens, sd = fit.lens, fit.sd_px
    assert sd is not None
    console.print(
        f"\n{lens.width_px} x {lens.height_px} px, {lens.distortion_model}, {len(fit.views)} views,"
        f" RMS {fit.rms_px:.3f} px"
    )
    for model, error in errors.items():
        console.print(f"  {model}: {error:.3f} px in views it was not fitted to")
    for i, label in enumerate(("fx", "fy", "cx", "cy")):
        share = f" ({100 * sd[i] / fit.intrinsics_px[i]:.2f} %)" if i < 2 else ""
        console.print(f"  {label} {fit.intrinsics_px[i]:9.2f} ± {sd[i]:.2f} px{share}")
    coefficients = " ".join(f"{value:.5f}" for value in lens.distortion)
    console.print(f"  distortion {coefficients}")
    missing = missing_views([held for held in stances if held is not None])
    limits = np.array([*(_UNSURE * fit.intrinsics_px[:2]), *[_UNSURE * lens.width_px] * 2])
    unsure = (sd > limits).any()
    if unsure:
        console.print(
            "\n[yellow]The ± are what the views leave open: corner noise, views that disagree, and "
            "a board that is bent by 0.2 %. They are large here."
        )
    if missing:
        console.print("[yellow]Missing, for a surer lens:")
        for wish in missing:
            console.print(f"[yellow]  - {wish}")


def _rounded(sd_px: np.ndarray) -> float:
    worst = float(np.max(sd_px))
    return round(worst, 2) if np.isfinite(worst) else 1e4  # nothing is known
