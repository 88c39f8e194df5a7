"""Ctrl-C and SIGTERM end a run between two steps, with a checkpoint; a second one, at once."""

import logging
import signal
from types import FrameType, TracebackType
from typing import Any, Self

log = logging.getLogger(__name__)


class Interruption:
    """While entered, notes the first SIGINT or SIGTERM in `signal_number` (0: none yet)."""

    def __init__(self) -> None:
        self.signal_number = 0
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._restore()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.signal_number = number
        self._restore()
        log.info("stopping after this step; once more to stop at once")

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
