"""The camera's pitch, roll and height from a person of known height who walks about.

Nothing is measured in the room: what is known is how high a walking person's joints are on
average, that their body is upright but for a lean that stays the same to the front, and that they
walk on one floor. Far persons are smaller and higher in the picture, and how much so tells pitch
and height; the direction in which they stand tells the roll. All are found at once with where the
person is in each frame, by Gauss and Newton with the frames eliminated.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import NDArray

from ...core.errors import CalibrationError
from ..camera import Camera
from .place_fit import PlaceFit
from .walk import BODY, Part, State, Walk, rotation

MIN_SECONDS = 2.0
MIN_FRAMES = 20
HEIGHTS_M = (0.8, 2.4)
_MAX_FRAMES = 300  # more are thinned out
_FIRST_ROUNDS, _ROUNDS = 6, 25
_STARTS_DEG = (5.0, 20.0, 40.0, 60.0)
_NEEDED = ("ankle", "hip", "shoulder")


@dataclass(frozen=True, eq=False)
class Walker:
    """One person's keypoints over time."""

    keypoints_px: Float[NDArray, "t j 2"]  # NaN where a joint is missing
    seconds: Float[NDArray, "t"]  # when each frame was taken
    height_m: float  # upright, in the shoes they wear


def fit_floor_person(
    lens: Camera,
    joint_names: Sequence[str],
    walkers: Sequence[Walker],
    lens_sd_px: Float[NDArray, "4"],
) -> PlaceFit:
    """The camera above the world's origin, looking along x.

    Raises:
        CalibrationError: a format without feet, hips or shoulders, a height that is nobody's, or
            too few frames.
    """
    parts = [part for part in BODY if f"left_{part.joint}" in joint_names]
    lacking = [name for name in _NEEDED if name not in [part.joint for part in parts]]
    if lacking:
        raise CalibrationError(f"keypoints without {' and '.join(lacking)}: no body is upright")
    walks = _walks(lens, joint_names, walkers, parts)
    answers = [_solved(walks, *_start(walks, np.radians(p)), _FIRST_ROUNDS) for p in _STARTS_DEG]
    best = min((answer for answer in answers if answer), key=lambda a: a.cost, default=None)
    best = best and _solved(walks, best.pose, best.states, _ROUNDS)
    if best is None:
        raise CalibrationError(
            "no pitch and height of the camera explain the person; do they walk upright on one "
            "floor, and do the keypoints belong to this camera file?"
        )
    return _place(lens, walks, best, lens_sd_px)


@dataclass(frozen=True, eq=False)
class _Answer:
    pose: Float[NDArray, "3"]  # pitch, roll (rad), camera height (m)
    states: Sequence[State]
    cost: float
    covariance: Float[NDArray, "3 3"]


def _start(walks: Sequence[Walk], pitch: float) -> tuple[NDArray, list[State]]:
    """Pose and states if the camera's pitch were that."""
    roll = float(np.median([walk.roll() for walk in walks]))
    starts = [walk.start(pitch, roll) for walk in walks]
    pose = np.array([pitch, roll, np.median([height for height, _ in starts])])
    return pose, [state for _, state in starts]


def _solved(
    walks: Sequence[Walk], pose: NDArray, states: Sequence[State], rounds: int
) -> _Answer | None:
    """The least-squares answer from that start, by Levenberg and Marquardt; None if there is none.

    Where people head and how surely they are seen follow from where they are and are taken from
    the step before.
    """
    damping, normal, cost = 1e-2, np.eye(3), np.inf
    for _ in range(rounds):
        weights = [walk.weight(pose, state) for walk, state in zip(walks, states, strict=True)]
        try:
            reduced = [
                walk.reduced(pose, state, weight)
                for walk, state, weight in zip(walks, states, weights, strict=True)
            ]
            parts = [part.onto_pose() for part in reduced]
            normal = sum((part[0] for part in parts), np.zeros((3, 3)))
            pull = sum((part[1] for part in parts), np.zeros(3))
        except np.linalg.LinAlgError:
            return None
        cost = _cost(walks, pose, states, weights)
        while damping < 1e6:
            step = np.linalg.solve(normal + damping * np.diag(np.diag(normal)), pull)
            new_pose = pose + step
            new_states = [
                walk.moved(state, *part.steps(step))
                for walk, state, part in zip(walks, states, reduced, strict=True)
            ]
            sound = new_pose[2] > 0.05 and abs(new_pose[0]) < 1.5 and abs(new_pose[1]) < 1.5
            if sound and _cost(walks, new_pose, new_states, weights) < cost * (1 + 1e-9):
                break
            damping *= 4
        else:
            break
        pose, states, damping = new_pose, new_states, damping / 8
        if np.abs(step).max() < 1e-7:
            break
    if not np.isfinite(cost):
        return None
    return _Answer(pose, states, cost, np.linalg.pinv(normal))


def _cost(
    walks: Sequence[Walk], pose: NDArray, states: Sequence[State], weights: Sequence[NDArray]
) -> float:
    return sum(walk.cost(pose, s, w) for walk, s, w in zip(walks, states, weights, strict=True))


def _walks(
    lens: Camera,
    joint_names: Sequence[str],
    walkers: Sequence[Walker],
    parts: Sequence[Part],
) -> list[Walk]:
    """What each walker shows in the frames that show enough of them."""
    names = list(joint_names)
    left, right = (
        [names.index(f"{side}_{part.joint}") for part in parts] for side in ("left", "right")
    )
    focal_px = float(lens.K[[0, 1], [0, 1]].mean())
    walks, most = [], 0
    for walker in walkers:
        low, high = HEIGHTS_M
        if not low <= walker.height_m <= high:
            raise CalibrationError(
                f"height {walker.height_m:g} m is not a person's: valid is {low} to {high}"
            )
        used = _enough(walker, left, right)
        most = max(most, len(used))
        if len(used) < MIN_FRAMES or np.ptp(walker.seconds[used]) < MIN_SECONDS:
            continue
        normalised = lens.undistort(walker.keypoints_px[used])
        middles_px = focal_px * (normalised[:, left] + normalised[:, right]) / 2
        walks.append(Walk(middles_px, walker.seconds[used], focal_px, parts, walker.height_m))
    if not walks:
        raise CalibrationError(
            f"nobody is seen well in more than {most} frames; {MIN_FRAMES} frames over "
            f"{MIN_SECONDS:g} s are the least, half a minute of walking to and fro is good"
        )
    return walks


def _enough(walker: Walker, left: list[int], right: list[int]) -> Int[NDArray, "n"]:
    """Frames with the whole body, thinned out if there are very many."""
    seen = np.isfinite(walker.keypoints_px[:, left + right]).all(axis=(1, 2))
    frames = np.flatnonzero(seen)
    return frames[:: max(1, -(-len(frames) // _MAX_FRAMES))]


def _place(lens: Camera, walks: Sequence[Walk], answer: _Answer, lens_sd_px: NDArray) -> PlaceFit:
    pitch, roll, height_m = answer.pose
    camera = replace(
        lens,
        R_world_camera=rotation(pitch, roll),
        t_world_camera_m=np.array([0.0, 0.0, height_m]),
    )
    # As `place_fit.moved` has it: pitch turns about y, roll about the camera's own axis.
    axes = np.zeros((6, 3))
    axes[:3, 0] = [0, 1, 0]
    axes[:3, 1] = camera.R_world_camera[:, 2]
    axes[5, 2] = 1
    covariance = np.zeros((10, 10))
    covariance[:6, :6] = axes @ answer.covariance @ axes.T
    # A focal length that is wrong by a share makes distances and the height wrong by it.
    covariance[5, 5] += (height_m * lens_sd_px[:2].max() / walks[0].focal_px) ** 2
    covariance[range(6, 10), range(6, 10)] = np.square(lens_sd_px)
    distances_m = np.concatenate([np.linalg.norm(s.floor_m, axis=1) for s in answer.states])
    warnings = []
    if np.ptp(np.quantile(distances_m, [0.05, 0.95])) < 0.3 * np.median(distances_m):
        warnings.append(
            f"nobody leaves a distance of {np.median(distances_m):.1f} m: walk towards the camera "
            "and away from it, that is what tells its pitch"
        )
    residuals_px = [
        (walk.seen_px - walk.predicted(answer.pose, state)[0]).reshape(-1, 2)
        for walk, state in zip(walks, answer.states, strict=True)
    ]
    return PlaceFit(camera, np.concatenate(residuals_px), covariance, tuple(warnings))
