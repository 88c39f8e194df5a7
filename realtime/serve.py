"""The loop that runs a stream: source, pipeline, publisher, and a status once a second."""

import threading
from collections.abc import Callable

from ..core.clock import SECOND_NS, monotonic_ns
from ..core.messages import PoseFrame, Status
from .health import Health
from .pipeline import Pipeline
from .smpl_thread import SmplThread
from .sockets.publisher import Publisher
from .sources import Source

IDLE_S = 0.05  # how long to wait for a frame before looking after everything else


def serve(
    source: Source,
    pipeline: Pipeline,
    publisher: Publisher,
    health: Health,
    stop: threading.Event,
    show: Callable[[Status], None] = lambda status: None,
    smpl: SmplThread | None = None,
) -> None:
    """Answer every frame until `stop` is set or the source has finished; bodies are for `smpl`."""

    def report(*, stopping: bool = False) -> None:
        counts = source.counts() + pipeline.counts
        warnings = (*source.warnings, *publisher.warnings, *pipeline.warnings)
        if smpl is not None:
            counts, warnings = counts + smpl.counts(), warnings + smpl.warnings
        status = health.status(
            frames_in=source.frames_in,
            counts=counts,
            detector=source.detector,
            latency_ms=None if smpl is None else smpl.latency_ms(),
            warnings=warnings,
            stopping=stopping,
        )
        publisher.publish_definition()
        publisher.publish_status(status)
        show(status)

    def publish(answer: PoseFrame) -> None:
        sent = publisher.publish_pose(answer)
        health.answered(sent)
        if smpl is not None:
            smpl.offer(sent)

    t_report_ns = monotonic_ns()
    while not (stop.is_set() or source.finished):
        received = source.next(IDLE_S)
        if received is not None:
            queue_ns = monotonic_ns() - received.t_receive_ns
            answer = pipeline.process(received.frame, received.t_receive_ns, queue_ns)
            if answer is not None:
                publish(answer)
        if (preview := source.preview()) is not None:
            publisher.publish_preview(preview)
        publisher.greet()
        if received is not None:
            publisher.echo(received.frame)
            pipeline.catch_up()
        if monotonic_ns() >= t_report_ns:
            report()
            t_report_ns = max(t_report_ns + SECOND_NS, monotonic_ns())
    for answer in pipeline.flush():
        publish(answer)
    report(stopping=True)
