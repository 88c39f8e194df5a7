"""A body that follows one person's joints from frame to frame."""

import math

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ...core.messages import Body
from .feet import Foot
from .kernel import Points, fit, forward, lowest, quaternions
from .lengths import Lengths
from .standard import SOLE_M, Standard

FORGET_AFTER_S = 0.5  # a body unseen for longer takes its next pose from nothing
JUMP_M = 0.5  # and so does one whose hips are this far from where they were
ITERATIONS = 4
FIRST_ITERATIONS = 20
_JOINT_M = 0.005  # how far joints may be from where they are seen, about
_LEAST_CONFIDENCE = 0.1
_HIPS = 4.0  # hips count so many times more: what is learned of limbs should not move the root
# The floor begins to push a little above itself. What it holds comes to rest in between, where the
# push is smooth, so that the fit neither oscillates nor needs a hard contact.
_FLOOR_M = 0.005
_FLOOR_WEIGHT = 4e5  # 1 / m^2, ten times a joint's
_HELD = 24.0  # a held foot's joints count so many times more
_FLAT_M = 0.02  # how far the sole of a standing foot may be from level
_LOW_M = (0.16, 0.10)  # ankles that are no higher stand flat, if at all: not above, surely below
_SOLE_PACE_M = 0.002  # a frame's part in what is known of the ankle's height over the sole
_SOLE_RANGE_M = (0.04, 0.12)
_LEAST_M, _MOST_M = 0.02, 5.0  # a trunk that is smaller or bigger is nobody's
_UPRIGHT = 0.05  # cosine of half the lean, squared, from which on there is a heading
_STRAIGHT = 0.2  # sine of a bend; a limb that is straighter tells no hinge
_LIMBS = tuple(
    (side + a, side + b, side + c)
    for side in ("Left", "Right")
    for a, b, c in (("UpperArm", "LowerArm", "Hand"), ("UpperLeg", "LowerLeg", "Foot"))
)


class Follower:
    """One person's body; the lengths of its bones outlast every gap."""

    def __init__(self, standard: Standard, lengths: Lengths | None = None) -> None:
        self.lengths = Lengths(standard) if lengths is None else lengths
        self._standard, bones = standard, len(standard.bone_names)
        self._t_s = -math.inf
        self._root_m = np.zeros(3)
        self._local, self._last = np.empty((bones, 3, 3)), np.empty((bones, 3, 3))
        self._origins_m, self._world = np.empty((bones, 3)), np.empty((bones, 3, 3))
        self._quaternions: Float[NDArray, "b 4"] = np.tile((0.0, 0.0, 0.0, 1.0), (bones, 1))
        self._heading_rad = 0.0
        names, joints = standard.bone_names, standard.skeleton.joint_count
        self._needed = np.array(
            standard.skeleton.index("left_hip", "right_hip", "left_shoulder", "right_shoulder")
        )
        self._feet, self._ankles = (Foot(), Foot()), standard.skeleton.ankles
        feet = [names.index("LeftFoot"), names.index("RightFoot")]
        self._foot_joints = [np.flatnonzero(standard.joint_bones == foot) for foot in feet]
        # Where a format has no toes, three points of each sole: big toe, small toe, heel.
        self._has_toes = len(self._foot_joints[0]) > 1
        self._sole_m = [SOLE_M, SOLE_M]
        soles = 0 if self._has_toes else 6
        self._points = Points(
            bone=np.concatenate([standard.joint_bones, np.repeat(feet, 3)[:soles]]),
            offset_m=np.zeros((joints + soles, 3)),
            target_m=np.zeros((joints + soles, 3)),
            weight=np.zeros((joints + soles, 3)),
            lowest_m=np.full(joints + soles, _FLOOR_M),
            floor_weight=_FLOOR_WEIGHT,
        )
        if not self._has_toes:
            self._points.offset_m[joints:] = standard.soles_m.reshape(-1, 3)

    def follow(
        self,
        t_s: float,
        joints_m: Float[NDArray, "j 3"],
        confidence: Float[NDArray, "j"],
        contact: Float[NDArray, "2"],
    ) -> Body | None:
        """The body in the pose of one frame; None if hips and shoulders are not all there.

        Args:
            t_s: time of the frame; it rises.
            joints_m: joints in the world, z up, the floor at 0; NaN where not known.
            confidence: 0 to 1.
            contact: chance that the left and the right foot stand still; NaN where not known.
        """
        joints_m = joints_m.astype(np.float64)
        if not _has_trunk(joints_m[self._needed]):
            return None
        s, lengths = self._standard, self.lengths
        lengths.measure(joints_m)
        dt_s, iterations = t_s - self._t_s, ITERATIONS
        root_m = 0.5 * (joints_m[self._needed[0]] + joints_m[self._needed[1]])
        moved_m = root_m - self._root_m
        if dt_s > FORGET_AFTER_S or moved_m @ moved_m > JUMP_M**2:
            self._begin(joints_m, root_m)
            dt_s, iterations = 0.0, FIRST_ITERATIONS
        self._t_s = t_s
        self._aim(dt_s, joints_m, confidence, contact)
        fit(
            s.parents, lengths.offsets_m, self._points, s.habits, self._last, self._root_m,
            self._local, iterations,
        )  # fmt: skip
        if not np.isfinite(self._root_m).all():  # joints far from anything that a body can do
            self._t_s = -math.inf
            return None
        self._last[:] = self._local
        forward(
            s.parents, lengths.offsets_m, self._root_m, self._local, self._origins_m, self._world
        )
        body = self._body()
        lengths.place(joints_m, self._origins_m, self._world)
        return body

    def _aim(
        self,
        dt_s: float,
        joints_m: Float[NDArray, "j 3"],
        confidence: Float[NDArray, "j"],
        contact: Float[NDArray, "2"],
    ) -> None:
        """Where the joints and the soles should be, and how much each counts."""
        points, joints = self._points, len(joints_m)
        points.offset_m[:joints] = self.lengths.joint_offsets_m
        target = points.target_m
        known = np.isfinite(joints_m[:, 0] + joints_m[:, 1] + joints_m[:, 2])
        target[:joints] = np.where(known[:, None], joints_m, 0.0)
        weight = np.minimum(np.fmax(confidence, _LEAST_CONFIDENCE), 1.0) * _JOINT_M**-2
        weight = np.where(known & self._standard.explained, weight, 0.0)
        weight[self._needed[:2]] *= _HIPS
        for side, (foot, ankle) in enumerate(zip(self._feet, self._ankles, strict=True)):
            if not known[ankle]:
                continue
            stands = float(contact[side])
            foot.step(dt_s, joints_m[ankle], stands)
            moved = self._foot_joints[side]
            target[moved] += foot.offset_m
            weight[moved] *= 1.0 + _HELD * foot.held
            if not self._has_toes:
                self._aim_sole(side, joints + 3 * side, float(target[ankle, 2]), stands)
        points.weight[:joints] = weight[:, None]

    def _aim_sole(self, side: int, first: int, ankle_m: float, stands: float) -> None:
        """Level the sole of a foot without toes, as far as it stands near the floor."""
        if ankle_m < _LOW_M[0]:  # the tenth part of the low heights is the height over the sole
            self._sole_m[side] += _SOLE_PACE_M * (0.1 - (ankle_m < self._sole_m[side]))
        sole_m = min(max(self._sole_m[side], _SOLE_RANGE_M[0]), _SOLE_RANGE_M[1]) - _FLOOR_M
        flat = min(max((_LOW_M[0] - ankle_m) / (_LOW_M[0] - _LOW_M[1]), 0.0), 1.0)
        flat *= 0.5 if math.isnan(stands) else stands
        level_m = max(ankle_m - sole_m, _FLOOR_M)
        for point in range(first, first + 3):
            self._points.offset_m[point, 2] = -sole_m
            self._points.target_m[point, 2] = level_m
            self._points.weight[point, 2] = flat * _FLAT_M**-2

    def _body(self) -> Body:
        """What is published of the pose; lifted where some of it is still below the floor."""
        s, lengths = self._standard, self.lengths
        low_m = lowest(s.joint_bones, lengths.joint_offsets_m, self._origins_m, self._world)
        quaternions(self._local, self._quaternions)
        z, w = self._quaternions[0, 2:].tolist()
        if z * z + w * w > _UPRIGHT:  # upside down there is no heading; the last one stays
            self._heading_rad = math.remainder(2.0 * math.atan2(z, w), math.tau)
        root_m = self._root_m.astype(np.float32)
        root_m[2] -= min(low_m, 0.0)
        return Body(
            root_world_m=root_m,
            heading_rad=self._heading_rad,
            rotations_xyzw=self._quaternions.astype(np.float32),
            offsets_m=lengths.offsets_m.astype(np.float32),
            joint_offsets_m=lengths.joint_offsets_m.astype(np.float32),
        )

    def _begin(self, joints_m: Float[NDArray, "j 3"], root_m: Float[NDArray, "3"]) -> None:
        """A first pose: the trunk straight, limbs along their joints."""
        left, right, left_shoulder, right_shoulder = joints_m[self._needed]
        left_up_forward = _frame(left - right, left_shoulder + right_shoulder - left - right)
        self._root_m = root_m
        self._local[:] = np.eye(3)
        trunk = self._local[0] = np.roll(left_up_forward, 1, axis=1)
        habits, origins = self._standard.habits, self._standard.origins
        for names in _LIMBS:
            upper, lower, end = (self._standard.bone_names.index(name) for name in names)
            first, second, third = joints_m[origins[[upper, lower, end]]]
            above, below = second - first, third - second
            if not np.isfinite(above + below).all():
                continue
            u, e = habits.direction[upper], habits.hinge[lower]
            axis = np.cross(above, below)
            bent = np.linalg.norm(axis) > _STRAIGHT * np.linalg.norm(above) * np.linalg.norm(below)
            rest = _frame(u, e)
            turned = _frame(above, axis if bent else trunk @ e) @ rest.T
            self._local[upper] = trunk.T @ turned
            self._local[lower] = turned.T @ _frame(below, turned @ e) @ rest.T
        self._last[:] = self._local
        self._feet = Foot(), Foot()


def _has_trunk(corners_m: Float[NDArray, "4 3"]) -> bool:
    """Whether hips and shoulders are known, and apart as a person's are, however small or big."""
    if not np.isfinite(corners_m).all():
        return False
    across_m, up_m = corners_m[0] - corners_m[1], corners_m[2] - corners_m[0]
    return bool(across_m @ across_m > _LEAST_M**2 and _LEAST_M**2 < up_m @ up_m < _MOST_M**2)


def _frame(main: Float[NDArray, "3"], second: Float[NDArray, "3"]) -> Float[NDArray, "3 3"]:
    """Axes as columns: `main`, what `second` has square to it, and their cross product."""
    a = main / max(float(np.linalg.norm(main)), 1e-9)
    b = second - a * (a @ second)
    norm = float(np.linalg.norm(b))
    if norm < 1e-6:  # any other will do
        b = np.cross(a, np.eye(3)[np.argmin(np.abs(a))])
        norm = float(np.linalg.norm(b))
    b = b / norm
    return np.stack([a, b, np.cross(a, b)], axis=1)
