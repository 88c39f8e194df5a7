"""The one table of topics: what goes where, how often, and how large it may be."""

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from .messages import (
    DetectorStatus,
    KeypointsFrame,
    Message,
    PoseFrame,
    Preview,
    SkeletonDefinition,
    SmplFrame,
    Status,
)

M_co = TypeVar("M_co", bound=Message, covariant=True)


@dataclass(frozen=True)
class Topic(Generic[M_co]):
    """One row of the table. On the wire a topic is `<prefix>.<stream>`."""

    prefix: str
    direction: Literal["in", "out", "in, out"]  # as m2t3-stream sees it; both: it is passed on
    message_type: type[M_co]
    rate_hz: float | None  # nominal; None: as often as the detector sends
    max_payload_bytes: int  # larger payloads are refused unread

    def name(self, stream: str) -> bytes:
        """The topic frame of `stream`, also what a subscriber subscribes to."""
        return f"{self.prefix}.{stream}".encode()


KEYPOINTS = Topic("m2t3.keypoints", "in", KeypointsFrame, None, 64 * 1024)
DETECTOR = Topic("m2t3.detector", "in", DetectorStatus, 1.0, 16 * 1024)
PREVIEW = Topic("m2t3.preview", "in, out", Preview, 2.0, 200 * 1024)
DEFINITION = Topic("m2t3.def", "out", SkeletonDefinition, 1.0, 64 * 1024)
POSE = Topic("m2t3.pose", "out", PoseFrame, None, 128 * 1024)
SMPL = Topic("m2t3.smpl", "out", SmplFrame, None, 64 * 1024)
STATUS = Topic("m2t3.status", "out", Status, 1.0, 64 * 1024)

TOPICS: tuple[Topic[Message], ...] = (
    KEYPOINTS,
    DETECTOR,
    PREVIEW,
    DEFINITION,
    POSE,
    SMPL,
    STATUS,
)

KEYPOINTS_ENDPOINT = "tcp://127.0.0.1:5570"  # where a stream listens unless told otherwise
POSE_ENDPOINT = "tcp://127.0.0.1:5571"  # where a stream publishes unless told otherwise
MAX_MESSAGE_BYTES = 1024 * 1024  # ZeroMQ's MAXMSGSIZE: beyond it the peer is cut off
