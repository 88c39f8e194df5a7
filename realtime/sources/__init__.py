"""Where keypoints come from. Every source gives its newest frames and never stalls its sender."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from ...core.clock import SECOND_NS
from ...core.messages import DetectorStatus, KeypointsFrame, Preview
from ..counts import Counts

MAX_BACKLOG_NS = 50_000_000
HURRY_NS = SECOND_NS


class Patience:
    """How long frames may wait for the pipeline before all but the newest are dropped.

    A hiccup of up to `MAX_BACKLOG_NS` is caught up without loss. Where frames come faster than they
    can be lifted, a backlog would only make every pose late: after a drop no frame waits for
    another until a second has gone by without one.
    """

    def __init__(self) -> None:
        self._hurry_until_ns = 0

    def ends(self, waited_ns: int, now_ns: int) -> bool:
        """Whether a frame that has `waited_ns` must give way to the newer ones that there are."""
        if waited_ns <= (0 if now_ns < self._hurry_until_ns else MAX_BACKLOG_NS):
            return False
        self._hurry_until_ns = now_ns + HURRY_NS
        return True


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
        """What the user should know about this source; may change."""

    @property
    def finished(self) -> bool:
        """True when no frame will ever come again."""

    @property
    def frames_in(self) -> int:
        """Good frames so far, also those that were dropped for newer ones."""

    @property
    def detector(self) -> DetectorStatus | None:
        """What the detector says of itself, if it has spoken within the last seconds."""

    def counts(self) -> Counts:
        """A copy of the losses so far, the detector's among them."""

    def preview(self) -> Preview | None:
        """The newest preview picture, once; None if there is no new one."""

    def next(self, timeout_s: float) -> Received | None:
        """The next frame, or None when none came within `timeout_s`."""

    def close(self) -> None:
        """Stop and release the source."""
