"""A board on a sheet of paper, true to size: PDF, and PNG for those who must have pixels."""

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ...core.errors import CalibrationError, valid_names
from .board import Board
from .drawing import black_rectangles_m

PAGES_MM = {
    "a4": (210.0, 297.0), "a3": (297.0, 420.0), "a2": (420.0, 594.0), "a1": (594.0, 841.0),
    "a0": (841.0, 1189.0), "letter": (215.9, 279.4), "tabloid": (279.4, 431.8),
}  # fmt: skip
POINTS_PER_MM = 72 / 25.4
_EDGE_MM = 5.0  # what printers leave white
_FOOT_MM = 12.0  # room for the words and the ruler below the board
_RULER_MM = 100.0
_WORDS_MM = 3.0  # how high the words are, if they fit
_LETTER = 0.55  # a letter's mean width in Helvetica, of its height, rather too much
_MAX_PIXELS = 2**30  # what OpenCV opens


@dataclass(frozen=True)
class Page:
    """A sheet of paper, turned so that the board fits."""

    name: str
    width_mm: float
    height_mm: float


def page_of(board: Board, name: str) -> Page:
    """The page called `name`, upright or lying as the board wants.

    Raises:
        CalibrationError: no such page, or the board does not fit; the message says what would.
    """
    if name.lower() in PAGES_MM:
        short, long = PAGES_MM[name.lower()]
    else:
        width, _, height = name.lower().removesuffix("mm").partition("x")
        try:
            short, long = sorted((float(width), float(height)))
        except ValueError:
            raise CalibrationError(
                f"page {name!r}: {valid_names(name, PAGES_MM)}, or WIDTHxHEIGHT in mm"
            ) from None
        if not 20 <= short <= long <= 5000:
            raise CalibrationError(f"page {name!r}: sides are 20 to 5000 mm")
    width_mm, height_mm = (1000 * side for side in board.size_m)
    lying = width_mm > height_mm
    page = Page(name.lower(), *((long, short) if lying else (short, long)))
    room = page.width_mm - 2 * _EDGE_MM, page.height_mm - 2 * _EDGE_MM - _FOOT_MM
    if width_mm <= room[0] and height_mm <= room[1]:
        return page
    smaller = int(100 * min(room[0] / width_mm, room[1] / height_mm))
    fitting = [
        other
        for other, (a, b) in PAGES_MM.items()
        if min(width_mm, height_mm) <= a - 2 * _EDGE_MM - _FOOT_MM
        and max(width_mm, height_mm) <= b - 2 * _EDGE_MM - _FOOT_MM
    ]
    raise CalibrationError(
        f"{board} is {width_mm:g} x {height_mm:g} mm and does not fit {page.name}: take "
        + (f"--page {fitting[0]}, or " if fitting else "")
        + f"lengths of at most {smaller} % of these"
    )


def write_pdf(path: Path, board: Board, page: Page) -> None:
    """The page as a PDF of vectors: one rectangle after the other, and a line of Helvetica."""
    left, bottom = _origin_mm(board, page)
    marks = [f"{POINTS_PER_MM:.6f} 0 0 {POINTS_PER_MM:.6f} 0 0 cm 0 g"]
    for x0, y0, x1, y1 in black_rectangles_m(board) * 1000:
        marks.append(f"{left + x0:.4f} {bottom + y0:.4f} {x1 - x0:.4f} {y1 - y0:.4f} re")
    marks.append("f")
    for x, y, width, height in _ruler_mm(page):
        marks.append(f"{x:.4f} {y:.4f} {width:.4f} {height:.4f} re f")
    x, y = _words_at_mm(page)
    words = _words(board, page)
    height = min(_WORDS_MM, _room_mm(page) / (_LETTER * len(words)))
    marks.append(f"BT /F {height:.3f} Tf {x:.2f} {y:.2f} Td ({words}) Tj ET")
    content = zlib.compress("\n".join(marks).encode("ascii"), 9)
    size = f"0 0 {page.width_mm * POINTS_PER_MM:.4f} {page.height_mm * POINTS_PER_MM:.4f}"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /ViewerPreferences << /PrintScaling /None >> >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [{size}] /Contents 4 0 R "
        "/Resources << /Font << /F 5 0 R >> >> >>".encode(),
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    _write(path, _pdf(objects))


def write_png(path: Path, board: Board, page: Page, dpi: int) -> None:
    """The page as pixels; the file says how many of them make a metre."""
    scale = dpi / 25.4
    height, width = round(page.height_mm * scale), round(page.width_mm * scale)
    if height * width > _MAX_PIXELS:
        fewer = int(dpi * (_MAX_PIXELS / (height * width)) ** 0.5)
        raise CalibrationError(
            f"{width} x {height} pixels are more than programs open: take --dpi {fewer} or less, "
            "or a PDF, which needs no pixels"
        )
    picture = np.full((height, width), 255, np.uint8)
    left, bottom = _origin_mm(board, page)
    rectangles = black_rectangles_m(board) * 1000 + [left, bottom, left, bottom]
    ruler = [(x, y, x + width, y + height) for x, y, width, height in _ruler_mm(page)]
    for x0, y0, x1, y1 in [*rectangles, *ruler]:
        rows = np.rint((page.height_mm - np.array([y1, y0])) * scale).astype(int)
        columns = np.rint(np.array([x0, x1]) * scale).astype(int)
        picture[slice(*rows), slice(*columns)] = 0
    x, y = _words_at_mm(page)
    at = round(x * scale), round((page.height_mm - y) * scale)
    font, words = cv2.FONT_HERSHEY_SIMPLEX, _words(board, page)
    size, thick = 0.1 * scale, max(1, round(scale / 5))  # capitals of 2.2 mm
    wide = cv2.getTextSize(words, font, size, thick)[0][0]
    smaller = min(1.0, _room_mm(page) * scale / wide)
    size, thick = smaller * size, max(1, int(smaller * thick))
    cv2.putText(picture, words, at, font, size, (0.0,), thick, cv2.LINE_AA)
    png = cv2.imencode(".png", picture)[1].tobytes()
    per_m = round(dpi / 0.0254)
    chunk = b"pHYs" + struct.pack(">IIB", per_m, per_m, 1)
    resolution = struct.pack(">I", 9) + chunk + struct.pack(">I", zlib.crc32(chunk))
    head = 8 + 25  # the signature and IHDR, before which nothing may stand
    _write(path, png[:head] + resolution + png[head:])


def _origin_mm(board: Board, page: Page) -> tuple[float, float]:
    """Where the board's middle lies, from the page's bottom left."""
    return page.width_mm / 2, (page.height_mm + _FOOT_MM) / 2


def ruler_length_mm(page: Page) -> int:
    """Of the line to be checked with a ruler: 100 mm, or what a narrower page holds."""
    return int(min(_RULER_MM, page.width_mm - 2 * (_EDGE_MM + 1)))


def _ruler_mm(page: Page) -> list[tuple[float, float, float, float]]:
    """Left, bottom, width and height of a line and its ends."""
    length = ruler_length_mm(page)
    left, bottom = _EDGE_MM + 1, _EDGE_MM + 1
    return [
        (left, bottom, length, 0.25), (left, bottom, 0.25, 3.0),
        (left + length - 0.25, bottom, 0.25, 3.0),
    ]  # fmt: skip


def _words_at_mm(page: Page) -> tuple[float, float]:
    return _EDGE_MM + 3, _EDGE_MM + 2.5


def _room_mm(page: Page) -> float:
    """How wide the words may be."""
    return page.width_mm - _EDGE_MM - _words_at_mm(page)[0]


def _words(board: Board, page: Page) -> str:
    return f"{board}  -  print at 100 %; the line below is {ruler_length_mm(page)} mm"


def _pdf(objects: list[bytes]) -> bytes:
    """A PDF file of numbered objects, with the table of where they lie."""
    out = b"%PDF-1.4\n"
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    table += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(objects) + 1)
    return out + table + trailer + b"startxref\n%d\n%%%%EOF\n" % len(out)


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise CalibrationError(f"{path}: cannot be written ({error.strerror})") from None
