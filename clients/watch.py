"""`m2t3 watch`: a subscriber in the terminal; a live table, or plain lines where there is none."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ..core.clock import SECOND_NS, monotonic_ns
from ..core.errors import M2t3Error
from ..core.topics import POSE_ENDPOINT
from .meter import Meter
from .python import PoseSubscriber

TABLE_PERIOD_S, LINE_PERIOD_S = 0.1, 1.0
HARMLESS = {"skipped", "undefined"}  # the newest won; frames came before their definition
PATIENCE_S = 2.0  # definition and status come every second; no word for so long: say so


@dataclass(frozen=True)
class Watch:
    """Watch a stream in the terminal: rate, latency, where people are, and what goes wrong."""

    connect: str = POSE_ENDPOINT  # where the stream publishes
    stream: str = "cam0"  # which of its streams
    keys: Path | None = None  # folder with this client's keys, if the stream asks for some
    frames: int | None = None  # stop after so many frames; until interrupted if not given

    def run(self) -> int:
        """Watch until interrupted, or until the frames are there.

        Raises:
            M2t3Error: `frames` is below 1.
        """
        if self.frames is not None and self.frames < 1:
            raise M2t3Error(f"--frames {self.frames}: give 1 or more")
        console = Console()
        with PoseSubscriber(self.connect, self.stream, keys=self.keys) as poses:
            if console.is_terminal:
                with Live(console=console, auto_refresh=False) as live:
                    for meter in self._measured(poses, TABLE_PERIOD_S):
                        live.update(table(poses, meter), refresh=True)
            else:
                for meter in self._measured(poses, LINE_PERIOD_S):
                    console.print(line(poses, meter), soft_wrap=True)
        return 0

    def _measured(self, poses: PoseSubscriber, period_s: float) -> Iterator[Meter]:
        """Take in frames, and yield what is measured every `period_s` and at the end."""
        meter, left = Meter(), self.frames
        started_ns = monotonic_ns()
        due_ns = started_ns + int(period_s * SECOND_NS)
        while left is None or left > 0:
            frame = poses.wait(period_s)
            if frame is not None:
                meter.add(frame)
                left = left - 1 if left is not None else None
            now_ns = monotonic_ns()
            spoken = frame is not None or now_ns - started_ns > PATIENCE_S * SECOND_NS
            if spoken and (now_ns >= due_ns or left == 0):
                due_ns = now_ns + int(period_s * SECOND_NS)
                yield meter


def line(poses: PoseSubscriber, meter: Meter) -> str:
    """What is going on, in one plain line."""
    frame = poses.latest()
    if frame is None or not poses.flowing:
        return f"{poses.stream}: {poses.silence()}"
    people = ", ".join(
        f"#{person.id} at ({_metres(person.root_world_m)}) m" for person in frame.people
    )
    return f"{poses.stream}: {_pace(meter)}; {people or 'nobody in view'}{_troubles(poses)}"


def table(poses: PoseSubscriber, meter: Meter) -> RenderableType:
    """What is going on, as a table of people between a line on the stream and its troubles."""
    frame = poses.latest()
    if frame is None or not poses.flowing:
        return Text.assemble(("● ", "red"), f"{poses.stream}: {poses.silence()}")
    head = Text.assemble(("● ", "green"), (poses.stream, "bold"), f"  {_pace(meter)}")
    people = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("person", "x, y, z  m", "m/s", "joints", "confidence"):
        people.add_column(column, justify="right")
    for person in frame.people:
        speed = meter.speed_m_s(person.id)
        people.add_row(
            f"#{person.id}",
            _metres(person.root_world_m),
            "–" if math.isnan(speed) else f"{speed:.1f}",
            f"{np.count_nonzero(person.valid)}/{person.valid.size}",
            f"{person.confidence.mean():.2f}",
        )
    rows = people if frame.people else Text("nobody in view", "dim")
    return Group(head, rows, Text(_troubles(poses).removeprefix("; "), "yellow"))


def _pace(meter: Meter) -> str:
    rate = "–" if math.isnan(meter.rate_hz) else f"{meter.rate_hz:.1f}"
    latency, age = _median(meter.latency_ms), _median(meter.age_ms)
    return f"{rate} Hz, 2D in → 3D out {latency} ms, → here {age} ms"


def _median(values_ms: np.ndarray) -> str:
    return f"{np.median(values_ms):.1f}" if len(values_ms) else "–"


def _metres(point_world_m: np.ndarray) -> str:
    return ", ".join("–" if math.isnan(value) else f"{value:.2f}" for value in point_world_m)


def _troubles(poses: PoseSubscriber) -> str:
    """What is counted here and by the stream, and the stream's warnings; "" if there is nothing."""
    counts: dict[str, Mapping[str, int]] = {
        "missed here": {kind: n for kind, n in poses.dropped.items() if kind not in HARMLESS},
        "refused here": poses.refused,
    }
    warnings: tuple[str, ...] = ()
    if poses.status is not None:
        counts |= {"refused by the stream": poses.status.refused}
        counts |= {"dropped by the stream": poses.status.dropped}
        warnings = poses.status.warnings
    told = [
        f"{what}: " + ", ".join(f"{n} {kind}" for kind, n in kinds.items())
        for what, kinds in counts.items()
        if kinds
    ]
    return "".join(f"; {trouble}" for trouble in (*told, *warnings))
