"""The lens that explains several views of a board."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ...core.errors import CalibrationError
from ..boards.board import MIN_CORNERS
from ..boards.detection import View
from ..camera import Camera, DistortionModel
from ..placement import pose_of
from .opencv_lenses import fit_fisheye, fit_pinhole

MIN_VIEWS = 3
_MAX_REJECTED = 0.3  # of the views; when more disagree, the board's description is wrong
_STRAY = 5.0  # times the median error of all corners ...
_STRAY_PX = 0.2  # ... and at least this
_MAX_STRAYS = 0.2  # of a view's corners; when more are wrong, the view is
_OUTLIER = 2.5  # times the median error of the views ...
_OUTLIER_PX = 0.5  # ... and at least this; small errors differ by chance


@dataclass(frozen=True, eq=False)
class LensFit:
    """A lens and what it leaves unexplained."""

    lens: Camera  # at the origin of its own frame: only the lens is known
    views: tuple[View, ...]  # those that were used
    view_rms_px: Float[NDArray, "v"]
    R_camera_board: Float[NDArray, "v 3 3"]
    t_camera_board_m: Float[NDArray, "v 3"]
    rejected: tuple[tuple[View, float], ...] = ()  # views left out, with their errors in pixels
    sd_px: Float[NDArray, "4"] | None = None  # standard deviations of fx, fy, cx, cy, if estimated

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
    used = _without_strays(fit_views(views, image_size_px, model, name))
    rejected: list[tuple[View, float]] = []
    while True:
        fit = fit_views(used, image_size_px, model, name)
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


def fit_views(
    views: Sequence[View],
    size: tuple[int, int],
    model: DistortionModel,
    name: str,
    start: Camera | None = None,
) -> LensFit:
    """The lens of `model` that explains all of `views` best, sought from `start` on.

    Raises:
        CalibrationError: too few views, or views that fix no lens.
    """
    if len(views) < MIN_VIEWS:
        raise CalibrationError(
            f"{len(views)} usable views of the board; {MIN_VIEWS} are the least, 15 are good"
        )
    boards = [view.points_board_m.astype(np.float32)[:, None] for view in views]
    images = [view.points_px.astype(np.float32)[:, None] for view in views]
    try:
        K, distortion, turns, moves = (
            fit_fisheye(boards, images, size, start)
            if model == "equidistant"
            else fit_pinhole(boards, images, size, start, rational=model == "rational_polynomial")
        )
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
    rms = [np.sqrt(np.mean(squared_errors(lens, view, R[i], t[i]))) for i, view in enumerate(views)]
    return LensFit(lens, tuple(views), np.array(rms), R, t)


def _without_strays(fit: LensFit) -> list[View]:
    """The views without corners that are far more wrong than the others, if they are few."""
    errors_px = [
        np.sqrt(squared_errors(fit.lens, view, R, t))
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
            lens = fit_views(others, size, model, "", fit.lens).lens
        except CalibrationError:
            return float("inf")
        for view in held_out:
            normalised = lens.undistort(view.points_px)
            if not np.isfinite(normalised).all():
                return float("inf")
            if (pose := pose_of(view.points_board_m, normalised)) is None:
                return float("inf")
            squares.extend(squared_errors(lens, view, *pose))
    return float(np.sqrt(np.mean(squares)))


def squared_errors(lens: Camera, view: View, R: NDArray, t: NDArray) -> Float[NDArray, "n"]:
    """Squared distances of the corners seen from those predicted, a board being at R, t."""
    predicted_px = projected(lens, view.points_board_m, R, t)
    return np.square(predicted_px - view.points_px).sum(axis=1)


def projected(lens: Camera, points_board_m: NDArray, R: NDArray, t: NDArray) -> NDArray:
    """Where points (n, 3) of a board at R, t are seen, pixels (n, 2)."""
    return lens.project(points_board_m @ R.T + t)
