"""How the stream is: rates, latencies by stage, losses; once a second it becomes a `Status`."""

from collections import deque
from collections.abc import Sequence

import numpy as np

from ..core.clock import SECOND_NS, monotonic_ns, unix_minus_monotonic_ns
from ..core.messages import ModelInfo, Percentiles, PoseFrame, Status
from .counts import Counts

WINDOW_NS = 10 * SECOND_NS
SILENCE_NS = SECOND_NS  # without a frame for so long, the stream is waiting
LATE_KINDS = ("stale", "overrun")  # dropped because newer frames were there already
SLOW_SHARE = 0.1  # of the good frames of a second; more of those deserve a warning


class Health:
    """Watches one stream."""

    def __init__(self, *, stream: str, session: str, model: ModelInfo) -> None:
        self._stream, self._session, self._model = stream, session, model
        self._t_start_ns = self._t_status_ns = self._t_last_in_ns = monotonic_ns()
        self._frames_in = self._frames_out = self._late = 0  # at the last status
        self._answers = 0
        self._people_in_view = 0
        self._window: deque[tuple[int, dict[str, int]]] = deque()

    def answered(self, answer: PoseFrame) -> None:
        """Take note of a published frame."""
        self._answers += 1
        self._people_in_view = sum(person.state == "tracked" for person in answer.people)
        total_ns = answer.t_publish_ns - answer.t_receive_ns
        self._window.append((answer.t_publish_ns, {**answer.timing_ns, "total": total_ns}))

    def status(
        self, *, frames_in: int, counts: Counts, warnings: Sequence[str], stopping: bool = False
    ) -> Status:
        """The status of now; rates are those since the status before.

        Args:
            frames_in: good frames that the source has received so far.
            counts: losses of source and pipeline together.
            warnings: what the user should know, besides what the numbers tell.
            stopping: whether this is the last status.
        """
        now_ns = monotonic_ns()
        elapsed_s = max(now_ns - self._t_status_ns, 1_000_000) / SECOND_NS  # short at the start
        new_in, new_out = frames_in - self._frames_in, self._answers - self._frames_out
        late = sum(counts.dropped[kind] for kind in LATE_KINDS)
        if new_in:
            self._t_last_in_ns = now_ns
        silence_ns = now_ns - self._t_last_in_ns
        waiting = frames_in == 0 or silence_ns > SILENCE_NS
        hints = []
        if waiting:
            hints.append(f"no keypoints for {silence_ns / SECOND_NS:.0f} s")
        if late - self._late > SLOW_SHARE * new_in:
            hints.append(
                f"{late - self._late} of {new_in} frames came too fast to lift: "
                "lower the input's rate, or free the processor"
            )
        self._t_status_ns, self._frames_in, self._frames_out = now_ns, frames_in, self._answers
        self._late = late
        return Status(
            stream=self._stream,
            session=self._session,
            t_publish_ns=now_ns,
            unix_minus_monotonic_ns=unix_minus_monotonic_ns(),
            state="stopping" if stopping else "waiting" if waiting else "running",
            uptime_s=(now_ns - self._t_start_ns) / SECOND_NS,
            input_rate_hz=new_in / elapsed_s,
            output_rate_hz=new_out / elapsed_s,
            frames_in=frames_in,
            frames_out=self._answers,
            people_in_view=0 if waiting else self._people_in_view,
            latency_ms=self._percentiles(now_ns),
            refused=dict(counts.refused),
            dropped=dict(counts.dropped),
            model=self._model,
            warnings=(*warnings, *hints),
        )

    def _percentiles(self, now_ns: int) -> dict[str, Percentiles]:
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
