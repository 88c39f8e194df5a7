"""A publisher that says what a test wants, on a port of its own."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest
import zmq

from m2t3.core.clock import monotonic_ns, unix_minus_monotonic_ns
from m2t3.core.messages import (
    CameraModel,
    Humanoid,
    ModelInfo,
    Percentiles,
    Pose,
    PoseFrame,
    Preview,
    SkeletonDefinition,
    Status,
)
from m2t3.core.skeletons import COCO17
from m2t3.core.topics import DEFINITION, POSE, PREVIEW, STATUS
from m2t3.core.wire import definition_id, pack

MODEL = ModelInfo(weights="test", licence="CC0-1.0", engine="numpy", sha256="0" * 64)
CAMERA = CameraModel(
    name="cam0",
    image_size_px=(1280, 720),
    K=(900.0, 0.0, 640.0, 0.0, 900.0, 360.0, 0.0, 0.0, 1.0),
    distortion_model="plumb_bob",
    distortion=(),
    translation_m=(-4.0, 0.0, 1.6),
    quaternion_xyzw=(-0.5, 0.5, -0.5, 0.5),  # looks along +x, level
)


@dataclass
class FakePublisher:
    """A PUB socket; `restart` closes it and binds the same port again as a new session."""

    stream: str = "cam0"
    session: str = "s1"
    camera: CameraModel = CAMERA
    joint_names: tuple[str, ...] = COCO17.joint_names
    humanoid: Humanoid | None = None
    seq: int = 0
    context: zmq.Context = field(default_factory=zmq.Context)

    def __post_init__(self) -> None:
        self._bind("tcp://127.0.0.1:0")
        self.endpoint = self.socket.last_endpoint.decode()

    def _bind(self, endpoint: str) -> object:
        self.socket = self.context.socket(zmq.PUB)
        self.socket.linger = 0
        while True:
            try:
                return self.socket.bind(endpoint)
            except zmq.ZMQError as error:  # ZeroMQ frees a closed socket's port a moment later
                if error.errno != zmq.EADDRINUSE:
                    raise
                time.sleep(0.01)

    def restart(self, session: str) -> None:
        self.socket.close()
        self.session, self.seq = session, 0
        self._bind(self.endpoint)

    @staticmethod
    def standing(x_m: float = 0.0, y_m: float = 0.0) -> np.ndarray:
        """A person of 1.7 m who stands at (x, y) and looks along +x: (17, 3) metres."""
        height = {"nose": 1.55, "eye": 1.6, "ear": 1.58, "shoulder": 1.4, "elbow": 1.1}
        height |= {"wrist": 0.85, "hip": 0.9, "knee": 0.5, "ankle": 0.08}
        positions = np.empty((17, 3), np.float32)
        for joint, name in enumerate(COCO17.joint_names):
            side, _, part = name.rpartition("_")
            across = {"left": 0.15, "right": -0.15, "": 0.0}[side]
            positions[joint] = x_m, y_m + across, height[part]
        return positions

    @classmethod
    def person(
        cls, person_id: int = 0, positions: np.ndarray | None = None, state: str = "tracked"
    ) -> Pose:
        """Somebody tracked, sure of every joint that is not NaN; or somebody who has left."""
        joints = cls.standing() if positions is None else positions
        if state == "left":
            joints = np.full((17, 3), np.nan, np.float32)
        valid = np.isfinite(joints).all(axis=1)
        return Pose(
            id=person_id,
            state=state,  # type: ignore[arg-type]
            positions_world_m=joints,
            confidence=np.where(valid, 0.9, 0).astype(np.float32),
            valid=valid,
        )

    def definition(self) -> SkeletonDefinition:
        said = {
            "stream": self.stream,
            "session": self.session,
            "t_publish_ns": monotonic_ns(),
            "unix_minus_monotonic_ns": unix_minus_monotonic_ns(),
            "skeleton": "coco17",
            "joint_names": self.joint_names,
            "bones": COCO17.bones,
            "left_right": COCO17.left_right,
            "camera": self.camera,
            "model": MODEL,
            "humanoid": self.humanoid,
        }
        return SkeletonDefinition(
            def_id=definition_id(SkeletonDefinition(def_id="-", **said)),  # type: ignore[arg-type]
            **said,  # type: ignore[arg-type]
        )

    def define(self) -> None:
        self.socket.send_multipart(pack(DEFINITION, self.definition()))

    def frame(self, *people: Pose) -> PoseFrame:
        now = monotonic_ns()
        return PoseFrame(
            stream=self.stream,
            session=self.session,
            seq=self.seq,
            def_id=self.definition().def_id,
            source_session="detector",
            source_seq=self.seq,
            t_capture_ns=now - 30_000_000,
            capture_clock="monotonic",
            t_receive_ns=now - 5_000_000,
            t_publish_ns=now,
            timing_ns={"lift": 4_000_000},
            people=people,
        )

    def send(self, *people: Pose) -> int:
        """Publish one frame with these people; returns its seq."""
        self.socket.send_multipart(pack(POSE, self.frame(*people)))
        self.seq += 1
        return self.seq - 1

    def show(self, image_size_px: tuple[int, int], jpeg: bytes) -> None:
        """Send a preview."""
        preview = Preview(
            stream=self.stream, session=self.session, seq=self.seq, t_capture_ns=1, clock="media",
            image_size_px=image_size_px, jpeg=jpeg,
        )  # fmt: skip
        self.socket.send_multipart(pack(PREVIEW, preview))

    def report(self, state: str = "running", warnings: tuple[str, ...] = ()) -> None:
        rate = Percentiles(p50=4.0, p95=5.0, p99=6.0)
        status = Status(
            stream=self.stream,
            session=self.session,
            t_publish_ns=monotonic_ns(),
            unix_minus_monotonic_ns=unix_minus_monotonic_ns(),
            state=state,  # type: ignore[arg-type]
            uptime_s=12.0,
            input_rate_hz=30.0,
            output_rate_hz=30.0,
            frames_in=360,
            frames_out=359,
            people_in_view=1,
            latency_ms={"total": rate},
            refused={"schema": 2},
            dropped={"stale": 1},
            model=MODEL,
            warnings=warnings,
        )
        self.socket.send_multipart(pack(STATUS, status))

    def meet(self, subscriber: object, deadline_s: float = 20.0) -> None:
        """Send the definition until `subscriber` has this session's: then nothing sent is lost."""
        until = time.monotonic() + deadline_s
        while time.monotonic() < until:
            self.define()
            time.sleep(0.02)
            known = subscriber.definition  # type: ignore[attr-defined]
            if known is not None and known.session == self.session:
                return
        raise AssertionError("the subscriber never heard the definition")

    def close(self) -> None:
        self.socket.close()
        self.context.term()


@pytest.fixture
def publisher() -> Iterator[FakePublisher]:
    fake = FakePublisher()
    yield fake
    fake.close()
