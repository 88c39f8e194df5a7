"""Where a camera's keypoints come from: a camera file's `source`.

    source: {type: zmq, endpoint: "tcp://127.0.0.1:5570", bind: true, stream: cam0}
    source: {type: replay, recording: walk.npz, loop: true, rate: 1.0}

`type: capture` is capture_source.py's.
"""

import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...core.errors import CameraFileError, valid_names
from ...core.messages import WORD
from ...core.topics import KEYPOINTS_ENDPOINT
from .capture_source import CAPTURE_KEYS, CaptureSource, capture_keys, read_capture_source
from .strict_yaml import endpoint, mapping, number, shown, typed


@dataclass(frozen=True)
class ZmqSource:
    """Keypoints arrive as messages of the topic m2t3.keypoints.<stream>."""

    stream: str  # the name in the topic
    endpoint: str = KEYPOINTS_ENDPOINT
    bind: bool = True  # True: detectors connect to us; False: we connect to a detector that binds


@dataclass(frozen=True)
class ReplaySource:
    """Keypoints come from a recording."""

    recording: Path  # npz file; in the camera file, relative to that file
    loop: bool = True  # begin again at the end
    rate: float = 1.0  # 1 is the speed at which it was recorded


SourceConfig = ZmqSource | ReplaySource | CaptureSource


def source_keys(source: SourceConfig, folder: Path) -> dict[str, Any]:
    """What `read_source` reads; paths are relative to `folder`."""
    match source:
        case ZmqSource():
            return {"type": "zmq", **asdict(source)}
        case ReplaySource():
            recording = os.path.relpath(source.recording, folder)
            return {"type": "replay", **asdict(source), "recording": recording}
        case CaptureSource():
            return {"type": "capture", **capture_keys(source, folder)}


def read_source(content: object, folder: Path, camera_name: str) -> SourceConfig:
    """The source that `content` describes; paths are relative to `folder`.

    Raises:
        CameraFileError: a key that is unknown, missing or impossible.
    """
    types = {
        "zmq": ("endpoint", "bind", "stream"),
        "replay": ("recording", "loop", "rate"),
        "capture": CAPTURE_KEYS,
    }
    every_key = {key for keys in types.values() for key in keys}
    kind = mapping(content, "source", ("type",), optional=every_key)["type"]
    if not isinstance(kind, str) or kind not in types:
        raise CameraFileError(
            f"source: type {shown(kind)} is not known; {valid_names(str(kind), types)}"
        )
    where = f"source (type {kind})"
    if kind == "capture":
        return read_capture_source(content, where, folder)
    if kind == "zmq":
        keys = mapping(content, where, ("type",), optional=types["zmq"])
        return ZmqSource(
            stream=valid_stream_name(keys.get("stream", camera_name), "stream"),
            endpoint=endpoint(keys.get("endpoint", ZmqSource.endpoint), "endpoint"),
            bind=typed(keys.get("bind", ZmqSource.bind), "bind", bool),
        )
    keys = mapping(content, where, ("type", "recording"), optional=("loop", "rate"))
    rate = number(keys.get("rate", ReplaySource.rate), "rate")
    if not rate > 0:
        raise CameraFileError(f"rate is {rate:g}; it is above 0, and 1 is the recorded speed")
    return ReplaySource(
        recording=folder / typed(keys["recording"], "recording", str),
        loop=typed(keys.get("loop", ReplaySource.loop), "loop", bool),
        rate=rate,
    )


def valid_stream_name(content: object, where: str) -> str:
    """`content` if it may be part of a topic.

    Raises:
        CameraFileError: it may not.
    """
    if not isinstance(content, str) or not re.fullmatch(WORD, content):
        raise CameraFileError(
            f"{where} is {shown(content)}; it becomes part of a topic: 1 to 64 of A-Z a-z 0-9 _ -"
        )
    return content
