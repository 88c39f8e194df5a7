"""Poses, definition and status to whoever subscribes. A subscriber that stalls loses frames, and
nobody waits for it."""

from pathlib import Path
from typing import TypeVar

import msgspec

from ...core import topics, wire
from ...core.clock import monotonic_ns, unix_minus_monotonic_ns
from ...core.messages import (
    KeypointsFrame,
    Message,
    PoseFrame,
    Preview,
    SkeletonDefinition,
    SmplFrame,
    Status,
)
from .outlet import Outlet

M = TypeVar("M", bound=Message)


class Publisher:
    """One stream's output, bound to one endpoint."""

    def __init__(
        self, endpoint: str, definition: SkeletonDefinition, *, keys: Path | None = None
    ) -> None:
        """Bind to `endpoint`; with the stream's folder of `keys`, only for whose keys are in it.

        Raises:
            EndpointError: the endpoint is taken or none.
            KeyringError: the folder lacks a key.
            WireError: a definition that every subscriber would refuse.
        """
        wire.unpack(wire.pack(topics.DEFINITION, definition), (topics.DEFINITION,))
        self._definition = definition
        self._definition_topic = topics.DEFINITION.name(definition.stream)
        self._keypoints_topic = topics.KEYPOINTS.name(definition.stream)
        self.outlet = Outlet(endpoint, keys=keys)
        self.endpoint, self.warnings = self.outlet.endpoint, self.outlet.warnings

    def publish_pose(self, answer: PoseFrame) -> PoseFrame:
        """Stamp `answer` and send it; returns what was sent."""
        stamped = msgspec.structs.replace(answer, t_publish_ns=monotonic_ns())
        self._send(topics.POSE, stamped)
        return stamped

    def publish_smpl(self, bodies: SmplFrame) -> SmplFrame:
        """Stamp `bodies` and send them, from any thread; returns what was sent."""
        stamped = msgspec.structs.replace(bodies, t_publish_ns=monotonic_ns())
        self._send(topics.SMPL, stamped)
        return stamped

    def publish_status(self, status: Status) -> None:
        """Send `status`."""
        self._send(topics.STATUS, status)

    def publish_preview(self, preview: Preview) -> None:
        """Pass a detector's preview on, as it came."""
        self._send(topics.PREVIEW, preview)

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

    def echo(self, frame: KeypointsFrame) -> None:
        """Send the keypoints that were lifted, if anybody has subscribed to them: recorders."""
        if self.outlet.has_listeners(self._keypoints_topic):
            self.outlet.send((self._keypoints_topic, wire.encode(frame)))

    def greet(self) -> None:
        """Send the definition if somebody has subscribed to it since the last call."""
        if any(self._definition_topic.startswith(topic) for topic in self.outlet.newcomers()):
            self.publish_definition()

    def close(self) -> None:
        """Free the endpoint, after a moment for what is still to be sent."""
        self.outlet.close()

    def _send(self, topic: topics.Topic[M], message: M) -> None:
        self.outlet.send(wire.pack(topic, message))
