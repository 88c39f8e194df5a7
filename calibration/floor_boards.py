"""The camera's place from a board that lies on the floor, at one place or at several.

The floor fixes where a board can lie: every further place adds three unknowns, x, y and yaw, and
two equations for each of its corners. Pitch and height, which one board far away leaves open, are
what several boards agree on.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray
from scipy.optimize import least_squares

from ..core.errors import CalibrationError
from .board_detection import View
from .camera import Camera
from .floor_error import pitch_sd_deg
from .place_fit import PlaceFit, covariance, fit_place, moved

_STILL_PX = 3.0  # corners of a board that lies still move less
_LYING_PX = 1.5  # how badly a board may fit the others' floor
_MIN_SHARED = 4  # corners that two pictures must share to be compared


def still_boards(views: Sequence[View]) -> list[View]:
    """Views averaged while the board lies still: one view for each place where it lay.

    A place seen in a single picture of a longer video is a board on its way and left out.
    """
    groups: list[list[View]] = []
    for view in views:
        if groups and _apart_px(groups[-1][-1], view) < _STILL_PX:
            groups[-1].append(view)
        else:
            groups.append([view])
    longest = max((len(group) for group in groups), default=0)
    return [_mean(group) for group in groups if len(group) > 1 or longest < 3]


def fit_floor_boards(
    lens: Camera, boards: Sequence[View], lens_sd_px: Float[NDArray, "4"], thickness_m: float = 0.0
) -> PlaceFit:
    """The camera in the world whose origin is on the floor under the first board's middle.

    x is the first board's x, y its y, z up; the board is `thickness_m` thick.

    Raises:
        CalibrationError: the first board fits nowhere, or boards that do not lie on one floor.
    """
    if not boards:
        raise CalibrationError("the board is seen lying still in no picture")
    up = np.array([0, 0, thickness_m])
    singles = [fit_place(lens, v.points_board_m + up, v.points_px, lens_sd_px) for v in boards]
    if len(boards) == 1:
        return singles[0]
    best = min(
        range(len(boards)),
        key=lambda i: (
            len(singles[i].warnings),
            pitch_sd_deg(singles[i].camera, singles[i].covariance),
        ),
    )
    lying = [_lying(singles[best].camera, view, thickness_m) for view in boards]
    start = _seen_from(singles[best].camera, lying[0])
    others = np.array([_relative(lying[0], place) for place in lying[1:]])
    rest = np.zeros(4)

    def residuals(unknown: NDArray) -> NDArray:
        camera = moved(start, np.concatenate([unknown[:6], rest]))
        return np.nan_to_num(_residuals(camera, boards, unknown[6:], up), nan=1e4)

    result = least_squares(
        residuals, np.concatenate([np.zeros(6), others.ravel()]), method="lm", x_scale="jac"
    )
    camera = moved(start, np.concatenate([result.x[:6], rest]))
    places = result.x[6:]
    left_px = _residuals(camera, boards, places, up).reshape(-1, 2)
    fit = PlaceFit(camera, left_px, np.zeros((10, 10)))
    worst = _worst(left_px, boards)
    if worst[1] > max(3 * min(single.rms_px for single in singles), _LYING_PX):
        fit = replace(
            fit,
            warnings=(
                f"the board of {boards[worst[0]].name} does not lie on the floor of the others "
                f"({worst[1]:.1f} px): was it bent, held in the hand, or on something?",
            ),
        )

    def predicted(by: NDArray) -> NDArray:
        return -_residuals(moved(camera, by[:10]), boards, places + by[10:], up)

    return replace(fit, covariance=covariance(predicted, left_px, len(places), lens_sd_px))


def _residuals(
    camera: Camera, boards: Sequence[View], places: NDArray, up: NDArray
) -> Float[NDArray, "n"]:
    """Seen less predicted, all corners one after the other."""
    every = [(0.0, 0.0, 0.0), *places.reshape(-1, 3)]
    return np.concatenate(
        [
            (view.points_px - camera.project(_placed(view.points_board_m, place) + up)).ravel()
            for view, place in zip(boards, every, strict=True)
        ]
    )


def _placed(points_board_m: NDArray, place: Sequence[float] | NDArray) -> Float[NDArray, "n 3"]:
    """A board's points on the floor at x, y, yaw."""
    x, y, yaw = place
    c, s = np.cos(yaw), np.sin(yaw)
    return points_board_m @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) + [x, y, 0]


def _lying(camera: Camera, view: View, height_m: float) -> Float[NDArray, "3"]:
    """x, y, yaw of a board at that height, as the camera sees it."""
    rays = camera.rays_world(view.points_px)
    reach = (height_m - camera.t_world_camera_m[2]) / rays[:, 2]
    floor = (camera.t_world_camera_m + reach[:, None] * rays)[:, :2]
    flat = view.points_board_m[:, :2]
    a = (flat - flat.mean(axis=0)) @ [1, 1j]
    b = (floor - floor.mean(axis=0)) @ [1, 1j]
    yaw = float(np.angle(np.vdot(a, b)))
    middle = floor.mean(axis=0) - _placed(view.points_board_m, (0, 0, yaw))[:, :2].mean(axis=0)
    return np.array([*middle, yaw])


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


def _apart_px(a: View, b: View) -> float:
    """Median distance between the same corners in two pictures; infinite if they share few."""
    corners = {tuple(m): px for m, px in zip(a.points_board_m, a.points_px, strict=True)}
    shared = [
        np.linalg.norm(corners[tuple(m)] - px)
        for m, px in zip(b.points_board_m, b.points_px, strict=True)
        if tuple(m) in corners
    ]
    return float(np.median(shared)) if len(shared) >= _MIN_SHARED else np.inf


def _mean(group: Sequence[View]) -> View:
    """Each corner at its median over the pictures that show it."""
    seen: dict[tuple[float, ...], list[NDArray]] = {}
    for view in group:
        for m, px in zip(view.points_board_m, view.points_px, strict=True):
            seen.setdefault(tuple(m), []).append(px)
    often = {m: px for m, px in seen.items() if 2 * len(px) >= len(group)} or seen
    name = group[0].name if len(group) == 1 else f"{group[0].name} to {group[-1].name}"
    points_px = np.array([np.median(px, axis=0) for px in often.values()])
    return View(name, np.array(list(often)), points_px)


def _worst(left_px: NDArray, boards: Sequence[View]) -> tuple[int, float]:
    """Which board fits worst, and its root mean square error in pixels."""
    ends = np.cumsum([len(view.points_px) for view in boards])[:-1]
    errors = [np.sqrt(np.square(part).sum(axis=1).mean()) for part in np.split(left_px, ends)]
    return int(np.argmax(errors)), float(max(errors))
