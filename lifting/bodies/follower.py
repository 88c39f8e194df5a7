"""A body that follows one person's joints from frame to frame."""

import math

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ...core.messages import Body
from .aiming import Aim, find_root
from .kernel import fit, lowest
from .lengths import Lengths
from .rotations import quaternions
from .standard import Standard

FORGET_AFTER_S = 0.5  # a body unseen for longer takes its next pose from nothing
JUMP_M = 0.5  # and so does one whose hips are this far from where they were
ITERATIONS = 4
FIRST_ITERATIONS = 20
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
        self._trunk = np.array(
            standard.skeleton.index("left_hip", "right_hip", "left_shoulder", "right_shoulder")
        )
        self._aim = Aim(standard)

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
        joints_m, confidence, contact = (
            np.array(given, np.float64, order="C") for given in (joints_m, confidence, contact)
        )
        root_m = np.empty(3)
        if not find_root(joints_m, self._trunk, root_m):
            return None
        s, lengths = self._standard, self.lengths
        dt_s, iterations = t_s - self._t_s, ITERATIONS
        lengths.measure(joints_m, dt_s)
        if dt_s > FORGET_AFTER_S or math.dist(root_m, self._root_m) > JUMP_M:
            self._begin(joints_m, root_m)
            dt_s, iterations = 0.0, FIRST_ITERATIONS
        self._t_s = t_s
        self._aim.take(dt_s, joints_m, lengths.joint_offsets_m, confidence, contact)
        fit(
            s.parents, lengths.offsets_m, self._aim.points, s.habits, self._last, iterations,
            self._root_m, self._local, self._origins_m, self._world,
        )  # fmt: skip
        if not all(map(math.isfinite, self._root_m)):  # joints far from all that a body can do
            self._t_s = -math.inf
            return None
        self._last[:] = self._local
        body = self._body()
        lengths.place(joints_m, self._origins_m, self._world)
        return body

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
        left, right, left_shoulder, right_shoulder = joints_m[self._trunk]
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
        self._aim.let_go()


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
