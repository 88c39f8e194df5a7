"""A walking person before a camera, as equations in the camera's pitch, roll and height.

What is known is how high a walking person's joints are on average, that their body is upright but
for a lean that stays the same to the front, and that they walk on one floor. What is unknown of
each walk, where the person is in every frame and how their body differs from the mean, is
eliminated from the equations.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

_NOISE_PX = 1.0  # of a detector's keypoints at best
_STEP_S = 0.3  # frames closer than this share their posture: they count as one
_WALKING_M_S = 0.3  # slower than this nobody tells by it where they face


@dataclass(frozen=True)
class Part:
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
BODY = (
    Part("ankle", 0.075, -0.03, 0.02, 0.05),
    Part("knee", 0.305, 0.05, 0.015, 0.03),
    Part("hip", 0.53, 0.0, 0.015, 0.03, own_height=0.02, own_ahead=1e-6),
    Part("shoulder", 0.80, 0.0, 0.015, 0.02, own_ahead=0.03),
    Part("ear", 0.91, 0.0, 0.015, 0.025, own_ahead=0.05),
)


@dataclass(eq=False)
class State:
    """What is unknown of one walk."""

    own_m: Float[NDArray, "p 2"]  # height over the floor and lead over the hips of each part
    floor_m: Float[NDArray, "t 2"]  # where the person is, x ahead of the camera, y to its left
    ahead: Float[NDArray, "t 2"]  # the way they walk, a unit vector; shorter where they hardly do


@dataclass(frozen=True, eq=False)
class Walk:
    """One person's parts in pixels of a picture without distortion, its middle at (0, 0)."""

    seen_px: Float[NDArray, "t p 2"]  # NaN where a part is not seen
    seconds: Float[NDArray, "t"]
    focal_px: float
    parts: Sequence[Part]
    height_m: float

    @property
    def mean_m(self) -> Float[NDArray, "p 2"]:
        """What is expected of `State.own_m`."""
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

    def start(self, pitch: float, roll: float) -> tuple[float, State]:
        """The camera's height and where the person is, from how large they are seen."""
        means = {part.joint: part.height * self.height_m for part in self.parts}
        long_m = (means["shoulder"] - means["ankle"]) * max(np.cos(pitch), 0.4)
        long_px = np.linalg.norm(self._seen("shoulder") - self._seen("ankle"), axis=1)
        depth = self.focal_px * long_m / np.maximum(long_px, 1.0)
        hip = np.column_stack([self._seen("hip") / self.focal_px, np.ones(len(depth))])
        in_world = (hip * depth[:, None]) @ rotation(pitch, roll).T
        state = State(self.mean_m, in_world[:, :2], np.zeros_like(in_world[:, :2]))
        state.ahead = self.ahead(state.floor_m)
        return max(float(np.median(means["hip"] - in_world[:, 2])), 0.2), state

    def predicted(self, pose: NDArray, state: State) -> tuple[NDArray, NDArray]:
        """Pixels (t p 2) and depths (t p) of the parts."""
        flat = state.floor_m[:, None] + state.own_m[:, 1, None] * state.ahead[:, None]
        up = np.broadcast_to(state.own_m[:, 0] - pose[2], flat.shape[:2])
        in_camera = np.concatenate([flat, up[..., None]], axis=-1) @ rotation(pose[0], pose[1])
        depth = np.maximum(in_camera[..., 2:], 0.1)
        return self.focal_px * in_camera[..., :2] / depth, depth[..., 0]

    def weight(self, pose: NDArray, state: State) -> Float[NDArray, "t p 2"]:
        """Inverse variances: pixels, and posture as seen at that distance, by frames that count."""
        _, depth = self.predicted(pose, state)
        per_m = self.focal_px / depth
        sd = self.height_m * np.array([[p.height_sd, p.ahead_sd] for p in self.parts])
        c, s = np.cos(pose[0]), np.sin(pose[0])
        along = np.hypot(c * sd[:, 0], s * sd[:, 1]) * per_m
        variance = np.stack([(sd[:, 1] * per_m) ** 2, along**2], axis=-1) + _NOISE_PX**2
        variance *= max(1.0, _STEP_S / self._period_s())
        return np.where(np.isfinite(self.seen_px), 1 / variance, 0.0)

    def cost(self, pose: NDArray, state: State, weight: NDArray) -> float:
        """What is minimised."""
        residuals = self.seen_px - self.predicted(pose, state)[0]
        off = np.square(state.own_m - self.mean_m)
        return _robust(residuals, weight)[1] + 0.5 * float((self.information * off).sum())

    def reduced(self, pose: NDArray, state: State, weight: NDArray) -> "Reduced":
        """The normal equations with frames, then the person's own unknowns, eliminated."""
        here = self.predicted(pose, state)[0]
        residuals = self.seen_px - here
        weight, _ = _robust(residuals, weight)
        residuals = np.where(weight > 0, residuals, 0.0)
        step = 1e-6

        def changed(pose: NDArray, own_m: NDArray, floor_m: NDArray) -> NDArray:
            return (self.predicted(pose, State(own_m, floor_m, state.ahead))[0] - here) / step

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
        return Reduced(normal, pull, solved)

    def moved(self, state: State, own_step: NDArray, floor_step: NDArray) -> State:
        """The state after a step."""
        floor_m = state.floor_m + floor_step
        return State(
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
class Reduced:
    """The normal equations of a walk's pose and own unknowns, without its frames'."""

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


def _robust(residuals: NDArray, weight: NDArray) -> tuple[NDArray, float]:
    """Weights that let single wrong joints count little (Cauchy's), and the cost."""
    squares = np.where(weight > 0, weight * np.square(residuals), 0.0).sum(axis=-1, keepdims=True)
    return weight / (1 + squares / 9), float(4.5 * np.log1p(squares / 9).sum())


def rotation(pitch: float, roll: float) -> Float[NDArray, "3 3"]:
    """Camera axes in a world whose x lies ahead of the camera."""
    c, s = np.cos(pitch), np.sin(pitch)
    level = np.array([[0, -s, c], [-1, 0, 0], [0, -c, -s]])
    c, s = np.cos(roll), np.sin(roll)
    return level @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
