"""How the stream is: rates, latencies by stage, losses; once a second it becomes a `Status`."""

from collections.abc import Mapping, Sequence

from ..core.clock import SECOND_NS, monotonic_ns, unix_minus_monotonic_ns
from ..core.messages import DetectorStatus, ModelInfo, Percentiles, PoseFrame, Status
from .counts import Counts
from .latencies import Latencies

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
        self._latencies = Latencies()

    def answered(self, answer: PoseFrame) -> None:
        """Take note of a published frame."""
        self._answers += 1
        self._people_in_view = sum(person.state == "tracked" for person in answer.people)
        total_ns = answer.t_publish_ns - answer.t_receive_ns
        self._latencies.add(answer.t_publish_ns, {**answer.timing_ns, "total": total_ns})

    def status(
        self,
        *,
        frames_in: int,
        counts: Counts,
        warnings: Sequence[str],
        detector: DetectorStatus | None = None,
        latency_ms: Mapping[str, Percentiles] | None = None,
        stopping: bool = False,
    ) -> Status:
        """The status of now; rates are those since the status before.

        Args:
            frames_in: good frames that the source has received so far.
            counts: losses of source and pipeline together.
            warnings: what the user should know, besides what the numbers tell.
            detector: the detector's last report; its latencies join ours as `detector_<stage>`.
            latency_ms: of stages that no answer waits for.
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
            latency_ms=self._latencies.percentiles(now_ns)
            | _of_detector(detector)
            | dict(latency_ms or {}),
            refused=dict(counts.refused),
            dropped=dict(counts.dropped),
            model=self._model,
            warnings=(*warnings, *hints),
        )


def _of_detector(detector: DetectorStatus | None) -> dict[str, Percentiles]:
    if detector is None:
        return {}
    return {f"detector_{stage}": latency for stage, latency in detector.latency_ms.items()}
