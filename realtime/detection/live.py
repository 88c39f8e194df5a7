"""The loop that watches a camera: picture, detector, keypoints out, and a status once a second."""

import secrets
import threading
from collections import Counter
from collections.abc import Callable

from ...core.clock import SECOND_NS, monotonic_ns
from ...core.messages import DetectorStatus, ImageSize, KeypointsFrame
from ..counts import Counts
from ..intake.picture_size import scale_between, size_text
from ..latencies import Latencies
from . import Detector
from .camera_reader import CameraReader, Picture
from .preview import preview
from .sender import Sender

IDLE_S = 0.05  # how long to wait for a picture before looking after everything else
SILENCE_NS = 2 * SECOND_NS  # without a picture for so long, the camera hangs
SLOW_SHARE = 0.5  # of the pictures skipped; more of them deserve a warning


class LiveDetection:
    """One camera under a detector's eyes. What it refuses or drops is in its status."""

    def __init__(
        self,
        reader: CameraReader,
        detector: Detector,
        sender: Sender,
        *,
        camera_text: str,
        stream: str,
        image_size_px: ImageSize,
        preview_hz: float,
    ) -> None:
        self._reader, self._detector, self._sender = reader, detector, sender
        self._camera_text, self._stream, self._image_size_px = camera_text, stream, image_size_px
        self._preview_ns = round(SECOND_NS / preview_hz) if preview_hz else None
        self._session = secrets.token_hex(8)
        self._seq = 0
        self._counts = Counts()
        self._latencies = Latencies()
        self._failure: str | None = None  # what the detector said when it failed, until told
        self._wrong_size_px: ImageSize | None = None  # of the last picture that was refused for it
        self._t_preview_ns = 0  # when the next is due
        self._t_picture_ns = monotonic_ns()  # when the last was done with
        self._before: Counter[str] = Counter()  # pictures in and skipped at the last status

    def run(
        self, stop: threading.Event, show: Callable[[DetectorStatus], None] = lambda status: None
    ) -> None:
        """Watch until `stop` is set or the video file has ended."""
        t_report_ns = monotonic_ns()
        while not (stop.is_set() or self._reader.finished):
            picture = self._reader.next(IDLE_S)
            if picture is not None:
                self._look(picture)
                self._t_picture_ns = monotonic_ns()
            if monotonic_ns() >= t_report_ns:
                self._report(show)
                t_report_ns = max(t_report_ns + SECOND_NS, monotonic_ns())
        self._report(show, stopping=True)

    def _look(self, picture: Picture) -> None:
        size_px = picture.bgr.shape[1], picture.bgr.shape[0]
        if scale_between(size_px, self._image_size_px) is None:
            self._counts.refused["picture_size"] += 1
            self._wrong_size_px = size_px
            return
        self._wrong_size_px = None
        t_look_ns = monotonic_ns()
        try:
            people = self._detector.detect(picture.bgr, picture.t_capture_ns)
        except Exception as error:  # whatever a detector's own libraries come up with
            self._counts.dropped["detector_error"] += 1
            self._failure = f"{type(error).__name__}: {error}"[:400]
            return
        frame = KeypointsFrame(
            stream=self._stream,
            session=self._session,
            seq=self._seq,
            t_capture_ns=picture.t_capture_ns,
            clock="monotonic",
            skeleton=self._detector.skeleton,
            image_size_px=size_px,
            people=people,
        )
        self._sender.send_frame(frame)
        now_ns = monotonic_ns()
        self._seq += 1
        self._latencies.add(
            now_ns,
            {
                "wait": t_look_ns - picture.t_capture_ns,
                "detect": now_ns - t_look_ns,
                "total": now_ns - picture.t_capture_ns,
            },
        )
        due = self._preview_ns is not None and now_ns >= self._t_preview_ns
        if self._preview_ns is not None and due and self._sender.wants_previews:
            self._t_preview_ns = now_ns + self._preview_ns
            if (small := preview(picture.bgr, frame)) is not None:
                self._sender.send_preview(small)

    def _report(self, show: Callable[[DetectorStatus], None], *, stopping: bool = False) -> None:
        counts = self._reader.counts() + self._counts
        silent = monotonic_ns() - self._t_picture_ns > SILENCE_NS
        lost = silent or self._reader.lost_s is not None
        status = DetectorStatus(
            stream=self._stream,
            session=self._session,
            state="stopping" if stopping else "lost" if lost else "running",
            detector=self._detector.description[:1024],
            pictures_in=self._reader.pictures_in,
            frames_out=self._seq,
            refused=dict(counts.refused),
            dropped=dict(counts.dropped),
            latency_ms=self._latencies.percentiles(monotonic_ns()),
            warnings=tuple(self._warnings(counts, silent)),
        )
        self._sender.send_status(status)
        show(status)

    def _warnings(self, counts: Counts, silent: bool) -> list[str]:
        told = []
        if self._sender.refusal is not None:
            told.append(f"{self._sender.endpoint} {self._sender.refusal}")
        if (lost_s := self._reader.lost_s) is not None:
            told.append(f"{self._camera_text} is lost for {lost_s:.0f} s; it is tried again")
        elif silent:
            silent_s = (monotonic_ns() - self._t_picture_ns) / SECOND_NS
            told.append(f"{self._camera_text} has given no picture for {silent_s:.0f} s")
        if self._wrong_size_px is not None:
            told.append(
                f"{self._camera_text} gives pictures of {size_text(self._wrong_size_px)}, the "
                f"camera file is for {size_text(self._image_size_px)}: other proportions, so they "
                "are not used; set the camera to the calibrated size, or calibrate it at this one"
            )
        if self._failure is not None:
            told.append(f"the detector failed on a picture: {self._failure}")
            self._failure = None
        now = Counter(pictures=self._reader.pictures_in, skipped=counts.dropped["skipped"])
        new, self._before = now - self._before, now
        if new["skipped"] > SLOW_SHARE * new["pictures"]:
            told.append(
                f"the detector was too slow for {new['skipped']} of the last {new['pictures']} "
                "pictures: a smaller model, a larger person_every, "
                "smaller pictures or a GPU make it faster"
            )
        return told
