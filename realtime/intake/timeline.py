"""Which frames may go on: every source session in order, one session after the other."""

from collections import deque
from typing import Literal

from ...core.clock import SECOND_NS
from ...core.messages import KeypointsFrame

MIN_STEP_NS = SECOND_NS // 1000  # no camera is as fast: the same frame again, or a time made up
MAX_STEP_NS = 10 * SECOND_NS  # farther into the future is no capture time but a fault
PATIENCE_NS = SECOND_NS  # for how long what does not fit is taken for faults

Verdict = Literal["next", "restart", "repeated", "out_of_order", "old_session", "timestamp"]


class Timeline:
    """Follows one source session until a new one begins."""

    def __init__(self) -> None:
        self._last: KeypointsFrame | None = None
        self._t_receive_ns = 0  # of the last frame that went on
        self._ended_sessions: deque[str] = deque(maxlen=16)

    def judge(self, frame: KeypointsFrame, t_receive_ns: int) -> Verdict:
        """Where `frame` stands: "next", "restart" (the first of a new timeline), or the fault."""
        verdict = self._compare(frame, t_receive_ns)
        if verdict in ("next", "restart"):
            if self._last is not None and self._last.session != frame.session:
                self._ended_sessions.append(self._last.session)
            self._last, self._t_receive_ns = frame, t_receive_ns
        return verdict

    def _compare(self, frame: KeypointsFrame, t_receive_ns: int) -> Verdict:
        last = self._last
        if frame.session in self._ended_sessions:
            return "old_session"
        if last is None or frame.session != last.session:
            return "restart"
        if frame.seq == last.seq:
            return "repeated"
        rises = MIN_STEP_NS <= frame.t_capture_ns - last.t_capture_ns < MAX_STEP_NS
        if frame.seq > last.seq and rises:
            return "next"
        # One wild time or number is a fault of that frame; if they go on, the source's clock was
        # set anew, or the source began anew and kept its session's name.
        if t_receive_ns - self._t_receive_ns >= PATIENCE_NS:
            return "restart"
        return "timestamp" if frame.seq > last.seq else "out_of_order"
