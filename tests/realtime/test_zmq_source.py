"""The receiver takes whatever arrives, keeps the newest, and counts the rest."""

import socket
import time

import numpy as np
import pytest
import zmq

from m2t3.core import topics, wire
from m2t3.core.clock import monotonic_ns, sleep_until
from m2t3.core.errors import EndpointError
from m2t3.realtime.sockets.endpoints import exposure
from m2t3.realtime.sockets.outlet import Outlet
from m2t3.realtime.sources import MAX_BACKLOG_NS, Patience
from m2t3.realtime.sources.zmq import QUEUE_FRAMES, ZmqSource

TOPIC = topics.KEYPOINTS.name("cam0")


@pytest.fixture
def source():
    source = ZmqSource("tcp://127.0.0.1:*", "cam0")
    yield source
    source.close()


@pytest.fixture
def detector(source, frame, until):
    """A PUB socket that the source listens to."""
    with zmq.Context() as context, context.socket(zmq.PUB) as socket:
        connect(socket, source, frame, until)
        yield socket


def connect(socket, source, frame, until):
    """Connect and send frame 0 until it gets through (a subscription takes a moment)."""
    socket.setsockopt(zmq.LINGER, 0)
    socket.connect(source.endpoint)

    def arrived():
        socket.send_multipart(wire.pack(topics.KEYPOINTS, frame(0)))
        return source.next(0.01)

    until(arrived)
    while source.next(0.05):
        pass


def test_frames_arrive_with_the_time_of_their_arrival(source, detector, frame):
    for seq in (1, 2):
        detector.send_multipart(wire.pack(topics.KEYPOINTS, frame(seq)))
    first, second = source.next(5), source.next(5)
    assert (first.frame.seq, second.frame.seq) == (1, 2)
    assert first.t_receive_ns <= second.t_receive_ns
    np.testing.assert_array_equal(
        first.frame.people[0].keypoints_px, frame(1).people[0].keypoints_px
    )


def test_what_is_no_frame_is_refused_by_kind_and_the_stream_goes_on(source, detector, frame, until):
    _, payload = wire.pack(topics.KEYPOINTS, frame(1))
    detector.send_multipart([TOPIC, payload[:-7]])
    detector.send_multipart([TOPIC, b"\xc1 nonsense"])
    detector.send_multipart([TOPIC, bytes(topics.KEYPOINTS.max_payload_bytes + 1)])
    detector.send_multipart([TOPIC, payload.replace(b"\xa1v\x01", b"\xa1v\x02")])
    detector.send_multipart([TOPIC, payload.replace(b"\xa3seq\x01", b"\xa3seq\xff")])
    detector.send_multipart([TOPIC, payload.replace(b"coco17", b"coco18")])
    detector.send_multipart([TOPIC, payload.replace(b"cam0", b"cam1")])
    detector.send_multipart([TOPIC])
    detector.send_multipart([TOPIC, payload, b""])
    detector.send_multipart([TOPIC, payload])
    assert until(lambda: source.next(0.1)).frame.seq == 1
    assert source.counts().refused == {
        "malformed": 2,
        "oversize": 1,
        "version": 1,
        "schema": 1,
        "skeleton": 1,
        "topic": 1,
        "parts": 2,
    }


def test_a_detector_that_sends_a_megabyte_is_cut_off_and_may_come_back(
    source, detector, frame, until
):
    detector.send_multipart([TOPIC, bytes(topics.MAX_MESSAGE_BYTES + 1)])

    def answered():
        detector.send_multipart(wire.pack(topics.KEYPOINTS, frame(2)))
        return source.next(0.05)

    assert until(answered).frame.seq == 2


def test_another_stream_with_a_longer_name_is_not_ours(source, detector, frame):
    detector.send_multipart(wire.pack(topics.KEYPOINTS, frame(1, stream="cam01")))
    detector.send_multipart(wire.pack(topics.KEYPOINTS, frame(2)))
    assert source.next(5).frame.seq == 2
    assert not source.counts().refused


def test_frames_that_nobody_took_in_time_give_way_to_the_newest(source, detector, frame, until):
    before = source.frames_in
    for seq in range(1, 11):
        detector.send_multipart(wire.pack(topics.KEYPOINTS, frame(seq)))
    until(lambda: source.frames_in == before + 10)
    sleep_until(monotonic_ns() + 2 * MAX_BACKLOG_NS)  # the frames must grow old
    assert source.next(1).frame.seq == 10
    assert source.counts().dropped == {"stale": 9}
    assert source.next(0) is None


def test_a_queue_that_nobody_empties_stays_short(source, detector, frame, until):
    before = source.frames_in
    for seq in range(1, 2 * QUEUE_FRAMES + 1):
        detector.send_multipart(wire.pack(topics.KEYPOINTS, frame(seq)))
    until(lambda: source.frames_in == before + 2 * QUEUE_FRAMES)
    assert source.counts().dropped == {"overrun": QUEUE_FRAMES}


def test_a_detector_that_dies_and_returns_is_heard_again(source, frame, until):
    for _ in range(2):
        with zmq.Context() as context, context.socket(zmq.PUB) as socket:
            connect(socket, source, frame, until)


def test_a_source_can_connect_to_a_detector_that_binds(frame, until):
    with zmq.Context() as context, context.socket(zmq.PUB) as socket:
        socket.setsockopt(zmq.LINGER, 0)
        socket.bind("tcp://127.0.0.1:*")
        endpoint = socket.getsockopt_string(zmq.LAST_ENDPOINT)
        source = ZmqSource(endpoint, "cam0", bound=False)

        def answered():
            socket.send_multipart(wire.pack(topics.KEYPOINTS, frame(5)))
            return source.next(0.05)

        assert until(answered).frame.seq == 5
        source.close()


def test_a_taken_or_impossible_endpoint_is_refused_with_the_mend(source):
    with pytest.raises(EndpointError, match="taken"):
        ZmqSource(source.endpoint, "cam0")
    for endpoint in (
        "tcp://127.0.0.1",
        "carrier-pigeon://coop",
        "tcp://127.0.0.1:99999",
        "tcp://127.0.0.1:-5",
        "tcp://127.0.0.1:5673x",
        "inproc://nobody-hears-us",
    ):
        with pytest.raises(EndpointError, match="valid are"):
            ZmqSource(endpoint, "cam0")
        with pytest.raises(EndpointError, match="valid are"):
            ZmqSource(endpoint, "cam0", bound=False)


def test_a_local_socket_is_not_taken_from_whoever_listens_there(tmp_path):
    endpoint = f"ipc://{tmp_path}/keypoints"
    first = ZmqSource(endpoint, "cam0")
    with pytest.raises(EndpointError, match="taken"):
        ZmqSource(endpoint, "cam0")
    first.close()
    with socket.socket(socket.AF_UNIX) as gone:  # leaves its file behind
        (tmp_path / "keypoints").unlink(missing_ok=True)
        gone.bind(f"{tmp_path}/keypoints")
    ZmqSource(endpoint, "cam0").close()
    (tmp_path / "notes").write_text("keep")
    with pytest.raises(EndpointError, match="would be lost"):
        ZmqSource(f"ipc://{tmp_path}/notes", "cam0")
    assert (tmp_path / "notes").read_text() == "keep"


def test_a_detector_that_sent_too_much_is_connected_to_again(frame):
    with zmq.Context() as context, context.socket(zmq.PUB) as detector:
        detector.linger = 0
        port = detector.bind_to_random_port("tcp://127.0.0.1")
        source = ZmqSource(f"tcp://127.0.0.1:{port}", "cam0", bound=False)
        until = time.monotonic() + 20

        def arrives():
            before = source.frames_in
            while source.frames_in == before and time.monotonic() < until:
                detector.send_multipart(wire.pack(topics.KEYPOINTS, frame(0)))
                time.sleep(0.02)
            return source.frames_in > before

        assert arrives()
        detector.send_multipart((topics.KEYPOINTS.name("cam0"), bytes(2 * 1024**2)))
        time.sleep(0.3)
        assert arrives()
        source.close()


def has_ipv6():
    """Whether this machine has it, by a socket that is not ours."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")
def test_ipv6_endpoints_work(frame):
    source = ZmqSource("tcp://[::1]:*", "cam0")
    detector = Outlet(source.endpoint, bound=False)
    until = time.monotonic() + 20
    while not source.frames_in and time.monotonic() < until:
        detector.send(wire.pack(topics.KEYPOINTS, frame(0)))
        time.sleep(0.02)
    detector.close()
    source.close()
    assert source.frames_in


def test_whoever_opens_the_door_is_warned():
    for endpoint in ("tcp://127.0.0.1:1", "tcp://localhost:1", "tcp://[::1]:1", "ipc:///tmp/x"):
        assert exposure(endpoint) is None
    for endpoint in ("tcp://*:1", "tcp://0.0.0.0:1", "tcp://192.168.1.5:1", "tcp://[::]:1"):
        assert "open to the network" in exposure(endpoint)


def test_hiccups_are_caught_up_but_an_overload_is_not_queued_for():
    patience, ms = Patience(), 1_000_000
    assert not patience.ends(40 * ms, 1000 * ms)
    assert patience.ends(60 * ms, 1000 * ms)
    assert patience.ends(10 * ms, 1500 * ms)
    assert patience.ends(10 * ms, 2400 * ms)
    assert not patience.ends(40 * ms, 3500 * ms)
