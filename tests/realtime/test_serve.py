"""The stream from socket to socket: it answers, and goes on whatever happens around it."""

import threading

import msgpack
import numpy as np
import pytest
import zmq

from m2t3.core import topics, wire
from m2t3.core.messages import (
    DetectorStatus,
    Percentiles,
    PoseFrame,
    Preview,
    SkeletonDefinition,
    Status,
)
from m2t3.core.skeletons import COCO17
from m2t3.realtime.assembly import define
from m2t3.realtime.health import Health
from m2t3.realtime.serve import serve
from m2t3.realtime.sockets.publisher import Publisher
from m2t3.realtime.sources.replay import ReplaySource, keypoints_frames
from m2t3.realtime.sources.zmq import ZmqSource

TOPIC = topics.KEYPOINTS.name("cam0")


class Running:
    """A stream that serves in a thread, and sockets on either side of it."""

    def __init__(self, source, pipeline, definition, model):
        self.source, self.statuses = source, []
        self.publisher = Publisher("tcp://127.0.0.1:*", definition)
        health = Health(stream="cam0", session=definition.session, model=model)
        self.stop = threading.Event()
        self.thread = threading.Thread(
            target=serve,
            args=(source, pipeline, self.publisher, health, self.stop, self.statuses.append),
        )
        self.context = zmq.Context()
        self.sockets = []

    def socket(self, kind):
        socket = self.context.socket(kind)
        socket.setsockopt(zmq.LINGER, 0)
        self.sockets.append(socket)
        return socket

    def subscriber(self, *subscriptions):
        socket = self.socket(zmq.SUB)
        for topic in subscriptions or topics.TOPICS:
            socket.setsockopt(zmq.SUBSCRIBE, topic.name("cam0"))
        socket.connect(self.publisher.endpoint)
        return socket

    def detector(self):
        socket = self.socket(zmq.PUB)
        socket.setsockopt(zmq.SNDHWM, 0)
        socket.connect(self.source.endpoint)
        return socket


@pytest.fixture
def definition(model, camera):
    return define(stream="cam0", session="pose-1", skeleton=COCO17, camera=camera, model=model)


@pytest.fixture
def running(pipeline, definition, model):
    running = Running(ZmqSource("tcp://127.0.0.1:*", "cam0"), pipeline, definition, model)
    running.thread.start()
    yield running
    running.stop.set()
    running.thread.join()
    running.source.close()
    running.publisher.close()
    running.context.destroy()


def receive(socket, message_type, timeout_ms=10_000):
    """The next message of one type."""
    while socket.poll(timeout_ms):
        message = wire.unpack(socket.recv_multipart(), topics.TOPICS)
        if isinstance(message, message_type):
            return message
    raise AssertionError(f"no {message_type.__name__} came")


def introduce(detector, subscriber, frame, session="source-1"):
    """Send frame 0 until both connections stand, then swallow what is under way."""
    for seq in range(1000):
        detector.send_multipart(wire.pack(topics.KEYPOINTS, frame(seq, session=session)))
        if subscriber.poll(20) and isinstance(receive(subscriber, PoseFrame), PoseFrame):
            while subscriber.poll(100):
                subscriber.recv_multipart()
            return seq
    raise AssertionError("nothing came through")


def test_every_frame_is_answered(running, frame):
    detector, subscriber = running.detector(), running.subscriber(topics.POSE)
    first = introduce(detector, subscriber, frame) + 1
    answers = []
    for seq in range(first, first + 200):
        detector.send_multipart(wire.pack(topics.KEYPOINTS, frame(seq)))
        answers.append(receive(subscriber, PoseFrame))
    assert [answer.source_seq for answer in answers] == list(range(first, first + 200))
    assert len(set(np.diff([answer.seq for answer in answers]))) == 1
    for answer in answers:
        assert set(answer.timing_ns) == {"queue", "denoise", "bodies"}
        assert answer.t_receive_ns + answer.timing_ns["queue"] < answer.t_publish_ns


def test_no_answer_waits_for_what_can_come_after_it(running, lifter, frame, until, monkeypatch):
    detector, subscriber = running.detector(), running.subscriber(topics.POSE)
    seq = introduce(detector, subscriber, frame) + 1
    lift, behind, received = lifter.lift, threading.Event(), threading.Event()

    def lift_and_fall_behind(observations):
        behind.set()
        return lift(observations)

    def catch_up():
        if behind.is_set() and received.wait(10):
            behind.clear()

    monkeypatch.setattr(lifter, "lift", lift_and_fall_behind)
    monkeypatch.setattr(lifter, "catch_up", catch_up)
    detector.send_multipart(wire.pack(topics.KEYPOINTS, frame(seq)))
    assert receive(subscriber, PoseFrame).source_seq == seq
    assert behind.is_set()
    received.set()
    until(lambda: not behind.is_set())  # without another frame


def test_a_newcomer_gets_the_definition_at_once_and_then_every_second(running, definition):
    subscriber = running.subscriber(topics.DEFINITION)
    first, second = (receive(subscriber, SkeletonDefinition) for _ in range(2))
    assert first.def_id == second.def_id == definition.def_id
    assert second.t_publish_ns - first.t_publish_ns < 1_500_000_000
    assert abs(first.unix_minus_monotonic_ns - second.unix_minus_monotonic_ns) < 10**9


def test_the_status_comes_every_second_and_says_when_the_stream_stops(running):
    subscriber = running.subscriber(topics.STATUS)
    first, second = (receive(subscriber, Status) for _ in range(2))
    assert 0.9e9 < second.t_publish_ns - first.t_publish_ns < 1.5e9
    running.stop.set()
    assert receive(subscriber, Status).state in ("waiting", "stopping")
    running.thread.join()
    assert running.statuses[-1].state == "stopping"


def test_the_status_warns_of_keypoints_that_cannot_be_converted(running, frame, until):
    detector, subscriber = running.detector(), running.subscriber(topics.POSE, topics.STATUS)
    seq = introduce(detector, subscriber, frame) + 1
    detector.send_multipart(wire.pack(topics.KEYPOINTS, frame(seq, [], skeleton="smpl24")))
    until(lambda: "smpl24 cannot become coco17" in str(receive(subscriber, Status).warnings))


def test_bad_input_of_every_kind_is_counted_and_the_stream_goes_on(running, frame, until):
    detector, subscriber = running.detector(), running.subscriber(topics.POSE)
    seq = introduce(detector, subscriber, frame) + 1
    good = wire.encode(frame(seq))
    fields = msgpack.unpackb(good)
    bad_person = {"keypoints_px": bytes(8), "confidence": bytes(4)}
    nan_person = {**fields["people"][0], "keypoints_px": np.full(34, np.nan, "<f4").tobytes()}
    for payload in (
        good[:100],
        bytes(topics.KEYPOINTS.max_payload_bytes + 1),
        msgpack.packb({**fields, "v": 99}),
        msgpack.packb(["random", {"msgpack": 1.5}, None]),
        msgpack.packb({**fields, "people": [bad_person]}),
        msgpack.packb({**fields, "image_size_px": [1, 1]}),
        msgpack.packb({**fields, "seq": seq, "people": [nan_person]}),
        msgpack.packb({**fields, "seq": seq}),
        msgpack.packb({**fields, "seq": 0}),
    ):
        detector.send_multipart([TOPIC, payload])
    assert receive(subscriber, PoseFrame).people == ()  # nobody is left of the person of NaN
    detector.send_multipart(wire.pack(topics.KEYPOINTS, frame(seq + 1)))
    assert receive(subscriber, PoseFrame).source_seq == seq + 1
    last = until(lambda: [s for s in running.statuses if "out_of_order" in s.dropped])[-1]
    assert last.refused == {
        "malformed": 1,
        "oversize": 1,
        "version": 1,
        "schema": 1,
        "joint_count": 1,
        "image_size": 1,
        "nonfinite_joints": 17,
        "empty_people": 1,
    }
    assert last.dropped == {"repeated": 1, "out_of_order": 1}


def test_a_detectors_preview_and_report_go_on_to_subscribers(running, frame, until):
    detector = running.detector()
    subscriber = running.subscriber(topics.PREVIEW, topics.STATUS)
    head = {"stream": "cam0", "session": "source-1"}
    preview = Preview(
        **head, seq=3, t_capture_ns=5, clock="monotonic", image_size_px=(64, 48), jpeg=bytes(9)
    )
    report = DetectorStatus(
        **head, state="lost", detector="d", pictures_in=9, frames_out=4, refused={"corrupt": 2},
        dropped={"skipped": 3}, latency_ms={"detect": Percentiles(p50=20, p95=30, p99=40)},
        warnings=("camera 0 is lost for 3 s",),
    )  # fmt: skip

    def passed_on():
        detector.send_multipart(wire.pack(topics.DETECTOR, report))
        detector.send_multipart(wire.pack(topics.PREVIEW, preview))
        return subscriber.poll(20) and receive(subscriber, Preview)

    assert wire.encode(until(passed_on)) == wire.encode(preview)
    status = until(lambda: [s for s in running.statuses if "detector_detect" in s.latency_ms])[-1]
    assert (status.refused, status.dropped) == ({"corrupt": 2}, {"skipped": 3})
    assert status.latency_ms["detector_detect"].p95 == 30
    assert "camera 0 is lost for 3 s" in status.warnings
    assert status.state == "waiting"


def test_a_source_that_dies_and_returns_is_answered_again(running, frame, until):
    subscriber = running.subscriber(topics.POSE)
    for session in ("first-life", "second-life"):
        detector = running.detector()
        introduce(detector, subscriber, frame, session)
        detector.close()
    until(lambda: running.statuses[-1].state == "waiting")


def test_a_subscriber_that_stops_reading_delays_nobody_and_fills_no_memory(
    running, another_pipeline, frame, person
):
    reading = running.subscriber(topics.POSE)
    stalled = running.socket(zmq.SUB)
    for option, value in ((zmq.RCVHWM, 1), (zmq.RCVBUF, 4096), (zmq.SUBSCRIBE, b"m2t3.pose.")):
        stalled.setsockopt(option, value)
    stalled.connect(running.publisher.endpoint)
    introduce(running.detector(), reading, frame)
    assert stalled.poll(10_000)
    running.stop.set()
    running.thread.join()  # from here on, this thread is the one that publishes
    crowd = another_pipeline.process(
        frame(0, [person(u=18 * n, height_px=99) for n in range(32)]), 10**12
    )
    sent = 2000  # times 10 kB: more than the buffers of the system hold
    for _ in range(sent):
        running.publisher.publish_pose(crowd)
        assert len(receive(reading, PoseFrame).people) == 32
    arrived = 0
    while stalled.poll(200):
        stalled.recv_multipart()
        arrived += 1
    assert arrived < sent


def test_replay_gives_what_the_pipeline_alone_gives(
    pipeline, another_pipeline, definition, model, recording, recording_path, monkeypatch
):
    """Live, replay and `m2t3 lift` are one: bit by bit the same poses for the same frames."""
    running = Running(ReplaySource(recording_path, "cam0", loop=False), pipeline, definition, model)
    answers = []
    monkeypatch.setattr(running.publisher, "publish_pose", lambda a: answers.append(a) or a)
    running.thread.start()
    running.thread.join()
    running.publisher.close()
    running.context.destroy()
    alone = [
        another_pipeline.process(frame, frame.t_capture_ns)
        for frame in keypoints_frames(recording, "cam0")
    ]
    assert answers
    for live in answers:
        offline = alone[live.source_seq]
        assert live.t_capture_ns == offline.t_capture_ns
        for a, b in zip(live.people, offline.people, strict=True):
            assert a.id == b.id
            np.testing.assert_array_equal(a.positions_world_m, b.positions_world_m)
