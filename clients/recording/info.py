"""`m2t3 info`: what is in a recording."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import tyro

from ...core.clock import SECOND_NS
from ...core.message_log import MessageLog
from ...core.messages import SkeletonDefinition
from ...core.topics import KEYPOINTS, POSE, TOPICS
from .summary import Flow, StreamSummary, Summary

PLURALS = {"def": "definitions", "pose": "poses", "preview": "pictures"}


@dataclass(frozen=True)
class Info:
    """Tell what is in a recording: how long, how fast, who, what was lost, whose weights."""

    recording: Annotated[Path, tyro.conf.Positional]  # MCAP file that `m2t3 record` wrote

    def run(self) -> int:
        """Print it.

        Raises:
            RecordingError: no recording, or one that is damaged.
        """
        log, summary = MessageLog(self.recording), Summary()
        for recorded in log:
            summary.add(recorded)
        print("\n".join(told(self.recording, summary, whole=bool(log.complete))))
        return 0


def told(path: Path, summary: Summary, *, whole: bool) -> Iterator[str]:
    """What is in the recording, in lines."""
    state = "whole" if whole else "cut off: it plays up to there"
    yield f"{path}: {path.stat().st_size / 1e6:.2f} MB, {state}"
    if not summary.streams:
        yield "  no messages"
        return
    begin = datetime.fromtimestamp(summary.flow.t_first_ns / SECOND_NS, UTC)
    yield f"  {summary.duration_s:.1f} s from {begin:%Y-%m-%d %H:%M:%S} UTC"
    if summary.refused:
        yield "  messages that break the protocol: " + _counts(summary.refused)
    for name, stream in sorted(summary.streams.items()):
        yield f"  stream {name}"
        for line in _stream(stream):
            yield f"    {line}"


def _stream(stream: StreamSummary) -> Iterator[str]:
    for topic in TOPICS:
        flow = stream.flows.get(topic.prefix)
        if flow is not None:
            what = topic.prefix.removeprefix("m2t3.")
            yield f"{PLURALS.get(what, what):<12}{_flow(flow)}{_losses(stream, topic.prefix)}"
    if POSE.prefix in stream.flows:
        yield f"{'people':<12}{len(stream.people)}"
    yield f"{'sessions':<12}{', '.join(stream.sessions) or 'none'}"
    if KEYPOINTS.prefix in stream.flows:
        yield f"{'detector':<12}{stream.skeleton}, sessions {', '.join(stream.detectors)}"
    if stream.out_of_order:
        yield f"{'':<12}{stream.out_of_order} frames out of order"
    if not stream.definitions:
        yield f"{'definition':<12}none: its poses cannot be read"
    for definition in stream.definitions.values():
        yield from _definition(definition)
    if stream.status is not None:
        status = stream.status
        for what, counts in (("refused", status.refused), ("dropped", status.dropped)):
            if counts:
                yield f"{what:<12}{_counts(counts)} (by the stream, since its start)"


def _definition(definition: SkeletonDefinition) -> Iterator[str]:
    camera, model = definition.camera, definition.model
    width_px, height_px = camera.image_size_px
    place = ", ".join(f"{metres:.2f}" for metres in camera.translation_m)
    yield f"{'skeleton':<12}{definition.skeleton}, {len(definition.joint_names)} joints"
    yield f"{'camera':<12}{camera.name}, {width_px} x {height_px} px, at ({place}) m"
    yield f"{'weights':<12}{model.weights} on {model.engine}"
    yield f"{'licence':<12}{model.licence}"


def _flow(flow: Flow) -> str:
    if math.isnan(flow.rate_hz):
        return f"{flow.count}"
    gap_ms = flow.longest_gap_ns / 1e6
    return f"{flow.count}, {flow.rate_hz:.1f} Hz, longest gap {gap_ms:.0f} ms"


def _losses(stream: StreamSummary, prefix: str) -> str:
    what = {POSE.prefix: "lost", KEYPOINTS.prefix: "lost or not lifted"}.get(prefix)
    return f", {stream.lost[prefix]} {what}" if what else ""


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
