"""The loop: a picture in, keypoints out; what goes wrong is counted and told in words."""

import threading
from collections import deque

import numpy as np
import pytest

from m2t3.core.clock import monotonic_ns
from m2t3.core.messages import DetectorStatus, Keypoints, KeypointsFrame, Preview
from m2t3.realtime.counts import Counts
from m2t3.realtime.detection import live
from m2t3.realtime.detection.camera_reader import CameraReader, Picture
from m2t3.realtime.detection.sender import Sender


class FakeReader(CameraReader):
    """Hands out what it is given, then ends."""

    lost_s = None

    def __init__(self, *pictures):
        self._pictures = deque(pictures)
        self.pictures_in = 0
        self.losses = Counts()

    @property
    def finished(self):
        return not self._pictures

    def next(self, timeout_s):
        self.pictures_in += 1
        return self._pictures.popleft()

    def counts(self):
        return self.losses + Counts()


class FakeDetector:
    skeleton, description = "coco17", "fake"

    def detect(self, picture_bgr, t_capture_ns):
        if picture_bgr.max() == 0:
            raise RuntimeError("black")
        pixels = np.full((17, 2), 5, np.float32)
        return (Keypoints(keypoints_px=pixels, confidence=np.ones(17, np.float32)),)

    def close(self):
        pass


class FakeSender(Sender):
    def __init__(self):
        self.sent = []

    endpoint, refusal = "tcp://127.0.0.1:5570", None
    wants_previews = True

    def send_frame(self, message):
        self.sent.append(message)

    send_status = send_preview = send_frame

    def of(self, kind):
        return [message for message in self.sent if isinstance(message, kind)]


@pytest.fixture
def watched():
    """Everything that is sent of these pictures, and the last status."""

    def watch(*pictures, preview_hz=10.0, reader=None):
        reader, sender = reader or FakeReader(*pictures), FakeSender()
        live.LiveDetection(
            reader, FakeDetector(), sender, camera_text="camera 0", stream="cam0",
            image_size_px=(640, 480), preview_hz=preview_hz,
        ).run(threading.Event())  # fmt: skip
        return sender, sender.of(DetectorStatus)[-1]

    return watch


def grey(n, size_px=(640, 480)):
    return Picture(np.full((size_px[1], size_px[0], 3), 99, np.uint8), monotonic_ns() + n)


def test_every_picture_becomes_a_frame_with_its_capture_time(watched):
    pictures = [grey(n) for n in range(5)]
    sender, status = watched(*pictures)
    frames = sender.of(KeypointsFrame)
    assert [frame.seq for frame in frames] == [0, 1, 2, 3, 4]
    assert [f.t_capture_ns for f in frames] == [p.t_capture_ns for p in pictures]
    assert {(f.clock, f.stream, f.image_size_px) for f in frames} == {
        ("monotonic", "cam0", (640, 480))
    }
    assert (status.state, status.pictures_in, status.frames_out) == ("stopping", 5, 5)
    assert set(status.latency_ms) == {"wait", "detect", "total"}
    assert not status.warnings


def test_previews_come_at_their_rate_or_not_at_all(watched):
    sender, _ = watched(*(grey(n) for n in range(20)), preview_hz=0.01)
    (small,) = sender.of(Preview)
    assert (small.seq, small.session) == (0, sender.of(KeypointsFrame)[0].session)
    assert not watched(grey(0), preview_hz=0)[0].of(Preview)


def test_a_detector_that_fails_on_a_picture_goes_on_with_the_next(watched):
    black = Picture(np.zeros((480, 640, 3), np.uint8), monotonic_ns())
    sender, status = watched(grey(0), black, grey(2))
    assert [frame.seq for frame in sender.of(KeypointsFrame)] == [0, 1]
    assert status.dropped == {"detector_error": 1}
    assert status.warnings == ("the detector failed on a picture: RuntimeError: black",)


def test_smaller_pictures_of_the_same_proportions_are_sent_with_their_size(watched):
    sender, status = watched(grey(0, (320, 240)))
    assert sender.of(KeypointsFrame)[0].image_size_px == (320, 240)
    assert not status.refused


def test_pictures_of_other_proportions_are_refused_in_words(watched):
    sender, status = watched(grey(0), grey(1, (640, 360)))
    assert len(sender.of(KeypointsFrame)) == 1
    assert status.refused == {"picture_size": 1}
    (warning,) = status.warnings
    assert "pictures of 640 x 360, the camera file is for 640 x 480" in warning


def test_a_lost_camera_and_a_slow_detector_are_told(watched):
    reader = FakeReader(grey(0), grey(1), grey(2))
    reader.lost_s = 12.3
    reader.losses.dropped["skipped"] = 90
    reader.losses.refused["camera_lost"] = 1
    reader.pictures_in = 97
    sender, _ = watched(reader=reader)
    status = sender.of(DetectorStatus)[0]
    assert (status.state, status.refused) == ("lost", {"camera_lost": 1})
    assert status.warnings[0] == "camera 0 is lost for 12 s; it is tried again"
    assert "too slow for 90 of the last 98 pictures" in status.warnings[1]


def test_a_camera_that_hangs_is_told(watched, monkeypatch):
    monkeypatch.setattr(live, "SILENCE_NS", -1)
    _, status = watched(grey(0))
    assert "camera 0 has given no picture for 0 s" in status.warnings[0]


def test_a_stream_that_does_not_let_it_in_is_told(watched, monkeypatch):
    monkeypatch.setattr(FakeSender, "refusal", "asks for keys")
    _, status = watched(grey(0))
    assert status.warnings == ("tcp://127.0.0.1:5570 asks for keys",)
