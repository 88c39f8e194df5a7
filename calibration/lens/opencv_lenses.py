"""OpenCV's calibration of each lens model, from views of a flat board.

Boards are (n, 1, 3) float32 in metres, images (n, 1, 2) float32 in pixels.
"""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..camera import Camera

_CRITERIA = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 200, 1e-10)

Fitted = tuple[NDArray, NDArray, Sequence[Any], Sequence[Any]]  # K, distortion, turns, moves


def fit_pinhole(
    boards: list[NDArray],
    images: list[NDArray],
    size: tuple[int, int],
    start: Camera | None,
    *,
    rational: bool,
) -> Fitted:
    """OpenCV's pinhole with a polynomial as distortion, or with a quotient of two.

    Raises:
        cv2.error: the boards fix no lens.
    """
    flags = cv2.CALIB_RATIONAL_MODEL if rational else 0
    guess: tuple[Any, Any] = (None, None)
    if start is not None:
        flags |= cv2.CALIB_USE_INTRINSIC_GUESS
        guess = start.K.copy(), start.distortion.copy()
    _, K, distortion, turns, moves = cv2.calibrateCamera(
        boards, images, size, *guess, flags=flags, criteria=_CRITERIA
    )
    coefficients = 8 if rational else 5
    return np.asarray(K), np.asarray(distortion).ravel()[:coefficients], turns, moves


def fit_fisheye(
    boards: list[NDArray], images: list[NDArray], size: tuple[int, int], start: Camera | None
) -> Fitted:
    """OpenCV's fisheye, Kannala and Brandt's.

    Raises:
        cv2.error: the boards fix no lens.
    """
    flag = cv2 if hasattr(cv2, "CALIB_RECOMPUTE_EXTRINSIC") else cv2.fisheye  # OpenCV 5, 4
    flags = flag.CALIB_RECOMPUTE_EXTRINSIC | flag.CALIB_FIX_SKEW | flag.CALIB_USE_INTRINSIC_GUESS
    boards = [board.reshape(1, -1, 3).astype(float) for board in boards]
    images = [image.reshape(1, -1, 2).astype(float) for image in images]
    if start is not None:
        starts = [(start.K, start.distortion)]
    else:  # OpenCV's own guess, of 180 degrees from edge to edge, fails before other lenses
        starts = [
            (
                np.array([[f, 0, size[0] / 2 - 0.5], [0, f, size[1] / 2 - 0.5], [0, 0, 1.0]]),
                np.zeros(4),
            )
            for f in max(size) * np.array([0.3, 0.4, 0.55, 0.8, 1.2])
        ]
    best: tuple[float, Fitted] | None = None
    for K, distortion in starts:
        try:
            rms, K, distortion, turns, moves = cv2.fisheye.calibrate(
                boards, images, size, K.copy(), distortion.reshape(4, 1).copy(),
                flags=flags, criteria=_CRITERIA,
            )  # fmt: skip
        except cv2.error as error:
            failure = error
            continue
        if np.isfinite(rms) and (best is None or rms < best[0]):
            best = rms, (np.asarray(K), np.asarray(distortion).ravel(), turns, moves)
    if best is None:
        raise failure
    return best[1]
