"""Pictures of a calibration in progress: corners found, and what they cover of the picture."""

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import UInt8
from numpy.typing import NDArray

from .detection import View
from .stances import CELLS

_ORANGE, _GREEN, _WHITE, _DARK = (30, 140, 255), (90, 200, 60), (240, 240, 240), (30, 30, 30)
_WIDTH_PX = 960


def draw_progress(
    bgr: UInt8[NDArray, "height width 3"],
    taken: Sequence[View],
    current: View | None,
    accepted: bool,
) -> UInt8[NDArray, "h w 3"]:
    """The picture with the outlines of the views taken and the corners of the current one."""
    scale = _WIDTH_PX / max(bgr.shape[:2])
    picture = cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    covered = picture.copy()
    for view in taken:
        cv2.fillConvexPoly(covered, _hull(view, scale), _GREEN)
    picture = cv2.addWeighted(covered, 0.25, picture, 0.75, 0)
    height, width = picture.shape[:2]
    for i in range(1, CELLS):
        cv2.line(picture, (i * width // CELLS, 0), (i * width // CELLS, height), _WHITE, 1)
        cv2.line(picture, (0, i * height // CELLS), (width, i * height // CELLS), _WHITE, 1)
    for view in taken:
        cv2.polylines(picture, [_hull(view, scale)], True, _GREEN, 1, cv2.LINE_AA)
    if current is not None:
        for u, v in np.rint(current.points_px * scale).astype(int).tolist():
            cv2.circle(picture, (u, v), 4, _DARK, -1, cv2.LINE_AA)
            cv2.circle(picture, (u, v), 3, _GREEN if accepted else _ORANGE, -1, cv2.LINE_AA)
    return picture


def draw_coverage(views: Sequence[View], image_size_px: tuple[int, int]) -> UInt8[NDArray, "h w 3"]:
    """All corners of all views on an empty picture."""
    empty = np.full((image_size_px[1], image_size_px[0], 3), 40, np.uint8)
    picture = draw_progress(empty, views, None, False)
    scale = _WIDTH_PX / max(image_size_px)
    for view in views:
        for u, v in np.rint(view.points_px * scale).astype(int).tolist():
            cv2.circle(picture, (u, v), 2, _ORANGE, -1, cv2.LINE_AA)
    return picture


def _hull(view: View, scale: float) -> NDArray:
    return cv2.convexHull(np.rint(view.points_px * scale).astype(np.int32))
