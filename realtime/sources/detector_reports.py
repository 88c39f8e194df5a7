"""What a detector says of itself, over its restarts."""

from collections import Counter

from ...core.clock import SECOND_NS
from ...core.messages import DetectorStatus
from ..counts import Counts

FRESH_NS = 3 * SECOND_NS  # a detector that speaks every second and has not for so long is gone
SESSIONS = 16  # that may still speak; several detectors may feed one stream
KINDS, KIND_LENGTH = 32, 64  # detectors have words of their own; a status has room for so many
MOST = 2**53  # of a kind: what a detector tells must fit into a message, with our own added


class DetectorReports:
    """Keeps the last report; adds up the losses of all detectors, one after or beside another."""

    def __init__(self) -> None:
        self._last: DetectorStatus | None = None
        self._t_last_ns = 0
        self._former = Counts()  # of sessions that are long over
        self._by_session: dict[str, Counts] = {}  # of the newest ones, as last told

    def add(self, report: DetectorStatus, t_receive_ns: int) -> None:
        """Take in the next report."""
        self._last, self._t_last_ns = report, t_receive_ns
        self._by_session.pop(report.session, None)
        self._by_session[report.session] = _counts(report)
        if len(self._by_session) > SESSIONS:
            self._former += self._by_session.pop(next(iter(self._by_session)))

    def latest(self, now_ns: int) -> DetectorStatus | None:
        """The last report, unless it is old."""
        return self._last if now_ns - self._t_last_ns < FRESH_NS else None

    def counts(self) -> Counts:
        """Losses since the first report."""
        total = sum(self._by_session.values(), self._former)
        return Counts(_room_for(total.refused), _room_for(total.dropped))


def _counts(report: DetectorStatus) -> Counts:
    return Counts(Counter(report.refused), Counter(report.dropped))


def _room_for(losses: Counter[str]) -> Counter[str]:
    """The most frequent kinds."""
    short = Counter({k: min(n, MOST) for k, n in losses.items() if len(k) <= KIND_LENGTH})
    return Counter(dict(short.most_common(KINDS)))
