"""Where in a recording the page is: one time for all the streams that are shown of it."""

from ...core.clock import SECOND_NS, monotonic_ns


class Playhead:
    """Goes from the first frame of any stream to the last one, over and over; `seek` goes anywhere.

    Attributes:
        rate: how fast time goes; 1 is as it was.
        duration_s: from the first frame to the last.
    """

    def __init__(self) -> None:
        self.rate, self.duration_s = 1.0, 0.0
        self._range_ns: tuple[int, int] | None = None
        self._playing = True
        self._at_s, self._since_ns = 0.0, monotonic_ns()

    def cover(self, t_first_ns: int, t_last_ns: int) -> None:
        """Take in a stream whose frames were recorded from then to then."""
        first_ns, last_ns = self._range_ns or (t_first_ns, t_last_ns)
        self._range_ns = min(first_ns, t_first_ns), max(last_ns, t_last_ns)
        self.duration_s = (self._range_ns[1] - self._range_ns[0]) / SECOND_NS

    @property
    def playing(self) -> bool:
        """Whether time goes on."""
        return self._playing

    @property
    def position_s(self) -> float:
        """Where it is, from the first frame; after the last one it begins again."""
        if not self._playing:
            return self._at_s
        at_s = self._at_s + self.rate * (monotonic_ns() - self._since_ns) / SECOND_NS
        if at_s <= self.duration_s:
            return at_s
        return at_s % self.duration_s if self.duration_s > 0.0 else 0.0

    @property
    def t_ns(self) -> int:
        """Where it is, as the time at which frames were recorded."""
        assert self._range_ns is not None
        return self._range_ns[0] + int(self.position_s * SECOND_NS)

    def play(self, playing: bool) -> None:
        """Let time go on, or stop."""
        self._at_s, self._since_ns, self._playing = self.position_s, monotonic_ns(), playing

    def set_rate(self, rate: float) -> None:
        """From now on, this fast."""
        self.play(self._playing)
        self.rate = rate

    def seek(self, position_s: float) -> None:
        """Go to another time."""
        self._at_s = min(max(position_s, 0.0), self.duration_s)
        self._since_ns = monotonic_ns()
