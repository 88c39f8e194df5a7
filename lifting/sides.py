"""Left or right: undoes detectors' swaps of a person's sides, by continuity in the image.

Detectors at times exchange left and right of a whole body for some frames, most often when it is
seen from the side; the 2D then says that the person turned round in an instant. Limbs cannot jump,
labels can: each frame is read the way in which its joints have moved less since they were last
seen where they should be. A detector is mostly right, so if it goes on to disagree for long, it is
the filter that gives way.
"""

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray

from ..core.skeletons import Skeleton
from . import compiled

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
        self._mirror = np.array(skeleton.mirror)
        self._rays = np.zeros((joints, 3))  # where each joint was when it was last believed ...
        self._t_s = np.full(joints, -np.inf)  # ... and when that was
        self._now_s = -np.inf
        self._swapped = False  # the last frame's labels were exchanged
        self._doubt_s = 0.0  # how long, on balance, the detector has disagreed

    def order(
        self, t_s: float, rays: Float[NDArray, "j 3"], seen: Bool[NDArray, "j"]
    ) -> NDArray[np.intp]:
        """Indices that put this frame's joints on their right sides.

        Args:
            t_s: capture time, later than the last.
            rays: unit directions as labelled; rows not seen are ignored.
        """
        as_labelled = np.arange(len(self._mirror))
        if not seen.any():
            return as_labelled
        same, crossed, evidence = compiled.side_evidence(
            rays, seen, t_s - self._t_s, self._rays, self._mirror, (_STILL, _SPEED, _MIN_SIZE)
        )
        if abs(evidence) > _CLEAR:
            self._swapped = evidence > 0
            disagreed_s = min(t_s - self._now_s, _OUTLIER_S) * (1 if self._swapped else -1)
            self._doubt_s = max(0.0, self._doubt_s + disagreed_s)
            if self._doubt_s > _GIVE_WAY_S:
                self._swapped, self._doubt_s = False, 0.0
                self._t_s[:] = -np.inf
        self._now_s = t_s
        order = self._mirror if self._swapped else as_labelled
        off = crossed if self._swapped else same
        believed = seen[order] & ((off < _OUTLIER) | (t_s - self._t_s > _OUTLIER_S))
        self._rays[believed], self._t_s[believed] = rays[order][believed], t_s
        return order
