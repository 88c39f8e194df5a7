"""The one encoder: messages to and from MessagePack, and the multipart `[topic, payload]`.

Whatever arrives is either a message that keeps its schema or a `WireError` with one of these kinds:
"parts", "topic", "oversize", "malformed" (no MessagePack, cut off), "version", "schema",
"skeleton", "joint_count", "bone_count".
"""

import hashlib
from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar

import msgspec
import numpy as np

from .errors import WireError
from .messages import PROTOCOL_VERSION, Float32Array, Message, SkeletonDefinition
from .topics import Topic

M = TypeVar("M", bound=Message)


class _Head(msgspec.Struct):
    v: int


def encode(message: Message) -> bytes:
    """`message` as a MessagePack map."""
    return _encoder.encode(message)


def decode(topic: Topic[M], payload: bytes) -> M:
    """The message in `payload`, which came on `topic`.

    Raises:
        WireError: whatever is wrong with it; nothing else is ever raised.
    """
    if len(payload) > topic.max_payload_bytes:
        raise WireError(
            "oversize",
            f"{len(payload)} bytes on {topic.prefix}, at most {topic.max_payload_bytes} are valid",
        )
    try:
        # Another version's message need not keep our schema, so its version is looked at first.
        version = _head_decoder.decode(payload).v
        if version != PROTOCOL_VERSION:
            raise WireError("version", f"protocol version {version}; valid: {PROTOCOL_VERSION}")
        return _decoder(topic.message_type).decode(payload)
    except msgspec.ValidationError as error:
        raise WireError("schema", str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WireError("malformed", f"not a MessagePack map: {error}") from error


def pack(topic: Topic[M], message: M) -> tuple[bytes, bytes]:
    """The two parts to send."""
    return topic.name(message.stream), encode(message)


def unpack(parts: Sequence[bytes], topics: Sequence[Topic[M]]) -> M:
    """The message in the received `parts`, if it is on one of `topics`.

    Raises:
        WireError: as `decode`, and for a wrong number of parts or another topic.
    """
    if len(parts) != 2:
        raise WireError("parts", f"{len(parts)} parts; valid: topic and payload")
    for topic in topics:
        if parts[0].startswith(topic.prefix.encode() + b"."):
            message = decode(topic, parts[1])
            if parts[0] != topic.name(message.stream):
                raise WireError("topic", f"stream {message.stream!r} on topic {parts[0][:80]!r}")
            return message
    raise WireError(
        "topic", f"topic {parts[0][:80]!r}; valid: {', '.join(t.prefix + '.*' for t in topics)}"
    )


def definition_id(definition: SkeletonDefinition) -> str:
    """Hash of what a definition says: of every field but its sender, its name and its times."""
    said = msgspec.structs.asdict(definition)
    for field in ("session", "def_id", "t_publish_ns", "unix_minus_monotonic_ns"):
        del said[field]
    return hashlib.sha256(_encoder.encode(said)).hexdigest()[:16]


def _array_to_bin(value: Any) -> bytes:
    if not isinstance(value, np.ndarray):
        raise TypeError(f"cannot encode {type(value).__name__}")
    dtype = "u1" if value.dtype == np.bool_ else "<f4"
    return np.ascontiguousarray(value, dtype).tobytes()


def _bin_to_array(array_type: object, value: Any) -> np.ndarray:
    if not isinstance(value, bytes):
        raise TypeError(f"Expected `bin`, got `{type(value).__name__}`")
    if array_type == Float32Array:
        return np.frombuffer(value, "<f4")
    return np.frombuffer(value, "u1") != 0


@cache
def _decoder(message_type: type[M]) -> "msgspec.msgpack.Decoder[M]":
    return msgspec.msgpack.Decoder(message_type, dec_hook=_bin_to_array)


_head_decoder = msgspec.msgpack.Decoder(_Head)
_encoder = msgspec.msgpack.Encoder(enc_hook=_array_to_bin)
