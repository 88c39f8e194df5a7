"""A camera file's `source: {type: capture, ...}`: which camera, and which detector looks at it.

    source:
      type: capture
      device: 0
      detector: rtmpose
      model: models/rtmpose-m-halpe26.onnx
      person_model: models/yolox-m-humanart.onnx

docs/detectors.md tells where models come from and what each key does.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ...core.errors import CameraFileError, valid_names
from ...core.messages import MAX_PEOPLE
from ...core.topics import KEYPOINTS_ENDPOINT
from .strict_yaml import endpoint, mapping, number, shown, typed

DETECTORS = ("rtmpose", "mediapipe")
ACCELERATORS = ("cpu", "cuda")
MAX_PREVIEW_HZ = 10.0
SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class CaptureSource:
    """Keypoints come from `m2t3 detect`, which watches this camera and sends what it sees."""

    device: int | str  # number or /dev path of a camera, a video file, or an address: rtsp://...
    model: Path  # the pose model; in the camera file, paths are relative to that file
    detector: str = "rtmpose"  # one of DETECTORS
    model_sha256: str | None = None  # what the model file must hash to
    person_model: Path | None = None  # finds people for rtmpose; mediapipe's model does so itself
    person_model_sha256: str | None = None
    person_every: int = 4  # the person detector looks at every so manieth picture
    max_people: int = 4  # so many are looked at, the largest first; each costs time
    accelerator: str = "cpu"  # what rtmpose runs on, one of ACCELERATORS
    fps: float | None = None  # pictures a second to ask a camera for
    loop: bool = True  # begin a video file again at its end
    preview_hz: float = 2.0  # preview pictures a second for viewers; 0: none
    start: bool = True  # m2t3-stream starts m2t3 detect by itself; False: somebody else does,
    endpoint: str = KEYPOINTS_ENDPOINT  # and it sends to this endpoint, where m2t3-stream listens


CAPTURE_KEYS = tuple(field.name for field in fields(CaptureSource))


def read_capture_source(content: object, where: str, folder: Path) -> CaptureSource:
    """The source that `content` describes; paths are relative to `folder`.

    Raises:
        CameraFileError: a key that is unknown, missing or impossible.
    """
    keys = mapping(content, where, ("type", "device", "model"), optional=CAPTURE_KEYS)
    detector = keys.get("detector", CaptureSource.detector)
    if detector not in DETECTORS:
        raise CameraFileError(
            f"detector {shown(detector)} is not known; {valid_names(str(detector), DETECTORS)}; "
            "any other one publishes on ZeroMQ by itself (docs/detectors.md)"
        )
    if detector == "rtmpose" and "person_model" not in keys:
        raise CameraFileError(
            f"{where} lacks person_model: rtmpose looks at one person at a time, whom a person "
            "detector (YOLOX or RTMDet, ONNX) finds first; docs/detectors.md names some"
        )
    if detector != "rtmpose" and "person_model" in keys:
        raise CameraFileError(f"{where}: person_model is for rtmpose; {detector} has none")
    accelerator = keys.get("accelerator", CaptureSource.accelerator)
    if accelerator not in ACCELERATORS:
        raise CameraFileError(
            f"accelerator {shown(accelerator)} is not known; "
            f"{valid_names(str(accelerator), ACCELERATORS)}"
        )
    return CaptureSource(
        device=_device(keys["device"], folder),
        model=folder / typed(keys["model"], "model", str),
        detector=detector,
        model_sha256=_sha256(keys, "model_sha256"),
        person_model=(
            folder / typed(keys["person_model"], "person_model", str)
            if "person_model" in keys
            else None
        ),
        person_model_sha256=_sha256(keys, "person_model_sha256"),
        person_every=int(_within(keys, "person_every", 1, 1000, whole=True)),
        accelerator=accelerator,
        max_people=int(_within(keys, "max_people", 1, MAX_PEOPLE, whole=True)),
        fps=None if keys.get("fps") is None else _within(keys, "fps", 1, 1000),
        loop=typed(keys.get("loop", CaptureSource.loop), "loop", bool),
        preview_hz=_within(keys, "preview_hz", 0, MAX_PREVIEW_HZ),
        endpoint=endpoint(keys.get("endpoint", CaptureSource.endpoint), "endpoint"),
        start=typed(keys.get("start", CaptureSource.start), "start", bool),
    )


def capture_keys(source: CaptureSource, folder: Path) -> dict[str, Any]:
    """What to write into a camera file in `folder` so that it is read as `source`."""
    keys = {key: value for key, value in asdict(source).items() if value is not None}
    for key in ("model", "person_model"):
        if key in keys:
            keys[key] = os.path.relpath(keys[key], folder)
    if is_path(source.device) and not str(source.device).startswith("/dev/"):
        keys["device"] = os.path.relpath(str(source.device), folder)
    return keys


def is_path(device: int | str) -> bool:
    """Whether `device` is a path, and neither a camera's number nor an address."""
    return isinstance(device, str) and "://" not in device


def device_text(device: int | str) -> str:
    """`device` as messages name it: without the password that an address may hold."""
    return re.sub(r"//[^/]*@", "//", f"camera {device}" if isinstance(device, int) else device)


def _device(content: object, folder: Path) -> int | str:
    if type(content) is int and content >= 0:
        return content
    if not isinstance(content, str) or not content:
        raise CameraFileError(
            f"device is {shown(content)}; it is a camera's number (0) or path (/dev/video0), "
            "a video file, or an address (rtsp://...)"
        )
    return str(folder / content) if is_path(content) else content


def _sha256(keys: Mapping[str, Any], key: str) -> str | None:
    if key not in keys:
        return None
    digest: str = typed(keys[key], key, str)
    if not SHA256.fullmatch(digest):
        raise CameraFileError(f"{key} is {shown(digest)}; it is 64 hex digits: sha256sum FILE")
    return digest


def _within(
    keys: Mapping[str, Any], key: str, low: float, high: float, *, whole: bool = False
) -> float:
    content = keys.get(key, getattr(CaptureSource, key))
    value = float(typed(content, key, int)) if whole else number(content, key)
    if not low <= value <= high:
        raise CameraFileError(f"{key} is {value:g}; it is {low:g} to {high:g}")
    return value
