"""What a detector says of itself, over its restarts."""

from collections import Counter

from ...core.clock import SECOND_NS
from ...core.messages import DetectorStatus
from ..counts import Counts

FRESH_NS = 3 * SECOND_NS  # a detector that speaks every second and has not for so long is gone


class DetectorReports:
    """Keeps the last report and adds up the losses of one detector after the other."""

    def __init__(self) -> None:
        self._last: DetectorStatus | None = None
        self._t_last_ns = 0
        self._former = Counts()  # of the sessions before the last report's

    def add(self, report: DetectorStatus, t_receive_ns: int) -> None:
        """Take in the next report."""
        if self._last is not None and self._last.session != report.session:
            self._former += _counts(self._last)
        self._last, self._t_last_ns = report, t_receive_ns

    def latest(self, now_ns: int) -> DetectorStatus | None:
        """The last report, unless it is old."""
        return self._last if now_ns - self._t_last_ns < FRESH_NS else None

    def counts(self) -> Counts:
        """Losses since the first report."""
        return self._former + _counts(self._last) if self._last is not None else Counts()


def _counts(report: DetectorStatus) -> Counts:
    return Counts(Counter(report.refused), Counter(report.dropped))
