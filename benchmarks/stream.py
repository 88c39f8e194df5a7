"""The stream's latency and losses, measured from outside: three processes over loopback.

One publishes a recording's keypoints at 30, 60 and 120 fps, `m2t3-stream` answers, a third
subscribes. Latency is from just before a frame is sent to just after its pose is received, on the
clock that all three share. Prints the table that the documents quote:

    python benchmarks/stream.py --seconds 300
"""

import multiprocessing
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec
import numpy as np
import tyro
import zmq
from rich.console import Console
from rich.table import Table

from m2t3.calibration.camera_files.camera_file import (
    CameraFile,
    read_camera_file,
    write_camera_file,
)
from m2t3.calibration.camera_files.keypoint_source import ZmqSource
from m2t3.core import topics, wire
from m2t3.core.clock import SECOND_NS, monotonic_ns, sleep_until
from m2t3.core.errors import M2t3Error
from m2t3.core.messages import PoseFrame, Status
from m2t3.engines.manifest import DEFAULT_WEIGHTS
from m2t3.lifting.recording import read_recording
from m2t3.realtime.sources.replay import keypoints_frames

CONFIGS = Path(__file__).parents[1] / "configs"
STREAM = "benchmark"
SILENCE_MS = 1000  # after so long without a pose, no more will come


@dataclass(frozen=True)
class Benchmark:
    """Measure m2t3-stream at several input rates."""

    recording: Path = CONFIGS / "demo_walk.npz"
    """Keypoints to publish, in a loop."""
    camera: Path | None = None
    """Camera file; not needed for the default recording and for those that hold their camera."""
    seconds: float = 30.0
    """How long to measure at each rate."""
    rates: tuple[float, ...] = (30.0, 60.0, 120.0)
    """Input rates, frames per second."""
    weights: str = DEFAULT_WEIGHTS
    """As for m2t3-stream."""
    engine: str = "auto"
    """As for m2t3-stream."""

    def run(self) -> None:
        """Run all rates on one stream and print the table."""
        camera = read_recording(self.recording).camera
        if self.camera is not None or camera is None:
            camera = read_camera_file(self.camera or CONFIGS / "cam0.yaml").camera
        source = ZmqSource(stream=STREAM, endpoint="tcp://127.0.0.1:*")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "camera.yaml"
            write_camera_file(path, CameraFile(camera, source))
            with streaming(path, self.weights, self.engine) as stream:
                console = Console(width=150)
                console.print(f"{stream.model}; {self.seconds:g} s at each rate")
                table = Table()
                for heading in Result.HEADINGS:
                    table.add_column(heading, justify="right", no_wrap=True)
                for rate_hz in self.rates:
                    with console.status(f"{rate_hz:g} fps"):
                        result = measure(stream, self.recording, rate_hz, self.seconds)
                    table.add_row(*result.cells())
                console.print(table)


@dataclass(frozen=True)
class Stream:
    """A running m2t3-stream."""

    pid: int
    keypoints_endpoint: str
    pose_endpoint: str
    model: str

    def memory_mb(self) -> float:
        """Resident memory, from Linux's /proc."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1024


@dataclass(frozen=True)
class Result:
    """What one rate gave."""

    HEADINGS = ("fps in", "answered %", "p50 ms", "p95", "p99", "max", "RSS MB", "lost")

    rate_hz: float
    sent: int
    latency_ms: np.ndarray  # of the answered frames
    memory_mb: tuple[float, float]  # at the start and at the end
    losses: dict[str, int]  # that the stream itself counted, by kind

    def cells(self) -> list[str]:
        """One row of the table."""
        p50, p95, p99 = np.percentile(self.latency_ms, (50, 95, 99))
        return [
            f"{self.rate_hz:g}",
            f"{100 * len(self.latency_ms) / self.sent:.2f}",
            *(f"{ms:.2f}" for ms in (p50, p95, p99, self.latency_ms.max())),
            "{:.0f} to {:.0f}".format(*self.memory_mb),
            ", ".join(f"{count} {kind}" for kind, count in self.losses.items()) or "-",
        ]


@contextmanager
def streaming(camera: Path, weights: str, engine: str) -> Iterator[Stream]:
    """m2t3-stream as a process of its own, from ready to stopped."""
    options = ["--camera", camera, "--weights", weights, "--engine", engine]
    command = [sys.executable, "-m", "m2t3.realtime.commands.stream", *options]
    command += ["--publish", "tcp://127.0.0.1:*"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    facts = {}
    for line in process.stdout:
        name, _, fact = line.strip().partition(": ")
        facts[name] = fact
        if len(facts) == 3:
            break
    else:
        raise M2t3Error(f"m2t3-stream ended with code {process.wait()}")
    endpoints = [re.search(r"tcp://[\d.:]+", facts[name])[0] for name in ("keypoints", "poses")]
    yield Stream(process.pid, *endpoints, facts["model"])
    process.terminate()
    process.communicate()
    if process.returncode != 0:
        raise M2t3Error(f"m2t3-stream ended with code {process.returncode}")


def measure(stream: Stream, recording: Path, rate_hz: float, seconds: float) -> Result:
    """One rate: a publisher and a subscriber, each in a process of its own."""
    spawn = multiprocessing.get_context("spawn")
    (from_publisher, to_publisher), (here, there) = spawn.Pipe(), spawn.Pipe()
    frames = round(rate_hz * seconds)
    subscriber = spawn.Process(target=subscribe, args=(stream.pose_endpoint, there))
    publisher = spawn.Process(
        target=publish, args=(stream.keypoints_endpoint, recording, rate_hz, frames, to_publisher)
    )
    subscriber.start()
    assert here.recv() == "ready"
    memory_mb = stream.memory_mb()
    publisher.start()
    sent_ns = from_publisher.recv()
    answered, received_ns, losses = here.recv()
    latency_ms = (received_ns - sent_ns[answered]) / 1e6
    result = Result(rate_hz, frames, latency_ms, (memory_mb, stream.memory_mb()), losses)
    publisher.join()
    subscriber.join()
    return result


def publish(endpoint: str, recording: Path, rate_hz: float, frames: int, pipe: Connection) -> None:
    """The detector: the recording at its own speed, whatever the rate; sends when it sent each.

    Pictures are taken when they are due, as a camera does it, however late this process wakes up.
    """
    played = list(keypoints_frames(read_recording(recording), STREAM))
    fps = read_recording(recording).fps
    sent_ns = np.empty(frames, np.int64)
    with zmq.Context() as context, context.socket(zmq.XPUB) as socket:
        socket.connect(endpoint)
        socket.recv()  # the stream's subscription: now it listens
        start_ns = monotonic_ns()
        for seq in range(frames):
            due_ns = start_ns + round(seq * SECOND_NS / rate_hz)
            sleep_until(due_ns)
            frame = played[round(seq * fps / rate_hz) % len(played)]
            frame = msgspec.structs.replace(frame, seq=seq, t_capture_ns=due_ns, clock="monotonic")
            sent_ns[seq] = monotonic_ns()
            socket.send_multipart(wire.pack(topics.KEYPOINTS, frame))
    pipe.send(sent_ns)


def subscribe(endpoint: str, pipe: Connection) -> None:
    """The consumer: sends "ready", then which frames were answered, when, and what was lost."""
    answered: list[int] = []
    received_ns: list[int] = []
    losses: dict[str, int] = {}
    with zmq.Context() as context, context.socket(zmq.SUB) as socket:
        for topic in (topics.POSE, topics.STATUS):
            socket.setsockopt(zmq.SUBSCRIBE, topic.name(STREAM))
        socket.connect(endpoint)
        before: Status | None = None
        t_last_ns = monotonic_ns()
        while not answered or monotonic_ns() - t_last_ns < SILENCE_MS * 1_000_000:
            parts = socket.recv_multipart()
            now_ns = monotonic_ns()
            message = wire.unpack(parts, (topics.POSE, topics.STATUS))
            if isinstance(message, PoseFrame):
                answered.append(message.source_seq)
                received_ns.append(now_ns)
                t_last_ns = now_ns
            elif isinstance(message, Status):
                if before is None:
                    before = message
                    pipe.send("ready")
                for counts in ("refused", "dropped"):
                    old = getattr(before, counts)
                    for kind, count in getattr(message, counts).items():
                        if count > old.get(kind, 0):
                            losses[kind] = count - old.get(kind, 0)
    pipe.send((np.array(answered), np.array(received_ns), losses))


if __name__ == "__main__":
    try:
        tyro.cli(Benchmark).run()
    except M2t3Error as error:
        sys.exit(f"benchmarks/stream.py: {error}")
