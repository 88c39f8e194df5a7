"""One person's poses at a steady rate, and the one body of constant lengths that fits them all."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Float64, Int64
from numpy.typing import NDArray

from ...core.errors import RecordingError
from ...core.humanoid import bone_poses, humanoid, joint_positions
from ...core.messages import Body, Humanoid
from ...core.skeletons import Skeleton
from ...lifting.bodies.follower import Follower
from ...lifting.bodies.lengths import Lengths
from ...lifting.bodies.standard import standard
from .poses import Poses

_LONGEST_GAP_S = 0.25  # lost frames are filled in by straight lines over no more than this ...
_LONGEST_GAP_FRAMES = 1.5  # ... or this, where the frames themselves are that far apart
_NEAR_FRAMES = 0.05  # a frame this near to a steady time is taken for it


@dataclass(frozen=True, eq=False)
class Presence:
    """The n frames with one person, and the N steady times from the first of them to the last.

    All people of a recording share these times: its first frame's, and every 1 / fps from there.
    """

    fps: float
    frame: Int64[NDArray, "n"]  # of the recording
    column: Int64[NDArray, "n"]  # theirs, in each of these frames
    seen_s: Float64[NDArray, "n"]  # since the recording's first frame, as are all seconds here
    first: int  # how many steady times of the recording are before theirs
    count: int  # N

    @property
    def t_s(self) -> Float64[NDArray, "N"]:
        """The steady times, in seconds since the recording's first frame, be it theirs or not."""
        return (self.first + np.arange(self.count)) / self.fps

    def steady(self, values: Float[NDArray, "n *k"]) -> Float[NDArray, "N *k"]:
        """What values of the person's frames are at the steady times.

        Those of the frame that is there, else by a straight line between its neighbours, NaN where
        these are too far apart.
        """
        at_s = self.t_s.clip(self.seen_s[0], self.seen_s[-1])
        near_s = _NEAR_FRAMES / self.fps
        after = np.searchsorted(self.seen_s, at_s).clip(0, len(self.seen_s) - 1)
        before = np.maximum(after - 1, 0)
        before = np.where(np.abs(self.seen_s[after] - at_s) < near_s, after, before)
        after = np.where(np.abs(self.seen_s[before] - at_s) < near_s, before, after)
        gap_s = self.seen_s[after] - self.seen_s[before]
        share = np.divide(
            at_s - self.seen_s[before], gap_s, out=np.zeros_like(at_s), where=gap_s > 0
        )
        share = share.reshape(-1, *[1] * (values.ndim - 1)).astype(values.dtype)
        mixed = values[before] * (1 - share) + values[after] * share
        mixed[gap_s > max(_LONGEST_GAP_S, _LONGEST_GAP_FRAMES / self.fps)] = np.nan
        return mixed


@dataclass(frozen=True, eq=False)
class Take:
    """One person from their first frame to their last, N frames at a steady rate."""

    person_id: int
    skeleton: Skeleton
    presence: Presence
    positions_world_m: Float32[NDArray, "N J 3"]  # NaN where not known
    confidence: Float32[NDArray, "N J"]
    contact: Float32[NDArray, "N 2"]


@dataclass(frozen=True, eq=False)
class BodyTake:
    """The bodies of a take. A frame without one (trunk not known) repeats the one before."""

    definition: Humanoid
    offsets_m: Float64[NDArray, "B 3"]  # the same in all frames, as are the joints' offsets
    joint_offsets_m: Float64[NDArray, "J 3"]
    root_world_m: Float64[NDArray, "N 3"]
    rotations_xyzw: Float64[NDArray, "B N 4"]
    heading_rad: Float64[NDArray, "N"]
    repeated: int  # frames that have no body of their own

    def joints_world_m(self) -> Float64[NDArray, "N J 3"]:
        """Forward kinematics: where the bodies have the joints."""
        frames = len(self.root_world_m)
        offsets = np.repeat(self.offsets_m[:, None], frames, axis=1)
        places = np.repeat(self.joint_offsets_m[:, None], frames, axis=1)
        poses = bone_poses(self.definition, self.root_world_m, self.rotations_xyzw, offsets)
        return joint_positions(self.definition, *poses, places).swapaxes(0, 1)


def _presence(poses: Poses, person_id: int) -> Presence:
    """When one person was there.

    Raises:
        RecordingError: nobody of that id.
    """
    frame, column = np.nonzero(poses.person_id == person_id)
    if not len(frame):
        raise RecordingError(f"no person {person_id}; there are {poses.people or 'none'}")
    seen_s = (poses.t_ns[frame] - poses.t_ns[0]) / 1e9
    first, last = (round(t_s * poses.fps) for t_s in (seen_s[0], seen_s[-1]))
    return Presence(poses.fps, frame, column, seen_s, first, last - first + 1)


def take_of(poses: Poses, person_id: int) -> Take:
    """One person's frames, brought to a steady rate where frames were lost or came unevenly.

    Raises:
        RecordingError: nobody of that id.
    """
    presence = _presence(poses, person_id)
    seen = presence.frame, presence.column
    return Take(
        person_id=person_id,
        skeleton=poses.skeleton,
        presence=presence,
        positions_world_m=presence.steady(poses.positions_world_m[seen]),
        confidence=presence.steady(poses.confidence[seen]),
        contact=presence.steady(poses.contact[seen]),
    )


def body_take(take: Take) -> BodyTake:
    """The take's bodies: once through to learn the lengths, once more with what was learned.

    Raises:
        RecordingError: hips and shoulders are known in no frame.
    """
    known = standard(take.skeleton.name)
    lengths = Lengths(known)
    _follow(take, Follower(known, lengths))
    lengths.fixed = True
    bodies = _follow(take, Follower(known, lengths))
    first = next((body for body in bodies if body is not None), None)
    if first is None:
        raise RecordingError(f"person {take.person_id} has hips and shoulders in no frame")
    held: list[Body] = []
    for body in bodies:
        held.append(body or (held[-1] if held else first))
    return BodyTake(
        definition=humanoid(take.skeleton.name),
        offsets_m=lengths.offsets_m.copy(),
        joint_offsets_m=lengths.joint_offsets_m.copy(),
        root_world_m=np.array([body.root_world_m for body in held], float),
        rotations_xyzw=np.stack([body.rotations_xyzw for body in held], axis=1).astype(float),
        heading_rad=np.array([body.heading_rad for body in held]),
        repeated=sum(body is None for body in bodies),
    )


def _follow(take: Take, follower: Follower) -> list[Body | None]:
    return [
        follower.follow(float(t_s), *frame)
        for t_s, *frame in zip(
            take.presence.t_s, take.positions_world_m, take.confidence, take.contact, strict=True
        )
    ]
