"""The pipeline: a keypoints frame in, a pose frame out.

It knows no socket and no clock: live stream, replay and `m2t3 lift` are this one object, and give
the same poses for the same frames.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np

from ..core.clock import SECOND_NS
from ..core.messages import Body, Float32Array, ImageSize, KeypointsFrame, Pose, PoseFrame
from ..core.skeletons import Skeleton
from ..lifting.bodies.bodies import Bodies
from ..lifting.people import Lifted, LiftedPerson, Observation
from .counts import Counts
from .intake.frames import Intake
from .tracking.tracker import Tracker


@runtime_checkable
class Lifter(Protocol):
    """What the pipeline asks of `lifting.SteadyLifter`."""

    def lift(self, observations: Sequence[Observation]) -> Lifted:
        """All people of one frame to 3D."""

    def settled(self, person_id: int, t_s: float) -> Float32Array | None:
        """Somebody's joints some frames ago, by all that was seen until now."""

    def forget(self, person_id: int) -> None:
        """Drop what is remembered of somebody who has left."""

    def catch_up(self) -> None:
        """Do what no answer had to wait for."""


@dataclass(frozen=True)
class _Waiting:
    """A frame that has been lifted and not yet answered."""

    frame: KeypointsFrame
    t_receive_ns: int
    t_s: float  # capture time since the source began
    people: tuple[LiftedPerson, ...]
    timing_ns: dict[str, int]
    left: tuple[int, ...]


class Pipeline:
    """Checks, tracks and lifts one stream. What it refuses or drops is in `counts`.

    With a look-ahead of L frames each frame is answered when L more have come.
    """

    def __init__(
        self,
        *,
        stream: str,
        session: str,
        def_id: str,
        skeleton: Skeleton,
        image_size_px: ImageSize,
        lifter: Lifter,
        tracker: Tracker,
        look_ahead: int = 0,
    ) -> None:
        self._stream, self._session, self._def_id = stream, session, def_id
        self._skeleton = skeleton
        self._intake = Intake(skeleton, image_size_px)
        self._tracker, self.lifter = tracker, lifter
        self._bodies = Bodies(skeleton)
        self._t_origin_ns = 0
        self._answers = 0
        self._look_ahead = look_ahead
        self._waiting: deque[_Waiting] = deque()
        self._newest: tuple[LiftedPerson, ...] = ()  # lifted, and not yet known to the tracker

    @property
    def counts(self) -> Counts:
        """What was refused and dropped so far."""
        return self._intake.counts

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know of the frames so far, and of the last one."""
        return self._intake.warnings

    def process(
        self, frame: KeypointsFrame, t_receive_ns: int, queue_ns: int = 0
    ) -> PoseFrame | None:
        """The answer that is due: to `frame`, or to the one that came a look-ahead earlier.

        None if `frame` gets no answer or has to wait; `t_publish_ns` is left to the sender.

        Args:
            frame: what came from the source.
            t_receive_ns: when it came, on a clock that goes on when the source's does not.
            queue_ns: how long it lay about since then.
        """
        self.catch_up()
        taken = self._intake.take(frame, t_receive_ns)
        if taken is None:
            return None
        frame, people = taken.frame, taken.people
        left: tuple[int, ...] = ()
        if taken.restart:
            left, self._t_origin_ns = self._tracker.restart(), frame.t_capture_ns
        t_s = (frame.t_capture_ns - self._t_origin_ns) / SECOND_NS
        assignment = self._tracker.update(t_s, people)
        if assignment.refused:
            self.counts.refused += assignment.refused
        left += assignment.left
        lifted = self.lifter.lift(
            [
                Observation(id_, t_s, person.keypoints_px, person.confidence)
                for id_, person in zip(assignment.ids, people, strict=True)
                if id_ is not None
            ]
        )
        if unplaced := sum(not person.valid.any() for person in lifted.people):
            self.counts.refused["unplaced_people"] += unplaced
        self._newest = lifted.people
        timing_ns = {"queue": queue_ns, **lifted.timing_ns}
        self._waiting.append(_Waiting(frame, t_receive_ns, t_s, lifted.people, timing_ns, left))
        return self._answer() if len(self._waiting) > self._look_ahead else None

    def catch_up(self) -> None:
        """Does what the last answer did not have to wait for.

        Best called when it has been sent. Otherwise the next `process` does it; the answers are
        the same.
        """
        self._tracker.learn({p.person_id: p.positions_world_m for p in self._newest})
        self._newest = ()
        self.lifter.catch_up()

    def flush(self) -> Iterator[PoseFrame]:
        """The answers to the frames that wait for others, when there will be no others."""
        while self._waiting:
            yield self._answer()

    def _answer(self) -> PoseFrame:
        oldest = self._waiting.popleft()
        people = oldest.people
        if self._look_ahead:
            people = tuple(self._settled(person, oldest.t_s) for person in people)
        for person_id in oldest.left:  # whose own last frames have been answered
            self.lifter.forget(person_id)
            self._bodies.forget(person_id)
        followed = self._bodies.follow(oldest.t_s, people)
        frame = oldest.frame
        answer = PoseFrame(
            stream=self._stream,
            session=self._session,
            seq=self._answers,
            def_id=self._def_id,
            source_session=frame.session,
            source_seq=frame.seq,
            t_capture_ns=frame.t_capture_ns,
            capture_clock=frame.clock,
            t_receive_ns=oldest.t_receive_ns,
            t_publish_ns=0,
            timing_ns=oldest.timing_ns | followed.timing_ns,
            people=(*map(_tracked, people, followed.bodies), *map(self._gone, oldest.left)),
        )
        self._answers += 1
        return answer

    def _settled(self, person: LiftedPerson, t_s: float) -> LiftedPerson:
        positions_world_m = self.lifter.settled(person.person_id, t_s)
        if positions_world_m is None or not person.valid.all():
            return person
        return replace(person, positions_world_m=positions_world_m)

    def _gone(self, person_id: int) -> Pose:
        joints = self._skeleton.joint_count
        return Pose(
            id=person_id,
            state="left",
            positions_world_m=np.full((joints, 3), np.nan, np.float32),
            confidence=np.zeros(joints, np.float32),
            valid=np.zeros(joints, np.bool_),
        )


def _tracked(person: LiftedPerson, body: Body | None) -> Pose:
    return Pose(
        id=person.person_id,
        state="tracked",
        positions_world_m=person.positions_world_m,
        confidence=person.confidence,
        valid=person.valid,
        contact=person.contact,
        body=body,
    )
