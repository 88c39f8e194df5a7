"""The filter that makes poses steady, compiled: numpy would take longer to call it than to compute.

`smoothing` says what it does. Its numbers are here because numba keeps what it has compiled, and
would not notice that another module's number has changed.
"""

import math

import numpy as np
from numpy.typing import NDArray

from ..core.compiling import compiled

POWER = 5.0  # of the white acceleration that moves a point, m2/s3
FIRST_NOISE_M = 0.01
NOISE_RANGE_M = (0.0005, 0.2)
LEARNING_PER_S = 6.0  # how fast the logarithm of the noise's variance is learned
TOGETHER = -0.02  # correlation of successive surprises that is aimed at
CALM_ALONG, CALM_ACROSS = 0.3, 0.6  # so many times as fast as the belief, what is shown follows it
GATE = 3.0  # a surprise of more sigmas than this counts for as many times less ...
PATIENCE_S = 0.15  # ... and if it stays so long, the person really is elsewhere
FORGET_VELOCITY_S = 0.07  # a point that is somewhere else does not go on as it went
FIRST_VELOCITY_VARIANCE = 1.0  # (m/s)2

# A belief (5, N) is the place and velocity of each coordinate, and their covariance.
X, V, XX, XV, VV = range(5)
# What the surprises have told (3, N): the noise's variance, the newest surprise, and for how long
# they have been too big to believe.
_VARIANCE, _SURPRISE, _ASTRAY_S = range(3)
_CERTAIN = 0.9999  # a gain of 1 would leave no time to follow in


@compiled
def begin(
    points_m: NDArray, center_m: NDArray, hips: NDArray, told: NDArray, believed: NDArray
) -> None:
    """Fill in what is believed of a first frame."""
    _coordinates(points_m, center_m, hips, believed[X])
    for k in range(believed.shape[1]):
        meters = _meters(k, len(points_m), believed[X, 0])
        told[_VARIANCE, k] = believed[XX, k] = (FIRST_NOISE_M / meters) ** 2
        believed[V, k] = believed[XV, k] = 0.0
        believed[VV, k] = FIRST_VELOCITY_VARIANCE / meters**2


@compiled
def follow(
    points_m: NDArray,
    center_m: NDArray,
    hips: NDArray,
    dt_s: float,
    last: NDArray,
    told: NDArray,
    predicted: NDArray,
    believed: NDArray,
    haste: NDArray,
) -> None:
    """Fill in what was `predicted` from the `last` belief and is `believed` of the next frame.

    `haste` (N,) is filled in for `show`.
    """
    joints = len(points_m)
    z = np.empty(1 + 4 * joints)
    _coordinates(points_m, center_m, hips, z)
    for k in range(len(z)):
        meters = _meters(k, joints, last[X, 0])
        _predict(k, dt_s, POWER / meters**2, last, predicted)
        _correct(k, dt_s, z[k], meters, predicted, told, believed)
        gain = predicted[XX, k] / (predicted[XX, k] + told[_VARIANCE, k])
        calm = CALM_ACROSS if k > joints else CALM_ALONG
        haste[k] = -calm * math.log(1.0 - min(gain, _CERTAIN))


@compiled
def _predict(k: int, dt_s: float, power: float, last: NDArray, predicted: NDArray) -> None:
    """What is believed so much later, when nothing new has been seen."""
    predicted[X, k] = last[X, k] + dt_s * last[V, k]
    predicted[V, k] = last[V, k]
    predicted[XX, k] = (
        last[XX, k] + 2 * dt_s * last[XV, k] + dt_s**2 * last[VV, k] + power * dt_s**3 / 3
    )
    predicted[XV, k] = last[XV, k] + dt_s * last[VV, k] + power * dt_s**2 / 2
    predicted[VV, k] = last[VV, k] + power * dt_s


@compiled
def _correct(
    k: int,
    dt_s: float,
    z: float,
    meters: float,
    predicted: NDArray,
    told: NDArray,
    believed: NDArray,
) -> None:
    """What is believed once the coordinate is seen at `z`; learns from the surprise."""
    v, xx, xv, vv = predicted[V, k], predicted[XX, k], predicted[XV, k], predicted[VV, k]
    surprise = z - predicted[X, k]
    expected = xx + told[_VARIANCE, k]
    together = min(max(surprise * told[_SURPRISE, k] / expected, -1.0), 1.0)
    told[_SURPRISE, k] = surprise
    variance = told[_VARIANCE, k] * math.exp(LEARNING_PER_S * dt_s * (TOGETHER - together))
    low, high = NOISE_RANGE_M
    told[_VARIANCE, k] = variance = min(max(variance, (low / meters) ** 2), (high / meters) ** 2)
    doubt = max(1.0, surprise**2 / (GATE**2 * expected))
    if doubt > 1.0:
        told[_ASTRAY_S, k] += dt_s
        v *= math.exp(-dt_s / FORGET_VELOCITY_S)
    else:
        told[_ASTRAY_S, k] = 0.0
    if told[_ASTRAY_S, k] > PATIENCE_S:  # as seen, of no known velocity
        told[_ASTRAY_S, k] = 0.0
        doubt, xx, xv, vv = 1.0, surprise**2, 0.0, FIRST_VELOCITY_VARIANCE / meters**2
    total = xx + variance * doubt
    gain_x, gain_v = xx / total, xv / total
    believed[X, k] = predicted[X, k] + gain_x * surprise
    believed[V, k] = v + gain_v * surprise
    believed[XX, k] = (1 - gain_x) * xx
    believed[XV, k] = (1 - gain_x) * xv
    believed[VV, k] = vv - gain_v * xv


@compiled
def backwards(own: NDArray, predicted: NDArray, dt_s: float, smoothed: NDArray) -> None:
    """One step back: `own` belief corrected by what became of the `predicted` one, in place."""
    for k in range(own.shape[1]):
        xx, xv, vv = predicted[XX, k], predicted[XV, k], predicted[VV, k]
        determinant = xx * vv - xv**2
        dx, dv = smoothed[X, k] - predicted[X, k], smoothed[V, k] - predicted[V, k]
        a = (vv * dx - xv * dv) / determinant
        b = (xx * dv - xv * dx) / determinant
        # Covariance of own place and velocity with the place and velocity of the next frame.
        smoothed[X, k] = own[X, k] + (own[XX, k] + dt_s * own[XV, k]) * a + own[XV, k] * b
        smoothed[V, k] = own[V, k] + (own[XV, k] + dt_s * own[VV, k]) * a + own[VV, k] * b


SHORTEST_S = 1e-3  # a step that tells a velocity: no camera is faster


@compiled
def show(dt_s: float, haste: NDArray, followed: NDArray, shown: NDArray) -> None:
    """Moves what is shown on as a critically damped spring would that pulls it along.

    Args:
        dt_s: since it was shown last.
        haste: (N,) what the spring's rate comes to in this time.
        followed, shown: (2, N) places and velocities, the latter in place.
    """
    for k, rate in enumerate(haste):
        behind = shown[X, k] - (followed[X, k] - dt_s * followed[V, k])
        slower = dt_s * (shown[V, k] - followed[V, k])
        left = math.exp(-rate)
        shown[X, k] = followed[X, k] + left * ((1.0 + rate) * behind + slower)
        pulled = left * ((1.0 - rate) * slower - rate**2 * behind)
        shown[V, k] = followed[V, k] + pulled / max(dt_s, SHORTEST_S)


@compiled
def _coordinates(points_m: NDArray, center_m: NDArray, hips: NDArray, z: NDArray) -> None:
    """Fill in the root's distance, the joints' beyond it, and their directions."""
    joints, square = len(points_m), 0.0
    for i in range(3):
        middle_m = 0.0
        for j in hips:
            middle_m += (points_m[j, i] - center_m[i]) / len(hips)
        square += middle_m**2
    z[0] = math.sqrt(square)
    for j in range(joints):
        square = 0.0
        for i in range(3):
            square += (points_m[j, i] - center_m[i]) ** 2
        distance_m = math.sqrt(square)
        z[1 + j] = distance_m - z[0]
        for i in range(3):
            z[1 + joints + 3 * j + i] = (points_m[j, i] - center_m[i]) / distance_m


@compiled
def points(x: NDArray, center_m: NDArray) -> NDArray:
    """The joints of given coordinates, (J, 3)."""
    joints = len(x) // 4
    points_m = np.empty((joints, 3))
    for j in range(joints):
        direction = x[1 + joints + 3 * j : 4 + joints + 3 * j]
        length = math.sqrt(direction[0] ** 2 + direction[1] ** 2 + direction[2] ** 2)
        scale = (x[0] + x[1 + j]) / length
        for i in range(3):
            points_m[j, i] = center_m[i] + direction[i] * scale
    return points_m


@compiled
def _meters(k: int, joints: int, depth_m: float) -> float:
    """Metres in a unit of a coordinate: a direction's grows with the distance."""
    return depth_m if k > joints else 1.0
