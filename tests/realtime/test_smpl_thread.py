"""Bodies beside the stream: the newest frame wins, nothing waits, nothing ends it."""

import threading
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest
import zmq

from m2t3.core import topics, wire
from m2t3.core.skeletons import COCO17
from m2t3.lifting.smpl.live import LiveBody
from m2t3.realtime.assembly import define
from m2t3.realtime.smpl_thread import SmplThread
from m2t3.realtime.sockets.publisher import Publisher


class SlowFitter:
    """Fits when it is let, and remembers what it was asked."""

    model = SimpleNamespace(kind="smplh", gender="male")

    def __init__(self):
        self.asked, self.forgotten, self.go = [], [], threading.Event()

    def fit(self, person_id, t_s, joints_m, confidence, valid):
        self.asked.append((person_id, t_s))
        assert self.go.wait(10)
        if person_id == 13:
            raise np.linalg.LinAlgError("singular")
        if not valid.any():
            return None
        return LiveBody(np.ones(10), np.full((24, 3), 0.5), np.arange(3.0), 0.012, True)

    def forget(self, person_id):
        self.forgotten.append(person_id)


@pytest.fixture
def answer(pipeline, frame):
    """The pose frame to keypoints frame number `seq`, published at some time."""
    return lambda seq: msgspec.structs.replace(pipeline.process(frame(seq), 10**12), t_publish_ns=1)


@pytest.fixture
def running():
    fitter, sent = SlowFitter(), []

    def publish(bodies):
        stamped = msgspec.structs.replace(bodies, t_publish_ns=2_000_001)
        sent.append(stamped)
        return stamped

    thread = SmplThread(fitter, publish)
    yield SimpleNamespace(thread=thread, fitter=fitter, sent=sent)
    fitter.go.set()
    thread.close()


def test_the_newest_frame_wins_and_the_others_are_counted(running, answer, until):
    answers = [answer(seq) for seq in range(6)]
    running.thread.offer(answers[0])
    until(lambda: running.fitter.asked)
    for later in answers[1:]:
        running.thread.offer(later)  # returns at once, though nothing is fitted yet
    running.fitter.go.set()
    until(lambda: len(running.sent) == 2)
    assert [bodies.seq for bodies in running.sent] == [0, 5]
    assert running.thread.counts().dropped == {"smpl_skipped": 4}
    bodies = running.sent[1]
    assert bodies.t_capture_ns == answers[5].t_capture_ns
    assert (bodies.kind, bodies.gender, bodies.people[0].residual_mm) == ("smplh", "male", 12.0)


def test_who_left_is_forgotten_even_if_that_frame_was_skipped(
    running, answer, until, pipeline, frame
):
    running.thread.offer(answer(0))
    until(lambda: running.fitter.asked)
    first = answer(1)
    gone = msgspec.structs.replace(first.people[0], state="left")
    running.thread.offer(msgspec.structs.replace(first, people=(gone,)))
    running.thread.offer(msgspec.structs.replace(first, seq=2, people=()))
    running.fitter.go.set()
    until(lambda: len(running.sent) == 2)
    assert running.fitter.forgotten == [gone.id]
    assert running.sent[1].people == ()


def test_whom_no_body_fits_is_counted_and_the_others_go_on(running, answer, until):
    running.fitter.go.set()
    first = answer(0)
    (person,) = first.people
    nobody = msgspec.structs.replace(person, id=7, valid=np.zeros(17, bool))
    unlucky = msgspec.structs.replace(person, id=13)
    running.thread.offer(msgspec.structs.replace(first, people=(unlucky, nobody, person)))
    until(lambda: running.sent)
    assert [body.id for body in running.sent[0].people] == [person.id]
    assert running.thread.counts().dropped == {"smpl_failed": 1, "smpl_trunkless": 1}
    assert "singular" in running.thread.warnings[0]
    running.thread.offer(answer(1))
    until(lambda: len(running.sent) == 2)
    assert running.thread.latency_ms().keys() <= {"smpl"}


def test_bodies_are_published_from_their_own_thread(answer, model, camera, until):
    definition = define(
        stream="cam0", session="pose-1", skeleton=COCO17, camera=camera, model=model
    )
    publisher, fitter = Publisher("tcp://127.0.0.1:*", definition), SlowFitter()
    fitter.go.set()
    thread = SmplThread(fitter, publisher.publish_smpl)
    with zmq.Context() as context, context.socket(zmq.SUB) as socket:
        socket.linger = 0
        socket.subscribe(topics.SMPL.name("cam0"))
        socket.connect(publisher.endpoint)
        answers = map(answer, range(1000))

        def heard():
            publisher.greet()
            thread.offer(publisher.publish_pose(next(answers)))
            return socket.poll(20)

        until(heard)
        bodies = wire.unpack(socket.recv_multipart(), topics.TOPICS)
        thread.close()
    publisher.close()
    assert (bodies.session, bodies.kind) == ("pose-1", "smplh")
    np.testing.assert_array_equal(bodies.people[0].poses_rotvec, np.full((24, 3), 0.5))
    np.testing.assert_array_equal(bodies.people[0].trans_m, [0, 1, 2])
    until(lambda: thread.latency_ms())
