"""Steady poses without lag: each coordinate is filtered as much as its own noise asks for.

A pose is looked at from the camera: how far away the person is, how much nearer or farther each
joint is than the person, and in which direction each joint lies. All of these are filtered alike,
by a Kalman filter whose point moves at a constant velocity, more or less; so steady motion is
followed without delay. What differs is the noise: millimetres across the ray, centimetres along it,
and next to nothing where the keypoints are exact. It is learned from the filter's own surprises.
Successive surprises of a filter that believes its input rightly are independent (Mehra, 1970): if
they point the same way, it lags and has to believe more; if they alternate, less.

The past is smoothed backwards (Rauch, Tung and Striebel, 1965) for those who can wait some frames.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

# Power of the white acceleration that moves a point, m2/s3: the root's distance, the joints'
# distances beyond the root's, their places across the ray.
ROOT_POWER, JOINT_POWER, ACROSS_POWER = 1.0, 10.0, 10.0
FIRST_NOISE_M = 0.01
NOISE_RANGE_M = (0.0005, 0.2)
LEARNING_PER_S = 10.0  # how fast the logarithm of the noise's variance is learned
STEADIER = 0.1  # correlation of surprises that is aimed at: a little lag for a calmer picture
GATE = 3.0  # a surprise of more sigmas than this counts for as many times less ...
PATIENCE_S = 0.1  # ... and if it stays so long, the person really is elsewhere
FORGET_VELOCITY_S = 0.1  # a point that is somewhere else does not go on as it went
FIRST_VELOCITY_VARIANCE = 1.0  # (m/s)2

_Columns = NDArray[np.float64]  # (N,), a number for each coordinate


@dataclass(frozen=True)
class _Belief:
    """Place and velocity of each coordinate, and their covariance."""

    x: _Columns
    v: _Columns
    xx: _Columns
    xv: _Columns
    vv: _Columns

    def after(self, dt_s: float, power: _Columns) -> "_Belief":
        """What is believed so much later, when nothing new has been seen."""
        return _Belief(
            self.x + dt_s * self.v,
            self.v,
            self.xx + 2 * dt_s * self.xv + dt_s**2 * self.vv + power * dt_s**3 / 3,
            self.xv + dt_s * self.vv + power * dt_s**2 / 2,
            self.vv + power * dt_s,
        )


@dataclass(frozen=True)
class _Frame:
    """One answered frame, as far as smoothing backwards needs it."""

    t_s: float
    predicted: _Belief
    believed: _Belief


class Smoother:
    """Makes one person's poses steady, as one fixed camera sees them.

    Args:
        center_world_m: the camera.
        hips: the joints whose middle is the root.
        look_ahead: how many frames after its own `settled` may look at.
    """

    def __init__(
        self, center_world_m: Float[NDArray, "3"], hips: tuple[int, ...], look_ahead: int = 0
    ) -> None:
        self._center, self._hips = np.asarray(center_world_m, np.float64), list(hips)
        self._frames: deque[_Frame] = deque(maxlen=look_ahead + 1)
        self._variance = self._surprise = self._astray_s = np.zeros(0)

    def update(self, t_s: float, points_world_m: Float[NDArray, "j 3"]) -> Float[NDArray, "j 3"]:
        """The pose at `t_s`, which is later than all before, by all that was seen until then."""
        z, meters = self._coordinates(points_world_m)
        if self._frames:
            last = self._frames[-1]
            predicted = last.believed.after(t_s - last.t_s, _power(meters))
            believed = self._correct(predicted, z, meters, t_s - last.t_s)
        else:
            self._variance = (FIRST_NOISE_M / meters) ** 2
            self._surprise = self._astray_s = np.zeros(len(z))
            predicted = believed = _first(z, self._variance, meters)
        self._frames.append(_Frame(t_s, predicted, believed))
        return self._points(believed.x)

    def settled(self, t_s: float) -> Float[NDArray, "j 3"] | None:
        """The pose at `t_s`, one of the newest frames', by all that was seen until now."""
        frames = list(self._frames)
        if not any(frame.t_s == t_s for frame in frames):
            return None
        x, v = frames[-1].believed.x, frames[-1].believed.v
        for frame, later in zip(frames[-2::-1], frames[:0:-1], strict=True):
            if later.t_s <= t_s:
                break
            x, v = _backwards(frame.believed, later.predicted, later.t_s - frame.t_s, x, v)
        return self._points(x)

    def _correct(self, predicted: _Belief, z: _Columns, meters: _Columns, dt_s: float) -> _Belief:
        surprise = z - predicted.x
        expected = predicted.xx + self._variance
        far = surprise**2 > GATE**2 * expected
        together = np.clip(surprise * self._surprise / expected, -1.0, 1.0)
        self._surprise = surprise
        low, high = NOISE_RANGE_M
        self._variance = np.clip(
            self._variance * np.exp(LEARNING_PER_S * dt_s * (STEADIER - together)),
            (low / meters) ** 2,
            (high / meters) ** 2,
        )
        self._astray_s = np.where(far, self._astray_s + dt_s, 0.0)
        moved = self._astray_s > PATIENCE_S
        self._astray_s[moved] = 0.0
        xx = np.where(moved, surprise**2, predicted.xx)
        xv = np.where(moved, 0.0, predicted.xv)
        vv = np.where(moved, FIRST_VELOCITY_VARIANCE / meters**2, predicted.vv)
        v = np.where(far, predicted.v * np.exp(-dt_s / FORGET_VELOCITY_S), predicted.v)
        doubt = np.where(moved, 1.0, np.maximum(1.0, surprise**2 / (GATE**2 * expected)))
        total = xx + self._variance * doubt
        gain_x, gain_v = xx / total, xv / total
        return _Belief(
            predicted.x + gain_x * surprise,
            v + gain_v * surprise,
            (1 - gain_x) * xx,
            (1 - gain_x) * xv,
            vv - gain_v * xv,
        )

    def _coordinates(self, points_world_m: Float[NDArray, "j 3"]) -> tuple[_Columns, _Columns]:
        """The root's distance, the joints' beyond it, their directions; and metres in a unit."""
        offset = np.asarray(points_world_m, np.float64) - self._center
        root_m = float(np.linalg.norm(offset[self._hips].mean(axis=0)))
        distance_m = np.linalg.norm(offset, axis=-1)
        directions = offset / distance_m[:, None]
        z = np.concatenate([[root_m], distance_m - root_m, directions.ravel()])
        meters = np.ones(len(z))
        meters[1 + len(offset) :] = self._frames[-1].believed.x[0] if self._frames else root_m
        return z, meters

    def _points(self, x: _Columns) -> Float[NDArray, "j 3"]:
        joints = (len(x) - 1) // 4
        directions = x[1 + joints :].reshape(joints, 3)
        distance_m = x[0] + x[1 : 1 + joints]
        scale = distance_m / np.linalg.norm(directions, axis=-1)
        return self._center + directions * scale[:, None]


def _power(meters: _Columns) -> _Columns:
    joints = (len(meters) - 1) // 4
    power = np.repeat([ROOT_POWER, JOINT_POWER, ACROSS_POWER], [1, joints, 3 * joints])
    return power / meters**2


def _first(z: _Columns, variance: _Columns, meters: _Columns) -> _Belief:
    zero = np.zeros(len(z))
    return _Belief(z, zero, variance, zero, FIRST_VELOCITY_VARIANCE / meters**2)


def _backwards(
    own: _Belief, predicted: _Belief, dt_s: float, x: _Columns, v: _Columns
) -> tuple[_Columns, _Columns]:
    """One step back: `own` belief corrected by what became of the `predicted` one."""
    determinant = predicted.xx * predicted.vv - predicted.xv**2
    # Covariance of own place and velocity with the place and velocity of the next frame.
    xx, xv = own.xx + dt_s * own.xv, own.xv
    vx, vv = own.xv + dt_s * own.vv, own.vv
    dx, dv = x - predicted.x, v - predicted.v
    a = (predicted.vv * dx - predicted.xv * dv) / determinant
    b = (predicted.xx * dv - predicted.xv * dx) / determinant
    return own.x + xx * a + xv * b, own.v + vx * a + vv * b
