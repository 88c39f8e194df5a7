"""Where a camera of known lens may stand that sees points of known place, and how well that is
known; `place_from_points` chooses among the answers."""

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

NOISE_PX = 0.2  # what a pixel coordinate is good to at best, whatever the residuals say
_FLAT = 0.02  # of the points' extent, below which they are taken for one plane as a start


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


def starts(
    lens: Camera, points_world_m: Float[NDArray, "n 3"], points_px: Float[NDArray, "n 2"]
) -> list[Camera]:
    """Where the camera may stand: by SQPnP (Terzakis and Lourakis 2020), and both answers of IPPE
    (Collins and Bartoli 2014) where the points lie in a plane.

    Raises:
        CalibrationError: a pixel that the lens does not show.
    """
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


def refined(
    start: Camera, points_world_m: Float[NDArray, "n 3"], points_px: Float[NDArray, "n 2"]
) -> PlaceFit:
    """The place near `start` from which the points are seen best; of no covariance yet."""
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
