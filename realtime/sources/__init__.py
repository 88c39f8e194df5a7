"""Where keypoints come from. Every source gives its newest frames and never stalls its sender."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from ...core.messages import KeypointsFrame
from ..counts import Counts

# A hiccup shorter than this is caught up without loss. Once frames have waited longer, only the
# newest is kept: a pose that is late is worth less than the next one in time.
MAX_BACKLOG_NS = 50_000_000


@dataclass(frozen=True)
class Received:
    """A decoded frame and when it came."""

    frame: KeypointsFrame
    t_receive_ns: int  # CLOCK_MONOTONIC


@runtime_checkable
class Source(Protocol):
    """Keypoints frames, one by one."""

    @property
    def description(self) -> str:
        """Where the frames come from, in words for the terminal."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know about this source."""

    @property
    def finished(self) -> bool:
        """True when no frame will ever come again."""

    @property
    def frames_in(self) -> int:
        """Good frames so far, also those that were dropped for newer ones."""

    def counts(self) -> Counts:
        """A copy of the losses so far."""

    def next(self, timeout_s: float) -> Received | None:
        """The next frame, or None when none came within `timeout_s`."""

    def close(self) -> None:
        """Stop and release the source."""
