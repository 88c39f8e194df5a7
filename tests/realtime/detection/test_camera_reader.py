"""The reader hands out the newest picture and gets a lost camera back."""

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest

from m2t3.calibration.camera_files.capture_source import device_text
from m2t3.core.errors import CaptureError
from m2t3.realtime.detection import camera_reader
from m2t3.realtime.detection.camera_reader import CameraReader
from m2t3.realtime.detection.video import Video, kind_of

FRAME_NS = 40_000_000


@pytest.fixture
def reader():
    """Makes readers that are closed in the end."""
    readers = []

    def make(device, **options):
        readers.append(CameraReader(device, image_size_px=(640, 480), **options))
        return readers[-1]

    yield make
    for reader in readers:
        reader.close()


def number(picture) -> int:
    """Which of the dots' pictures this is: where the red dot is tells."""
    columns = picture[..., 2].max(0).astype(int)
    return round((np.flatnonzero(columns > 128).mean() - 150) / 2)


def test_a_file_plays_at_its_own_rate_to_its_end(write_video, reader):
    reader = reader(str(write_video(frames=12)), loop=False)
    pictures = []
    while not reader.finished:
        if (picture := reader.next(1)) is not None:
            pictures.append(picture)
    assert reader.pictures_in == 12
    assert len(pictures) + reader.counts().dropped["skipped"] == 12
    numbers = [number(picture.bgr) for picture in pictures]
    assert numbers == sorted(set(numbers))
    steps_ns = np.diff([picture.t_capture_ns for picture in pictures])
    assert (steps_ns >= np.diff(numbers) * FRAME_NS - 1000).all()


def test_the_newest_picture_wins_and_the_others_are_counted(write_video, reader, soon):
    reader = reader(str(write_video(frames=8)), loop=False)
    first = reader.next(5)
    soon(lambda: reader.pictures_in == 8)
    assert not reader.finished
    assert number(reader.next(5).bgr) == 7
    soon(lambda: reader.finished)
    assert number(first.bgr) + reader.counts().dropped["skipped"] == 6
    assert reader.next(0) is None


def test_a_looped_file_goes_on_and_so_does_its_time(write_video, reader):
    reader = reader(str(write_video(frames=3)))
    times = [reader.next(5).t_capture_ns for _ in range(10)]
    assert (np.diff(times) > 0).all()
    assert not reader.counts().refused


def test_a_camera_that_is_unplugged_is_told_and_comes_back(write_video, reader, soon):
    path = write_video(frames=3)
    reader = reader(str(path))
    assert reader.next(5) is not None
    path.unlink()
    assert soon(lambda: reader.lost_s is not None)
    while reader.next(0.2) is not None:
        pass
    write_video(frames=3)
    assert soon(lambda: reader.next(0.5)) is not None
    assert reader.lost_s is None
    assert reader.counts().refused == {"camera_lost": 1}


class Script(Video):
    """A `Video` that does as it is told: stamps, pictures, None for what cannot be decoded."""

    kind = "camera"
    fps = 25.0
    openings: tuple[object, ...] = ()

    def __init__(self, device, **options):
        if not Script.openings or isinstance(Script.openings[0], Exception):
            raise Script.openings[0] if Script.openings else CaptureError("gone")
        self.steps, *Script.openings = Script.openings

    def grab(self):
        if not self.steps:
            return None
        (stamp_ns, self.picture), *self.steps = self.steps
        return stamp_ns

    def retrieve(self):
        return self.picture

    def close(self):
        pass


def test_pictures_that_cannot_be_decoded_or_go_back_in_time_are_counted(monkeypatch, reader, soon):
    picture = np.zeros((480, 640, 3), np.uint8)
    monkeypatch.setattr(camera_reader, "Video", Script)
    now = camera_reader.monotonic_ns()
    monkeypatch.setattr(camera_reader, "monotonic_ns", lambda: now + 500_000_000)
    good = [(now + n * FRAME_NS, picture) for n in range(3)]
    broken = [(now + 3 * FRAME_NS, None)] * 40
    back = [(now + FRAME_NS, picture), (now + 9 * FRAME_NS, picture)]
    Script.openings = ((*good, *broken), (*back,))
    reader = reader(0)
    soon(lambda: reader.pictures_in == 5)
    soon(lambda: reader.lost_s is not None)
    assert reader.next(0).t_capture_ns == now + 9 * FRAME_NS
    # The camera that sent nothing else than broken pictures was opened anew.
    assert reader.counts().refused == {"corrupt": 30, "timestamp": 1, "camera_lost": 2}


def test_what_cannot_be_opened_is_refused_with_the_mend(reader, tmp_path):
    text = tmp_path / "notes.mp4"
    text.write_text("no video")
    for device, message in [
        (str(tmp_path / "none.mp4"), "none.mp4 is not there"),
        (str(text), "notes.mp4 is no video that FFmpeg can read"),
        (97, "camera 97 cannot be opened: .*cameras here: "),
        ("/dev/video98", "/dev/video98 cannot be opened"),
        ("http://me:secret@127.0.0.1:1/video", "http://127.0.0.1:1/video does not answer"),
    ]:
        with pytest.raises(CaptureError, match=message) as refusal:
            reader(device)
        assert "secret" not in str(refusal.value)


def test_devices_are_told_apart_and_named_without_passwords():
    kinds = {0: "camera", "/dev/video2": "camera", "walk.mp4": "file", "rtsp://a/b": "address"}
    assert {device: kind_of(device) for device in kinds} == kinds
    assert device_text("rtsp://me:p@ss@10.0.0.7:554/s@1") == "rtsp://10.0.0.7:554/s@1"
    assert device_text(2) == "camera 2"


class NetworkCamera:
    """Serves MJPEG over HTTP on the loopback until closed."""

    def __init__(self, picture, port=0):
        closing = self.closing = threading.Event()
        _, jpeg = cv2.imencode(".jpg", picture)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=next")
                self.end_headers()
                while not closing.wait(0.04):
                    head = (
                        f"--next\r\nContent-Type: image/jpeg\r\nContent-Length: {jpeg.size}\r\n\r\n"
                    )
                    self.wfile.write(head.encode() + jpeg.tobytes() + b"\r\n")

            def handle(self):
                with contextlib.suppress(ConnectionError):
                    super().handle()

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()


def test_a_network_camera_that_goes_away_is_told_and_comes_back(picture, reader, soon):
    camera = NetworkCamera(picture(0))
    reader = reader(f"http://127.0.0.1:{camera.port}/video.mjpg")
    times = [reader.next(10).t_capture_ns for _ in range(5)]
    assert (np.diff(times) > 0).all()
    camera.close()
    soon(lambda: reader.lost_s is not None)
    camera = NetworkCamera(picture(3), camera.port)
    assert number(soon(lambda: reader.next(0.5)).bgr) == 3
    assert reader.counts().refused["camera_lost"] == 1
    camera.close()
