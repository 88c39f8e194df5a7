"""Whatever bytes arrive: a message, or a WireError, and no memory kept."""

import gc
import random
import tracemalloc

import msgpack
from hypothesis import given, settings
from hypothesis import strategies as st

from m2t3.core import wire
from m2t3.core.errors import WireError
from m2t3.core.topics import KEYPOINTS, TOPICS

FUZZED_MESSAGES = 10_000


def survives(topic, payload: bytes) -> bool:
    """True when `payload` is a message, False when it is refused."""
    try:
        wire.unpack([topic.name("cam0"), payload], TOPICS)
    except WireError:
        return False
    return True


def mutate(rng: random.Random, payload: bytes) -> bytes:
    """`payload` with a few bytes changed, cut, repeated or thrown in."""
    data = bytearray(payload)
    for _ in range(rng.randint(1, 8)):
        at, width = rng.randrange(len(data) + 1), rng.randint(0, 16)
        data[at : at + rng.choice((0, 1, width))] = rng.choice(
            (b"", rng.randbytes(1), rng.randbytes(width), data[at : at + width] * 2)
        )
    return bytes(data)


def test_ten_thousand_mutated_messages_raise_nothing_but_wire_errors(examples):
    rng = random.Random(0)
    payloads = {topic: wire.encode(examples[topic]) for topic in TOPICS}

    def volley(count: int) -> int:
        topics = [rng.choice(TOPICS) for _ in range(count)]
        return sum(survives(topic, mutate(rng, payloads[topic])) for topic in topics)

    survivors = volley(500)
    gc.collect()
    tracemalloc.start()
    survivors += volley(FUZZED_MESSAGES)
    gc.collect()
    kept_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 0 < survivors < FUZZED_MESSAGES
    assert kept_bytes < 50_000


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=8)
    | st.binary(max_size=32)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(value=VALUES)
def test_random_messagepack_is_refused(value):
    assert not survives(KEYPOINTS, msgpack.packb(value))


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_message_with_one_random_value_is_judged(data):
    fields = {
        "v": 1,
        "stream": "cam0",
        "session": "ab",
        "seq": 1,
        "t_capture_ns": 1,
        "clock": "media",
        "skeleton": "coco17",
        "image_size_px": [640, 480],
        "people": [{"keypoints_px": bytes(17 * 8), "confidence": bytes(17 * 4)}],
    }
    key = data.draw(st.sampled_from(sorted(fields)))
    survives(KEYPOINTS, msgpack.packb({**fields, key: data.draw(VALUES)}))
