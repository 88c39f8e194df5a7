"""Rate, latency and speeds, measured over the frames of the last seconds."""

from collections import deque

import numpy as np

from ..core.clock import SECOND_NS
from .python import Frame

SPEED_S = 0.3  # speeds are measured over at least so long: detectors jitter


class Meter:
    """Measures what `add` gets, over `window_s` of the publisher's time."""

    def __init__(self, window_s: float = 2.0) -> None:
        self._window_ns = int(window_s * SECOND_NS)
        self._frames: deque[tuple[Frame, float]] = deque()  # each with its age in ms

    def add(self, frame: Frame) -> None:
        """Take in the next frame, as soon as it is there."""
        if self._frames and self._frames[-1][0].message.session != frame.message.session:
            self._frames.clear()
        self._frames.append((frame, frame.age_ms))
        now_ns = frame.message.t_publish_ns
        while now_ns - self._frames[0][0].message.t_publish_ns > self._window_ns:
            self._frames.popleft()

    @property
    def rate_hz(self) -> float:
        """Frames that the stream published in a second, skipped ones too; NaN before the second."""
        if not self._frames:
            return float("nan")
        first, last = self._frames[0][0].message, self._frames[-1][0].message
        span_ns = last.t_publish_ns - first.t_publish_ns
        return (last.seq - first.seq) * SECOND_NS / span_ns if span_ns else float("nan")

    @property
    def latency_ms(self) -> np.ndarray:
        """2D in to 3D out of each frame, (N,)."""
        return np.array([frame.latency_ms for frame, _ in self._frames])

    @property
    def age_ms(self) -> np.ndarray:
        """2D in to 3D here of each frame, (N,); as `Frame.age_ms`."""
        return np.array([age for _, age in self._frames])

    @property
    def t_s(self) -> np.ndarray:
        """When each frame was published, seconds before the last, (N,) up to 0."""
        t_ns = np.array([frame.message.t_publish_ns for frame, _ in self._frames])
        return (t_ns - t_ns[-1:]) / SECOND_NS

    def rates(self, bin_s: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
        """Times as in `t_s`, and how many frames a second the stream published around them.

        (N,) each, one for each whole `bin_s` of the window; one 0 before there is one.
        """
        t_s = self.t_s
        bins = int(-t_s[0] / bin_s) if len(t_s) else 0
        if bins < 1:
            return np.zeros(1), np.zeros(1)
        ends_s = np.arange(-bins, 1) * bin_s
        seq = np.array([frame.seq - self._frames[0][0].seq for frame, _ in self._frames], float)
        return ends_s[1:] - bin_s / 2, np.diff(np.interp(ends_s, t_s, seq)) / bin_s

    def speed_m_s(self, person_id: int) -> float:
        """How fast the person's root moves; NaN for somebody who has not been seen long enough."""
        path = [
            (frame.message.t_receive_ns, person.root_world_m)
            for frame, _ in self._frames
            for person in frame.people
            if person.id == person_id and np.isfinite(person.root_world_m).all()
        ]
        for t_ns, root in reversed(path):
            span_s = (path[-1][0] - t_ns) / SECOND_NS
            if span_s >= SPEED_S:
                return float(np.linalg.norm(path[-1][1] - root)) / span_s
        return float("nan")
