"""How well seen people fit the people who are expected: the costs that assignment weighs.

Each pair is compared by three errors, in metres at the expected person's place in the room: how far
the body is off sideways, how much nearer or farther it must be to look as large as it does, and how
much the pose is another. What is expected of each error is a standard deviation that grows with the
time out of sight; depth along the ray is known worse than the way across it.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ...core.compiling import compiled
from .expectation import Expected

SIDE_M = 0.04  # errors that a person in sight has from frame to frame: across the ray,
JOINT_SIDE_M = 0.15  # more so if only a few joints tell,
DEPTH_SHARE = 0.06  # along the ray, as a share of the distance (a limb may have moved),
POSE_M = 0.07  # and of the joints against the body as a whole
POSE_M_PER_S, MAX_POSE_M = 1.2, 0.35  # how fast a pose is forgotten, and what is never forgotten
POSE_NUMBERS = 4.0  # how many independent numbers a pose is taken for
WEIRD = 3.0  # standard deviations beyond which a single joint says no more
TAIL = 4.0  # degrees of freedom of errors that are gross now and then
FEW = 4  # fewer shared joints than this tell a place, but neither size nor pose
NEVER = 1e6


@dataclass(frozen=True, eq=False)
class Likeness:
    """N seen against M expected people."""

    surprise: Float[NDArray, "n m"]  # -2 log likelihood, against that of one who is as expected
    place: Float[
        NDArray, "n m"
    ]  # squared standard deviations that the place is off; NEVER: nothing shared


def likeness(
    seen_px: Float[NDArray, "n j 2"], expected: Expected, mirror: NDArray[np.intp]
) -> Likeness:
    """Compares everybody with everybody.

    Args:
        seen_px: NaN where a joint is missing.
        mirror: where each joint's value stands after left and right change places; detectors
            exchange sides, which makes nobody somebody else.
    """
    return Likeness(
        *_compared(
            seen_px, expected.keypoints_px, expected.pixels_per_m, expected.distance_m,
            expected.moved_sigma_m, expected.unseen_s, mirror,
        )
    )  # fmt: skip


@compiled
def _compared(
    seen_px: NDArray,
    expected_px: NDArray,
    pixels_per_m: NDArray,
    distance_m: NDArray,
    moved_sigma_m: NDArray,
    unseen_s: NDArray,
    mirror: NDArray,
) -> tuple[NDArray, NDArray]:
    n, m, joints = len(seen_px), len(expected_px), seen_px.shape[1]
    surprise, place = np.full((n, m), NEVER), np.full((n, m), NEVER)
    for i in range(n):
        for k in range(m):
            a, b, scale = seen_px[i], expected_px[k], pixels_per_m[k]
            count, a_u, a_v, b_u, b_v = _middles(a, b)
            if count == 0:
                continue
            side_first = SIDE_M**2 + JOINT_SIDE_M**2 / count
            side_variance = side_first + moved_sigma_m[k] ** 2
            side_off = ((a_u - b_u) ** 2 + (a_v - b_v) ** 2) / scale**2 / side_variance
            pose_m = min(POSE_M + POSE_M_PER_S * unseen_s[k], MAX_POSE_M)
            depth_first = (DEPTH_SHARE * distance_m[k]) ** 2 * joints / count
            depth_variance = depth_first + 4 * (pose_m - POSE_M) ** 2 + moved_sigma_m[k] ** 2
            depth_off, pose_off = 1.0, 1.0
            if count >= FEW:
                larger = math.sqrt(_spread(a, b, a_u, a_v) / _spread(b, a, b_u, b_v))
                depth_off = _tailed((distance_m[k] * math.log(larger)) ** 2 / depth_variance)
                from_middle = a - np.array([a_u, a_v])
                expected = larger * (b - np.array([b_u, b_v]))
                pose_off = _tailed(_off_pose(from_middle, expected, mirror, pose_m * scale))
            vague = 2 * math.log(side_variance / side_first)
            vague += math.log(depth_variance / depth_first)
            vague += 2 * POSE_NUMBERS * math.log(pose_m / POSE_M)
            place[i, k] = side_off + depth_off
            surprise[i, k] = _tailed(side_off) + depth_off + POSE_NUMBERS * pose_off + vague
    return surprise, place


@compiled
def _middles(a: NDArray, b: NDArray) -> tuple[int, float, float, float, float]:
    """How many joints two people share, and the means of these: u and v of a, of b."""
    count, a_u, a_v, b_u, b_v = 0, 0.0, 0.0, 0.0, 0.0
    for j in range(len(a)):
        if not np.isnan(a[j, 0] + b[j, 0]):
            count += 1
            a_u, a_v, b_u, b_v = a_u + a[j, 0], a_v + a[j, 1], b_u + b[j, 0], b_v + b[j, 1]
    shared = max(count, 1)
    return count, a_u / shared, a_v / shared, b_u / shared, b_v / shared


@compiled
def _spread(a: NDArray, b: NDArray, u: float, v: float) -> float:
    """Sum of squares about (u, v) of a's joints that b shares."""
    total = 1e-6
    for j in range(len(a)):
        if not np.isnan(a[j, 0] + b[j, 0]):
            total += (a[j, 0] - u) ** 2 + (a[j, 1] - v) ** 2
    return total


@compiled
def _off_pose(a: NDArray, b: NDArray, mirror: NDArray, sigma_px: float) -> float:
    """Mean square of the shared joints' distances, each to the nearer of b's two sides."""
    count, total = 0, 0.0
    for j in range(len(a)):
        if not np.isnan(a[j, 0] + b[j, 0]):
            off_px2 = np.inf
            for other in (j, mirror[j]):
                u, v = a[j, 0] - b[other, 0], a[j, 1] - b[other, 1]
                if u * u + v * v < off_px2:  # False for NaN
                    off_px2 = u * u + v * v
            count += 1
            total += min(off_px2 / sigma_px**2, WEIRD**2)
    return total / count


@compiled
def _tailed(squared: float) -> float:
    """Squared standard deviations as Student's t has them: detectors err grossly, if seldom."""
    return TAIL * math.log1p(squared / TAIL)
