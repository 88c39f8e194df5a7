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

from ..core.errors import CalibrationError
from .camera import Camera
from .place_fit import PlaceFit

MIN_SECONDS = 2.0
MIN_FRAMES = 20
HEIGHTS_M = (0.8, 2.4)
_MAX_FRAMES = 300  # more are thinned out
_NOISE_PX = 1.0  # of a detector's keypoints at best
_STEP_S = 0.3  # frames closer than this share their posture: they count as one
_FIRST_ROUNDS, _ROUNDS = 6, 25
_WALKING_M_S = 0.3  # slower than this nobody tells by it where they face
_STARTS_DEG = (5.0, 20.0, 40.0, 60.0)


@dataclass(frozen=True)
class _Part:
    """A pair of joints' middle: the mean over walking frames, as a share of body height."""

    joint: str  # without its side
    height: float
    ahead: float  # of the hips, the way the person walks
    height_sd: float  # from frame to frame
    ahead_sd: float
    own_height: float = 0.012  # standard deviation of the means between people and ways to walk
    own_ahead: float = 0.04


# Measured on the 112 walking clips of the CMU archive (and 67 of Bandai's first, which agree but
# for the height of the hips); height is that of the head's top when upright.
_BODY = (
    _Part("ankle", 0.075, -0.03, 0.02, 0.05),
    _Part("knee", 0.305, 0.05, 0.015, 0.03),
    _Part("hip", 0.53, 0.0, 0.015, 0.03, own_height=0.02, own_ahead=1e-6),
    _Part("shoulder", 0.80, 0.0, 0.015, 0.02, own_ahead=0.03),
    _Part("ear", 0.91, 0.0, 0.015, 0.025, own_ahead=0.05),
)
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
    parts = [part for part in _BODY if f"left_{part.joint}" in joint_names]
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


@dataclass(eq=False)
class _State:
    """What is unknown of one walk."""

    own_m: Float[NDArray, "p 2"]  # height over the floor and lead over the hips of each part
    floor_m: Float[NDArray, "t 2"]  # where the person is, x ahead of the camera, y to its left
    ahead: Float[NDArray, "t 2"]  # the way they walk, a unit vector; shorter where they hardly do


@dataclass(frozen=True, eq=False)
class _Answer:
    pose: Float[NDArray, "3"]  # pitch, roll (rad), camera height (m)
    states: Sequence[_State]
    cost: float
    covariance: Float[NDArray, "3 3"]


@dataclass(frozen=True, eq=False)
class _Walk:
    """One person's parts in pixels of a picture without distortion, its middle at (0, 0)."""

    seen_px: Float[NDArray, "t p 2"]  # NaN where a part is not seen
    seconds: Float[NDArray, "t"]
    focal_px: float
    parts: Sequence[_Part]
    height_m: float

    @property
    def mean_m(self) -> Float[NDArray, "p 2"]:
        """What is expected of `_State.own_m`."""
        return self.height_m * np.array([[p.height, p.ahead] for p in self.parts])

    @property
    def information(self) -> Float[NDArray, "p 2"]:
        """How firmly it is."""
        sd = self.height_m * np.array([[p.own_height, p.own_ahead] for p in self.parts])
        return 1 / sd**2

    def roll(self) -> float:
        """From the way the body points in the picture."""
        up = self._seen("shoulder") - self._seen("ankle")
        return float(np.nanmedian(np.arctan2(-up[:, 0], -up[:, 1])))

    def start(self, pitch: float, roll: float) -> tuple[float, _State]:
        """The camera's height and where the person is, from how large they are seen."""
        means = {part.joint: part.height * self.height_m for part in self.parts}
        long_m = (means["shoulder"] - means["ankle"]) * max(np.cos(pitch), 0.4)
        long_px = np.linalg.norm(self._seen("shoulder") - self._seen("ankle"), axis=1)
        depth = self.focal_px * long_m / np.maximum(long_px, 1.0)
        hip = np.column_stack([self._seen("hip") / self.focal_px, np.ones(len(depth))])
        in_world = (hip * depth[:, None]) @ _rotation(pitch, roll).T
        state = _State(self.mean_m, in_world[:, :2], np.zeros_like(in_world[:, :2]))
        state.ahead = self.ahead(state.floor_m)
        return max(float(np.median(means["hip"] - in_world[:, 2])), 0.2), state

    def predicted(self, pose: NDArray, state: _State) -> tuple[NDArray, NDArray]:
        """Pixels (t p 2) and depths (t p) of the parts."""
        flat = state.floor_m[:, None] + state.own_m[:, 1, None] * state.ahead[:, None]
        up = np.broadcast_to(state.own_m[:, 0] - pose[2], flat.shape[:2])
        in_camera = np.concatenate([flat, up[..., None]], axis=-1) @ _rotation(pose[0], pose[1])
        depth = np.maximum(in_camera[..., 2:], 0.1)
        return self.focal_px * in_camera[..., :2] / depth, depth[..., 0]

    def weight(self, pose: NDArray, state: _State) -> Float[NDArray, "t p 2"]:
        """Inverse variances: pixels, and posture as seen at that distance, by frames that count."""
        _, depth = self.predicted(pose, state)
        per_m = self.focal_px / depth
        sd = self.height_m * np.array([[p.height_sd, p.ahead_sd] for p in self.parts])
        c, s = np.cos(pose[0]), np.sin(pose[0])
        along = np.hypot(c * sd[:, 0], s * sd[:, 1]) * per_m
        variance = np.stack([(sd[:, 1] * per_m) ** 2, along**2], axis=-1) + _NOISE_PX**2
        variance *= max(1.0, _STEP_S / self._period_s())
        return np.where(np.isfinite(self.seen_px), 1 / variance, 0.0)

    def cost(self, pose: NDArray, state: _State, weight: NDArray) -> float:
        """What is minimised."""
        residuals = self.seen_px - self.predicted(pose, state)[0]
        off = np.square(state.own_m - self.mean_m)
        return _robust(residuals, weight)[1] + 0.5 * float((self.information * off).sum())

    def reduced(self, pose: NDArray, state: _State, weight: NDArray) -> "_Reduced":
        """The normal equations with frames, then the person's own unknowns, eliminated."""
        here = self.predicted(pose, state)[0]
        residuals = self.seen_px - here
        weight, _ = _robust(residuals, weight)
        residuals = np.where(weight > 0, residuals, 0.0)
        step = 1e-6

        def changed(pose: NDArray, own_m: NDArray, floor_m: NDArray) -> NDArray:
            return (self.predicted(pose, _State(own_m, floor_m, state.ahead))[0] - here) / step

        own = state.own_m
        by_pose = [changed(pose + step * e, own, state.floor_m) for e in np.eye(3)]
        by_own = [
            changed(pose, own + step * e.reshape(own.shape), state.floor_m)
            for e in np.eye(own.size)
        ]
        by_floor = [changed(pose, own, state.floor_m + step * e) for e in np.eye(2)]
        glob = np.stack([*by_pose, *by_own], axis=-1)  # t p 2 g
        local = np.stack(by_floor, axis=-1)  # t p 2 2
        prior = np.concatenate([np.zeros(3), self.information.ravel()])
        off = np.concatenate([np.zeros(3), (self.mean_m - own).ravel()])
        normal = np.einsum("tpig,tpi,tpih->gh", glob, weight, glob) + np.diag(prior)
        mixed = np.einsum("tpig,tpi,tpif->tgf", glob, weight, local)
        frames = np.einsum("tpif,tpi,tpih->tfh", local, weight, local) + 1e-9 * np.eye(2)
        pull = np.einsum("tpig,tpi,tpi->g", glob, weight, residuals) + prior * off
        frame_pull = np.einsum("tpif,tpi,tpi->tf", local, weight, residuals)
        right = np.concatenate([np.swapaxes(mixed, 1, 2), frame_pull[..., None]], axis=-1)
        solved = np.linalg.solve(frames, right)
        normal = normal - np.einsum("tgf,tfh->gh", mixed, solved[..., :-1])
        pull = pull - np.einsum("tgf,tf->g", mixed, solved[..., -1])
        return _Reduced(normal, pull, solved)

    def moved(self, state: _State, own_step: NDArray, floor_step: NDArray) -> _State:
        """The state after a step."""
        floor_m = state.floor_m + floor_step
        return _State(
            state.own_m + own_step.reshape(state.own_m.shape), floor_m, self.ahead(floor_m)
        )

    def ahead(self, floor_m: Float[NDArray, "t 2"]) -> Float[NDArray, "t 2"]:
        """The way the person walks, from half a second around."""
        width = max(1, round(0.25 / self._period_s()))
        kernel = np.ones(2 * width + 1)
        share = np.convolve(np.ones(len(floor_m)), kernel, "same")
        smooth = [np.convolve(floor_m[:, i], kernel, "same") / share for i in (0, 1)]
        velocity = np.gradient(np.column_stack(smooth), self.seconds, axis=0)
        speed = np.linalg.norm(velocity, axis=1, keepdims=True)
        return velocity / np.maximum(speed, _WALKING_M_S)

    def _seen(self, joint: str) -> Float[NDArray, "t 2"]:
        return self.seen_px[:, [part.joint for part in self.parts].index(joint)]

    def _period_s(self) -> float:
        return float(np.median(np.diff(self.seconds)))


@dataclass(frozen=True, eq=False)
class _Reduced:
    normal: Float[NDArray, "g g"]  # of pose and own unknowns, frames eliminated
    pull: Float[NDArray, "g"]
    frames: Float[NDArray, "t 2 h"]  # how frames follow the others, and their own step

    def onto_pose(self) -> tuple[Float[NDArray, "3 3"], Float[NDArray, "3"]]:
        """Own unknowns eliminated too."""
        solved = np.linalg.solve(
            self.normal[3:, 3:], np.column_stack([self.normal[3:, :3], self.pull[3:]])
        )
        normal = self.normal[:3, :3] - self.normal[:3, 3:] @ solved[:, :3]
        return normal, self.pull[:3] - self.normal[:3, 3:] @ solved[:, 3]

    def steps(self, pose_step: NDArray) -> tuple[NDArray, NDArray]:
        """Of own unknowns and frames, after the pose's."""
        own = np.linalg.solve(self.normal[3:, 3:], self.pull[3:] - self.normal[3:, :3] @ pose_step)
        both = np.concatenate([pose_step, own])
        return own, self.frames[..., -1] - self.frames[..., :-1] @ both


def _start(walks: Sequence[_Walk], pitch: float) -> tuple[NDArray, list[_State]]:
    """Pose and states if the camera's pitch were that."""
    roll = float(np.median([walk.roll() for walk in walks]))
    starts = [walk.start(pitch, roll) for walk in walks]
    pose = np.array([pitch, roll, np.median([height for height, _ in starts])])
    return pose, [state for _, state in starts]


def _solved(
    walks: Sequence[_Walk], pose: NDArray, states: Sequence[_State], rounds: int
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
    walks: Sequence[_Walk], pose: NDArray, states: Sequence[_State], weights: Sequence[NDArray]
) -> float:
    return sum(walk.cost(pose, s, w) for walk, s, w in zip(walks, states, weights, strict=True))


def _robust(residuals: NDArray, weight: NDArray) -> tuple[NDArray, float]:
    """Weights that let single wrong joints count little (Cauchy's), and the cost."""
    squares = np.where(weight > 0, weight * np.square(residuals), 0.0).sum(axis=-1, keepdims=True)
    return weight / (1 + squares / 9), float(4.5 * np.log1p(squares / 9).sum())


def _rotation(pitch: float, roll: float) -> Float[NDArray, "3 3"]:
    """Camera axes in a world whose x lies ahead of the camera."""
    c, s = np.cos(pitch), np.sin(pitch)
    level = np.array([[0, -s, c], [-1, 0, 0], [0, -c, -s]])
    c, s = np.cos(roll), np.sin(roll)
    return level @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def _walks(
    lens: Camera,
    joint_names: Sequence[str],
    walkers: Sequence[Walker],
    parts: Sequence[_Part],
) -> list[_Walk]:
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
        walks.append(_Walk(middles_px, walker.seconds[used], focal_px, parts, walker.height_m))
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


def _place(lens: Camera, walks: Sequence[_Walk], answer: _Answer, lens_sd_px: NDArray) -> PlaceFit:
    pitch, roll, height_m = answer.pose
    camera = replace(
        lens,
        R_world_camera=_rotation(pitch, roll),
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
