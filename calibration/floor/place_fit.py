"""Where a camera of known lens stands, from points of known place, and how well that is known."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from ...core.errors import CalibrationError
from ..camera import Camera
from ..camera_checks import check_camera

MIN_POINTS = 4
NOISE_PX = 0.2  # what a pixel coordinate is good to at best, whatever the residuals say
_FLAT = 0.02  # of the points' extent, below which they are taken for one plane as a start
_LINE = 0.02  # of the points' extent, below which they lie on one line
_AS_GOOD = 1.5  # times the best error; planar points have two nearly equal answers
_SUSPICIOUS_PX = 4.0  # root mean square, above which something is wrong with the points
_WRONG = 2.5  # times the best error: no answer above the floor explains the points


@dataclass(frozen=True, eq=False)
class PlaceFit:
    """A camera's place and its uncertainty."""

    camera: Camera
    residuals_px: Float[NDArray, "n 2"]  # seen less predicted
    covariance: Float[NDArray, "10 10"]  # of `moved`: turn, centre, fx, fy, cx, cy
    warnings: tuple[str, ...] = ()

    @property
    def rms_px(self) -> float:
        """Root mean square distance of points seen from points predicted."""
        return float(np.sqrt(np.square(self.residuals_px).sum(axis=1).mean()))


def fit_place(
    lens: Camera,
    points_world_m: Float[NDArray, "n 3"],
    points_px: Float[NDArray, "n 2"],
    lens_sd_px: Float[NDArray, "4"],
) -> PlaceFit:
    """Where the camera of `lens` stands that sees world points at those pixels.

    SQPnP (Terzakis and Lourakis 2020), and both answers of IPPE (Collins and Bartoli 2014) where
    the points lie in a plane; the best answer above the floor, refined by least squares.

    Args:
        lens_sd_px: standard deviations of fx, fy, cx, cy: they widen the covariance.

    Raises:
        CalibrationError: too few points, points on one line, a mirrored world, or no answer.
    """
    _check_points(points_world_m, points_px)
    answers = [
        _refined(lens, start, points_world_m, points_px)
        for start in _starts(lens, points_world_m, points_px)
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


def moved(camera: Camera, by: Float[NDArray, "10"]) -> Camera:
    """`camera` turned by a rotation vector (world, radians), shifted (m), its lens changed (px)."""
    K = camera.K.copy()
    K[[0, 1, 0, 1], [0, 1, 2, 2]] += by[6:]
    return replace(
        camera,
        K=K,
        R_world_camera=Rotation.from_rotvec(by[:3]).as_matrix() @ camera.R_world_camera,
        t_world_camera_m=camera.t_world_camera_m + by[3:6],
    )


def up_in_picture(camera: Camera) -> float:
    """How far the world's up points up in the picture: 1 straight, -1 upside down."""
    return float(-camera.R_world_camera[2, 1])


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


def _starts(lens: Camera, points_world_m: NDArray, points_px: NDArray) -> list[Camera]:
    normalised = lens.undistort(points_px)
    if not np.isfinite(normalised).all():
        raise CalibrationError(
            "a point lies where the lens shows nothing; is it the camera file of this picture?"
        )
    middle = points_world_m.mean(axis=0)
    _, spread, axes = np.linalg.svd(points_world_m - middle)
    if np.linalg.det(axes) < 0:
        axes[2] *= -1
    found: list[tuple[NDArray, NDArray]] = []  # R and t of x_camera = R x_world + t
    for flag in (cv2.SOLVEPNP_SQPNP, cv2.SOLVEPNP_IPPE):
        planar = flag == cv2.SOLVEPNP_IPPE
        if planar and spread[2] > _FLAT * spread[0]:
            continue
        points = (points_world_m - middle) @ axes.T
        if planar:
            points[:, 2] = 0  # all but in a plane; the refinement takes them as they are
        try:
            _, turns, moves, _ = cv2.solvePnPGeneric(
                points, normalised, np.eye(3), None, flags=flag
            )
        except cv2.error:
            continue  # nothing of this method; the other may do
        for turn, move in zip(turns, moves, strict=True):
            R = cv2.Rodrigues(turn)[0] @ axes
            found.append((R, move.ravel() - R @ middle))
    return [replace(lens, R_world_camera=R.T, t_world_camera_m=-R.T @ t) for R, t in found]


def _refined(lens: Camera, start: Camera, points_world_m: NDArray, points_px: NDArray) -> PlaceFit:
    rest = np.zeros(4)

    def residuals(by: NDArray) -> NDArray:
        seen = moved(start, np.concatenate([by, rest])).project(points_world_m)
        return np.nan_to_num(points_px - seen, nan=1e4).ravel()  # behind the camera: no answer

    result = least_squares(residuals, np.zeros(6), method="lm", x_scale="jac", xtol=1e-12)
    camera = moved(start, np.concatenate([result.x, rest]))
    left_px = points_px - camera.project(points_world_m)
    return PlaceFit(camera, left_px, np.zeros((10, 10)))


def covariance(
    predicted: Callable[[NDArray], NDArray],
    residuals_px: Float[NDArray, "n 2"],
    more: int,
    lens_sd_px: Float[NDArray, "4"],
) -> Float[NDArray, "10 10"]:
    """Of turn, centre and lens: what the pixels' noise leaves open, and what the lens passes on.

    Args:
        predicted: pixels, by what is added to `moved`'s ten parameters and to `more` others.

    Raises:
        CalibrationError: a point lies where the camera nearly sees none.
    """
    steps = np.array([1e-6] * 3 + [1e-5] * 3 + [1e-3] * 4 + [1e-5] * more)
    jacobian = np.array(
        [
            (predicted(step * row) - predicted(-step * row)).ravel() / (2 * step)
            for step, row in zip(steps, np.eye(10 + more), strict=True)
        ]
    ).T
    place, lens = np.delete(jacobian, slice(6, 10), axis=1), jacobian[:, 6:10]
    freedom = max(place.shape[0] - place.shape[1], 1)
    noise_px = max(NOISE_PX, float(np.sqrt(np.square(residuals_px).sum() / freedom)))
    try:
        inverse = np.linalg.pinv(place)[:6]
    except np.linalg.LinAlgError:
        raise CalibrationError(
            "the camera would stand right beside a point: are points exchanged, or clicked wrongly?"
        ) from None
    both = np.vstack([-inverse @ lens, np.eye(4)])
    result = both @ np.diag(np.square(lens_sd_px)) @ both.T
    result[:6, :6] += noise_px**2 * inverse @ inverse.T
    return result


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
        for start in _starts(lens, changed_m, points_px):
            fit = _refined(lens, start, changed_m, points_px)
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
        without = _refined(fit.camera, fit.camera, points_world_m[others], points_px[others])
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
