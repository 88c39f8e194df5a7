"""`m2t3 detect` as the process that it is, alone and started by the stream."""

import os
import signal
import subprocess
import sys

import msgspec
import numpy as np
import pytest
import zmq

from m2t3.__main__ import main as m2t3
from m2t3.calibration.camera_files.keypoint_source import ZmqSource as ZmqConfig
from m2t3.core import topics, wire
from m2t3.core.errors import DetectorError
from m2t3.core.messages import DetectorStatus, KeypointsFrame, Preview
from m2t3.lifting.recording import read_recording
from m2t3.realtime.commands.stream import open_source
from m2t3.realtime.sources import Source
from m2t3.realtime.sources.capture import CaptureSource

ALL = (topics.KEYPOINTS, topics.DETECTOR, topics.PREVIEW)


@pytest.fixture
def listener():
    """A bound SUB socket for everything that a detector sends as cam0."""
    with zmq.Context() as context, context.socket(zmq.SUB) as socket:
        socket.setsockopt(zmq.LINGER, 0)
        for topic in ALL:
            socket.setsockopt(zmq.SUBSCRIBE, topic.name("cam0"))
        socket.bind("tcp://127.0.0.1:*")
        yield socket


@pytest.fixture
def run_detect(camera_path):
    """Starts `m2t3 detect` for a source."""
    processes = []

    def run(config, *arguments):
        command = [sys.executable, "-m", "m2t3", "detect", "--camera", str(camera_path(config))]
        processes.append(
            subprocess.Popen(
                [*command, *arguments], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        )
        return processes[-1]

    yield run
    for process in processes:
        process.kill()
        process.communicate()


def test_keypoints_previews_and_status_go_out_until_a_signal(
    source, write_video, run_detect, listener, joints_px
):
    write_video(pictures=None, frames=4)
    endpoint = listener.getsockopt_string(zmq.LAST_ENDPOINT)
    process = run_detect(source(joints=26, preview_hz=10), "--connect", endpoint)
    heard: dict[type, object] = {}
    while len(heard) < len(ALL):
        assert listener.poll(30_000)
        message = wire.unpack(listener.recv_multipart(), ALL)
        heard.setdefault(type(message), message)
    frame, status = heard[KeypointsFrame], heard[DetectorStatus]
    assert (frame.skeleton, frame.clock, frame.image_size_px) == (
        "halpe26",
        "monotonic",
        (640, 480),
    )
    (person,) = frame.people
    np.testing.assert_allclose(person.keypoints_px, joints_px(2, joints=26), atol=16)
    assert heard[Preview].session == frame.session == status.session
    assert status.detector.startswith("rtmpose: pose26.onnx")
    process.send_signal(signal.SIGTERM)
    while message.__class__ is not DetectorStatus or message.state != "stopping":
        assert listener.poll(10_000)
        message = wire.unpack(listener.recv_multipart(), ALL)
    assert process.wait(10) == 0
    assert f"to {endpoint} as cam0" in process.stderr.read()


def test_offline_every_picture_of_a_video_goes_into_a_recording(
    source, write_video, camera_path, picture, joints_px, tmp_path, capfd
):
    write_video(pictures=[picture(n, second=n >= 3) for n in range(8)])
    out = tmp_path / "walk.npz"
    assert m2t3(["detect", "--camera", str(camera_path(source())), "--out", str(out)]) == 0
    recording = read_recording(out)
    assert (recording.skeleton, recording.image_size_px, recording.fps) == (
        "coco17",
        (640, 480),
        25,
    )
    np.testing.assert_array_equal(recording.t_capture_ns, np.arange(8) * 40_000_000)
    first, second = np.unique(recording.person_id[recording.person_id >= 0])
    # The person detector looks at every fourth picture.
    assert (recording.person_id == second).any(1).tolist() == [False] * 4 + [True] * 4
    for half, person in enumerate((first, second)):
        for t, column in np.argwhere(recording.person_id == person):
            np.testing.assert_allclose(
                recording.keypoints_px[t, column], joints_px(t, half), atol=8
            )
    assert "8 pictures, 2 people" in capfd.readouterr().err


def test_what_cannot_run_says_why_and_ends_with_code_2(
    source, write_video, camera_path, tmp_path, capfd, picture
):
    write_video()
    write_video("wide.avi", [picture(0, size_px=(640, 360))])
    out = ["--out", str(tmp_path / "out.npz")]
    for config, arguments, message in [
        (ZmqConfig("cam0"), [], "its source is no camera; m2t3 detect needs"),
        (source(model_sha256="0" * 64), [], "has the sha256"),
        (source("none.avi"), [], "none.avi is not there"),
        (source(), ["--connect", "nowhere"], "cannot use endpoint 'nowhere'"),
        (source("rtsp://127.0.0.1:1/x"), out, "--out is for video files; rtsp"),
        (source(), ["--out", str(tmp_path / "walk.avi")], "is what is read"),
        (source(), ["--out", str(tmp_path / "none" / "x.npz")], "there is no folder"),
        (source("wide.avi"), out, "pictures of 640 x 360, the camera file is for 640 x 480"),
    ]:
        assert m2t3(["detect", "--camera", str(camera_path(config)), *arguments]) == 2
        assert message in capfd.readouterr().err.replace("\n", " ")


@pytest.fixture
def capture(camera_path):
    """A source whose detector the stream starts by itself."""
    sources = []

    def make(config) -> CaptureSource:
        sources.append(open_source(config, "cam0", camera_path(config)))
        return sources[-1]

    yield make
    for one in sources:
        one.close()


def test_modules_of_the_folder_that_the_stream_runs_in_are_not_the_detectors(
    source, write_video, capture, soon, tmp_path, monkeypatch
):
    write_video()
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "m2t3.py").write_text("raise SystemExit('not this one')")
    monkeypatch.chdir(tmp_path / "here")
    stream = capture(source())
    assert soon(lambda: stream.next(0.2)).frame
    assert stream.counts().refused["detector_died"] == 0


def test_the_stream_starts_its_detector_revives_it_and_takes_it_along(
    source, write_video, capture, soon
):
    write_video()
    stream = capture(source(preview_hz=10))
    assert isinstance(stream, Source)
    first = soon(lambda: stream.next(0.2)).frame
    assert len(first.people) == 1
    assert soon(stream.preview).session == first.session
    assert soon(lambda: stream.detector).session == first.session
    os.kill(stream._process.pid, signal.SIGKILL)
    soon(lambda: stream.counts().refused["detector_died"] == 1)
    again = soon(lambda: (r := stream.next(0.2)) and r.frame.session != first.session and r)
    assert len(again.frame.people) == 1
    stream.close()
    assert stream._process._process.returncode == 0  # it noticed that its input had ended


def test_a_detector_that_a_signal_stops_is_started_again(source, write_video, capture, soon):
    write_video()
    stream = capture(source())
    first = soon(lambda: stream.next(0.2)).frame
    os.kill(stream._process.pid, signal.SIGTERM)
    soon(lambda: stream.counts().refused["detector_died"] == 1)
    assert not stream.finished
    assert "stopped by a signal" in stream._process.trouble
    soon(lambda: (r := stream.next(0.2)) and r.frame.session != first.session)


def test_a_video_that_is_not_looped_ends_the_source(source, write_video, capture, soon):
    write_video(frames=4)
    stream = capture(source(loop=False))
    assert soon(lambda: stream.next(0.2))
    soon(lambda: stream.finished or (stream.next(0) and False))
    assert stream.counts().refused["detector_died"] == 0


def test_why_a_detector_does_not_run_is_told_in_the_status(source, write_video, capture, soon):
    write_video()
    stream = capture(source("gone.avi"))
    (warning,) = soon(lambda: stream.warnings)
    assert "ended with code 2 and is started again in 1 s: m2t3 detect: video file" in warning
    assert "gone.avi is not there" in warning


def test_a_missing_model_stops_the_stream_before_it_starts(source, camera_path, tmp_path):
    config = source(model=tmp_path / "none.onnx")
    with pytest.raises(DetectorError, match="cannot be read"):
        open_source(config, "cam0", camera_path(config))


def test_a_detector_of_somebody_elses_is_waited_for(source, camera_path, tmp_path):
    config = source(start=False, model=tmp_path / "none.onnx")
    stream = open_source(config, "cam0", camera_path(config))
    assert not isinstance(stream, CaptureSource)
    stream.close()


def test_losses_add_up_over_the_restarts_of_a_detector():
    from m2t3.realtime.sources.detector_reports import FRESH_NS, DetectorReports

    report = DetectorStatus(
        stream="cam0", session="a", state="running", detector="d", pictures_in=3, frames_out=2,
        refused={"corrupt": 2}, dropped={"skipped": 1}, latency_ms={}, warnings=(),
    )  # fmt: skip
    reports = DetectorReports()
    assert reports.latest(0) is None
    reports.add(report, 10)
    reports.add(msgspec.structs.replace(report, refused={"corrupt": 3}), 20)
    reports.add(msgspec.structs.replace(report, session="b", refused={"corrupt": 1}), 30)
    assert reports.counts().refused == {"corrupt": 4}
    assert reports.counts().dropped == {"skipped": 2}
    assert reports.latest(30).session == "b"
    assert reports.latest(30 + FRESH_NS) is None
    for n in range(50):  # both go on, in turn
        reports.add(msgspec.structs.replace(report, session="ab"[n % 2]), 40 + n)
    assert reports.counts().refused == {"corrupt": 4}


def test_a_detector_cannot_fill_the_status_with_words_of_its_own():
    from m2t3.realtime.sources.detector_reports import KINDS, DetectorReports

    reports = DetectorReports()
    for n in range(40):
        reports.add(
            DetectorStatus(
                stream="cam0", session=f"s{n}", state="running", detector="d", pictures_in=3,
                frames_out=2, refused={f"kind{n}": 1, "corrupt": 2**64 - 1, "x" * 5000: 9},
                dropped={}, latency_ms={}, warnings=(),
            ),
            n,
        )  # fmt: skip
    refused = reports.counts().refused
    assert 40 < refused["corrupt"] < 2**60  # which fits into a message
    assert len(refused) == KINDS
    assert max(map(len, refused)) < 100
