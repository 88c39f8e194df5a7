"""How long each stage took over the last seconds."""

from collections import deque
from collections.abc import Mapping

import numpy as np

from ..core.clock import SECOND_NS
from ..core.messages import Percentiles

WINDOW_NS = 10 * SECOND_NS


class Latencies:
    """A sliding window of durations by stage."""

    def __init__(self) -> None:
        self._window: deque[tuple[int, Mapping[str, int]]] = deque()

    def add(self, now_ns: int, timing_ns: Mapping[str, int]) -> None:
        """Take note of what the stages of one frame took."""
        self._window.append((now_ns, timing_ns))

    def percentiles(self, now_ns: int) -> dict[str, Percentiles]:
        """Milliseconds by stage, over the window that ends now."""
        while self._window and self._window[0][0] < now_ns - WINDOW_NS:
            self._window.popleft()
        samples: dict[str, list[int]] = {}
        for _, timing_ns in self._window:
            for stage, duration_ns in timing_ns.items():
                samples.setdefault(stage, []).append(duration_ns)
        return {
            stage: Percentiles(p50=p50, p95=p95, p99=p99)
            for stage, durations_ns in samples.items()
            for p50, p95, p99 in [(np.percentile(durations_ns, (50, 95, 99)) / 1e6).tolist()]
        }
