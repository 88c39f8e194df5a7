"""How far a lens fitted to views of a board can be trusted."""

from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ...core.errors import CalibrationError
from ..boards.detection import View
from ..camera import Camera
from .fit import MIN_VIEWS, LensFit, fit_views, projected, squared_errors

_FLATNESS = 0.002  # how far a board's middle lies out of its plane, of its longer side


def with_uncertainty(fit: LensFit) -> LensFit:
    """`fit` with standard deviations of fx, fy, cx and cy.

    The larger of two estimates, what the noise of the corners leaves open and the jackknife over
    views, which also sees what single views have wrong (motion, a bent corner); and, on top of it,
    what a board would do that is bent by _FLATNESS of its longer side. Few or uniform views are not
    told apart from such a bend, and their small errors in pixels would hide it.
    """
    formal, bent = _linear_sd(fit)
    views, size, lens = fit.views, (fit.lens.width_px, fit.lens.height_px), fit.lens
    without = []
    for i in range(len(views)) if len(views) > MIN_VIEWS else ():
        others = [*views[:i], *views[i + 1 :]]
        try:
            without.append(fit_views(others, size, lens.distortion_model, "", lens).intrinsics_px)
        except CalibrationError:
            return replace(fit, sd_px=np.full(4, np.inf))  # all hangs on one view
    jackknife = np.sqrt((len(without) - 1) * np.var(without, axis=0)) if without else 0.0
    return replace(fit, sd_px=np.hypot(np.maximum(formal, jackknife), bent))


def _linear_sd(fit: LensFit) -> tuple[Float[NDArray, "4"], Float[NDArray, "4"]]:
    """Standard deviations from the corners' noise alone, and those from a bent board.

    One formula for all models (OpenCV gives the first for its pinhole models only): the normal
    equations of Gauss and Newton with the views' places eliminated.
    """
    normal = np.zeros((0, 0))
    pull = np.zeros((0, 0))
    squares, count = 0.0, 0
    for view, R, t in zip(fit.views, fit.R_camera_board, fit.t_camera_board_m, strict=True):
        pose, lens = _derivatives(fit.lens, view, R, t)
        squares += float(np.sum(squared_errors(fit.lens, view, R, t)))
        count += 2 * len(view.points_px) - 6
        lens -= pose @ np.linalg.lstsq(pose, lens, rcond=None)[0]
        flat_px = projected(fit.lens, view.points_board_m, R, t)
        moved = [
            (projected(fit.lens, view.points_board_m + bend, R, t) - flat_px).ravel()
            for bend in _bends(view.points_board_m)
        ]
        terms = lens.T @ lens, lens.T @ np.array(moved).T
        normal, pull = (normal + terms[0], pull + terms[1]) if normal.size else terms
    if (freedom := count - len(normal)) <= 0:
        return np.full(4, np.inf), np.zeros(4)
    scale = 1 / np.sqrt(np.maximum(np.diag(normal), 1e-30))  # coefficients differ by magnitudes
    inverse = np.linalg.pinv(normal * np.outer(scale, scale), rcond=1e-12) * np.outer(scale, scale)
    formal = np.sqrt(np.diag(inverse) * squares / freedom)
    return formal[:4], np.sqrt(np.square(inverse @ pull).sum(axis=1))[:4]


def _bends(points_board_m: Float[NDArray, "n 3"]) -> list[Float[NDArray, "n 3"]]:
    """Small displacements of a board that is curved either way, or twisted."""
    reach = np.abs(points_board_m[:, :2]).max(axis=0)
    u, v = (points_board_m[:, :2] / reach).T
    height_m = _FLATNESS * 2 * reach.max()
    return [np.outer(shape, [0, 0, height_m]) for shape in (u * u, v * v, u * v)]


def _derivatives(lens: Camera, view: View, R: NDArray, t: NDArray) -> tuple[NDArray, NDArray]:
    """Of the pixels: by the view's place (2n, 6), and by fx, fy, cx, cy and the coefficients."""
    points, turn = view.points_board_m[:, None], cv2.Rodrigues(R)[0]
    if lens.distortion_model == "equidistant":
        jacobian = cv2.fisheye.projectPoints(points, turn, t, lens.K, lens.distortion)[1]
        return jacobian[:, 8:14], jacobian[:, :8]  # f, c, k; turn, move; skew
    jacobian = cv2.projectPoints(points, turn, t, lens.K, lens.distortion)[1]
    return jacobian[:, :6], jacobian[:, 6 : 10 + lens.distortion.size]
