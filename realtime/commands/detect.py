"""`m2t3 detect`: watches a camera and sends the keypoints of the people it sees."""

import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from ...calibration.camera_files.camera_file import CameraFile, read_unplaced_file
from ...calibration.camera_files.capture_source import CaptureSource, device_text
from ...core.clock import SECOND_NS, monotonic_ns
from ...core.errors import CameraFileError, CaptureError
from ...core.messages import DetectorStatus, ImageSize
from ...core.out_file import check_out
from ...core.stopping import stop_on_signals
from ...lifting.recording import write_recording
from ..counts import Counts
from ..detection.camera_reader import CameraReader
from ..detection.live import LiveDetection
from ..detection.loading import open_detector
from ..detection.sender import Sender
from ..detection.video import Video, kind_of
from ..stream_name import stream_name

LINE_EVERY = 10  # seconds between two lines when there is no news


@dataclass(frozen=True)
class Detect:
    """Watch a camera and send 2D keypoints to m2t3-stream, or write those of a video to a file."""

    camera: Path
    """Camera file with a source of type capture: which camera and which detector."""
    connect: str | None = None
    """ZeroMQ endpoint of the stream; default: the camera file's."""
    keys: Path | None = None
    """Folder of keys (`m2t3 keys new NAME`), if the stream runs with --keys."""
    stream: str | None = None
    """Name of the stream in all topics; default: the camera file's."""
    out: Path | None = None
    """Instead of sending, write a keypoint recording (npz) of a video file for `m2t3 lift`: every
    picture, as fast as it goes."""
    attached: bool = False
    """Stop when standard input ends, as m2t3-stream wants it."""

    def run(self) -> int:
        """Watch until SIGINT or SIGTERM, or to the end of a video file; returns the exit code.

        Raises:
            CameraFileError: the file has no source of type capture.
            CaptureError: the camera cannot be opened.
            DetectorError: the detector cannot run.
        """
        file = read_unplaced_file(self.camera)  # a detector need not know where it stands
        source = file.source
        if not isinstance(source, CaptureSource):
            raise CameraFileError(
                f"{self.camera}: its source is no camera; m2t3 detect needs "
                "source: {type: capture, device: ..., model: ...} (docs/detectors.md)"
            )
        if self.out is not None:
            return self._record(source, file, self.out)
        with stop_on_signals() as stop:
            ended = self._watch(source, file, stop)
        if ended or not self.attached:
            return 0
        _say("stopped by a signal")
        return 1  # 0 is the end of the video; after anything else m2t3-stream starts us again

    def _watch(self, source: CaptureSource, file: CameraFile, stop: threading.Event) -> bool:
        """Whether it came to the end of the video or of standard input, not to a signal."""
        input_ended = threading.Event()
        if self.attached:
            threading.Thread(
                target=_stop_at_end_of_input, args=(input_ended, stop), daemon=True
            ).start()
        stream, size_px = stream_name(file, self.stream), _size_px(file)
        reader = CameraReader(
            source.device, image_size_px=size_px, fps=source.fps, loop=source.loop
        )
        try:
            detector = open_detector(source)
            sender = Sender(self.connect or source.endpoint, stream, self.keys)
        except BaseException:
            reader.close()
            raise
        camera_text = device_text(source.device)
        _say(f"{camera_text}, {detector.description}, to {sender.endpoint} as {stream}")
        detection = LiveDetection(
            reader,
            detector,
            sender,
            camera_text=camera_text,
            stream=stream,
            image_size_px=size_px,
            preview_hz=source.preview_hz,
        )
        try:
            detection.run(stop, Lines().show)
            return input_ended.is_set() or reader.finished
        finally:
            reader.close()
            detector.close()
            sender.close()

    def _record(self, source: CaptureSource, file: CameraFile, out: Path) -> int:
        from ..detection.offline import look_through, recording_of  # a second of imports, here only

        if kind_of(source.device) != "file":
            raise CaptureError(f"--out is for video files; {device_text(source.device)} is none")
        check_out(out, self.camera, Path(str(source.device)))
        size_px, counts = _size_px(file), Counts()
        video = Video(source.device, image_size_px=size_px)
        detector = open_detector(source)
        t_start_ns = monotonic_ns()
        try:
            with Progress(console=Console(stderr=True)) as progress:
                pictures = look_through(video, detector, size_px, counts)
                seen = list(progress.track(pictures, video.picture_count, description="detecting"))
        finally:
            video.close()
            detector.close()
        recording = recording_of(seen, detector.skeleton, video.fps, file.camera)
        write_recording(out, recording)
        rate = len(seen) * SECOND_NS / (monotonic_ns() - t_start_ns)
        people = len(set(recording.person_id.ravel().tolist()) - {-1})
        _say(f"{out}: {len(seen)} pictures, {people} people, {rate:.0f} pictures a second")
        for kind, count in sorted(counts.refused.items()):
            _say(f"{count} {kind}")
        return 0


class Lines:
    """Statuses as lines: when there is news, and now and then."""

    def __init__(self) -> None:
        self._last_news: object = None
        self._silent = 0

    def show(self, status: DetectorStatus) -> None:
        """Print `status` if it is worth a line."""
        news = (status.state, set(status.refused), set(status.dropped), len(status.warnings))
        self._silent += 1
        if news != self._last_news or self._silent >= LINE_EVERY:
            _say(line(status))
            self._last_news, self._silent = news, 0


def line(status: DetectorStatus) -> str:
    """A status in one line."""
    parts = [f"{status.state}, {status.pictures_in} pictures, {status.frames_out} frames sent"]
    if total := status.latency_ms.get("total"):
        parts.append(f"camera to keypoints {total.p50:.0f} ms (p95 {total.p95:.0f})")
    parts += [f"{n} {kind}" for kind, n in sorted((status.refused | status.dropped).items())]
    parts += [f"! {warning}" for warning in status.warnings]
    return ", ".join(parts)


def _size_px(file: CameraFile) -> ImageSize:
    return file.camera.width_px, file.camera.height_px


def _say(text: str) -> None:
    print(f"m2t3 detect: {text}", file=sys.stderr, flush=True)


def _stop_at_end_of_input(input_ended: threading.Event, stop: threading.Event) -> None:
    # Not through sys.stdin: a thread that waits in its lock aborts the interpreter at the end.
    while os.read(sys.stdin.fileno(), 1024):
        pass
    input_ended.set()
    stop.set()
