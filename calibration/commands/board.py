"""`m2t3 calibrate board`: a board to print."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from ...core.errors import CalibrationError
from ..boards.board import parse_board
from ..boards.page import page_of, ruler_length_mm, write_pdf, write_png


@dataclass(frozen=True)
class BoardSheet:
    """Make a calibration board to print: PDF (true to size) or PNG."""

    out: Annotated[Path, tyro.conf.Positional]
    """File to write, .pdf or .png."""
    board: str = "charuco:7x5:35:26"
    """chessboard:COLUMNSxROWS:SQUARE_MM (inner corners), charuco:COLUMNSxROWS:SQUARE_MM:MARKER_MM
    (squares) or aprilgrid:COLUMNSxROWS:TAG_MM:GAP_MM (tags); then :DICTIONARY, if you like."""
    page: str = "a4"
    """Paper: a4 to a0, letter, tabloid, or WIDTHxHEIGHT in mm."""
    dpi: int = 300
    """Pixels per inch of a PNG."""

    def run(self) -> int:
        """Write the page.

        Raises:
            CalibrationError: no such board, or it does not fit the page.
        """
        board = parse_board(self.board)
        page = page_of(board, self.page)
        if self.out.suffix.lower() == ".pdf":
            write_pdf(self.out, board, page)
        elif self.out.suffix.lower() == ".png":
            if not 50 <= self.dpi <= 2400:
                raise CalibrationError(f"--dpi {self.dpi}: 50 to 2400 pixels per inch")
            write_png(self.out, board, page, self.dpi)
        else:
            raise CalibrationError(f"{self.out}: boards are written as .pdf or .png")
        width, height = board.size_m
        print(
            f"{self.out}: {board}, {width * 1000:g} x {height * 1000:g} mm on {page.name} "
            f"({page.width_mm:g} x {page.height_mm:g} mm)\n"
            f"Print it at 100 % (no 'fit to page'), check the {ruler_length_mm(page)} mm line with "
            "a ruler, and glue it flat onto something stiff."
        )
        return 0
