"""TOML of Pose2Sim, Caliscope and anipose: a table for each camera, Rodrigues rotations, metres.

`rotation` and `translation` are OpenCV's, x_camera = R x_world + t.
"""

import tomllib
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ...core.errors import CameraFileError
from .foreign import Foreign, Unusable, attempted, foreign, key, rigid, values


def read(path: Path) -> list[Foreign | Unusable]:
    """The cameras of the file."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CameraFileError(f"cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CameraFileError(f"is no TOML: {error}") from None
    tables = {
        name: table
        for name, table in content.items()
        if isinstance(table, dict) and "matrix" in table
    }
    if not tables:
        raise CameraFileError(
            "has no camera: a table like [cam_01] with size, matrix, distortions, rotation and "
            f"translation; it has {', '.join(content) or 'nothing'}"
        )
    return [
        attempted(table.get("name", name), partial(_camera, name, table))
        for name, table in tables.items()
    ]


def write(path: Path, item: Foreign) -> None:
    """A file of one camera."""
    camera = item.camera
    R = camera.R_world_camera.T
    turn = cv2.Rodrigues(R)[0].ravel()
    lines = [
        f"[{camera.name}]",
        f'name = "{camera.name}"',
        f"size = [ {camera.width_px:.1f}, {camera.height_px:.1f}]",
        f"matrix = {_rows(camera.K)}",
        f"distortions = {_row(camera.distortion)}",
    ]
    if item.placed:
        lines.append(f"rotation = {_row(turn)}")
        lines.append(f"translation = {_row(-R @ camera.t_world_camera_m)}")
    lines.append(f"fisheye = {str(camera.distortion_model == 'equidistant').lower()}")
    lines += ["", "[metadata]", "adjusted = false", "error = 0.0", ""]
    path.write_text("\n".join(lines), encoding="utf-8")


def _camera(name: str, table: dict[str, Any]) -> Foreign:
    try:
        place = None
        if "rotation" in table or "translation" in table:
            turn = values(key(table, ("rotation",), "rotation"), "rotation", (None,))
            t = values(key(table, ("translation",), "translation"), "translation", (3,))
            if turn.size not in (3, 9):
                raise CameraFileError(
                    f"rotation has {turn.size} numbers; it is a rotation vector of 3 (radians)"
                )
            R = cv2.Rodrigues(turn)[0] if turn.size == 3 else turn.reshape(3, 3)
            place = rigid(R, t, "rotation and translation")
        return foreign(
            table.get("name", name),
            key(table, ("size",), "size"),
            table["matrix"],
            key(table, ("distortions", "distortion"), "distortions"),
            "equidistant" if table.get("fisheye") else None,
            place,
        )
    except CameraFileError as error:
        raise CameraFileError(f"[{name}]: {error}") from None


def _row(row: np.ndarray) -> str:
    return "[ " + ", ".join(repr(float(value)) for value in row) + "]"


def _rows(rows: np.ndarray) -> str:
    return "[ " + ", ".join(_row(row) for row in rows) + "]"
