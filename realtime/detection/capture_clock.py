"""When a picture was taken, on CLOCK_MONOTONIC, as nearly as each kind of camera tells.

What none of them tells is the exposure itself: a driver stamps the first or last byte that came
from the sensor, a network camera's stamps lack the time from the sensor into the network.
"""

from collections import deque
from typing import Protocol

from ...core.clock import SECOND_NS

MAX_DRIVER_AGE_NS = SECOND_NS  # an older stamp of a driver is on another clock
WINDOW_NS = 20 * SECOND_NS  # clocks of camera and computer drift apart by little in that time
MAX_DELAY_NS = 2 * SECOND_NS  # a picture on its way for longer: the camera's clock was set anew
RECENT_NS = SECOND_NS  # a network that lets no picture through at once for longer is rare
WATCHED_NS = 2 * RECENT_NS  # for so long nobody knows what to think of a network camera's stamps
MAX_SLOWNESS = 0.03  # share of the time: stamps that lag by more were made up
MAX_LATE_NS = SECOND_NS // 2  # a file that falls behind by more goes on from now


class CaptureClock(Protocol):
    """Turns a picture's own stamp and its time of arrival into the time it was taken."""

    def t_capture_ns(self, stamp_ns: int, t_arrival_ns: int) -> int:
        """Monotonic time; for a file it may lie ahead: the picture is not to be shown before."""


class DriverClock:
    """Of a camera on this machine: Video4Linux stamps buffers on CLOCK_MONOTONIC."""

    def t_capture_ns(self, stamp_ns: int, t_arrival_ns: int) -> int:
        """The driver's stamp if it is one of this clock, else the arrival."""
        return stamp_ns if 0 <= t_arrival_ns - stamp_ns < MAX_DRIVER_AGE_NS else t_arrival_ns


class StreamClock:
    """Of a network camera: its stamps are even, but count from nobody knows when.

    The least delay of the last seconds, arrival less stamp, is taken for the way that every picture
    has to go; what others took longer, they waited. So the network's jitter is not in the times;
    the constant way from sensor to here is.

    Streams without stamps (MJPEG over HTTP, raw H.264) get some from FFmpeg, which takes every
    camera for one of 25 pictures a second. Those of a slower one lag ever more.
    """

    def __init__(self) -> None:
        self._delays: deque[tuple[int, int]] = deque()  # (arrival, delay), both rising
        self._last_stamp_ns = -1
        self._t_begin_ns = 0  # when stamps last began anew

    def t_capture_ns(self, stamp_ns: int, t_arrival_ns: int) -> int:
        """The stamp moved by the least delay; the arrival where stamps are not to be believed."""
        delay_ns = t_arrival_ns - stamp_ns
        jumped = bool(self._delays) and delay_ns - self._delays[0][1] > MAX_DELAY_NS
        if stamp_ns <= self._last_stamp_ns or jumped:
            self._delays.clear()
        if not self._delays:
            self._t_begin_ns = t_arrival_ns
        self._last_stamp_ns = stamp_ns
        while self._delays and self._delays[-1][1] >= delay_ns:
            self._delays.pop()
        self._delays.append((t_arrival_ns, delay_ns))
        while self._delays[0][0] < t_arrival_ns - WINDOW_NS:
            self._delays.popleft()
        if t_arrival_ns - self._t_begin_ns < WATCHED_NS or self._lag(t_arrival_ns - RECENT_NS):
            return t_arrival_ns
        return stamp_ns + self._delays[0][1]

    def _lag(self, since_ns: int) -> bool:
        """Whether no picture since then was as early as those before, by its stamp."""
        t_least_ns, least_ns = self._delays[0]
        t_recent_ns, recent_ns = self._delays[-1]
        for t_ns, delay_ns in reversed(self._delays):
            if t_ns < since_ns:
                break
            t_recent_ns, recent_ns = t_ns, delay_ns
        return recent_ns - least_ns > MAX_SLOWNESS * (t_recent_ns - t_least_ns)


class FileClock:
    """Of a video file that plays at its own rate."""

    def __init__(self) -> None:
        self._t_begin_ns: int | None = None

    def t_capture_ns(self, stamp_ns: int, t_arrival_ns: int) -> int:
        """When the picture is due; from now on again, where the file has fallen far behind."""
        if self._t_begin_ns is None or t_arrival_ns - self._due_ns(stamp_ns) > MAX_LATE_NS:
            self._t_begin_ns = t_arrival_ns - stamp_ns
        return self._due_ns(stamp_ns)

    def _due_ns(self, stamp_ns: int) -> int:
        assert self._t_begin_ns is not None
        return self._t_begin_ns + stamp_ns
