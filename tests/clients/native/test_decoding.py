"""The C# and the C++ client read every message as Python does, and refuse what it refuses."""

import random
import re

import msgspec
import pytest

from m2t3.clients.schema.__main__ import ROOT
from m2t3.clients.schema.examples import examples
from m2t3.clients.schema.vectors import read, verdict
from m2t3.core import topics, wire

MUTATIONS = 3000


def test_the_shared_vectors_mean_the_same(client):
    shared = [*read((ROOT / "clients/schema/vectors.txt").read_text(encoding="utf-8"))]
    verdicts = client.decode((topic, payload) for (_, topic, payload), _ in shared)
    wrong = {
        vector.name: (said, meant)
        for (vector, meant), said in zip(shared, verdicts, strict=True)
        if said != meant
    }
    assert not wrong


def test_mutated_messages_mean_the_same_or_are_refused_as_well(client):
    asked = [*mutated(random.Random(7), MUTATIONS)]
    for (topic, payload), said in zip(asked, client.decode(asked), strict=True):
        # Where two things are wrong, which one is named first is nobody's promise.
        expected = verdict(topic, payload)
        if any(int(number) >= 2**63 for number in re.findall(r"(?<=[:,(])\d{19,}", expected)):
            continue  # Python alone has integers beyond 64 bits with a sign where none is said
        if expected.startswith("refused"):
            assert said.startswith("refused"), payload.hex()
        else:
            assert said == expected, payload.hex()


@pytest.mark.parametrize(
    "bomb",
    [
        b"\xdd\xff\xff\xff\xff",
        b"\x91" * 100_000,
        b"\x82\xa1v\x01\xa1x" + b"\xdc\xff\xff" * 40_000,
        b"\x82\xa1v\x01\xa1x" + b"\xdc\xff\xff" + b"\x90" * 100_000,
        b"\x82\xa1v\x01\xa1x" + b"\xdf\x00\x00\xff\xff" * 20_000,
    ],
)
def test_bombs_are_refused_at_once(client, bomb):
    assert client.decode([(b"m2t3.pose.cam0", bomb)]) == ["refused malformed"]


def test_oversize_is_refused_unread(client):
    for topic in (topics.POSE, topics.DEFINITION, topics.STATUS):
        payload = b"\xc1" * (topic.max_payload_bytes + 1)
        assert client.decode([(topic.name("cam0"), payload)]) == ["refused oversize"]


def test_all_joints_and_people_that_are_valid_are_read(client):
    frame = examples()[topics.POSE][0]
    person = frame.people[0]
    full = msgspec.structs.replace(frame, people=(person,) * 64)
    topic, payload = wire.pack(topics.POSE, full)
    assert client.decode([(topic, payload)]) == [verdict(topic, payload)]


def mutated(generator: random.Random, count: int):
    """Good messages with a few bytes changed, inserted, cut out or doubled."""
    good = [wire.pack(topic, each) for topic, found in examples().items() for each in found]
    for _ in range(count):
        topic, payload = generator.choice(good)
        broken = bytearray(payload)
        for _ in range(generator.choice((1, 1, 2, 5))):
            at = generator.randrange(len(broken))
            match generator.randrange(4):
                case 0:
                    broken[at] = generator.randrange(256)
                case 1:
                    broken[at] ^= 1 << generator.randrange(8)
                case 2:
                    del broken[at : at + generator.randrange(1, 4)]
                case 3:
                    broken[at:at] = broken[at : at + generator.randrange(1, 9)]
        yield topic, bytes(broken)
