"""Pictures from wherever they come: a camera, a network stream, a video, files."""

import glob
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
from jaxtyping import UInt8
from numpy.typing import NDArray

from ..core.errors import CalibrationError
from ..core.out_file import check_out
from .camera_files.capture_source import device_text

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
VIDEO_EVERY_S = 0.2  # between pictures of a video that are looked at
_MAX_FAILURES = 50  # unreadable frames in a row, after which a camera is gone
_WAIT_S = 0.02

Colour = UInt8[NDArray, "height width 3"]


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture and what to call it."""

    name: str
    bgr: Colour

    @property
    def grey(self) -> UInt8[NDArray, "height width"]:
        """The picture without its colours."""
        return cv2.cvtColor(self.bgr, cv2.COLOR_BGR2GRAY)

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height."""
        return self.bgr.shape[1], self.bgr.shape[0]


def is_live(source: str) -> bool:
    """Whether `source` is a camera or a network stream, which never end."""
    number = source.isdecimal() and not Path(source).exists()
    return number or "://" in source or source.startswith("/dev/")


def is_video(source: str) -> bool:
    """Whether `source` is one file that is no picture."""
    return Path(source).is_file() and Path(source).suffix.lower() not in SUFFIXES


def read_pictures(source: str, every_s: float = 0.0) -> Iterator[Picture]:
    """The pictures of `source`: a camera, an address, a video, a picture, a folder, a pattern.

    Files come in the order of their names and turned as their EXIF says; of a video or a camera,
    `every_s` seconds lie between pictures (0: all of them).

    Raises:
        CalibrationError: nothing there, or nothing in it that can be read.
    """
    if is_live(source) or is_video(source):
        yield from _captured(source, every_s)
        return
    paths = _files(source)
    for path in paths:
        bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if bgr is None:
            raise CalibrationError(f"{path}: cannot be read as a picture; is the file whole?")
        yield Picture(path.name, bgr)


def first_picture(source: str) -> Picture:
    """The first picture of `source`."""
    with_one = read_pictures(source)
    picture = next(with_one)
    with_one.close()  # type: ignore[attr-defined]  # gives a camera back
    return picture


def check_picture_path(path: Path, option: str = "--out") -> None:
    """Refuse what `option` names if no picture can be written there.

    Raises:
        M2t3Error: another suffix than those of pictures, or see `check_out`.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise CalibrationError(
            f"{option} {path}: no picture is called so; its name ends in {', '.join(SUFFIXES)}"
        )
    check_out(path, option=option)


def write_picture(path: Path, bgr: Colour) -> None:
    """Write a picture in the format of its name.

    Raises:
        CalibrationError: it cannot be written.
    """
    try:
        written = cv2.imwrite(str(path), bgr, [cv2.IMWRITE_JPEG_QUALITY, 92])
    except cv2.error as error:
        raise CalibrationError(f"{path}: cannot be written ({error.err})") from None
    if not written:
        raise CalibrationError(f"{path}: cannot be written; may you write there, is there space?")


def _files(source: str) -> list[Path]:
    path = Path(source)
    if path.exists():  # whatever its name looks like
        found = sorted(path.iterdir()) if path.is_dir() else [path]
    else:
        found = sorted(map(Path, glob.glob(source)))  # noqa: PTH207  (absolute patterns too)
    paths = [file for file in found if file.suffix.lower() in SUFFIXES and file.is_file()]
    if paths:
        return paths
    if not found and not path.exists():
        raise CalibrationError(
            f"no such file or folder: {source}; a source is a camera's number (0) or path "
            "(/dev/video0), an address (rtsp://…), a video, a picture, a folder of pictures or a "
            "'pattern*.jpg'"
        )
    raise CalibrationError(f"{source}: no pictures in it; they end in {', '.join(SUFFIXES)}")


def _captured(source: str, every_s: float) -> Iterator[Picture]:
    live, name = is_live(source), device_text(source)
    capture = cv2.VideoCapture(int(source) if live and source.isdecimal() else source)
    try:
        if not capture.isOpened():
            what = "camera" if live else "video"
            raise CalibrationError(
                f"{what} {name} cannot be opened; is it "
                + ("plugged in, reachable, and free?" if live else "whole, and of a known format?")
            )
        fps = capture.get(cv2.CAP_PROP_FPS)
        step = 1 if live or not fps > 0 else max(1, round(every_s * fps))
        index, failures, got, due = 0, 0, False, time.monotonic()
        while failures < (_MAX_FAILURES if live else 1):
            read, bgr = capture.read()
            if not read or bgr is None:
                failures += 1
                time.sleep(_WAIT_S if live else 0)
                continue
            failures = 0
            if index % step == 0 and (not live or time.monotonic() >= due):
                got, due = True, time.monotonic() + every_s
                yield Picture(f"frame {index}", bgr)
            index += 1
        if not got:
            raise CalibrationError(f"{name} gave no picture")
        if live:
            raise CalibrationError(f"{name} gives no pictures any more: was it unplugged?")
    finally:
        capture.release()
