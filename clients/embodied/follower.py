"""The physics: a humanoid that turns its joints, and is steadied at the hips, to follow a person.

Nothing is set but at the start; all movement comes from forces, and all of them are bounded:

- each joint turns itself by proportional-derivative control towards the person's, gravity
  compensated, with a torque of at most `TORQUE_NM`;
- the floor carries the feet, with friction;
- an unseen hand at the hips keeps the balance, of which a stream of poses tells nothing: a force
  of at most `hand` times the weight, and a torque of at most that on a lever of `HAND_ARM_M`.
  Without it the humanoid makes the same movements and falls. (Residual forces: Yuan and Kitani,
  "Residual force control for agile human behavior imitation", NeurIPS 2020.)
"""

import mujoco
import numpy as np
from numpy.typing import NDArray

from ...core.clock import SECOND_NS
from ...core.errors import WireError
from ...core.humanoid import joint_positions
from ...core.messages import Body
from ..python import HumanoidBody
from .model import STEP_S, humanoid_model, side_and_part

JOINT_RAD_S, HIPS_RAD_S = 60.0, 30.0  # natural frequencies of what turns the joints, of the hand
TORQUE_NM = {
    "Spine": 300.0, "Chest": 300.0, "UpperChest": 300.0, "Neck": 60.0, "Head": 40.0,
    "Shoulder": 150.0, "UpperArm": 110.0, "LowerArm": 80.0, "Hand": 20.0,
    "UpperLeg": 300.0, "LowerLeg": 300.0, "Foot": 100.0,
}  # fmt: skip
HAND_ARM_M = 1.0
AHEAD_S = 0.1  # so long a person is taken to move on as they did; then they are where they were
VELOCITY_S = 0.05  # over which velocities are averaged
GROWN_M = 0.01  # a bone whose origin is so far from the model's makes a new model
SOLE_M, SOLE_RANGE_M = 0.08, (0.06, 0.13)  # an ankle over the floor, at first and at all
SOLE_PACE, STANDS = 0.02, 0.5  # a frame's part in it, if its foot is so likely to stand
AWAY_M = 0.5  # hips that are farther from the person's are put where they are

_HIPS = slice(0, 6)  # the first degrees of freedom; then three a joint


class Follower:
    """One humanoid that follows one person after another.

    Attributes:
        model, data: MuJoCo's; a new pair when the person's lengths are found to be others.
        placed: how often it was not moved but put where the person is, the start included.
        hand_share: the force of the hand in the last step, as a share of the weight.
    """

    model: mujoco.MjModel
    data: mujoco.MjData
    _velocity: NDArray

    def __init__(
        self,
        body: HumanoidBody,
        contact: NDArray,
        *,
        mass_kg: float = 70.0,
        hand: float = 1.0,
    ) -> None:
        """Stand as the person does.

        Args:
            body: the person's.
            contact: chances that their left and right foot stand, (2,).
            mass_kg: of the humanoid.
            hand: the most that the hand at the hips may hold, as a share of the weight.

        Raises:
            WireError: no body has such bones, or such rotations.
        """
        self.definition = body.definition
        self._mass_kg, self._hand = mass_kg, hand
        self.placed = 0
        self.hand_share = 0.0
        self._t_ns = 0
        self._sole_m = SOLE_M
        self._make(body.message.offsets_m)
        self._aim = self._qpos(body.message)
        self._place()
        self._learn_sole(body, contact)

    def aim(self, body: HumanoidBody, contact: NDArray, t_ns: int) -> None:
        """From now on follow the person as they were at `t_ns`, on any clock that goes on.

        Raises:
            WireError: no body has such bones, or such rotations; the last aim is kept.
        """
        aim = self._qpos(body.message)
        offsets_m = body.message.offsets_m
        grown_m = np.abs(offsets_m - self._offsets_m).max()
        if not max(grown_m, abs(self._sole_m - self._made_sole_m)) < GROWN_M:
            self._make(offsets_m)
        passed_s = (t_ns - self._t_ns) / SECOND_NS
        self._t_ns = t_ns
        velocity = np.zeros(self.model.nv)
        if 0 < passed_s < AHEAD_S:
            mujoco.mj_differentiatePos(self.model, velocity, passed_s, self._aim, aim)
            share = 1 - np.exp(-passed_s / VELOCITY_S)
            velocity = self._velocity + share * (velocity - self._velocity)
        self._aim, self._velocity, self._ahead_s = aim, velocity, 0.0
        if not np.linalg.norm(self.data.qpos[:3] - aim[:3]) < AWAY_M:  # or it is NaN
            self._place()
        self._learn_sole(body, contact)

    def step(self) -> None:
        """Let `STEP_S` pass."""
        model, data = self.model, self.data
        aim, velocity = self._aim, self._still
        if self._ahead_s < AHEAD_S:
            aim, velocity = aim.copy(), self._velocity
            mujoco.mj_integratePos(model, aim, velocity, self._ahead_s)
            self._ahead_s += STEP_S
        force = data.qfrc_applied
        mujoco.mj_differentiatePos(model, self._error, 1.0, data.qpos, aim)
        force[:] = self._stiffness * self._error + self._damping * (velocity - data.qvel)
        turning = np.clip(force[6:] + data.qfrc_bias[6:], -self._limit, self._limit)
        force[6:] = turning + self._damping[6:] * data.qvel[6:]  # which MuJoCo takes off again
        weight_n = self._weight_n
        most_n = self._hand * weight_n
        push_n, turn_nm = np.linalg.norm(force[:3]), np.linalg.norm(force[3:6])
        force[:3] *= min(1.0, most_n / max(push_n, 1e-9))
        force[3:6] *= min(1.0, most_n * HAND_ARM_M / max(turn_nm, 1e-9))
        self.hand_share = min(push_n, most_n) / weight_n
        mujoco.mj_step(model, data)

    def joints_world_m(self, joint_offsets_m: NDArray) -> NDArray:
        """Where the humanoid has the joints that are at these places of their bones, (J, 3)."""
        origins_m = self.data.xpos[self._bodies]
        turns_xyzw = np.roll(self.data.xquat[self._bodies], -1, axis=1)
        return joint_positions(self.definition, origins_m, turns_xyzw, joint_offsets_m)

    def _make(self, offsets_m: NDArray) -> None:
        """A model with these lengths, which goes on as the one before."""
        model = humanoid_model(
            self.definition, offsets_m.astype(float), self._sole_m, self._mass_kg
        )
        data = mujoco.MjData(model)
        if self.placed:
            data.qpos[:], data.qvel[:], data.time = self.data.qpos, self.data.qvel, self.data.time
        mujoco.mj_forward(model, data)
        self.model, self.data = model, data
        self._offsets_m, self._made_sole_m = offsets_m, self._sole_m
        self._weight_n = self._mass_kg * -model.opt.gravity[2]
        frequency = np.full(model.nv, JOINT_RAD_S)
        frequency[_HIPS] = HIPS_RAD_S
        self._stiffness = model.dof_M0 * frequency**2
        self._damping = 2 * model.dof_M0 * frequency
        model.dof_damping[6:] = self._damping[6:]  # MuJoCo's own is stable at any step
        # MuJoCo has its bodies in an order of its own: all of one limb before the next.
        self._bodies = np.array([model.body(name).id for name in self.definition.bone_names])
        parts = [side_and_part(model.body(body).name)[1] for body in range(2, model.nbody)]
        self._limit = np.repeat([TORQUE_NM.get(part, 50.0) for part in parts], 3)
        self._error, self._still = np.zeros((2, model.nv))

    def _place(self) -> None:
        """Be where the person is, as the person is, at rest."""
        self.placed += 1
        self.data.qpos[:], self.data.qvel[:] = self._aim, 0
        self._velocity, self._ahead_s = self._still.copy(), AHEAD_S
        mujoco.mj_forward(self.model, self.data)

    def _learn_sole(self, body: HumanoidBody, contact: NDArray) -> None:
        """How high the ankles of feet that stand are: what the stream finds is no exact height."""
        for side, stands in zip(("LeftFoot", "RightFoot"), contact, strict=True):
            if side in body.bone_names and stands > STANDS:
                ankle_m = float(body.origin_world_m(side)[2])
                self._sole_m += SOLE_PACE * (ankle_m - self._sole_m)
        self._sole_m = min(max(self._sole_m, SOLE_RANGE_M[0]), SOLE_RANGE_M[1])

    def _qpos(self, body: Body) -> NDArray:
        """MuJoCo's coordinates of a body: the hips' place, and a quaternion w x y z each bone."""
        lengths = np.linalg.norm(body.rotations_xyzw, axis=1)
        if not (np.isfinite(body.root_world_m).all() and (np.abs(lengths - 1) < 1e-2).all()):
            raise WireError("schema", "a body that is nowhere, or turned by no unit quaternions")
        turns_wxyz = np.roll(body.rotations_xyzw, 1, axis=1)[np.argsort(self._bodies)]
        return np.concatenate([body.root_world_m, turns_wxyz.ravel()]).astype(float)
