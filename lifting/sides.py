"""Left or right: undoes detectors' swaps of a person's sides, by continuity in the image.

Detectors at times exchange left and right of a whole body for some frames, most often when it is
seen from the side; the 2D then says that the person turned round in an instant. Limbs cannot jump,
labels can: each frame is read the way in which its joints have moved less since they were last
seen where they should be. A detector is mostly right, so if it goes on to disagree for long, it is
the filter that gives way.
"""

import math

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray

from ..core.compiling import compiled
from ..core.skeletons import Skeleton

_STILL, _SPEED = 0.02, 0.8  # expected motion of a joint: body sizes, and body sizes a second
_MIN_SIZE = 1e-3  # of a body, radians; joints seen all in one place have no size
_CLEAR = 0.5  # mean evidence below which a frame is as good either way
_OUTLIER = 3.0  # a joint this many times further off than expected does not count as seen there ...
_OUTLIER_S = 0.25  # ... unless it has not been where it should for this long
_GIVE_WAY_S = 1.5  # steady disagreement after which the detector is believed


class SideFilter:
    """One person's filter; feed it every frame in order."""

    def __init__(self, skeleton: Skeleton) -> None:
        joints = skeleton.joint_count
        self._as_labelled, self.mirror = np.arange(joints), np.array(skeleton.mirror)
        self._rays = np.zeros((joints, 3))  # where each joint was when it was last believed ...
        self._t_s = np.full(joints, -np.inf)  # ... and when that was
        self._now_s = -math.inf
        self._swapped = False  # the last frame's labels were exchanged
        self._doubt_s = 0.0  # how long, on balance, the detector has disagreed

    def order(
        self, t_s: float, rays: Float[NDArray, "j 3"], seen: Bool[NDArray, "j"]
    ) -> NDArray[np.intp]:
        """Indices that put this frame's joints on their right sides; arguments of `exchanged`."""
        return self.mirror if self.exchanged(t_s, rays, seen) else self._as_labelled

    def exchanged(self, t_s: float, rays: Float[NDArray, "j 3"], seen: Bool[NDArray, "j"]) -> bool:
        """Whether this frame's joints have to be taken from their `mirror` joints.

        Args:
            t_s: capture time, later than the last.
            rays: unit directions as labelled; rows not seen are ignored.
        """
        if not seen.any():
            return False
        self._swapped, self._doubt_s = _read(
            t_s, rays, seen, self._rays, self._t_s, self.mirror,
            self._now_s, self._swapped, self._doubt_s,
        )  # fmt: skip
        self._now_s = t_s
        return self._swapped


@compiled
def _read(
    t_s: float,
    rays: NDArray,
    seen: NDArray,
    believed_rays: NDArray,
    believed_s: NDArray,
    mirror: NDArray,
    before_s: float,
    swapped: bool,
    doubt_s: float,
) -> tuple[bool, float]:
    """Whether this frame's sides are exchanged, and the doubt; updates what is believed."""
    moved, evidence = _evidence(rays, seen, t_s - believed_s, believed_rays, mirror)
    if abs(evidence) > _CLEAR:
        swapped = evidence > 0.0
        disagreed_s = min(t_s - before_s, _OUTLIER_S) * (1.0 if swapped else -1.0)
        doubt_s = max(0.0, doubt_s + disagreed_s)
        if doubt_s > _GIVE_WAY_S:
            swapped, doubt_s = False, 0.0
            believed_s[:] = -np.inf
    for j in range(len(seen)):
        source = mirror[j] if swapped else j
        near = moved[1 if swapped else 0, j] < _OUTLIER
        if seen[source] and (near or t_s - believed_s[j] > _OUTLIER_S):
            believed_rays[j], believed_s[j] = rays[source], t_s
    return swapped, doubt_s


@compiled
def _evidence(
    rays: NDArray, seen: NDArray, age_s: NDArray, believed_rays: NDArray, mirror: NDArray
) -> tuple[NDArray, float]:
    """How far joints are from where they were believed to be `age_s` (J,) ago, inf for never.

    Returns:
        Moves (2, J) as labelled and with sides exchanged, in units of the expected ones, NaN where
        not seen; and the mean evidence for an exchange, 0 if there is none.
    """
    joints = len(seen)
    middle, square, count = np.zeros(3), 0.0, 0
    for j in range(joints):
        if seen[j]:
            middle += rays[j]
            count += 1
    middle /= max(count, 1)
    for j in range(joints):
        if seen[j]:
            square += ((rays[j] - middle) ** 2).sum()
    size = max(4.0 * math.sqrt(square / max(count, 1)), _MIN_SIZE)
    moved = np.full((2, joints), np.nan)
    evidence, pairs = 0.0, 0
    for j in range(joints):
        expected = size * (_STILL + _SPEED * age_s[j])
        for way, source in enumerate((j, mirror[j])):
            if seen[source]:
                moved[way, j] = math.sqrt(((rays[source] - believed_rays[j]) ** 2).sum()) / expected
        if mirror[j] != j and seen[j] and seen[mirror[j]]:
            # Robust: one limb that jumps must not outvote the others.
            evidence += min(max(0.5 * (moved[0, j] ** 2 - moved[1, j] ** 2), -2.0), 2.0)
            pairs += 1
    return moved, evidence / max(pairs, 1)
