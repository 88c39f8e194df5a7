"""One open camera, video file or network stream."""

import os
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from jaxtyping import UInt8
from numpy.typing import NDArray

from ...calibration.camera_files.capture_source import device_text, is_path
from ...core.clock import SECOND_NS
from ...core.errors import CaptureError
from ...core.messages import ImageSize

TIMEOUT_MS = 5000  # for a network camera to answer, and for each of its pictures
DEFAULT_FPS = 30.0  # of a file that does not tell

Kind = Literal["camera", "file", "address"]


def kind_of(device: int | str) -> Kind:
    """What sort of thing `device` names."""
    if not is_path(device):
        return "camera" if isinstance(device, int) else "address"
    return "camera" if str(device).startswith("/dev/") else "file"


class Video:
    """Pictures one by one. Not for two threads at a time."""

    def __init__(
        self, device: int | str, *, image_size_px: ImageSize, fps: float | None = None
    ) -> None:
        """Open `device`; of a camera, ask for this picture size and rate.

        Raises:
            CaptureError: it is not there, taken, or no video.
        """
        self.kind = kind_of(device)
        self._capture = _open(device, self.kind)
        if not self._capture.isOpened():
            self._capture.release()
            raise CaptureError(_cannot_open(device, self.kind))
        if self.kind == "camera":
            width, height = image_size_px
            # Uncompressed pictures of this size do not fit through USB 2 at 30 a second.
            self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
            self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
            self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
            if fps is not None:
                self._capture.set(cv2.CAP_PROP_FPS, fps)
        told_fps = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = told_fps if 0 < told_fps < 1e4 else DEFAULT_FPS
        self._stamp_ns = -1

    @property
    def picture_count(self) -> int | None:
        """How many pictures a file says it has."""
        count = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        return count if count > 0 else None

    def grab(self) -> int | None:
        """Take the next picture; its stamp in ns, or None at the end or if the camera is lost.

        Whose clock it is on depends on the camera: see `capture_clock`. Those of a file rise.
        """
        try:
            if not self._capture.grab():
                return None
        except cv2.error:
            return None
        stamp_ns = round(self._capture.get(cv2.CAP_PROP_POS_MSEC) * 1e6)
        if self.kind == "file" and stamp_ns <= self._stamp_ns:
            stamp_ns = self._stamp_ns + round(SECOND_NS / self.fps)
        self._stamp_ns = stamp_ns
        return stamp_ns

    def retrieve(self) -> UInt8[NDArray, "h w 3"] | None:
        """The picture that was taken: blue, green, red. None if it cannot be decoded."""
        try:
            decoded, picture = self._capture.retrieve()
        except cv2.error:
            return None
        if not decoded or picture is None or picture.dtype != np.uint8 or picture.ndim != 3:
            return None
        return picture if picture.shape[2] == 3 and picture.size else None

    def close(self) -> None:
        """Let the camera go."""
        self._capture.release()


def _open(device: int | str, kind: Kind) -> cv2.VideoCapture:
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # errors are told by us
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    if kind == "file":
        return cv2.VideoCapture(str(device), cv2.CAP_FFMPEG)
    if kind == "address":
        timeouts = (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, cv2.CAP_PROP_READ_TIMEOUT_MSEC)
        parameters = [part for key in timeouts for part in (key, TIMEOUT_MS)]
        return cv2.VideoCapture(str(device), cv2.CAP_FFMPEG, parameters)
    linux = Path("/dev").is_dir() and hasattr(os, "sched_getaffinity")
    backend = cv2.CAP_V4L2 if linux else cv2.CAP_ANY
    return cv2.VideoCapture(device, backend)


def _cannot_open(device: int | str, kind: Kind) -> str:
    name = device_text(device)
    if kind == "file":
        there = Path(str(device)).is_file()
        reason = "is no video that FFmpeg can read" if there else "is not there"
        return f"video file {name} {reason}"
    if kind == "address":
        return (
            f"{name} does not answer with a video within {TIMEOUT_MS / 1000:g} s: is the "
            "camera on, are name and password right? `ffplay ADDRESS` tells more"
        )
    cameras = sorted(str(path) for path in Path("/dev").glob("video*"))
    return (
        f"{name} cannot be opened: it is not there, another program has it, or this user "
        f"may not use it; cameras here: {', '.join(cameras) or 'none'}"
    )
