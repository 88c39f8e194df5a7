"""What is in a recording, added up message by message: while it is made, and afterwards."""

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from ...core.clock import SECOND_NS
from ...core.errors import WireError
from ...core.message_log import Recorded
from ...core.messages import KeypointsFrame, Message, PoseFrame, SkeletonDefinition, Status
from ...core.topics import KEYPOINTS, POSE, TOPICS
from ...core.wire import unpack


@dataclass
class Flow:
    """The messages of one topic of one stream."""

    count: int = 0
    t_first_ns: int = 0  # Unix, when the recorder received it
    t_last_ns: int = 0
    longest_gap_ns: int = 0

    def add(self, t_ns: int) -> None:
        """One more, received at `t_ns`."""
        if self.count:
            self.longest_gap_ns = max(self.longest_gap_ns, t_ns - self.t_last_ns)
        else:
            self.t_first_ns = t_ns
        self.count += 1
        self.t_last_ns = t_ns

    @property
    def rate_hz(self) -> float:
        """Messages a second; NaN for fewer than two."""
        span_ns = self.t_last_ns - self.t_first_ns
        return (self.count - 1) * SECOND_NS / span_ns if span_ns > 0 else math.nan


@dataclass
class StreamSummary:
    """What a recording has of one stream."""

    flows: defaultdict[str, Flow] = field(default_factory=lambda: defaultdict(Flow))  # by prefix
    sessions: list[str] = field(default_factory=list)  # in order of appearance
    detectors: list[str] = field(default_factory=list)  # the sessions of the keypoints
    people: set[tuple[str, int]] = field(default_factory=set)  # (session, id)
    lost: Counter[str] = field(default_factory=Counter)  # by prefix, by the gaps in `seq`
    out_of_order: int = 0
    skeleton: str | None = None  # of the keypoints
    definitions: dict[str, SkeletonDefinition] = field(default_factory=dict)  # by def_id
    status: Status | None = None  # the last
    _last_seq: dict[tuple[str, str], int] = field(default_factory=dict)

    def add(self, prefix: str, message: Message, t_ns: int) -> None:
        """Take in one message of this stream."""
        self.flows[prefix].add(t_ns)
        match message:
            case PoseFrame():
                self._follow(POSE.prefix, self.sessions, message.session, message.seq)
                self.people |= {(message.session, pose.id) for pose in message.people}
            case KeypointsFrame():
                self._follow(KEYPOINTS.prefix, self.detectors, message.session, message.seq)
                self.skeleton = message.skeleton
            case SkeletonDefinition():
                self.definitions[message.def_id] = message
            case Status():
                self.status = message

    def _follow(self, prefix: str, sessions: list[str], session: str, seq: int) -> None:
        if session not in sessions:
            sessions.append(session)
        elif (last := self._last_seq[prefix, session]) >= seq:
            self.out_of_order += 1
            return
        elif seq > last + 1:
            self.lost[prefix] += seq - last - 1
        self._last_seq[prefix, session] = seq


@dataclass
class Summary:
    """What a recording has."""

    streams: dict[str, StreamSummary] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)  # messages that break the protocol
    flow: Flow = field(default_factory=Flow)  # all good messages

    def add(self, recorded: Recorded) -> Message | None:
        """Take in one message; None if it breaks the protocol."""
        try:
            message = unpack((recorded.topic, recorded.payload), TOPICS)
        except WireError as error:
            self.refused[error.kind] += 1
            return None
        prefix = recorded.topic.decode().removesuffix(f".{message.stream}")
        self.flow.add(recorded.t_unix_ns)
        self.streams.setdefault(message.stream, StreamSummary()).add(
            prefix, message, recorded.t_unix_ns
        )
        return message

    @property
    def duration_s(self) -> float:
        """From the first message to the last."""
        return (self.flow.t_last_ns - self.flow.t_first_ns) / SECOND_NS
