"""Boards that lie on one floor: where each of them lies, and the camera over them.

The floor fixes how a board can lie: x, y and yaw are all that is unknown of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import NDArray
from scipy.optimize import least_squares

from ..boards.detection import View
from ..camera import Camera
from .place_fit import moved

_NOTHING = np.zeros(4)  # added to the lens
_STEP = 1e-6  # of a derivative
_MAX_CALLS = 15  # boards on one floor take four or five; others would wander on for long


@dataclass(frozen=True, eq=False)
class LyingFit:
    """A camera in the world whose origin is on the floor under the first of several boards."""

    camera: Camera
    places: Float[NDArray, "k"]  # x, y in metres and yaw of each board but the first
    residuals_px: Float[NDArray, "n 2"]  # seen less predicted, board after board
    board_rms_px: Float[NDArray, "m"]


def fit_lying(start: Camera, boards: Sequence[View], thickness_m: float) -> LyingFit | None:
    """The camera and the places that explain `boards` best, sought from `start` on.

    None if `start` does not see one of them on its floor.
    """
    at = np.array([lying_at(start, view, thickness_m) for view in boards])
    if not np.isfinite(at).all():
        return None
    start = _seen_from(start, at[0])
    others = np.array([_relative(at[0], place) for place in at[1:]]).ravel()

    which = _board_of_corner(boards)

    def residuals(unknown: NDArray) -> NDArray:
        camera = moved(start, np.concatenate([unknown[:6], _NOTHING]))
        left_px = residuals_px(camera, boards, unknown[6:], thickness_m)
        return np.nan_to_num(left_px, nan=1e4).ravel()  # behind the camera: no answer

    def jacobian(unknown: NDArray) -> NDArray:
        result = np.zeros((2 * len(which), len(unknown)))
        now_px = residuals(unknown)
        for k, row in enumerate(np.eye(6)):
            by = np.concatenate([_STEP * row, np.zeros(len(others))])
            result[:, k] = (residuals(unknown + by) - now_px) / _STEP
        rows, own = np.arange(2 * len(which)), np.repeat(which, 2)
        for k, row in enumerate(np.eye(3)):  # all boards at once: each moves only its own corners
            by = np.concatenate([np.zeros(6), np.tile(_STEP * row, len(boards) - 1)])
            change = (residuals(unknown + by) - now_px) / _STEP
            result[rows[own > 0], 3 + 3 * own[own > 0] + k] = change[own > 0]
        return result

    unknown = np.concatenate([np.zeros(6), others])
    result = least_squares(
        residuals, unknown, jacobian, method="lm", x_scale="jac", max_nfev=_MAX_CALLS
    )
    camera = moved(start, np.concatenate([result.x[:6], _NOTHING]))
    left_px = residuals(result.x).reshape(-1, 2)
    squares = np.bincount(which, np.square(left_px).sum(axis=1)) / np.bincount(which)
    return LyingFit(camera, result.x[6:], left_px, np.sqrt(squares))


def residuals_px(
    camera: Camera, boards: Sequence[View], places: NDArray, thickness_m: float
) -> Float[NDArray, "n 2"]:
    """Seen less predicted of all corners, the first board at the origin, the others at `places`."""
    x, y, yaw = np.vstack([np.zeros(3), places.reshape(-1, 3)])[_board_of_corner(boards)].T
    points_m = np.concatenate([view.points_board_m for view in boards])
    c, s = np.cos(yaw), np.sin(yaw)
    on_floor_m = np.stack(
        [
            c * points_m[:, 0] - s * points_m[:, 1] + x,
            s * points_m[:, 0] + c * points_m[:, 1] + y,
            points_m[:, 2] + thickness_m,
        ],
        axis=-1,
    )
    return np.concatenate([view.points_px for view in boards]) - camera.project(on_floor_m)


def _board_of_corner(boards: Sequence[View]) -> Int[NDArray, "n"]:
    return np.repeat(np.arange(len(boards)), [len(view.points_px) for view in boards])


def lying_at(camera: Camera, view: View, height_m: float) -> Float[NDArray, "3"]:
    """x, y, yaw of a board at that height, as the camera sees it; not finite if it cannot."""
    rays = camera.rays_world(view.points_px)
    with np.errstate(all="ignore"):  # a ray along the floor
        reach = (height_m - camera.t_world_camera_m[2]) / rays[:, 2]
        if not (reach > 0).all():
            return np.full(3, np.nan)
        floor = (camera.t_world_camera_m + reach[:, None] * rays)[:, :2]
    flat = view.points_board_m[:, :2]
    a = (flat - flat.mean(axis=0)) @ [1, 1j]
    b = (floor - floor.mean(axis=0)) @ [1, 1j]
    yaw = float(np.angle(np.vdot(a, b)))
    middle = floor.mean(axis=0) - _placed(view.points_board_m, (0, 0, yaw))[:, :2].mean(axis=0)
    return np.array([*middle, yaw])


def _placed(points_board_m: NDArray, place: Sequence[float] | NDArray) -> Float[NDArray, "n 3"]:
    """A board's points on the floor at x, y, yaw."""
    x, y, yaw = place
    c, s = np.cos(yaw), np.sin(yaw)
    return points_board_m @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) + [x, y, 0]


def _seen_from(camera: Camera, place: NDArray) -> Camera:
    """`camera` in the world of a board that lies at `place`."""
    turn = _placed(np.eye(3), (0, 0, -place[2])).T  # takes vectors to the board's axes
    return replace(
        camera,
        R_world_camera=turn @ camera.R_world_camera,
        t_world_camera_m=turn @ (camera.t_world_camera_m - [place[0], place[1], 0]),
    )


def _relative(first: NDArray, other: NDArray) -> Float[NDArray, "3"]:
    """`other` in the world of a board that lies at `first`."""
    offset = np.array([[other[0] - first[0], other[1] - first[1], 0.0]])
    x, y, _ = _placed(offset, (0, 0, -first[2]))[0]
    return np.array([x, y, other[2] - first[2]])
