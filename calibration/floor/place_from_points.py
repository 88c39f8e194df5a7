"""Where a camera of known lens stands, by points of known place; and what is wrong with points that
say something else."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from ...core.errors import CalibrationError
from ..camera import Camera
from ..camera_checks import check_camera
from .place_fit import PlaceFit, covariance, moved, refined, starts, up_in_picture

MIN_POINTS = 4
_LINE = 0.02  # of the points' extent, below which they lie on one line
_AS_GOOD = 1.5  # times the best error; planar points have two nearly equal answers
_SUSPICIOUS_PX = 4.0  # root mean square, above which something is wrong with the points
_WRONG = 2.5  # times the best error: no answer above the floor explains the points


def fit_place(
    lens: Camera,
    points_world_m: Float[NDArray, "n 3"],
    points_px: Float[NDArray, "n 2"],
    lens_sd_px: Float[NDArray, "4"],
) -> PlaceFit:
    """Where the camera of `lens` stands that sees world points at those pixels.

    Of all answers, refined by least squares, the best above the floor.

    Args:
        lens_sd_px: standard deviations of fx, fy, cx, cy: they widen the covariance.

    Raises:
        CalibrationError: too few points, points on one line, a mirrored world, or no answer.
    """
    _check_points(points_world_m, points_px)
    answers = [
        refined(start, points_world_m, points_px)
        for start in starts(lens, points_world_m, points_px)
    ]
    answers = [answer for answer in answers if np.isfinite(answer.residuals_px).all()]
    if not answers:
        raise CalibrationError(
            "no place of the camera explains the points: are they given in the order x y z in "
            "metres and u v in pixels of the undistorted-or-not picture as it is, and all visible?"
        )
    best_px = min(answer.rms_px for answer in answers)
    above = [answer for answer in answers if answer.camera.t_world_camera_m[2] > 0]
    good = [a for a in above if a.rms_px <= max(_WRONG * best_px, best_px + 0.5)]
    if not good:
        raise CalibrationError(_why_under_the_floor(lens, points_world_m, points_px, best_px))
    if best_px > _SUSPICIOUS_PX and (
        mend := _flipped(lens, points_world_m, points_px, best_px / 3)
    ):
        raise CalibrationError(f"the points fit badly ({best_px:.0f} px), but well {mend}")
    close = [a for a in good if a.rms_px <= _AS_GOOD * min(b.rms_px for b in good)]
    # A camera is seldom upside down; where the points leave it open, it is not.
    upright = [a for a in close if up_in_picture(a.camera) > 0] or close
    chosen = min(upright, key=lambda answer: answer.rms_px)
    others = [a for a in upright if _apart_deg(a.camera, chosen.camera) > 3]
    warnings = tuple(
        f"another place of the camera, {_apart_deg(a.camera, chosen.camera):.0f} degrees different,"
        f" explains the points nearly as well ({a.rms_px:.2f} px): use a larger or nearer board, "
        "or points further apart"
        for a in others[:1]
    )
    check_camera(chosen.camera)
    warnings += _stray(chosen, points_world_m, points_px)
    spread = covariance(
        lambda by: moved(chosen.camera, by).project(points_world_m),
        chosen.residuals_px, 0, lens_sd_px,
    )  # fmt: skip
    return replace(chosen, covariance=spread, warnings=warnings)


def _check_points(points_world_m: NDArray, points_px: NDArray) -> None:
    if not (np.isfinite(points_world_m).all() and np.isfinite(points_px).all()):
        raise CalibrationError("a point's place or pixel is not a finite number")
    different_m = np.unique(points_world_m.round(6), axis=0)  # each may be clicked several times
    if len(different_m) < MIN_POINTS:
        raise CalibrationError(
            f"{len(different_m)} different points; {MIN_POINTS} are the least, 8 well apart are "
            "good"
        )
    spread = np.linalg.svd(different_m - different_m.mean(axis=0), compute_uv=False)
    if spread[1] <= _LINE * spread[0]:
        raise CalibrationError(
            "the points lie on one line, around which the camera could stand anywhere; add points "
            "beside it"
        )


def _why_under_the_floor(
    lens: Camera, points_world_m: NDArray, points_px: NDArray, best_px: float
) -> str:
    limit_px = max(_AS_GOOD * best_px, best_px + 0.5)
    if mend := _flipped(lens, points_world_m, points_px, limit_px):
        return f"the points fit only with the camera under the floor, and well above it {mend}"
    return (
        "the points fit only with the camera under the floor; z points up and the floor is z = 0: "
        "is z given downwards, or are points exchanged?"
    )


def _flipped(
    lens: Camera, points_world_m: NDArray, points_px: NDArray, limit_px: float
) -> str | None:
    """How the axes must be changed for the points to fit, if that is what is wrong with them."""
    changes = {
        "with y the other way round: the world is mirrored. Seen from above, y lies a quarter turn "
        "counter-clockwise of x; change the sign of all y (or exchange x and y)": [1, -1, 1],
        "with z the other way round: z points up; change the sign of all z": [1, 1, -1],
        "with y and z the other way round: z points up; change the sign of both": [1, -1, -1],
    }
    for mend, signs in changes.items():
        changed_m = points_world_m * signs
        for start in starts(lens, changed_m, points_px):
            fit = refined(start, changed_m, points_px)
            if (
                fit.rms_px <= limit_px
                and fit.camera.t_world_camera_m[2] > 0
                and up_in_picture(fit.camera) > 0
            ):
                return mend
    return None


def _stray(fit: PlaceFit, points_world_m: NDArray, points_px: NDArray) -> tuple[str, ...]:
    """A warning of the one point without which the others fit much better."""
    if fit.rms_px < _SUSPICIOUS_PX or len(points_px) < 6:
        return ()
    for i in np.argsort(-np.linalg.norm(fit.residuals_px, axis=1))[:4]:
        others = np.arange(len(points_px)) != i
        without = refined(fit.camera, points_world_m[others], points_px[others])
        if without.rms_px < fit.rms_px / 3:
            off_px = np.linalg.norm(without.camera.project(points_world_m[i]) - points_px[i])
            at = ", ".join(f"{value:g}" for value in points_world_m[i])
            return (
                f"the point at {at} is {off_px:.0f} px from where the others put it: measured or "
                "clicked wrongly? Mend it or leave it out",
            )
    return (f"the points disagree by {fit.rms_px:.1f} px: measure them again, or the lens",)


def _apart_deg(a: Camera, b: Camera) -> float:
    turn = Rotation.from_matrix(a.R_world_camera.T @ b.R_world_camera)
    return float(np.degrees(turn.magnitude()))
