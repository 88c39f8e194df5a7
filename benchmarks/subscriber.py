"""What `PoseSubscriber` holds up to: a minute at 60 fps, garbage, a publisher that is killed.

The publisher is a process of its own; in the middle it gets SIGKILL, and a second later another one
binds the same port. Every frame is compared, bit by bit, with what was sent.

    python benchmarks/subscriber.py
"""

import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass, field

import crowd
import msgspec
import numpy as np
import tyro
from rich.console import Console
from rich.table import Table

from m2t3.clients import Frame, PoseSubscriber
from m2t3.core import wire
from m2t3.core.clock import SECOND_NS, monotonic_ns

DOWN_S = 1.0  # between the end of one publisher and the start of the next
LOOK_S = 0.002  # how often the age of the newest frame is looked at, at least


@dataclass
class Session:
    """What came of one publisher."""

    HEADINGS = (
        "session",
        "frames",
        "lost since",
        "differing",
        "age ms p50",
        "p99",
        "max",
        "newest",
    )

    seqs: list[int] = field(default_factory=list)
    differing: int = 0
    age_ms: list[float] = field(default_factory=list)  # of each frame when it is handed out
    oldest_ms: float = 0.0  # the greatest age that the newest frame had at any time
    up_after_ms: float = float("nan")  # from the publisher's first frame to the first here

    def take(self, frame: Frame, now_ns: int) -> None:
        """Take in one frame."""
        message = frame.message
        if not self.seqs:
            t_begin_ns = message.t_publish_ns - message.seq * SECOND_NS / crowd.RATE_HZ
            self.up_after_ms = (now_ns - t_begin_ns) / 1e6
        self.seqs.append(message.seq)
        self.age_ms.append((now_ns - message.t_publish_ns) / 1e6)
        sent = crowd.frame(message.session, message.seq, message.def_id, message.t_receive_ns)
        sent = msgspec.structs.replace(sent, t_publish_ns=message.t_publish_ns)
        self.differing += wire.encode(sent) != wire.encode(message)

    def cells(self, name: str) -> list[str]:
        """One row of the table."""
        p50, p99 = np.percentile(self.age_ms, (50, 99))
        lost = self.seqs[-1] - self.seqs[0] + 1 - len(self.seqs)
        ages = (f"{ms:.2f}" for ms in (p50, p99, max(self.age_ms), self.oldest_ms))
        return [name, str(len(self.seqs)), str(lost), str(self.differing), *ages]


@dataclass(frozen=True)
class Soak:
    """Measure the Python client against a publisher that misbehaves."""

    seconds: float = 60.0  # how long in all

    def run(self) -> None:
        """Run it and print the table."""
        endpoint = f"tcp://127.0.0.1:{crowd.free_port()}"
        spawn = multiprocessing.get_context("spawn")
        half_ns = int(self.seconds / 2 * SECOND_NS)
        frames = half_ns * crowd.RATE_HZ // SECOND_NS

        def start(session: str, frames: int) -> "multiprocessing.process.BaseProcess":
            arguments = {"endpoint": endpoint, "session": session, "frames": frames}
            process = spawn.Process(target=crowd.publish, kwargs={**arguments, "garbage": True})
            process.start()
            return process

        sessions: dict[str, Session] = {"first": Session(), "second": Session()}
        with PoseSubscriber(endpoint, crowd.STREAM, every_frame=True) as poses:
            first = start("first", 10 * frames)
            take(poses, sessions, lambda: bool(sessions["first"].seqs))
            t_kill_ns = monotonic_ns() + half_ns
            take(poses, sessions, lambda: monotonic_ns() > t_kill_ns)
            first.kill()
            first.join()
            t_start_ns = monotonic_ns() + int(DOWN_S * SECOND_NS)
            take(poses, sessions, lambda: monotonic_ns() > t_start_ns)
            second = start("second", frames)
            take(poses, sessions, lambda: bool(sessions["second"].seqs))
            take(poses, sessions, lambda: not poses.flowing)
            second.join()
            refused, restarts, dropped = poses.refused, poses.restarts, poses.dropped
        table = Table()
        for heading in Session.HEADINGS:
            table.add_column(heading, justify="right", no_wrap=True)
        for name, session in sessions.items():
            table.add_row(*session.cells(name))
        console = Console(width=110, highlight=False)
        console.print(table)
        console.print(f"restarts {restarts}; dropped {dict(dropped)}; refused {dict(refused)}")
        up_ms = sessions["second"].up_after_ms
        console.print(f"connected again {up_ms:.0f} ms after the second publisher's first frame")


def take(poses: PoseSubscriber, sessions: dict[str, Session], over: Callable[[], bool]) -> None:
    """Take frames until `over()`, and mind how old the newest is while its publisher goes on."""
    while not over():
        before = poses.latest()
        frame = poses.wait(LOOK_S)
        now_ns = monotonic_ns()
        if frame is None:
            continue
        session = sessions[frame.message.session]
        session.take(frame, now_ns)
        if before is not None and before.message.session == frame.message.session:
            age_ms = (now_ns - before.message.t_publish_ns) / 1e6
            session.oldest_ms = max(session.oldest_ms, age_ms)


if __name__ == "__main__":
    tyro.cli(Soak).run()
