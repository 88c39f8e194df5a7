"""The recorder against a real PUB socket."""

import threading
import time

import pytest

from m2t3.__main__ import main
from m2t3.clients.recording.log_writer import LogWriter
from m2t3.clients.recording.record import Record
from m2t3.clients.recording.recorder import Recorder
from m2t3.core.message_log import MessageLog
from m2t3.core.messages import Preview
from m2t3.core.topics import DEFINITION, KEYPOINTS, POSE, PREVIEW, STATUS
from m2t3.core.wire import pack


def meet(publisher, recorder):
    """Send definitions until the recorder hears them."""
    until = time.monotonic() + 20
    while publisher.stream not in recorder.summary.streams:
        assert time.monotonic() < until
        publisher.define()
        recorder.step()


def record_until(recorder, condition):
    until = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < until
        recorder.step()


def test_every_message_is_recorded_as_it_was_sent(publisher, tmp_path):
    path = tmp_path / "all.mcap"
    with LogWriter(path) as log, Recorder(log, publisher.endpoint, None) as recorder:
        meet(publisher, recorder)
        sent = []
        for number in range(300):
            parts = pack(POSE, publisher.frame(publisher.person(number % 3)))
            publisher.socket.send_multipart(parts)
            sent.append(parts)
            publisher.seq += 1
        publisher.report()
        stream = recorder.summary.streams["cam0"]
        record_until(recorder, lambda: stream.status is not None)
        assert len(stream.people) == 3
        assert not stream.lost
    recorded = list(MessageLog(path))
    poses = [(m.topic, m.payload) for m in recorded if m.topic == POSE.name("cam0")]
    assert poses == sent
    assert {m.topic for m in recorded} == {t.name("cam0") for t in (DEFINITION, POSE, STATUS)}
    times = [m.t_unix_ns for m in recorded]
    assert times == sorted(times)
    assert abs(times[-1] - time.time_ns()) < 60e9


def test_bad_messages_are_counted_and_not_recorded(publisher, tmp_path):
    path = tmp_path / "good.mcap"
    with LogWriter(path) as log, Recorder(log, publisher.endpoint, "cam0") as recorder:
        meet(publisher, recorder)
        topic = POSE.name("cam0")
        publisher.socket.send_multipart([topic, b"\xc1garbage"])
        publisher.socket.send_multipart([topic, bytes(200_000)])
        publisher.socket.send_multipart([topic])
        publisher.socket.send_multipart([b"m2t3.pose.cam01", b"another stream"])
        publisher.seq = 5
        publisher.send(publisher.person())
        publisher.seq = 9
        publisher.send(publisher.person())
        stream = recorder.summary.streams["cam0"]
        record_until(recorder, lambda: stream.flows[POSE.prefix].count == 2)
        assert recorder.summary.refused == {"malformed": 1, "oversize": 1, "parts": 1}
        assert stream.lost == {POSE.prefix: 3}
    assert sum(m.topic == topic for m in MessageLog(path)) == 2


def test_the_command_records_for_so_many_seconds(publisher, tmp_path, capsys):
    stop = threading.Event()

    def publish():
        while not stop.wait(0.01):
            publisher.define()
            publisher.send(publisher.person())

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        assert Record(tmp_path / "a.mcap", publisher.endpoint, seconds=1.5).run() == 0
    finally:
        stop.set()
        thread.join()
    log = MessageLog(tmp_path / "a.mcap")
    assert any(m.topic == POSE.name("cam0") for m in log)
    assert "a.mcap: " in capsys.readouterr().out


def test_a_recording_of_nothing_leaves_nothing_and_ends_with_code_1(tmp_path, capsys):
    path = tmp_path / "a.mcap"
    assert Record(path, f"ipc://{tmp_path}/nobody", seconds=0.2).run() == 1
    assert "has sent nothing yet" in capsys.readouterr().out
    assert not path.exists()


def test_keypoints_that_were_not_lifted_are_no_lost_poses(publisher, tmp_path):
    with LogWriter(tmp_path / "a.mcap") as log, Recorder(log, publisher.endpoint, None) as recorder:
        meet(publisher, recorder)
        recorder.summary.streams["cam0"].lost[KEYPOINTS.prefix] = 283
        said = Record(tmp_path / "a.mcap")._line(recorder)
    assert said.endswith("cam0: 0 poses, 0 people, 283 keypoints lost or not lifted")


def picture(seq):
    return Preview(
        stream="cam0",
        session="detector",
        seq=seq,
        t_capture_ns=0,
        clock="monotonic",
        image_size_px=(320, 180),
        jpeg=b"\xff\xd8\xff\xd9",
    )


@pytest.mark.parametrize("stream", [None, "cam0"])
def test_pictures_are_recorded_only_when_they_are_asked_for(publisher, tmp_path, capsys, stream):
    found = []
    for pictures in (False, True):
        path = tmp_path / f"{pictures}.mcap"
        with (
            LogWriter(path) as log,
            Recorder(log, publisher.endpoint, stream, pictures=pictures) as recorder,
        ):
            meet(publisher, recorder)
            publisher.socket.send_multipart(pack(PREVIEW, picture(1)))
            publisher.send(publisher.person())
            flows = recorder.summary.streams["cam0"].flows
            record_until(recorder, lambda flows=flows: flows[POSE.prefix].count)
        found.append(sum(m.topic == PREVIEW.name("cam0") for m in MessageLog(path)))
        assert main(["info", str(path)]) == 0
    assert found == [0, 1]
    assert "pictures    1" in capsys.readouterr().out
