"""The loop that runs a stream: source, pipeline, publisher, and a status once a second."""

import threading
from collections.abc import Callable

from ..core.clock import SECOND_NS, monotonic_ns
from ..core.messages import Status
from .health import Health
from .pipeline import Pipeline
from .publisher import Publisher
from .sources import Source

IDLE_S = 0.05  # how long to wait for a frame before looking after everything else


def serve(
    source: Source,
    pipeline: Pipeline,
    publisher: Publisher,
    health: Health,
    stop: threading.Event,
    show: Callable[[Status], None] = lambda status: None,
) -> None:
    """Answer every frame until `stop` is set or the source has finished."""

    def report(*, stopping: bool = False) -> None:
        status = health.status(
            frames_in=source.frames_in,
            counts=source.counts() + pipeline.counts,
            detector=source.detector,
            warnings=(*source.warnings, *publisher.warnings, *pipeline.warnings),
            stopping=stopping,
        )
        publisher.publish_definition()
        publisher.publish_status(status)
        show(status)

    t_report_ns = monotonic_ns()
    while not (stop.is_set() or source.finished):
        received = source.next(IDLE_S)
        if received is not None:
            queue_ns = monotonic_ns() - received.t_receive_ns
            answer = pipeline.process(received.frame, received.t_receive_ns, queue_ns)
            if answer is not None:
                health.answered(publisher.publish_pose(answer))
        if (preview := source.preview()) is not None:
            publisher.publish_preview(preview)
        publisher.greet()
        if received is not None:
            publisher.echo(received.frame)
        if monotonic_ns() >= t_report_ns:
            report()
            t_report_ns = max(t_report_ns + SECOND_NS, monotonic_ns())
    for answer in pipeline.flush():
        health.answered(publisher.publish_pose(answer))
    report(stopping=True)
