"""Records what a stream publishes: from the socket to the file, checked and counted."""

from pathlib import Path

from ...core.clock import monotonic_ns, unix_minus_monotonic_ns
from ...core.closing import Closing
from ...core.message_log import Recorded
from ...core.messages import SkeletonDefinition
from ...core.topics import PREVIEW, TOPICS
from ..python.sockets import SubscriberSocket
from .log_writer import LogWriter
from .summary import Summary

QUEUE_MESSAGES = 100_000  # what may wait while the disk is slow
POLL_MS = 100
BATCH = 1000  # messages between two looks at the clock and at signals


class Recorder(Closing):
    """Writes all messages of one stream, or of all that a publisher has, to `log`.

    Attributes:
        summary: what has been recorded so far, and what was refused.
    """

    def __init__(
        self,
        log: LogWriter,
        connect: str,
        stream: str | None,
        keys: Path | None = None,
        *,
        pictures: bool = False,
    ) -> None:
        """Start listening; to the previews, which are pictures of people, only with `pictures`.

        Raises:
            EndpointError: `connect` is no ZeroMQ endpoint.
            KeyringError: `keys`, the folder with this client's keys, lacks one.
        """
        self.summary = Summary()
        self._log = log
        topics = [topic for topic in TOPICS if pictures or topic is not PREVIEW]
        self._topics = {topic.name(stream) for topic in topics} if stream is not None else None
        prefixes = self._topics or {topic.name("") for topic in topics}
        self._unix_minus_monotonic_ns = unix_minus_monotonic_ns()  # once: wall time may jump
        self._socket = SubscriberSocket(connect, prefixes, keys=keys, queue_messages=QUEUE_MESSAGES)

    @property
    def refusal(self) -> str | None:
        """Why the publisher does not let us in."""
        return self._socket.refusal

    def step(self) -> None:
        """Record what has come, or wait a moment for something.

        Raises:
            RecordingError: the file cannot be written any more.
        """
        if not self._socket.poll(POLL_MS):
            return
        for _ in range(BATCH):
            parts = self._socket.receive()
            if parts is None:
                return
            self._take(parts)

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()

    def _take(self, parts: list[bytes]) -> None:
        if len(parts) != 2:
            self.summary.refused["parts"] += 1
            return
        topic, payload = parts
        if self._topics is not None and topic not in self._topics:
            return  # a subscription is a prefix: "cam1" brings "cam10" too
        recorded = Recorded(topic, payload, monotonic_ns() + self._unix_minus_monotonic_ns)
        message = self.summary.add(recorded)
        if message is None:
            return
        if isinstance(message, SkeletonDefinition):
            self._log.attach(message, recorded)
        self._log.add(recorded)
