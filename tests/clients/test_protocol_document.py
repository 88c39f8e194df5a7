"""docs/protocol.md is true: its bytes are what the encoder makes, and its programs run."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgpack
import numpy as np
import pytest
import zmq
from msgspec.structs import fields

from m2t3.core import topics
from m2t3.core.messages import (
    Body,
    CameraModel,
    Humanoid,
    Keypoints,
    ModelInfo,
    Pose,
    PoseFrame,
    SmplBody,
)
from m2t3.core.wire import encode, unpack

DOCUMENT = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")
EXAMPLE = PoseFrame(
    stream="cam0",
    session="5f3a91c2e07b4d68",
    seq=7,
    def_id="9c1e4b7a2d5f8036",
    source_session="a1b2c3",
    source_seq=12,
    t_capture_ns=3_000_000_000,
    capture_clock="monotonic",
    t_receive_ns=3_001_000_000,
    t_publish_ns=3_005_000_000,
    timing_ns={"network": 2_500_000},
    people=(
        Pose(
            id=1,
            state="tracked",
            positions_world_m=np.array([(1.5, -0.25, 0.875), (np.nan,) * 3], np.float32),
            confidence=np.array([0.75, 0], np.float32),
            valid=np.array([True, False]),
            contact=np.array([0.75, np.nan], np.float32),
        ),
    ),
)


@pytest.fixture
def program(tmp_path):
    @contextmanager
    def run(name: str, endpoint: str) -> Iterator[subprocess.Popen[str]]:
        """The document's program `name`, running."""
        (source,) = re.findall(rf"```python\n(# {name}: .*?)```", DOCUMENT, re.DOTALL)
        script = tmp_path / f"{name}.py"
        script.write_text(source, encoding="utf-8")
        command = [sys.executable, str(script), endpoint]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                yield process
            finally:
                process.kill()

    return run


def test_the_bytes_are_what_the_encoder_makes():
    dump = re.findall(r"^[0-9a-f]{4}  ((?:[0-9a-f]{2} ?)+)  ", DOCUMENT, re.MULTILINE)
    assert bytes.fromhex("".join(dump)) == encode(EXAMPLE)


def test_the_bytes_are_plain_messagepack():
    message = msgpack.unpackb(encode(EXAMPLE))
    shown = DOCUMENT.rsplit("```", 2)[1]
    for key, value in message.items():
        if key != "people":
            assert f"{key!r}: {value!r}" in shown


@pytest.mark.parametrize(
    "message_type",
    [
        *(topic.message_type for topic in topics.TOPICS),
        SmplBody,
        Keypoints,
        Pose,
        Body,
        Humanoid,
        CameraModel,
        ModelInfo,
    ],
)
def test_every_field_is_described(message_type):
    described = set(re.findall(r"`(\w+)`", DOCUMENT))
    assert {field.encode_name for field in fields(message_type)} <= described


@pytest.mark.parametrize("topic", topics.TOPICS, ids=lambda topic: topic.prefix)
def test_the_table_of_topics_is_the_programs(topic):
    (row,) = re.findall(rf"^\| `{re.escape(topic.prefix)}.<stream>` \|.*$", DOCUMENT, re.MULTILINE)
    _, direction, message, _, size = (cell.strip() for cell in row.strip("|").split("|"))
    assert direction == topic.direction
    assert message == topic.message_type.__name__
    assert size == f"{topic.max_payload_bytes // 1024} KiB"


def test_the_subscriber_of_the_document_hears_a_publisher(publisher, program):
    with program("subscriber", publisher.endpoint) as process:
        while process.poll() is None:
            publisher.define()
            publisher.send(publisher.person(3, publisher.standing(2.0)))
            if zmq.select([process.stdout], [], [], timeout=0.05)[0]:
                break
        line = process.stdout.readline()
    assert re.fullmatch(r"seq \d+ person 3 left wrist 2\.0 0\.15 0\.85\n", line)


def test_the_detector_of_the_document_is_understood(program):
    context = zmq.Context()
    with context, context.socket(zmq.SUB) as socket:
        socket.linger = 0
        socket.subscribe(topics.KEYPOINTS.name("cam0"))
        socket.bind("tcp://127.0.0.1:0")
        with program("detector", socket.last_endpoint.decode()):
            assert socket.poll(20_000)
            frame = unpack(socket.recv_multipart(), [topics.KEYPOINTS])
    (person,) = frame.people
    assert frame.stream == "cam0"
    assert person.id is None
    assert np.isfinite(person.keypoints_px).all(axis=1).nonzero()[0].tolist() == [5, 6]
    assert person.confidence[5] == pytest.approx(0.9)
