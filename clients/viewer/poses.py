"""What a view asks of where its frames come from."""

from typing import Protocol

from ...core.messages import Preview
from ..python import Frame


class Poses(Protocol):
    """A `PoseSubscriber`, or a `Player` of a recording."""

    stream: str
    preview: Preview | None  # the newest picture of the camera

    @property
    def flowing(self) -> bool:
        """Whether there is a frame to show."""

    def wait(self, timeout_s: float | None = None) -> Frame | None:
        """The next frame; None if there is none in time."""

    def latest(self) -> Frame | None:
        """The newest frame so far."""

    def silence(self) -> str:
        """Why there is no frame."""
