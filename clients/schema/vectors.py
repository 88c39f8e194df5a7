"""Bytes and what they mean: the examples that every client must read as Python does.

The verdicts are those of `core.wire`; here is only what is asked.
"""

import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from ...core import messages, topics, wire
from ...core.errors import WireError
from .examples import examples
from .fields import Array, Choice, Field, Integer, Real, Record, Text, definitions, subscribed
from .meaning import meaning

HEAD = """\
# Written by `python -m m2t3.clients.schema`: what every client's tests read. Each example is its
# name, the topic and the payload in hexadecimal digits, and either "means" and the message as
# clients/schema/meaning.py writes it, or "refused" and why. An empty line ends it.
"""


class Vector(NamedTuple):
    """One example."""

    name: str
    topic: bytes
    payload: bytes


def verdict(topic: bytes, payload: bytes) -> str:
    """What Python makes of a message: `means …`, or `refused …` with the kind."""
    try:
        return f"means {meaning(wire.unpack((topic, payload), subscribed()))}"
    except WireError as error:
        return f"refused {error.kind}"


def source() -> str:
    """The file's text."""
    blocks = [
        f"name {name}\ntopic {topic.hex()}\npayload {payload.hex()}\n{verdict(topic, payload)}\n"
        for name, topic, payload in vectors()
    ]
    return "\n".join([HEAD, *blocks])


def read(text: str) -> Iterator[tuple[Vector, str]]:
    """The examples in such a file, each with its verdict."""
    for block in text.split("\n\n")[1:]:
        name, topic, payload, said = block.strip("\n").split("\n")
        parts = (bytes.fromhex(line.partition(" ")[2]) for line in (topic, payload))
        yield Vector(name.removeprefix("name "), *parts), said


def vectors() -> list[Vector]:
    """All examples."""
    return [*_good(), *_bad()]


def _good() -> Iterator[Vector]:
    for topic, found in examples().items():
        for number, message in enumerate(found):
            name, (on, payload) = topic.message_type.__name__, wire.pack(topic, message)
            yield Vector(f"{name} {number}", on, payload)
        plain = _plain(found[0])
        yield Vector(f"{name}: the widest encoding of everything", _on(topic), _widest(plain))
        backwards = {"later": [{"a": {}}, b"\0"], **dict(reversed(plain.items()))}
        yield Vector(f"{name}: unknown keys, another order", _on(topic), _encode(backwards))
        one_more = b"\xde" + struct.pack(">H", len(plain) + 1)
        pairs = b"".join(_encode(key) + _encode(value) for key, value in plain.items())
        extension = one_more + b"\xa1x\xc7\x03\x05abc" + pairs
        yield Vector(f"{name}: an extension", _on(topic), extension)
        twice = one_more + _encode("session") + _encode("first") + pairs
        yield Vector(f"{name}: a key that comes twice", _on(topic), twice)
    status = _plain(examples()[topics.STATUS][0])
    whole = _encode(status | {"uptime_s": 7, "input_rate_hz": -3})
    yield Vector("Status: integers where floats are", _on(topics.STATUS), whole)
    narrow = _encode(status).replace(
        _encode(status["output_rate_hz"]), b"\xca" + struct.pack(">f", 60)
    )
    yield Vector("Status: a float32 where a float64 is", _on(topics.STATUS), narrow)


def _bad() -> Iterator[Vector]:
    for topic, found in examples().items():
        plain = _plain(found[0])
        name, payload = topic.message_type.__name__, _encode(plain)
        for key in plain:
            without = {other: value for other, value in plain.items() if other != key}
            yield Vector(f"{name} without {key}", _on(topic), _encode(without))
        for key, wrong in _wrong_values(topic, plain):
            yield Vector(f"{name}: another {key}", _on(topic), _encode(plain | {key: wrong}))
    plain = _plain(examples()[topics.POSE][0])
    payload = _encode(plain)
    person = plain["people"][0]
    for what, change in {
        "more positions than joints": {"positions_world_m": bytes(36)},
        "fewer valid than joints": {"valid": b"\1"},
        "positions that are no float32s": {"positions_world_m": bytes(23)},
        "positions as a list": {"positions_world_m": [1.5] * 6},
        "another state": {"state": "lost"},
        "an id that is no number": {"id": "1"},
    }.items():
        people = _encode(plain | {"people": [person | change]})
        yield Vector(f"Pose: {what}", _on(topics.POSE), people)
    body = _plain(examples()[topics.POSE][3])["people"][0]
    for what, change in {
        "three feet": {"contact": bytes(12)},
        "a root in the plane": {"body": body["body"] | {"root_world_m": bytes(8)}},
        "rotations of three numbers": {"body": body["body"] | {"rotations_xyzw": bytes(24)}},
        "more bones than rotations": {"body": body["body"] | {"offsets_m": bytes(36)}},
        "a body with other joints": {"body": body["body"] | {"joint_offsets_m": bytes(36)}},
        "a body without a heading": {"body": {**body["body"], "heading_rad": None}},
        "a body that is a list": {"body": []},
    }.items():
        people = _encode(plain | {"people": [body | change]})
        yield Vector(f"Body: {what}", _on(topics.POSE), people)
    definition = _plain(examples()[topics.DEFINITION][1])
    for what, change in {
        "a parent too many": {"parents": [-1, 0, 1]},
        "a direction too few": {"rest_directions": [[0.0, 0.0, 1.0]]},
        "a bone that is its own parent": {"parents": [-1, 1]},
        "two hips": {"parents": [-1, -1]},
        "hips with a parent": {"parents": [0, 0]},
        "no bones": {"bone_names": [], "parents": [], "rest_directions": []},
        "a joint on no bone": {"joint_bones": [1, 2]},
    }.items():
        humanoid = definition["humanoid"] | change
        wrong = _encode(definition | {"humanoid": humanoid})
        yield Vector(f"Humanoid: {what}", _on(topics.DEFINITION), wrong)
    for what, broken in {
        "nothing": b"",
        "cut off": payload[:-1],
        "cut off in the middle": payload[: len(payload) // 2],
        "a byte too many": payload + b"\0",
        "a byte that is none": b"\x81\xa1v\xc1",
        "a string": b"\xa5hello",
        "a list": b"\x91\x01",
        "four billion items": b"\x82\xa1v\x01\xa1x\xdd\xff\xff\xff\xff",
        "four billion keys": b"\xdf\xff\xff\xff\xff",
        "four billion letters": b"\x82\xa1v\x01\xa1x\xdb\xff\xff\xff\xff",
        "a nest of a thousand lists": b"\x82\xa1v\x01\xa1x" + b"\x91" * 1200 + b"\xc0",
        "no UTF-8": payload.replace(b"cam0", b"c\xffm0"),
        "a key that is a number": b"\x82\xa1v\x01\x05\x05",
        "version 2": b"\x82\xa1v\x02\xa1x\x05",
        "version as text": b"\x81\xa1v\xa11",
        "too large": payload + bytes(topics.POSE.max_payload_bytes),
        "65 people": _encode(plain | {"people": [person] * 65}),
    }.items():
        if len(broken) < 10_000:
            yield Vector(f"PoseFrame: {what}", _on(topics.POSE), broken)
    for on in ("m2t3.pose.cam1", "m2t3.pose.cam01", "m2t3.pose", "m2t3.posecam0", "", "m2t3.def."):
        yield Vector(f"topic {on!r}", on.encode(), payload)
    yield Vector("topic that is no text", b"m2t3.pose.\xff", payload)


def _wrong_values(topic: topics.Topic[Any], plain: dict[str, Any]) -> Iterator[tuple[str, object]]:
    """For each field of the message something that it must not be."""
    record = definitions([topic])[-1]
    for field in record.fields:
        yield from ((field.name, wrong) for wrong in _wrong(field))


def _wrong(field: Field) -> list[object]:
    match field.type:
        case Integer(low, high):
            # Where all 64 bits are valid, no MessagePack integer is beyond them.
            beyond = [v for v in (low - 1, high + 1) if -(2**63) <= v < 2**63]
            return [1.0, True, *beyond]
        case Real():
            return ["1.0", None]
        case Text(longest=longest, word=word):
            return [
                5,
                *(["x" * (longest + 1)] if longest and longest <= 128 else []),
                *(["a/b", "a\n", ""] if word else []),
            ]
        case Choice():
            return ["sundial", 0]
        case Array():
            return ["text"]
        case Record():
            return [[], {}]
        case _:
            return [5]


def _on(topic: topics.Topic[Any]) -> bytes:
    return topic.name("cam0")


def _plain(message: messages.Message) -> dict[str, Any]:
    return msgspec.msgpack.decode(wire.encode(message))


def _encode(value: object) -> bytes:
    return msgspec.msgpack.encode(value)


def _widest(value: object) -> bytes:
    """`value` in the longest MessagePack there is for it."""
    match value:
        case None:
            return b"\xc0"
        case int():
            return (
                struct.pack(">Bq", 0xD3, value)
                if value < 2**63
                else struct.pack(">BQ", 0xCF, value)
            )
        case float():
            return struct.pack(">Bd", 0xCB, value)
        case str():
            return struct.pack(">BI", 0xDB, len(value.encode())) + value.encode()
        case bytes():
            return struct.pack(">BI", 0xC6, len(value)) + value
        case list():
            return struct.pack(">BI", 0xDD, len(value)) + b"".join(map(_widest, value))
        case dict():
            pairs = (_widest(key) + _widest(each) for key, each in value.items())
            return struct.pack(">BI", 0xDF, len(value)) + b"".join(pairs)
    raise TypeError(type(value).__name__)
