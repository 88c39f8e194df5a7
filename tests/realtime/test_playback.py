"""A recording onto the wire again: the same bytes, when they are due, to whoever comes when."""

import threading

import msgspec
import numpy as np
import pytest
import zmq

from m2t3.clients import PoseSubscriber
from m2t3.clients.recording.log_writer import LogWriter
from m2t3.core import topics, wire
from m2t3.core.clock import SECOND_NS, monotonic_ns
from m2t3.core.errors import M2t3Error
from m2t3.core.message_log import MessageLog, Recorded
from m2t3.core.skeletons import COCO17
from m2t3.realtime.assembly import define
from m2t3.realtime.commands.replay import Replay
from m2t3.realtime.sockets.outlet import Outlet
from m2t3.realtime.sockets.playback import Playback, Renewal, opening_definitions
from m2t3.realtime.sources.zmq import ZmqSource

T0_NS = 1_760_000_000_000_000_000
STEP_NS = 10_000_000


@pytest.fixture
def definition(camera, model):
    return define(stream="cam0", session="pose-1", skeleton=COCO17, camera=camera, model=model)


@pytest.fixture
def recorded(pipeline, definition, frame, person):
    """50 poses at 100 fps with the keypoints behind them, the definition amid them."""
    messages = []
    for seq in range(50):
        t_ns = T0_NS + seq * STEP_NS
        keypoints = frame(seq, [person(u=300.0 + seq)])
        answer = pipeline.process(keypoints, t_ns)
        answer = msgspec.structs.replace(
            answer, def_id=definition.def_id, t_receive_ns=10**9, t_publish_ns=10**9 + 5_000_000
        )
        messages.append(Recorded(*wire.pack(topics.POSE, answer), t_ns))
        messages.append(Recorded(*wire.pack(topics.KEYPOINTS, keypoints), t_ns))
        if seq == 20:
            messages.append(Recorded(*wire.pack(topics.DEFINITION, definition), t_ns))
    return messages


@pytest.fixture
def path(recorded, tmp_path):
    with LogWriter(tmp_path / "walk.mcap") as log:
        for message in recorded:
            log.add(message)
    return tmp_path / "walk.mcap"


class Listener:
    """Everything that comes from an endpoint, until it is told that the end has come."""

    def __init__(self, endpoint, subscription=b"m2t3.", *, bind=False):
        self.arrived = []
        self._over = threading.Event()
        self._context = zmq.Context()
        socket = self._context.socket(zmq.SUB)
        socket.setsockopt(zmq.SUBSCRIBE, subscription)
        (socket.bind if bind else socket.connect)(endpoint)
        self._thread = threading.Thread(target=self._listen, args=(socket,))
        self._thread.start()

    def _listen(self, socket):
        with socket:
            while socket.poll(500) or not self._over.is_set():
                if socket.poll(0):
                    self.arrived.append((*socket.recv_multipart(), monotonic_ns()))

    def all(self):
        self._over.set()
        self._thread.join()
        self._context.term()
        return self.arrived


@pytest.mark.parametrize("rate", [1.0, 20.0])
def test_replay_is_bit_identical_and_keeps_its_pace(path, recorded, tmp_path, rate):
    endpoint = f"ipc://{tmp_path}/replay"
    listener = Listener(endpoint)
    t_start_ns = monotonic_ns()
    assert Replay(path, publish=endpoint, rate=rate, wait=True).run() == 0
    arrived = listener.all()
    definition = recorded[42]
    assert arrived[0][:2] == (definition.topic, definition.payload)  # poses can be read at once
    played = arrived[1:]
    repeated = [m for m in played if m[:2] == (definition.topic, definition.payload)]
    for extra in repeated[1:]:
        played.remove(extra)
    assert [m[:2] for m in played] == [(m.topic, m.payload) for m in recorded]
    due_ns = np.array([m.t_unix_ns - T0_NS for m in recorded]) / rate
    assert (np.array([m[2] for m in played]) - t_start_ns >= due_ns).all()  # nothing comes early


def test_the_newest_definition_is_sent_each_second_and_to_every_newcomer(tmp_path, recorded):
    outlet = Outlet(f"ipc://{tmp_path}/replay")
    stop = threading.Event()
    playback = Playback(outlet, stop)
    long_silence = [*recorded, Recorded(b"m2t3.pose.cam0", b"the end", T0_NS + 60 * SECOND_NS)]
    player = threading.Thread(target=playback.play, args=(long_silence,))
    listener = Listener(outlet.endpoint, topics.DEFINITION.name("cam0"))
    player.start()
    until_ns = monotonic_ns() + 20 * SECOND_NS
    while len(listener.arrived) < 3 and monotonic_ns() < until_ns:
        threading.Event().wait(0.05)
    newcomer = Listener(outlet.endpoint, topics.DEFINITION.name("cam0"))
    while not newcomer.arrived and monotonic_ns() < until_ns:
        threading.Event().wait(0.01)
    stop.set()
    player.join()
    outlet.close()
    assert {m[1] for m in listener.all() + newcomer.all()} == {recorded[42].payload}
    assert playback.sent == len(recorded)


def test_a_subscriber_that_has_seen_a_recording_takes_it_again_as_live(path, tmp_path):
    endpoint = f"ipc://{tmp_path}/replay"
    with PoseSubscriber(endpoint, timeout_s=20.0, every_frame=True) as poses:
        for as_live in (False, True, True):
            Replay(path, publish=endpoint, rate=10, as_live=as_live, wait=True).run()
            frames = [next(poses) for _ in range(50)]
            assert [frame.seq for frame in frames] == list(range(50))
            assert frames[0].latency_ms == pytest.approx(5.0)
        assert poses.restarts == 2
        assert not {"out_of_order", "lost"} & set(poses.dropped)
        assert -1000 < frames[-1].age_ms < 60_000
        assert frames[-1].message.people[0].positions_world_m[0, 0] == 349


def test_a_recording_made_new_changes_only_session_and_times(recorded):
    renewal = Renewal(recorded[0])
    for message in recorded[:3]:
        old, new = (msgspec.msgpack.decode(m.payload) for m in (message, renewal.renew(message)))
        changed = {key for key in old if old[key] != new[key]}
        assert changed <= {
            "session",
            "source_session",
            "t_publish_ns",
            "t_receive_ns",
            "unix_minus_monotonic_ns",
        }
        assert "session" in changed
        topic = topics.KEYPOINTS if b"keypoints" in message.topic else topics.POSE
        wire.decode(topic, renewal.renew(message).payload)


def test_poses_made_new_answer_the_keypoints_made_new(recorded):
    renewal = Renewal(recorded[0])
    pose, keypoints = (
        msgspec.msgpack.decode(renewal.renew(message).payload) for message in recorded[:2]
    )
    assert pose["source_session"] == keypoints["session"]


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"no MessagePack",
        msgspec.msgpack.encode([1]),
        msgspec.msgpack.encode({"t_publish_ns": 1}),
        msgspec.msgpack.encode({"session": "s", "t_publish_ns": "now"}),
        msgspec.msgpack.encode({"session": "s", "source_session": None}),
    ],
)
def test_what_cannot_be_read_is_passed_on_as_it_is(recorded, payload):
    message = Recorded(recorded[0].topic, payload, T0_NS)
    assert Renewal(recorded[0]).renew(message) == message


def test_definitions_are_looked_for_in_the_first_seconds_only(recorded):
    assert list(opening_definitions(recorded)) == [recorded[42]]
    late = Recorded(recorded[42].topic, recorded[42].payload, T0_NS + 10 * SECOND_NS)
    assert list(opening_definitions([recorded[0], late])) == []


def test_recorded_keypoints_reach_a_stream_as_they_were(path, recorded):
    source = ZmqSource("tcp://127.0.0.1:*", "cam0")
    try:
        assert Replay(path, keypoints_to=source.endpoint, rate=5).run() == 0
        frames = []
        while (received := source.next(1.0)) is not None:
            frames.append(wire.encode(received.frame))
        lost = source.counts().dropped["stale"]
    finally:
        source.close()
    sent = [m.payload for m in recorded if m.topic == topics.KEYPOINTS.name("cam0")]
    assert len(frames) + lost == len(sent)
    assert set(frames) <= set(sent)


def test_what_cannot_be_played_is_refused_in_words(path, tmp_path, recorded):
    for rate in (0, 1e-320, 1000, float("nan")):
        with pytest.raises(M2t3Error, match=r"--rate is .*; it is 0\.01 to 100"):
            Replay(path, rate=rate).run()
    with LogWriter(tmp_path / "empty.mcap"):
        pass
    with pytest.raises(M2t3Error, match="no messages to play"):
        Replay(tmp_path / "empty.mcap").run()
    with LogWriter(tmp_path / "poses.mcap") as log:
        log.add(recorded[0])
    with pytest.raises(M2t3Error, match="no keypoints to play"):
        Replay(tmp_path / "poses.mcap", keypoints_to="tcp://127.0.0.1:9").run()
    assert len(list(MessageLog(path))) == len(recorded)
