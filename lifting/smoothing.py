"""Steady poses without lag: each coordinate is filtered as much as its own noise asks for.

A pose is looked at from the camera: how far away the person is, how much nearer or farther each
joint is than the person, and in which direction each joint lies. All of these are filtered alike,
by a Kalman filter whose point moves at a constant velocity, more or less; so steady motion is
followed without delay. What differs is the noise: millimetres across the ray, centimetres along it,
and next to nothing where the keypoints are exact. It is learned from the filter's own surprises.
Successive surprises of a filter that believes its input rightly are independent (Mehra, 1970): if
they point the same way, it lags and has to believe more; if they alternate, less.

Every correction of a belief is a jolt, though, and a pose that is off by a centimetre looks better
than one that trembles by it. So what is shown follows what is believed like a weight on a damped
spring, at the belief's own velocity: steady motion has no lag here either. How fast the spring is
goes by how fast the filter is. Feet that stand are held.

The past is smoothed backwards (Rauch, Tung and Striebel, 1965) for those who can wait some frames.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ..core.skeletons import Skeleton
from .feet import hold
from .kalman import V, X, backwards, begin, follow, points, show

UNKNOWN_CONTACT = np.full(2, np.nan)


@dataclass(frozen=True)
class _Frame:
    """One answered frame, as far as smoothing backwards needs it."""

    t_s: float
    predicted: Float[NDArray, "5 n"]  # rows as `kalman` has them
    believed: Float[NDArray, "5 n"]
    haste: Float[NDArray, "n"]  # of what is shown, to follow
    contact: Float[NDArray, "2"]  # chance that the left, right foot stands; NaN: unknown


@dataclass(frozen=True)
class _Shown:
    """What has been shown of one frame."""

    t_s: float
    coordinates: Float[NDArray, "2 n"]  # places and velocities
    points_m: Float[NDArray, "j 3"]


class Smoother:
    """Makes one person's poses steady, as one fixed camera sees them.

    Args:
        center_world_m: the camera.
        skeleton: its joints.
        look_ahead: how many frames after its own `settled` may look at.
    """

    def __init__(
        self, center_world_m: Float[NDArray, "3"], skeleton: Skeleton, look_ahead: int = 0
    ) -> None:
        self._center_m = np.array(center_world_m, np.float64)
        self._hips, self._ankles = np.array(skeleton.hips), np.array(skeleton.ankles)
        self._frames: deque[_Frame] = deque(maxlen=look_ahead + 1)
        self._told = np.empty((3, 0))  # what the surprises have told
        self._shown: _Shown | None = None  # the last frame that was settled for good

    def update(
        self,
        t_s: float,
        points_world_m: Float[NDArray, "j 3"],
        contact: Float[NDArray, "2"] = UNKNOWN_CONTACT,
    ) -> Float[NDArray, "j 3"]:
        """The pose at `t_s`, which is later than all before, by all that was seen until then.

        `contact` is the chance that the left and the right foot stand; NaN where it is unknown.
        """
        points_m = np.array(points_world_m, np.float64, order="C")
        predicted, believed = np.empty((2, 5, 1 + 4 * len(points_m)))
        haste = np.zeros(believed.shape[1])
        if self._frames:
            last = self._frames[-1]
            follow(
                points_m, self._center_m, self._hips, t_s - last.t_s, last.believed, self._told,
                predicted, believed, haste,
            )  # fmt: skip
        else:
            self._told = np.zeros((3, believed.shape[1]))
            begin(points_m, self._center_m, self._hips, self._told, believed)
            predicted = believed
        self._frames.append(_Frame(t_s, predicted, believed, haste, contact))
        if len(self._frames) == self._frames.maxlen:
            self._shown = self._followed(self._frames[0].t_s)
            if len(self._frames) == 1:
                return self._shown.points_m
        return points(believed[X], self._center_m)

    def settled(self, t_s: float) -> Float[NDArray, "j 3"] | None:
        """The pose at `t_s`, one of the newest frames', by all that was seen until now."""
        if not any(frame.t_s == t_s for frame in self._frames):
            return None
        if self._shown and self._shown.t_s == t_s:
            return self._shown.points_m
        return self._followed(t_s).points_m

    def _followed(self, t_s: float) -> _Shown:
        """What to show at `t_s`, on from what was shown last."""
        smoothed = self._smoothed()
        shown = self._shown or _Shown(
            self._frames[0].t_s, smoothed[0], points(smoothed[0][X], self._center_m)
        )
        for frame, what in zip(self._frames, smoothed, strict=True):
            if shown.t_s < frame.t_s <= t_s:
                coordinates, dt_s = shown.coordinates.copy(), frame.t_s - shown.t_s
                show(dt_s, frame.haste, what, coordinates)
                points_m = points(coordinates[X], self._center_m)
                hold(dt_s, frame.contact, self._ankles, shown.points_m, points_m)
                shown = _Shown(frame.t_s, coordinates, points_m)
        return shown

    def _smoothed(self) -> list[Float[NDArray, "2 n"]]:
        """Each frame's places and velocities, by all that was seen until now."""
        frames = list(self._frames)
        smoothed = [frames[-1].believed[: V + 1]]
        for frame, later in zip(frames[-2::-1], frames[:0:-1], strict=True):
            smoothed.append(smoothed[-1].copy())
            backwards(frame.believed, later.predicted, later.t_s - frame.t_s, smoothed[-1])
        return smoothed[::-1]
