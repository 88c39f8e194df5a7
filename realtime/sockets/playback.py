"""Plays recorded messages onto the wire: the bytes that were recorded, when they are due."""

import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from ...core.clock import SECOND_NS, monotonic_ns, sleep_until, unix_minus_monotonic_ns
from ...core.message_log import Recorded
from ...core.messages import SessionId, TimeNs
from ...core.topics import DEFINITION, KEYPOINTS
from .outlet import Outlet

LOOK_AHEAD_NS = 3 * SECOND_NS  # definitions come every second, so the first is not far
IDLE_NS = SECOND_NS // 20  # how soon newcomers are greeted, and an interruption is noticed

DEFINITIONS = f"{DEFINITION.prefix}.".encode()
ONLY_KEYPOINTS = (f"{KEYPOINTS.prefix}.".encode(),)
EVERYTHING = (b"m2t3.",)


class Playback:
    """Sends what a recording has; what is sent last of each definition is sent again each second,
    and to every newcomer.

    Attributes:
        sent: messages of the recording so far, without the definitions that were sent again.
    """

    def __init__(self, outlet: Outlet, stop: threading.Event, rate: float = 1.0) -> None:
        self.sent = 0
        self._outlet, self._stop, self._rate = outlet, stop, rate
        self._definitions: dict[bytes, bytes] = {}  # by topic
        self._defined_ns = 0

    def wait_for_a_listener(self) -> None:
        """Return when somebody has subscribed, or `stop` is set."""
        while not self._stop.is_set() and not self._outlet.newcomers():
            sleep_until(monotonic_ns() + IDLE_NS)

    def wait_for_listeners_to(self, topic: bytes, warn: Callable[[str], None]) -> None:
        """Return when somebody listens to `topic`, or `stop` is set; tells what is in the way."""
        told = None
        while not self._stop.is_set():
            self._outlet.newcomers()
            if self._outlet.has_listeners(topic):
                return
            obstacle = self._outlet.refusal
            if obstacle is None and (others := self._outlet.subscriptions):
                obstacle = (
                    f"listens to {', '.join(others)} and not to {topic.decode()}, which the "
                    "recording has: another stream's name? m2t3-stream takes one with --stream"
                )
            if obstacle is not None and obstacle != told:
                warn(f"{self._outlet.endpoint} {obstacle}")
                told = obstacle
            sleep_until(monotonic_ns() + IDLE_NS)

    def play(self, messages: Iterable[Recorded]) -> None:
        """Send all `messages`, each when it is due, until `stop` is set.

        Due times count from the first message, so delays do not add up; what is late is sent at
        once, and nothing is left out.
        """
        t_start_ns = monotonic_ns()
        t_first_ns: int | None = None
        for message in messages:
            t_first_ns = message.t_unix_ns if t_first_ns is None else t_first_ns
            self._attend_until(t_start_ns + int((message.t_unix_ns - t_first_ns) / self._rate))
            if self._stop.is_set():
                return
            if message.topic.startswith(DEFINITIONS):
                self._definitions[message.topic] = message.payload
            self._outlet.send((message.topic, message.payload))
            self.sent += 1

    def define(self, definitions: Iterable[Recorded]) -> None:
        """Send these before the recording begins: its first poses may precede their definition."""
        self._definitions |= {message.topic: message.payload for message in definitions}
        self._send_definitions()

    def _attend_until(self, deadline_ns: int) -> None:
        while not self._stop.is_set():
            now_ns = monotonic_ns()
            due = now_ns - self._defined_ns >= SECOND_NS
            if due | any(map(_asks_for_definitions, self._outlet.newcomers())):
                self._send_definitions()
            if now_ns >= deadline_ns:
                return
            sleep_until(min(deadline_ns, now_ns + IDLE_NS))

    def _send_definitions(self) -> None:
        self._defined_ns = monotonic_ns()
        for parts in self._definitions.items():
            self._outlet.send(parts)


def _asks_for_definitions(subscription: bytes) -> bool:
    return subscription.startswith(DEFINITIONS) or DEFINITIONS.startswith(subscription)


def opening_definitions(messages: Iterable[Recorded]) -> Iterator[Recorded]:
    """The first definition of every stream that is heard in the first seconds."""
    found: set[bytes] = set()
    t_end_ns: int | None = None
    for message in messages:
        t_end_ns = message.t_unix_ns + LOOK_AHEAD_NS if t_end_ns is None else t_end_ns
        if message.t_unix_ns > t_end_ns:
            return
        if message.topic.startswith(DEFINITIONS) and message.topic not in found:
            found.add(message.topic)
            yield message


class _Renewable(msgspec.Struct):
    """What a renewal changes of a message, where it has it."""

    session: SessionId
    source_session: SessionId | UnsetType = UNSET
    t_receive_ns: TimeNs | UnsetType = UNSET
    t_publish_ns: TimeNs | UnsetType = UNSET


class Renewal:
    """Makes recorded messages those of a new session that happens now.

    A subscriber drops what it has seen before, and ages count from the recorded clock. So whoever
    is to see a recording as if it were live, or once more, gets it with new session names and
    monotonic times; everything else stays, also keys that this version does not know, and
    messages that cannot be read.
    """

    def __init__(self, first: Recorded, rate: float = 1.0) -> None:
        self._suffix = f"-{secrets.token_hex(4)}"
        self._t_first_unix_ns, self._t_start_ns, self._rate = (
            first.t_unix_ns, monotonic_ns(), rate,
        )  # fmt: skip

    def renew(self, message: Recorded) -> Recorded:
        """`message`, now."""
        try:
            msgspec.msgpack.decode(message.payload, type=_Renewable)
            payload = msgspec.msgpack.encode(self._renewed(message))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OverflowError):
            return message
        return Recorded(message.topic, payload, message.t_unix_ns)

    def _renewed(self, message: Recorded) -> dict[str, Any]:
        fields: dict[str, Any] = msgspec.msgpack.decode(message.payload)
        for key in fields.keys() & {"session", "source_session"}:
            fields[key] = fields[key][: 64 - len(self._suffix)] + self._suffix
        t_due_ns = self._t_start_ns + int((message.t_unix_ns - self._t_first_unix_ns) / self._rate)
        if "t_publish_ns" in fields:
            if "t_receive_ns" in fields:
                latency_ns = fields["t_publish_ns"] - fields["t_receive_ns"]
                fields["t_receive_ns"] = t_due_ns - latency_ns
            fields["t_publish_ns"] = t_due_ns
        if "unix_minus_monotonic_ns" in fields:
            fields["unix_minus_monotonic_ns"] = unix_minus_monotonic_ns()
        return fields
