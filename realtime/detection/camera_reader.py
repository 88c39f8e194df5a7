"""The camera's own thread: takes every picture at once, keeps the newest, gets the camera back."""

import threading
from dataclasses import dataclass

from jaxtyping import UInt8
from numpy.typing import NDArray

from ...core.clock import SECOND_NS, monotonic_ns
from ...core.errors import CaptureError
from ...core.messages import ImageSize
from ..counts import Counts
from .capture_clock import CaptureClock, DriverClock, FileClock, StreamClock
from .video import Video

RETRY_S = (0.2, 0.5, 1.0, 2.0)  # how long to wait before each attempt to get a camera back
MAX_CORRUPT = 30  # so many pictures in a row that cannot be decoded: open the camera anew
CLOSE_S = 1.0  # a camera that hangs is left to its thread
CLOCKS: dict[str, type[CaptureClock]] = {
    "camera": DriverClock,
    "file": FileClock,
    "address": StreamClock,
}


@dataclass(frozen=True, eq=False)
class Picture:
    """What the camera saw, and when."""

    bgr: UInt8[NDArray, "h w 3"]
    t_capture_ns: int  # CLOCK_MONOTONIC


class CameraReader:
    """The newest picture of a camera, whatever happens to the camera.

    A file plays at its own rate, as a camera would. `counts()` has, as refused, pictures that are
    "corrupt" or of a wrong "timestamp", and how often the camera was lost ("camera_lost"); as
    dropped, good ones that gave way to newer ones ("skipped").
    """

    def __init__(
        self,
        device: int | str,
        *,
        image_size_px: ImageSize,
        fps: float | None = None,
        loop: bool = True,
    ) -> None:
        """Open `device` and start reading.

        Raises:
            CaptureError: it cannot be opened now.
        """
        self._device, self._loop = device, loop
        self._image_size_px, self._fps = image_size_px, fps
        video = self._open()
        self.pictures_in = 0
        self._ended = False  # a file has been played to its end
        self._counts = Counts()
        self._newest: Picture | None = None
        self._watched = threading.Event()  # a file waits for who looks at it, nothing is skipped
        self._t_last_ns = -1  # capture time of the last good picture
        self._lost_ns: int | None = None  # since when the camera is lost
        self._changed = threading.Condition()  # guards all that the thread writes
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(video,), daemon=True)
        self._thread.start()

    def next(self, timeout_s: float) -> Picture | None:
        """The newest picture, once; None when none comes within `timeout_s`."""
        with self._changed:
            self._watched.set()
            self._changed.wait_for(lambda: self._newest or self._ended, timeout_s)
            picture, self._newest = self._newest, None
            return picture

    @property
    def finished(self) -> bool:
        """True when a file has been played to its end and its last picture was taken."""
        with self._changed:
            return self._ended and self._newest is None

    @property
    def lost_s(self) -> float | None:
        """For how long the camera has been lost; None if it is not."""
        since_ns = self._lost_ns
        return None if since_ns is None else (monotonic_ns() - since_ns) / SECOND_NS

    def counts(self) -> Counts:
        """A copy of the losses so far."""
        with self._changed:
            return self._counts + Counts()

    def close(self) -> None:
        """Stop and let the camera go."""
        self._closing.set()
        self._watched.set()
        self._thread.join(CLOSE_S)

    def _open(self) -> Video:
        return Video(self._device, image_size_px=self._image_size_px, fps=self._fps)

    def _run(self, video: Video | None) -> None:
        if video is not None and video.kind == "file":
            self._watched.wait()
        while video is not None:
            pictures = self._read(video)
            video.close()
            if self._closing.is_set():
                return
            if video.kind == "file" and pictures and not self._loop:
                with self._changed:
                    self._ended = True
                    self._changed.notify()
                return
            video = self._reopen(at_once=video.kind == "file" and pictures > 0)

    def _reopen(self, *, at_once: bool) -> Video | None:
        """The camera, as soon as it is back; None when closing."""
        attempt = 0
        if not at_once:
            self._lose()
        while not self._closing.is_set():
            if self._lost_ns is not None:
                self._closing.wait(RETRY_S[min(attempt, len(RETRY_S) - 1)])
                attempt += 1
            try:
                return self._open()
            except CaptureError:
                self._lose()
        return None

    def _lose(self) -> None:
        with self._changed:
            if self._lost_ns is None:
                self._lost_ns = monotonic_ns()
                self._counts.refused["camera_lost"] += 1

    def _read(self, video: Video) -> int:
        """Take pictures until the video ends, is lost, or everything stops; how many there were."""
        clock = CLOCKS[video.kind]()
        corrupt = pictures = 0
        while not self._closing.is_set() and (stamp_ns := video.grab()) is not None:
            t_capture_ns = clock.t_capture_ns(stamp_ns, monotonic_ns())
            bgr = video.retrieve()
            if bgr is None:
                corrupt += 1
                with self._changed:
                    self._counts.refused["corrupt"] += 1
                if corrupt == MAX_CORRUPT:
                    break
                continue
            corrupt = 0
            pictures += 1
            if video.kind == "file":
                self._closing.wait(max(0, t_capture_ns - monotonic_ns()) / SECOND_NS)
            self._offer(Picture(bgr, t_capture_ns))
        return pictures

    def _offer(self, picture: Picture) -> None:
        with self._changed:
            self._lost_ns = None
            self.pictures_in += 1
            if picture.t_capture_ns <= self._t_last_ns:
                self._counts.refused["timestamp"] += 1
                return
            self._t_last_ns = picture.t_capture_ns
            if self._newest is not None and self._watched.is_set():
                self._counts.dropped["skipped"] += 1
            self._newest = picture
            self._changed.notify()
