"""A lifter whose answers are steady: what the network says of each frame, by what stays the same.

A person's bones do not change over the session, and their pose not much from frame to frame.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ..calibration.camera import Camera
from ..core.errors import M2t3Error
from .bone_lengths import BoneLengths
from .denoiser import Denoiser
from .lifter import FORGET_AFTER_S
from .people import Lifted, LiftedPerson, Observation
from .smoothing import Smoother

MAX_LOOK_AHEAD = 30


@runtime_checkable
class FrameLifter(Protocol):
    """What lifts frame by frame, and forgets who has left: a `Lifter`."""

    @property
    def camera(self) -> Camera:
        """Where the keypoints were seen."""

    @property
    def denoiser(self) -> Denoiser:
        """The network."""

    def lift(self, observations: Sequence[Observation]) -> Lifted:
        """All people of one frame to 3D."""

    def forget(self, person_id: int) -> None:
        """Drop what is remembered of somebody who has left."""

    def catch_up(self) -> None:
        """Do what no answer had to wait for."""


@dataclass
class _Track:
    t_s: float  # of the newest valid pose
    bones: BoneLengths
    smoother: Smoother
    before: Smoother | None  # of the time before an absence, whose last frames may still be asked


class SteadyLifter:
    """Answers as a `Lifter` does, and can say better some frames later.

    Args:
        lifter: what looks at each frame.
        look_ahead: how many frames later `settled` may be asked.

    Raises:
        M2t3Error: look_ahead is out of range.
    """

    def __init__(self, lifter: FrameLifter, look_ahead: int = 0) -> None:
        if not 0 <= look_ahead <= MAX_LOOK_AHEAD:
            raise M2t3Error(f"look-ahead must be 0 to {MAX_LOOK_AHEAD} frames, not {look_ahead}")
        self._lifter = lifter
        self._center_world_m = lifter.camera.t_world_camera_m
        self._skeleton = lifter.denoiser.shape.skeleton
        self._look_ahead = look_ahead
        self._tracks: dict[int, _Track] = {}

    def lift(self, observations: Sequence[Observation]) -> Lifted:
        """All people of one frame to 3D, by what was seen until then."""
        lifted = self._lifter.lift(observations)
        t_began_ns = time.perf_counter_ns()
        people = tuple(
            self._steady(observation.t_s, person) if person.valid.all() else person
            for observation, person in zip(observations, lifted.people, strict=True)
        )
        spent_ns = time.perf_counter_ns() - t_began_ns
        return Lifted(people, {**lifted.timing_ns, "steady": spent_ns})

    def settled(self, person_id: int, t_s: float) -> NDArray[np.float32] | None:
        """The person at `t_s`, by all that was seen until now.

        Returns:
            positions_world_m (J, 3); None if they had no valid pose then, or have been forgotten.
        """
        track = self._tracks.get(person_id)
        for smoother in (track.smoother, track.before) if track else ():
            if smoother and (points := smoother.settled(t_s)) is not None:
                return points.astype(np.float32)
        return None

    def forget(self, person_id: int) -> None:
        """Drops all that is remembered of a person."""
        self._lifter.forget(person_id)
        self._tracks.pop(person_id, None)

    def catch_up(self) -> None:
        """Does what no answer had to wait for; see `Lifter.catch_up`."""
        self._lifter.catch_up()

    def _steady(self, t_s: float, person: LiftedPerson) -> LiftedPerson:
        track = self._tracks.get(person.person_id)
        if track is None or t_s - track.t_s > FORGET_AFTER_S:
            smoother = Smoother(self._center_world_m, self._skeleton, self._look_ahead)
            # A body outlasts an absence.
            bones = track.bones if track else BoneLengths(self._skeleton, self._center_world_m)
            before = track.smoother if track else None
            track = self._tracks[person.person_id] = _Track(t_s, bones, smoother, before)
        track.t_s = t_s
        points = track.bones.fitted(t_s, person.positions_world_m, person.expected_error_m)
        points = track.smoother.update(t_s, points, person.contact.astype(np.float64))
        if not np.isfinite(points).all():  # and none after it would be
            del self._tracks[person.person_id]
            return LiftedPerson.unseen(person.person_id, len(points))
        return replace(person, positions_world_m=points.astype(np.float32))
