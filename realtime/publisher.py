"""Poses, definition and status to whoever subscribes. A subscriber that stalls loses frames, and
nobody waits for it."""

from typing import TypeVar

import msgspec
import zmq

from ..core import topics, wire
from ..core.clock import monotonic_ns, unix_minus_monotonic_ns
from ..core.messages import Message, PoseFrame, SkeletonDefinition, Status
from .endpoints import bind, exposure

M = TypeVar("M", bound=Message)

QUEUE_MESSAGES = 128  # per subscriber, about a second; beyond it new ones are lost to that one
LINGER_MS = 200  # for the last status


class Publisher:
    """One stream's output, bound to one endpoint."""

    def __init__(self, endpoint: str, definition: SkeletonDefinition) -> None:
        """Bind to `endpoint`.

        Raises:
            EndpointError: the endpoint is taken or none.
            WireError: a definition that every subscriber would refuse.
        """
        wire.unpack(wire.pack(topics.DEFINITION, definition), (topics.DEFINITION,))
        self._definition = definition
        self._definition_topic = topics.DEFINITION.name(definition.stream)
        self._context = zmq.Context()
        # XPUB tells of each subscriber (verbose: also of the second one on the same topic).
        self._socket = self._context.socket(zmq.XPUB)
        self._socket.setsockopt(zmq.XPUB_VERBOSE, 1)
        self._socket.setsockopt(zmq.SNDHWM, QUEUE_MESSAGES)
        self._socket.setsockopt(zmq.LINGER, LINGER_MS)
        self._socket.setsockopt(zmq.MAXMSGSIZE, 1024)  # all that may come in are subscriptions
        try:
            self.endpoint = bind(self._socket, endpoint)
        except BaseException:
            self._context.destroy()
            raise
        open_door = exposure(self.endpoint)
        self.warnings = (open_door,) if open_door else ()

    def publish_pose(self, answer: PoseFrame) -> PoseFrame:
        """Stamp `answer` and send it; returns what was sent."""
        stamped = msgspec.structs.replace(answer, t_publish_ns=monotonic_ns())
        self._send(topics.POSE, stamped)
        return stamped

    def publish_status(self, status: Status) -> None:
        """Send `status`."""
        self._send(topics.STATUS, status)

    def publish_definition(self) -> None:
        """Send the definition with the times of now."""
        self._send(
            topics.DEFINITION,
            msgspec.structs.replace(
                self._definition,
                t_publish_ns=monotonic_ns(),
                unix_minus_monotonic_ns=unix_minus_monotonic_ns(),
            ),
        )

    def greet(self) -> None:
        """Send the definition if somebody has subscribed to it since the last call."""
        newcomers = False
        while self._socket.poll(0):
            event = self._socket.recv()
            newcomers |= event[:1] == b"\x01" and self._definition_topic.startswith(event[1:])
        if newcomers:
            self.publish_definition()

    def close(self) -> None:
        """Free the endpoint, after a moment for what is still to be sent."""
        self._context.destroy(linger=LINGER_MS)

    def _send(self, topic: topics.Topic[M], message: M) -> None:
        self._socket.send_multipart(wire.pack(topic, message))
