"""The lens that explains several views of a board, and how far it can be trusted."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ..core.errors import CalibrationError
from .board_detection import MIN_CORNERS, View
from .camera import Camera, DistortionModel

MIN_VIEWS = 3
_CRITERIA = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 200, 1e-10)
FLATNESS = 0.002  # how far a board's middle lies out of its plane, of its longer side
_MAX_REJECTED = 0.3  # of the views; when more disagree, the board's description is wrong
_STRAY = 5.0  # times the median error of all corners ...
_STRAY_PX = 0.2  # ... and at least this
_MAX_STRAYS = 0.2  # of a view's corners; when more are wrong, the view is
_OUTLIER = 2.5  # times the median error of the views ...
_OUTLIER_PX = 0.5  # ... and at least this; small errors differ by chance


Fitted = tuple[NDArray, NDArray, Sequence[Any], Sequence[Any]]  # K, distortion, turns, moves


@dataclass(frozen=True, eq=False)
class LensFit:
    """A lens and what it leaves unexplained."""

    lens: Camera  # at the origin of its own frame: only the lens is known
    views: tuple[View, ...]  # those that were used
    view_rms_px: Float[NDArray, "v"]
    R_camera_board: Float[NDArray, "v 3 3"]
    t_camera_board_m: Float[NDArray, "v 3"]
    rejected: tuple[tuple[View, float], ...] = ()  # views left out, with their errors in pixels
    sd_px: Float[NDArray, "4"] | None = (
        None  # standard deviations of fx, fy, cx, cy, once estimated
    )

    @property
    def rms_px(self) -> float:
        """Root mean square distance of corners seen from corners predicted."""
        counts = np.array([len(view.points_px) for view in self.views])
        return float(np.sqrt((counts * self.view_rms_px**2).sum() / counts.sum()))

    @property
    def intrinsics_px(self) -> Float[NDArray, "4"]:
        """fx, fy, cx, cy."""
        K = self.lens.K
        return np.array([K[0, 0], K[1, 1], K[0, 2], K[1, 2]])


def fit_lens(
    views: Sequence[View], image_size_px: tuple[int, int], model: DistortionModel, name: str
) -> LensFit:
    """The lens of `model` that explains `views` best; what disagrees with it is left out.

    First single corners (a marker drew them away, a highlight), then whole views.

    Zhang's method (2000) as OpenCV has it; `equidistant` is Kannala and Brandt's fisheye (2006).

    Raises:
        CalibrationError: too few views, views that fix no lens, or too many that disagree.
    """
    used = _without_strays(_fit(views, image_size_px, model, name))
    rejected: list[tuple[View, float]] = []
    while True:
        fit = _fit(used, image_size_px, model, name)
        limit_px = max(_OUTLIER * float(np.median(fit.view_rms_px)), _OUTLIER_PX)
        worst = int(np.argmax(fit.view_rms_px))
        if fit.view_rms_px[worst] <= limit_px or len(used) <= MIN_VIEWS:
            return replace(fit, rejected=tuple(rejected))
        rejected.append((used.pop(worst), float(fit.view_rms_px[worst])))
        if len(rejected) > _MAX_REJECTED * len(views):
            raise CalibrationError(
                f"{len(rejected)} of {len(views)} views disagree with the others by "
                f"{min(error for _, error in rejected):.1f} px and more; is the board flat, does "
                "it measure what you say, and has the lens neither zoom nor autofocus on?"
            )


def with_uncertainty(fit: LensFit) -> LensFit:
    """`fit` with standard deviations of fx, fy, cx and cy.

    The larger of two estimates, what the noise of the corners leaves open and the jackknife over
    views, which also sees what single views have wrong (motion, a bent corner); and, on top of it,
    what a board would do that is bent by FLATNESS of its longer side. Few or uniform views are not
    told apart from such a bend, and their small errors in pixels would hide it.
    """
    formal, bent = _linear_sd(fit)
    views, size, lens = fit.views, (fit.lens.width_px, fit.lens.height_px), fit.lens
    without = []
    for i in range(len(views)) if len(views) > MIN_VIEWS else ():
        others = [*views[:i], *views[i + 1 :]]
        try:
            without.append(_fit(others, size, lens.distortion_model, "", lens).intrinsics_px)
        except CalibrationError:
            return replace(fit, sd_px=np.full(4, np.inf))  # all hangs on one view
    jackknife = np.sqrt((len(without) - 1) * np.var(without, axis=0)) if without else 0.0
    return replace(fit, sd_px=np.hypot(np.maximum(formal, jackknife), bent))


def _without_strays(fit: LensFit) -> list[View]:
    """The views without corners that are far more wrong than the others, if they are few."""
    errors_px = [
        np.sqrt(_squared_errors(fit.lens, view, R, t))
        for view, R, t in zip(fit.views, fit.R_camera_board, fit.t_camera_board_m, strict=True)
    ]
    limit_px = max(_STRAY * float(np.median(np.concatenate(errors_px))), _STRAY_PX)
    views = []
    for view, error_px in zip(fit.views, errors_px, strict=True):
        good = error_px <= limit_px
        if good.mean() >= 1 - _MAX_STRAYS and good.sum() >= MIN_CORNERS:
            view = View(view.name, view.points_board_m[good], view.points_px[good])
        views.append(view)
    return views


def held_out_rms_px(fit: LensFit, folds: int = 4) -> float:
    """What the model leaves unexplained in views it was not fitted to, pixels.

    The views' own places are fitted to them, the lens is not: a model with too many coefficients
    does worse here, not better.
    """
    size, model = (fit.lens.width_px, fit.lens.height_px), fit.lens.distortion_model
    squares: list[float] = []
    for fold in range(folds):
        held_out = fit.views[fold::folds]
        others = [view for i, view in enumerate(fit.views) if i % folds != fold]
        if len(others) < MIN_VIEWS:
            return float("inf")
        try:
            lens = _fit(others, size, model, "", fit.lens).lens
        except CalibrationError:
            return float("inf")
        for view in held_out:
            normalised = lens.undistort(view.points_px)
            if not np.isfinite(normalised).all():
                return float("inf")
            R, t = _pose(view.points_board_m, normalised)
            squares.extend(_squared_errors(lens, view, R, t))
    return float(np.sqrt(np.mean(squares)))


def _fit(
    views: Sequence[View],
    size: tuple[int, int],
    model: DistortionModel,
    name: str,
    start: Camera | None = None,
) -> LensFit:
    if len(views) < MIN_VIEWS:
        raise CalibrationError(
            f"{len(views)} usable views of the board; {MIN_VIEWS} are the least, 15 are good"
        )
    boards = [view.points_board_m.astype(np.float32)[:, None] for view in views]
    images = [view.points_px.astype(np.float32)[:, None] for view in views]
    try:
        fit = _fisheye if model == "equidistant" else _pinhole
        K, distortion, turns, moves = fit(boards, images, size, model, start)
    except cv2.error as error:
        raise CalibrationError(
            f"the views fix no lens of model {model} ({' '.join(str(error.err).split())}); tilt "
            "the board by 20 to 45 degrees, differently in each view"
        ) from None
    if not (np.isfinite(K).all() and 0.1 < K[0, 0] / max(size) < 40):
        raise CalibrationError(
            "the views fix no focal length: the board faces the camera in all of them; tilt it by "
            "20 to 45 degrees, differently in each view"
        )
    lens = Camera(
        name=name,
        width_px=size[0],
        height_px=size[1],
        K=K,
        distortion_model=model,
        distortion=distortion,
        R_world_camera=np.eye(3),
        t_world_camera_m=np.zeros(3),
    )
    R = np.array([cv2.Rodrigues(np.asarray(turn))[0] for turn in turns])
    t = np.array([np.asarray(move).ravel() for move in moves])
    rms = [
        np.sqrt(np.mean(_squared_errors(lens, view, R[i], t[i]))) for i, view in enumerate(views)
    ]
    return LensFit(lens, tuple(views), np.array(rms), R, t)


def _pinhole(
    boards: list[NDArray],
    images: list[NDArray],
    size: tuple[int, int],
    model: DistortionModel,
    start: Camera | None,
) -> Fitted:
    flags = cv2.CALIB_RATIONAL_MODEL if model == "rational_polynomial" else 0
    guess: tuple[Any, Any] = (None, None)
    if start is not None:
        flags |= cv2.CALIB_USE_INTRINSIC_GUESS
        guess = start.K.copy(), start.distortion.copy()
    _, K, distortion, turns, moves = cv2.calibrateCamera(
        boards, images, size, *guess, flags=flags, criteria=_CRITERIA
    )
    coefficients = 8 if model == "rational_polynomial" else 5
    return np.asarray(K), np.asarray(distortion).ravel()[:coefficients], turns, moves


def _fisheye(
    boards: list[NDArray],
    images: list[NDArray],
    size: tuple[int, int],
    model: DistortionModel,
    start: Camera | None,
) -> Fitted:
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
        squares += float(np.sum(_squared_errors(fit.lens, view, R, t)))
        count += 2 * len(view.points_px) - 6
        lens -= pose @ np.linalg.lstsq(pose, lens, rcond=None)[0]
        flat_px = _projected(fit.lens, view.points_board_m, R, t)
        moved = [
            (_projected(fit.lens, view.points_board_m + bend, R, t) - flat_px).ravel()
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
    height_m = FLATNESS * 2 * reach.max()
    return [np.outer(shape, [0, 0, height_m]) for shape in (u * u, v * v, u * v)]


def _derivatives(lens: Camera, view: View, R: NDArray, t: NDArray) -> tuple[NDArray, NDArray]:
    """Of the pixels: by the view's place (2n, 6), and by fx, fy, cx, cy and the coefficients."""
    points, turn = view.points_board_m[:, None], cv2.Rodrigues(R)[0]
    if lens.distortion_model == "equidistant":
        jacobian = cv2.fisheye.projectPoints(points, turn, t, lens.K, lens.distortion)[1]
        return jacobian[:, 8:14], jacobian[:, :8]  # f, c, k; turn, move; skew
    jacobian = cv2.projectPoints(points, turn, t, lens.K, lens.distortion)[1]
    return jacobian[:, :6], jacobian[:, 6 : 10 + lens.distortion.size]


def _pose(points_m: NDArray, normalised: NDArray) -> tuple[NDArray, NDArray]:
    """Where a board is, from normalised coordinates of its corners."""
    _, turns, moves, errors = cv2.solvePnPGeneric(
        points_m, normalised, np.eye(3), None, flags=cv2.SOLVEPNP_SQPNP
    )
    best = int(np.argmin(np.ravel(errors)))
    turn, move = cv2.solvePnPRefineLM(
        points_m, normalised, np.eye(3), None, turns[best], moves[best]
    )
    return cv2.Rodrigues(turn)[0], move.ravel()


def _squared_errors(lens: Camera, view: View, R: NDArray, t: NDArray) -> Float[NDArray, "n"]:
    predicted_px = _projected(lens, view.points_board_m, R, t)
    return np.square(predicted_px - view.points_px).sum(axis=1)


def _projected(lens: Camera, points_board_m: NDArray, R: NDArray, t: NDArray) -> NDArray:
    return lens.project(points_board_m @ R.T + t)
