"""The pipeline: a keypoints frame in, a pose frame out.

It knows no socket and no clock: live stream, replay and `m2t3 lift` are this one object, and give
the same poses for the same frames.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import msgspec
import numpy as np

from ..core.clock import SECOND_NS
from ..core.conversions import Conversion, conversion
from ..core.errors import M2t3Error
from ..core.messages import (
    Body,
    Float32Array,
    ImageSize,
    Keypoints,
    KeypointsFrame,
    Pose,
    PoseFrame,
)
from ..core.skeletons import Skeleton
from ..lifting.bodies.bodies import Bodies
from ..lifting.people import Lifted, LiftedPerson, Observation
from .counts import Counts
from .picture_size import rescaled, size_text
from .timeline import Timeline
from .tracking import Tracker
from .usable import usable_joints


@runtime_checkable
class Lifter(Protocol):
    """What the pipeline asks of `lifting.SteadyLifter`."""

    def lift(self, observations: Sequence[Observation]) -> Lifted:
        """All people of one frame to 3D."""

    def settled(self, person_id: int, t_s: float) -> Float32Array | None:
        """Somebody's joints some frames ago, by all that was seen until now."""

    def forget(self, person_id: int) -> None:
        """Drop what is remembered of somebody who has left."""


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
        self.counts = Counts()
        self._lasting_warnings: tuple[str, ...] = ()
        self._size_warning: tuple[str, ...] = ()  # about the last frame
        self._conversions: dict[str, Conversion | None] = {}  # by the skeleton of a frame
        self._stream, self._session, self._def_id = stream, session, def_id
        self._skeleton, self._image_size_px = skeleton, image_size_px
        self.lifter = lifter
        self._timeline, self._tracker = Timeline(), tracker
        self._bodies = Bodies(skeleton)
        self._t_origin_ns = 0
        self._answers = 0
        self._look_ahead = look_ahead
        self._waiting: deque[_Waiting] = deque()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know of the frames so far, and of the last one."""
        return self._lasting_warnings + self._size_warning

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
        frame = self._at_calibrated_size(frame)
        verdict = self._judge(frame, t_receive_ns)
        if verdict in ("skeleton", "image_size", "timestamp"):
            self.counts.refused[verdict] += 1
            return None
        if verdict not in ("next", "restart"):
            self.counts.dropped[verdict] += 1
            return None
        left: tuple[int, ...] = ()
        if verdict == "restart":
            left, self._t_origin_ns = self._tracker.restart(), frame.t_capture_ns
        t_s = (frame.t_capture_ns - self._t_origin_ns) / SECOND_NS
        people = self._usable(frame)
        assignment = self._tracker.update(t_s, people)
        if assignment.refused:
            self.counts.refused += assignment.refused
        left += assignment.left
        for person_id in left:
            self.lifter.forget(person_id)
        lifted = self.lifter.lift(
            [
                Observation(id_, t_s, person.keypoints_px, person.confidence)
                for id_, person in zip(assignment.ids, people, strict=True)
                if id_ is not None
            ]
        )
        self._tracker.learn({p.person_id: p.positions_world_m for p in lifted.people})
        timing_ns = {"queue": queue_ns, **lifted.timing_ns}
        self._waiting.append(_Waiting(frame, t_receive_ns, t_s, lifted.people, timing_ns, left))
        return self._answer() if len(self._waiting) > self._look_ahead else None

    def flush(self) -> Iterator[PoseFrame]:
        """The answers to the frames that wait for others, when there will be no others."""
        while self._waiting:
            yield self._answer()

    def _answer(self) -> PoseFrame:
        oldest = self._waiting.popleft()
        people = oldest.people
        if self._look_ahead:
            people = tuple(self._settled(person, oldest.t_s) for person in people)
        for person_id in oldest.left:
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

    def _judge(self, frame: KeypointsFrame, t_receive_ns: int) -> str:
        if self._conversion(frame.skeleton) is None:
            return "skeleton"
        if frame.image_size_px != self._image_size_px:
            return "image_size"
        return self._timeline.judge(frame, t_receive_ns)

    def _at_calibrated_size(self, frame: KeypointsFrame) -> KeypointsFrame:
        """`frame` scaled to the camera file's size, or as it is where that cannot be done."""
        self._size_warning = ()
        if frame.image_size_px == self._image_size_px:
            return frame
        scaled = rescaled(frame, self._image_size_px)
        self._size_warning = (
            f"pictures have {size_text(frame.image_size_px)} pixels, the camera file "
            f"{size_text(self._image_size_px)}: "
            + (
                "other proportions, so what they show cannot be placed; set the camera to the "
                "calibrated size, or calibrate it at this one"
                if scaled is None
                else "keypoints are scaled, which is right unless the camera cuts off its edges "
                "at this size"
            ),
        )
        return frame if scaled is None else scaled

    def _conversion(self, skeleton: str) -> Conversion | None:
        """How keypoints of this format become the network's; None and a warning if they cannot."""
        if skeleton not in self._conversions:
            try:
                self._conversions[skeleton] = conversion(skeleton, self._skeleton.name)
            except M2t3Error as error:
                self._conversions[skeleton] = None
                self._lasting_warnings += (str(error),)
        return self._conversions[skeleton]

    def _usable(self, frame: KeypointsFrame) -> list[Keypoints]:
        usable: list[Keypoints] = []
        ids_seen: set[int] = set()
        convert = self._conversion(frame.skeleton)
        assert convert is not None  # `_judge` has seen to it
        for person in frame.people:
            if person.id in ids_seen:
                self.counts.refused["duplicate_ids"] += 1
                person = msgspec.structs.replace(person, id=None)
            elif person.id is not None:
                ids_seen.add(person.id)
            clean = self._clean(person, convert)
            if clean is None:
                self.counts.refused["empty_people"] += 1
            else:
                usable.append(clean)
        return usable

    def _clean(self, person: Keypoints, convert: Conversion) -> Keypoints | None:
        """`person` in the network's format, NaN where a joint cannot be used; None if none can."""
        pixels_px, confidence, nonfinite, distant, anything = usable_joints(
            person.keypoints_px, person.confidence, *self._image_size_px,
            convert.index, convert.weight,
        )  # fmt: skip
        if nonfinite:
            self.counts.refused["nonfinite_joints"] += nonfinite
        if distant:
            self.counts.refused["distant_joints"] += distant
        if not anything:
            return None
        return Keypoints(keypoints_px=pixels_px, confidence=confidence, id=person.id)

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
