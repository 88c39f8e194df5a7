"""Where joints and soles should be, and how much each counts; feet that stand.

A foot whose contact is likely is held where it came down. Its joints are then asked for at their
place in the picture plus an offset that undoes their wandering; when the foot leaves, the offset
fades, and the foot is where it is seen again. So the place that is asked for never jumps. A held
foot gives way slowly towards where it is seen, and is let go where that is too far off: the network
was wrong about the contact then. Where a format has no toes, three points of each sole stand in for
them: they are level as far as the foot stands near the floor.
"""

import math

import numpy as np
from numpy.typing import NDArray

from ...core.compiling import compiled
from .kernel import Points
from .lengths import LONGEST_S
from .standard import SOLE_M, Standard

_JOINT_M = 0.005  # how far joints may be from where they are seen, about
_LEAST_CONFIDENCE = 0.1
_HIPS = 4.0  # hips count so many times more: what is learned of limbs should not move the root
# The floor begins to push a little above itself. What it holds comes to rest in between, where the
# push is smooth, so that the fit neither oscillates nor needs a hard contact.
_FLOOR_M = 0.005
_FLOOR_WEIGHT = 4e5  # 1 / m^2, ten times a joint's
_LEAST_M, _MOST_M = 0.02, 5.0  # a trunk that is smaller or bigger is nobody's
_HOLD, _RELEASE = 0.4, 0.2  # contact above, below which a foot is held, let go
_FIRM_S = 0.1  # a held foot is firm after this
_FADE_S = 0.15  # time constant of letting go
_CREEP_S = 2.0  # time constant of giving way
_TOO_FAR_M = 0.12
_HELD = 24.0  # a held foot's joints count so many times more
_FLAT_M = 0.02  # how far the sole of a standing foot may be from level
_HIGH_M, _LOW_M = 0.16, 0.10  # above, no ankle stands flat; below, each that stands at all
_SOLE_PACE_M_S = 0.06  # a second's part in what is known of the ankle's height over the sole
_SOLE_RANGE_M = (0.04, 0.12)


class Aim:
    """What one person's body is fitted to, frame by frame: `points`.

    How high an ankle is over its sole is learned, and outlasts every gap.
    """

    def __init__(self, standard: Standard) -> None:
        s, joints = standard, standard.skeleton.joint_count
        feet = [s.bone_names.index("LeftFoot"), s.bone_names.index("RightFoot")]
        self._foot_joints = s.joint_bones == np.array(feet)[:, None]  # (2, J)
        self._ankles = np.array(s.skeleton.ankles)
        has_toes = self._foot_joints[0].sum() > 1
        soles = 0 if has_toes else 6
        self.points = Points(
            bone=np.concatenate([s.joint_bones, np.repeat(feet, 3)[:soles]]),
            offset_m=np.zeros((joints + soles, 3)),
            target_m=np.zeros((joints + soles, 3)),
            weight=np.zeros((joints + soles, 3)),
            lowest_m=np.full(joints + soles, _FLOOR_M),
            floor_weight=_FLOOR_WEIGHT,
        )
        if not has_toes:
            self.points.offset_m[joints:] = s.soles_m.reshape(-1, 3)
        self._pull = np.where(s.explained, _JOINT_M**-2, 0.0)  # 1 / m^2, of joints that are sure
        self._pull[list(s.skeleton.hips)] *= _HIPS
        self._sole_m = np.full(2, SOLE_M)
        # Of each foot: how firmly it is held (0 to 1), how far from where it is seen, and where.
        # The place of a free one is NaN.
        self._held, self._offset_m, self._place_m = np.zeros(2), np.zeros((2, 3)), np.zeros((2, 3))
        self.let_go()

    def let_go(self) -> None:
        """Feet are where they are seen."""
        self._held[:], self._offset_m[:], self._place_m[:] = 0.0, 0.0, math.nan

    def take(
        self,
        dt_s: float,
        joints_m: NDArray,
        joint_offsets_m: NDArray,
        confidence: NDArray,
        contact: NDArray,
    ) -> None:
        """Aim `points` at the next frame; arguments as `Follower.follow` has them."""
        points = self.points
        _aim_joints(
            joints_m, joint_offsets_m, confidence, self._pull, points.offset_m, points.target_m,
            points.weight,
        )  # fmt: skip
        _aim_feet(
            dt_s, joints_m, contact, self._ankles, self._foot_joints, self._held, self._offset_m,
            self._place_m, self._sole_m, points.offset_m, points.target_m, points.weight,
        )  # fmt: skip


@compiled
def find_root(joints_m: NDArray, trunk: NDArray, root_m: NDArray) -> bool:
    """Fill in the middle of the hips, if hips and shoulders are known and apart as a person's are.

    Args:
        joints_m: (J, 3)
        trunk: (4,) which of them are the left and right hip, the left and right shoulder.
        root_m: (3,)
    """
    across2 = up2 = right_shoulder = 0.0
    for i in range(3):
        left_m, right_m = joints_m[trunk[0], i], joints_m[trunk[1], i]
        root_m[i] = 0.5 * (left_m + right_m)
        across2 += (left_m - right_m) ** 2
        up2 += (joints_m[trunk[2], i] - left_m) ** 2
        right_shoulder += joints_m[trunk[3], i]
    if not np.isfinite(across2 + up2 + right_shoulder):
        return False
    return across2 > _LEAST_M**2 and _LEAST_M**2 < up2 < _MOST_M**2


@compiled
def _aim_joints(
    joints_m: NDArray,
    joint_offsets_m: NDArray,
    confidence: NDArray,
    pull: NDArray,
    offset_m: NDArray,
    target_m: NDArray,
    weight: NDArray,
) -> None:
    for j in range(len(joints_m)):
        known = np.isfinite(joints_m[j, 0] + joints_m[j, 1] + joints_m[j, 2])
        sure = confidence[j] if confidence[j] > _LEAST_CONFIDENCE else _LEAST_CONFIDENCE
        for i in range(3):
            offset_m[j, i] = joint_offsets_m[j, i]
            target_m[j, i] = joints_m[j, i] if known else 0.0
            weight[j, i] = pull[j] * min(sure, 1.0) if known else 0.0


@compiled
def _aim_feet(
    dt_s: float,
    joints_m: NDArray,
    contact: NDArray,
    ankles: NDArray,
    foot_joints: NDArray,
    held: NDArray,
    foot_offset_m: NDArray,
    place_m: NDArray,
    sole_m: NDArray,
    offset_m: NDArray,
    target_m: NDArray,
    weight: NDArray,
) -> None:
    joints = len(joints_m)
    for side in range(2):
        ankle_m = joints_m[ankles[side]]
        if not np.isfinite(ankle_m[0] + ankle_m[1] + ankle_m[2]):
            continue
        held[side] = _hold(
            dt_s, ankle_m, contact[side], held[side], foot_offset_m[side], place_m[side]
        )
        for j in range(joints):
            if foot_joints[side, j]:
                for i in range(3):
                    target_m[j, i] += foot_offset_m[side, i]
                    weight[j, i] *= 1.0 + _HELD * held[side]
        if len(target_m) == joints:
            continue
        height_m = target_m[ankles[side], 2]
        if height_m < _HIGH_M:  # the tenth part of the low heights is the height over the sole
            pace_m = _SOLE_PACE_M_S * min(dt_s, LONGEST_S)
            sole_m[side] += pace_m * (0.1 - (1.0 if height_m < sole_m[side] else 0.0))
        over_m = min(max(sole_m[side], _SOLE_RANGE_M[0]), _SOLE_RANGE_M[1]) - _FLOOR_M
        flat = min(max((_HIGH_M - height_m) / (_HIGH_M - _LOW_M), 0.0), 1.0)
        flat *= 0.5 if np.isnan(contact[side]) else contact[side]
        for point in range(joints + 3 * side, joints + 3 * side + 3):
            offset_m[point, 2] = -over_m
            target_m[point, 2] = max(height_m - over_m, _FLOOR_M)
            weight[point, 2] = flat * _FLAT_M**-2


@compiled
def _hold(
    dt_s: float,
    ankle_m: NDArray,
    contact: float,
    held: float,
    offset_m: NDArray,
    place_m: NDArray,
) -> float:
    """How firmly a foot is held in the next frame; moves its offset and place (3,) on to that."""
    if np.isnan(place_m[0]) and contact > _HOLD:
        place_m[:] = ankle_m + offset_m
    elif not contact >= _RELEASE:  # NaN lets go, too
        place_m[:] = np.nan
    if np.isnan(place_m[0]):
        keep = math.exp(-dt_s / _FADE_S)
        offset_m *= keep
        return held * keep
    far = 0.0
    for i in range(3):
        away = ankle_m[i] - place_m[i]
        place_m[i] += away * (1.0 - math.exp(-dt_s / _CREEP_S))
        offset_m[i] = place_m[i] - ankle_m[i]
        far += away**2
    if not far < _TOO_FAR_M**2:
        place_m[:] = np.nan
    return min(1.0, held + dt_s / _FIRM_S)
