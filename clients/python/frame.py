"""What a subscriber gets: one frame with its people, joints by index and by name."""

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from ...core.clock import SECOND_NS, monotonic_ns, unix_minus_monotonic_ns
from ...core.errors import WireError, valid_names
from ...core.messages import BoolArray, Float32Array, PoseFrame, SkeletonDefinition
from .body import HumanoidBody, check_fit, is_somewhere

ONE_HOST_NS = SECOND_NS  # clocks whose offsets to Unix time differ by less are one host's


@dataclass(frozen=True)
class Person:
    """One person in the world: metres, right-handed, z up, the ground at z = 0. Arrays read-only.

    `person["left_wrist"]` is the position of one joint, (3,).
    """

    id: int  # stays with the person for the publisher's session
    joint_names: tuple[str, ...]  # J names, in the order of the arrays
    positions_world_m: Float32Array  # (J, 3); NaN where not valid
    confidence: Float32Array  # (J,) 0..1
    valid: BoolArray  # (J,)
    contact: Float32Array  # (2,) chance that the left, right foot stands still; NaN where unknown
    # The person as a humanoid; None where the publisher sends none (yet), or NaN.
    body: HumanoidBody | None

    def __getitem__(self, joint: str) -> Float32Array:
        """Position of the named joint, (3,) metres; NaN where not valid."""
        if joint not in self.joint_names:
            raise KeyError(f"no joint {joint!r}; {valid_names(joint, self.joint_names)}")
        return self.positions_world_m[self.joint_names.index(joint)]

    @property
    def root_world_m(self) -> Float32Array:
        """Where the person is, (3,) metres: the middle of the hips; NaN if they are not valid."""
        return self.positions_world_m[list(_root_joints(self.joint_names))].mean(axis=0)


@dataclass(frozen=True)
class Frame:
    """One pose frame together with the definition that it refers to."""

    message: PoseFrame  # as it came
    definition: SkeletonDefinition  # joints, bones, camera, model

    def __post_init__(self) -> None:
        joints = len(self.definition.joint_names)
        for pose in self.message.people:
            if pose.state == "tracked" and pose.valid.size != joints:
                raise WireError(
                    "joint_count", f"{pose.valid.size} joints where the definition has {joints}"
                )
            if pose.body is not None:
                check_fit(self.definition.humanoid, pose.body)

    @cached_property
    def people(self) -> tuple[Person, ...]:
        """Everybody who is in view."""
        names, humanoid = self.definition.joint_names, self.definition.humanoid
        return tuple(
            Person(
                pose.id,
                names,
                pose.positions_world_m,
                pose.confidence,
                pose.valid,
                pose.contact,
                HumanoidBody(humanoid, pose.body)
                if humanoid and pose.body and is_somewhere(pose.body)
                else None,
            )
            for pose in self.message.people
            if pose.state == "tracked"
        )

    @property
    def left(self) -> tuple[int, ...]:
        """Ids of those who have just gone; they do not come back under the same id."""
        return tuple(pose.id for pose in self.message.people if pose.state == "left")

    @property
    def joint_names(self) -> tuple[str, ...]:
        """J joint names, in the order of the arrays."""
        return self.definition.joint_names

    @property
    def stream(self) -> str:
        """Which camera."""
        return self.message.stream

    @property
    def seq(self) -> int:
        """Counts the frames of the publisher's session."""
        return self.message.seq

    @property
    def t_capture_ns(self) -> int:
        """When the picture was taken, on the clock that `message.capture_clock` names."""
        return self.message.t_capture_ns

    @property
    def latency_ms(self) -> float:
        """2D in to 3D out: what the stream itself took."""
        return (self.message.t_publish_ns - self.message.t_receive_ns) / 1e6

    @property
    def age_ms(self) -> float:
        """Time since the 2D keypoints reached the stream.

        From another host it goes by Unix time: only as true as that host's clock and ours agree.
        """
        apart_ns = unix_minus_monotonic_ns() - self.definition.unix_minus_monotonic_ns
        if abs(apart_ns) < ONE_HOST_NS:
            apart_ns = 0  # a corrected clock of the same host: the monotonic ones are the same
        return (monotonic_ns() + apart_ns - self.message.t_receive_ns) / 1e6


@cache
def _root_joints(joint_names: tuple[str, ...]) -> tuple[int, ...]:
    """Indices whose mean is the root: both hips, else the pelvis, else the first joint."""
    for names in (("left_hip", "right_hip"), ("pelvis",)):
        if set(names) <= set(joint_names):
            return tuple(np.flatnonzero(np.isin(joint_names, names)).tolist())
    return (0,)
