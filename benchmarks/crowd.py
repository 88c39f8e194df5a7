"""A publisher that the client benchmarks share: two people at a steady rate, garbage among them.

Everything about a frame but its times follows from its number, so that whoever receives it can tell
what it must be.
"""

import socket

import numpy as np

from m2t3.core import topics, wire
from m2t3.core.clock import SECOND_NS, monotonic_ns, sleep_until, unix_minus_monotonic_ns
from m2t3.core.messages import CameraModel, ModelInfo, Pose, PoseFrame, SkeletonDefinition
from m2t3.core.skeletons import COCO17
from m2t3.realtime.sockets.publisher import Publisher

STREAM = "benchmark"
RATE_HZ = 60
GARBAGE_EVERY = 10  # frames: then comes a message of the next kind
TOPIC = topics.POSE.name(STREAM)
GARBAGE: tuple[tuple[bytes, ...], ...] = (
    (TOPIC, b"\xc1 no MessagePack"),
    (TOPIC, b"\xdf\xff\xff\xff\xff"),  # a map of four billion
    (TOPIC, bytes(200_000)),
    (TOPIC, b"\x81\xa1v\x02"),  # protocol version 2
    (TOPIC, b"\x81\xa1v\x01"),  # all but the version is missing
    (TOPIC, b"1", b"2"),
)


def definition(session: str) -> SkeletonDefinition:
    """What the benchmark's frames mean."""
    said = {
        "stream": STREAM,
        "session": session,
        "t_publish_ns": monotonic_ns(),
        "unix_minus_monotonic_ns": unix_minus_monotonic_ns(),
        "skeleton": COCO17.name,
        "joint_names": COCO17.joint_names,
        "bones": COCO17.bones,
        "left_right": COCO17.left_right,
        "camera": CameraModel(
            name="none",
            image_size_px=(1280, 720),
            K=(900.0, 0.0, 640.0, 0.0, 900.0, 360.0, 0.0, 0.0, 1.0),
            distortion_model="plumb_bob",
            distortion=(0.0, 0.0, 0.0, 0.0, 0.0),
            translation_m=(-4.0, 0.0, 1.6),
            quaternion_xyzw=(-0.5, 0.5, -0.5, 0.5),
        ),
        "model": ModelInfo(weights="none", licence="-", engine="none", sha256="00"),
    }
    return SkeletonDefinition(
        def_id=wire.definition_id(SkeletonDefinition(def_id="-", **said)), **said
    )


def frame(session: str, seq: int, def_id: str, t_ns: int) -> PoseFrame:
    """Frame number `seq`, with one joint that is not valid."""
    random = np.random.default_rng(seq)
    people = []
    for person_id in (1, 2):
        positions_world_m = random.normal(size=(17, 3)).astype(np.float32)
        confidence = random.uniform(0.1, 1, 17).astype(np.float32)
        valid = np.ones(17, np.bool_)
        missing = seq % 17
        positions_world_m[missing], confidence[missing], valid[missing] = np.nan, 0, False
        people.append(
            Pose(
                id=person_id,
                state="tracked",
                positions_world_m=positions_world_m,
                confidence=confidence,
                valid=valid,
            )
        )
    return PoseFrame(
        stream=STREAM,
        session=session,
        seq=seq,
        def_id=def_id,
        source_session="detector",
        source_seq=seq,
        t_capture_ns=t_ns,
        capture_clock="monotonic",
        t_receive_ns=t_ns,
        t_publish_ns=t_ns,
        timing_ns={"network": 2_500_000},
        people=tuple(people),
    )


def publish(endpoint: str, session: str, frames: int, *, garbage: bool = False) -> None:
    """Publish so many frames at `RATE_HZ`, by absolute deadlines; a process of its own runs it."""
    said = definition(session)
    publisher = Publisher(endpoint, said)
    start_ns = monotonic_ns()
    for seq in range(frames):
        sleep_until(start_ns + seq * SECOND_NS // RATE_HZ)
        if seq % RATE_HZ == 0:
            publisher.publish_definition()
        publisher.greet()
        publisher.publish_pose(frame(session, seq, said.def_id, monotonic_ns()))
        if garbage and seq % GARBAGE_EVERY == 0:
            publisher.outlet.send(GARBAGE[seq // GARBAGE_EVERY % len(GARBAGE)])
    publisher.close()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
