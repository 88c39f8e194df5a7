"""SMPL bodies of a live stream: fitted on a thread of their own, so that no joint waits for them.

The newest pose frame wins; frames that came while another was being fitted are counted and left
out. The solver runs without Python's lock, and the stream goes on meanwhile.
"""

import threading
from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np

from ..core.clock import SECOND_NS, monotonic_ns
from ..core.messages import Percentiles, Pose, PoseFrame, SmplBody, SmplFrame
from ..lifting.smpl.live import LiveFitter
from .counts import Counts
from .latencies import Latencies


class SmplThread:
    """Fits whatever pose frame is the newest and publishes the bodies."""

    def __init__(self, fitter: LiveFitter, publish: Callable[[SmplFrame], SmplFrame]) -> None:
        """Start the thread.

        Args:
            fitter: of the people's skeleton; nobody else's from now on.
            publish: stamps a frame with the time and sends it, from this thread.
        """
        self._fitter, self._publish = fitter, publish
        self._changed = threading.Condition()  # guards all that follows
        self._newest: PoseFrame | None = None
        self._left: set[int] = set()
        self._dropped: Counter[str] = Counter()
        self._latencies = Latencies()
        self._closed = False
        self.warnings: tuple[str, ...] = ()  # what the user should know
        self._thread = threading.Thread(target=self._run, name="m2t3-smpl", daemon=True)
        self._thread.start()

    def offer(self, answer: PoseFrame) -> None:
        """Let the bodies of this frame be fitted, unless a newer one comes first; never waits."""
        with self._changed:
            if self._newest is not None:
                self._dropped["smpl_skipped"] += 1
            self._newest = answer
            self._left |= {person.id for person in answer.people if person.state == "left"}
            self._changed.notify()

    def counts(self) -> Counts:
        """A copy of the losses so far."""
        with self._changed:
            return Counts(dropped=self._dropped.copy())

    def latency_ms(self) -> Mapping[str, Percentiles]:
        """From a pose published to its bodies published, as a stage called `smpl`."""
        with self._changed:
            return self._latencies.percentiles(monotonic_ns())

    def close(self) -> None:
        """End the thread after the frame that it is at."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._newest is not None or self._closed)
                if self._closed:
                    return
                answer, left = self._newest, self._left
                self._newest, self._left = None, set()
            assert answer is not None
            for person_id in left:
                self._fitter.forget(person_id)
            bodies = [self._fit(person, answer) for person in answer.people]
            sent = self._publish(
                SmplFrame(
                    stream=answer.stream,
                    session=answer.session,
                    seq=answer.seq,
                    t_capture_ns=answer.t_capture_ns,
                    capture_clock=answer.capture_clock,
                    t_publish_ns=0,
                    kind=self._fitter.model.kind,
                    gender=self._fitter.model.gender,
                    people=tuple(body for body in bodies if body is not None),
                )
            )
            with self._changed:
                took_ns = sent.t_publish_ns - answer.t_publish_ns
                self._latencies.add(sent.t_publish_ns, {"smpl": took_ns})

    def _fit(self, person: Pose, answer: PoseFrame) -> SmplBody | None:
        if person.state == "left":
            return None
        try:
            body = self._fitter.fit(
                person.id,
                answer.t_capture_ns / SECOND_NS,
                person.positions_world_m,
                person.confidence,
                person.valid,
            )
        except Exception as error:  # a person whom no body fits must not end everybody's
            self._fitter.forget(person.id)
            with self._changed:
                self._dropped["smpl_failed"] += 1
                self.warnings = (f"an SMPL body could not be fitted: {error!r}",)
            return None
        if body is None:
            with self._changed:
                self._dropped["smpl_trunkless"] += 1
            return None
        return SmplBody(
            id=person.id,
            betas=body.betas.astype(np.float32),
            poses_rotvec=body.poses_rotvec.astype(np.float32),
            trans_m=body.trans_m.astype(np.float32),
            residual_mm=1000 * body.residual_m,
            settled=body.settled,
        )
