"""The camera's place from a board that lies on the floor, at one place or at several.

Every further place adds three unknowns, x, y and yaw, and two equations for each of its corners.
Pitch and height, which one board far away leaves open, are what several boards agree on. A board
that was held still in the hand agrees with none of them, and that is how it is found out.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ...core.errors import CalibrationError, CameraFileError
from ..boards.detection import View
from ..camera import Camera
from .error import pitch_sd_deg
from .lying_boards import LyingFit, fit_lying, residuals_px
from .place_fit import PlaceFit, covariance, moved
from .place_from_points import fit_place

_STILL_PX = 3.0  # corners of a board that lies still move less
_LONGER = 3  # pictures of a board at one place, beside which a single one shows it moving
_LYING_PX = 1.5  # how badly a board may fit the others' floor ...
_LYING = 1.2e-3  # ... or of the picture's width, if that is more
_MIN_SHARED = 4  # corners that two pictures must share to be compared
_NAMED = 5  # boards in a message


def still_boards(views: Sequence[View], single_pictures: bool = False) -> list[View]:
    """Views averaged while the board is still: one view for each place where it was.

    Args:
        single_pictures: each was taken on purpose, and counts. Else they are of a video, and those
            `on_their_way` do not.
    """
    moving = () if single_pictures else on_their_way(views)
    return [_mean(group) for group in _groups(views) if group[0] not in moving]


def on_their_way(views: Sequence[View]) -> list[View]:
    """Boards that a video shows at their place in a single picture, while others lie for longer."""
    groups = _groups(views)
    longest = max((len(group) for group in groups), default=0)
    return [group[0] for group in groups if len(group) == 1 and longest >= _LONGER]


def _groups(views: Sequence[View]) -> list[list[View]]:
    """Views one after the other in which the board is still."""
    groups: list[list[View]] = []
    for view in views:
        if groups and _apart_px(groups[-1][-1], view) < _STILL_PX:
            groups[-1].append(view)
        else:
            groups.append([view])
    return groups


def fit_floor_boards(
    lens: Camera, boards: Sequence[View], lens_sd_px: Float[NDArray, "4"], thickness_m: float = 0.0
) -> PlaceFit:
    """The camera in the world whose origin is on the floor under the first board's middle.

    x is the first board's x, y its y, z up; the board is `thickness_m` thick. Boards that do not
    lie on the floor of the most others are left out, with a warning; the first is then the first
    of those that do.

    Raises:
        CalibrationError: a single board that fits nowhere, or several of which no two lie on one
            floor.
    """
    if not boards:
        raise CalibrationError("the board is seen lying still in no picture")
    singles = _alone(lens, boards, lens_sd_px, thickness_m)
    if len(boards) == 1:
        return singles[0]
    best_px = min(single.rms_px for single in singles.values())
    limit_px = max(3 * best_px, _LYING_PX, _LYING * lens.width_px)
    used, fit = _on_one_floor(singles, boards, thickness_m, limit_px)
    lying = [boards[i] for i in used]

    def predicted(by: NDArray) -> NDArray:
        return -residuals_px(moved(fit.camera, by[:10]), lying, fit.places + by[10:], thickness_m)

    return PlaceFit(
        fit.camera,
        fit.residuals_px,
        covariance(predicted, fit.residuals_px, len(fit.places), lens_sd_px),
        _left_out([v for i, v in enumerate(boards) if i not in used], lying, used[0] > 0),
    )


def _alone(
    lens: Camera, boards: Sequence[View], lens_sd_px: NDArray, thickness_m: float
) -> dict[int, PlaceFit]:
    """The camera's place from each board alone, without those from which there is none."""
    up = np.array([0, 0, thickness_m])
    fits, refusals = {}, []
    for i, view in enumerate(boards):
        try:
            fits[i] = fit_place(lens, view.points_board_m + up, view.points_px, lens_sd_px)
        except (CalibrationError, CameraFileError) as error:  # held so that no floor is seen
            refusals.append(error)
    if not fits:
        raise refusals[0]
    return fits


def _on_one_floor(
    singles: dict[int, PlaceFit], boards: Sequence[View], thickness_m: float, limit_px: float
) -> tuple[list[int], LyingFit]:
    """Which boards lie on one floor, and the camera over them.

    All of them, if they do. Else with each board in turn, those that lie on one floor with it, less
    the ones that do not fit when all are taken together; the set that covers most of it wins.
    """
    every = list(range(len(boards)))
    fit = _best(singles, boards, every, thickness_m)
    if fit is not None and fit.board_rms_px.max() <= limit_px:
        return every, fit
    partners: dict[int, set[int]] = {i: {i} for i in every}
    for pair in combinations(every, 2):
        fit = _best(singles, boards, pair, thickness_m)
        if fit is not None and fit.board_rms_px.max() <= limit_px:
            for i in pair:
                partners[i].update(pair)
    found = []
    for members in {tuple(sorted(group)) for group in partners.values() if len(group) > 1}:
        used = list(members)
        fit = _best(singles, boards, used, thickness_m)
        while fit is not None and fit.board_rms_px.max() > limit_px and len(used) > 2:
            without = [[i for i in used if i != one] for one in used]
            fits = [_best(singles, boards, others, thickness_m) for others in without]
            k = min(range(len(used)), key=lambda k: _rms_px(fits[k]))
            used, fit = without[k], fits[k]
        if fit is not None and fit.board_rms_px.max() <= limit_px:
            found.append((used, fit))
    if not found:
        raise CalibrationError(
            f"the board was still at {len(boards)} places ({names(boards)}), but no two of them "
            "are on one floor: lay it flat on the floor, let go of it, and move it about only "
            "between pictures; one picture of it on the floor does too"
        )
    return max(
        found, key=lambda one: (_spots([boards[i] for i in one[0]]), len(one[0]), -_rms_px(one[1]))
    )


def _best(
    singles: dict[int, PlaceFit], boards: Sequence[View], used: Sequence[int], thickness_m: float
) -> LyingFit | None:
    """The camera over the boards `used`, sought from the one on that tells it most surely.

    From the others on too, as long as another camera explains theirs nearly as well.
    """
    starts = sorted(
        (single for i, single in singles.items() if i in used),
        key=lambda s: (len(s.warnings), pitch_sd_deg(s.camera, s.covariance)),
    )
    fits = []
    for start in starts:
        fits.append(fit_lying(start.camera, [boards[i] for i in used], thickness_m))
        if fits[-1] is not None and not start.warnings:
            break
    return min(fits, key=_rms_px, default=None)


def _rms_px(fit: LyingFit | None) -> float:
    return np.inf if fit is None else float(np.sqrt(np.square(fit.board_rms_px).mean()))


def _spots(boards: Sequence[View]) -> int:
    """At how many places apart from each other boards are seen.

    A board held in the hand that drifts is many boards in nearly one plane: they count as one.
    """
    apart: list[tuple[NDArray, float]] = []
    for view in boards:
        middle, size = view.points_px.mean(axis=0), float(np.ptp(view.points_px, axis=0).max())
        if all(np.linalg.norm(middle - other) > max(size, far) / 2 for other, far in apart):
            apart.append((middle, size))
    return len(apart)


def _left_out(left_out: Sequence[View], lying: Sequence[View], first: bool) -> tuple[str, ...]:
    """A warning of the boards that were left out, and of the origin if the first is among them."""
    if not left_out:
        return ()
    several = len(left_out) > 1
    origin = f"; the world's origin is under the board of {lying[0].name}" if first else ""
    return (
        f"the board{'s' * several} of {names(left_out)} {'do' if several else 'does'} not lie on "
        f"the floor of the other {len(lying)} and {'are' if several else 'is'} left out: bent, "
        f"held in the hand, or on something?{origin}",
    )


def names(boards: Sequence[View]) -> str:
    """Of the pictures that show them, the first few."""
    more = f" and {len(boards) - _NAMED} more" if len(boards) > _NAMED else ""
    return ", ".join(view.name for view in boards[:_NAMED]) + more


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
