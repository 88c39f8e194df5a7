"""What a detector sends: keypoints frames, its status, and now and then a preview."""

from pathlib import Path
from typing import TypeVar

from ...core import topics, wire
from ...core.messages import DetectorStatus, KeypointsFrame, Message, Preview
from ..sockets.outlet import Outlet

M = TypeVar("M", bound=Message)


class Sender:
    """Connects to the stream, which need not be there yet."""

    def __init__(self, endpoint: str, stream: str, keys: Path | None = None) -> None:
        """Connect to `endpoint`, with `keys` (a client's folder) if it wants them.

        Raises:
            EndpointError: not an endpoint.
            KeyringError: the folder lacks a key.
        """
        self._outlet = Outlet(endpoint, bound=False, keys=keys)
        self._preview_topic = topics.PREVIEW.name(stream)
        self.endpoint = self._outlet.endpoint

    @property
    def refusal(self) -> str | None:
        """Why the stream does not let this detector in; None if it does, or is not there."""
        return self._outlet.refusal

    @property
    def wants_previews(self) -> bool:
        """Whether anybody has subscribed to previews."""
        self._outlet.newcomers()
        return self._outlet.has_listeners(self._preview_topic)

    def send_frame(self, frame: KeypointsFrame) -> None:
        """Send keypoints."""
        self._send(topics.KEYPOINTS, frame)

    def send_status(self, status: DetectorStatus) -> None:
        """Send how the detector is."""
        self._send(topics.DETECTOR, status)

    def send_preview(self, preview: Preview) -> None:
        """Send a picture."""
        self._send(topics.PREVIEW, preview)

    def close(self) -> None:
        """Disconnect, after a moment for what is still to be sent."""
        self._outlet.close()

    def _send(self, topic: topics.Topic[M], message: M) -> None:
        self._outlet.send(wire.pack(topic, message))
