"""Measured points: lines of x y z in metres and u v in pixels, by commas, semicolons or blanks.

    # x_m, y_m, z_m, u_px, v_px
    0, 0, 0, 640.5, 512.0

u and v may be missing on all lines: then they are still to be clicked.
"""

import math
from pathlib import Path

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ...core.errors import CalibrationError

HEADER = "# x_m, y_m, z_m, u_px, v_px"
_MAX_M = 1000.0


def read_points(
    path: Path, image_size_px: tuple[int, int]
) -> tuple[Float[NDArray, "n 3"], Float[NDArray, "n 2"] | None]:
    """World points and their pixels, None if the file gives none.

    Raises:
        CalibrationError: the message begins with the path and names the line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        raise CalibrationError(f"{path}: cannot be read ({reason})") from None
    rows: list[list[float]] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].replace(",", " ").replace(";", " ").split()
        if not words or (not rows and all(not _is_number(word) for word in words)):
            continue  # empty, a comment, or a heading
        rows.append(_row(words, f"{path}: line {number}", len(rows[0]) if rows else None))
    if not rows:
        raise CalibrationError(f"{path}: no points in it; a line is\n{HEADER[2:]}")
    values = np.array(rows)
    if values.shape[1] == 3:
        return values, None
    outside = (values[:, 3:] < -0.5) | (values[:, 3:] > np.array(image_size_px) - 0.5)
    if outside.any():
        u, v = values[int(np.flatnonzero(outside.any(axis=1))[0]), 3:]
        raise CalibrationError(
            f"{path}: pixel {u:g}, {v:g} is outside of the camera's picture of "
            f"{image_size_px[0]} x {image_size_px[1]}; is it of this camera, at this size?"
        )
    return values[:, :3], values[:, 3:]


def write_points(
    path: Path, points_world_m: Float[NDArray, "n 3"], points_px: Float[NDArray, "n 2"]
) -> None:
    """Write a file that `read_points` reads."""
    rows = np.column_stack([points_world_m, points_px])
    lines = [HEADER, *(", ".join(f"{value:g}" for value in row) for row in rows.round(4))]
    try:
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise CalibrationError(f"{path}: cannot be written ({error.strerror})") from None


def _row(words: list[str], where: str, width: int | None) -> list[float]:
    if len(words) not in (3, 5) or width not in (None, len(words)):
        raise CalibrationError(
            f"{where} has {len(words)} values; all lines have x y z in metres, "
            "and u v in pixels or none"
        )
    for word in words:
        if not _is_number(word):
            raise CalibrationError(f"{where}: {word!r} is no number")
    row = [float(word) for word in words]
    if not all(math.isfinite(value) for value in row):
        raise CalibrationError(f"{where}: {' '.join(words)} is not finite")
    if max(map(abs, row[:3])) > _MAX_M:
        raise CalibrationError(
            f"{where}: {' '.join(words[:3])} is more than a kilometre away; metres, not millimetres"
        )
    return row


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
