"""Every client against one live publisher that dies in the middle and sends garbage throughout.

m2t3-stream's own publisher runs in a process of its own, at 60 frames a second with garbage between
them. Half way through it is killed, and comes back a while later under a new session. The Python,
the C# and the C++ client listen all the time, and tell what each frame means to them to the last
bit and how old their newest frame is. Prints the table that the documents quote:

    python benchmarks/clients.py
"""

import random
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import tyro
from rich.console import Console
from rich.table import Table

from m2t3.clients import PoseSubscriber
from m2t3.clients.schema.examples import examples
from m2t3.clients.schema.meaning import meaning
from m2t3.core import topics, wire
from m2t3.core.clock import SECOND_NS, monotonic_ns, sleep_until
from m2t3.core.closing import Closing
from m2t3.core.errors import M2t3Error
from m2t3.core.messages import Pose, PoseFrame, SkeletonDefinition
from m2t3.core.skeletons import COCO17
from m2t3.realtime.sockets.publisher import Publisher

BUILD = Path(__file__).parents[1] / "tests" / "clients" / "native" / "build.sh"
STREAM = "cam0"
SETTLE_S = 0.5  # for what is still on its way when somebody stops
LIMIT_MS = 50.0  # the newest frame should not be older
DYING_NS = SECOND_NS // 10  # a killed publisher takes the last frames with it


@dataclass(frozen=True)
class Benchmark:
    """Measure all clients."""

    seconds: float = 60.0
    """How long the publisher publishes, before and after its restart taken together."""
    rate_hz: float = 60.0
    """Frames a second."""
    down_s: float = 5.0
    """How long it is away in the middle."""
    programs: Path | None = None
    """Folder with the clients, built by tests/clients/native/build.sh FOLDER Release; built anew if
    not given."""

    def run(self) -> None:
        """Measure, and print the table."""
        with tempfile.TemporaryDirectory() as folder:
            programs = self.programs or Path(folder)
            if self.programs is None:
                subprocess.run([BUILD, folder, "Release"], check=True, stdout=subprocess.DEVNULL)
            results = measure(commands(programs), self.seconds, self.rate_hz, self.down_s)
        table = Table()
        for heading in Result.HEADINGS:
            table.add_column(heading, justify="right", no_wrap=True)
        for result in results:
            table.add_row(*result.cells())
        Console(width=120).print(table)


@dataclass(frozen=True)
class Result:
    """What one client made of it."""

    HEADINGS = (
        "client", "exit", "frames", "bit-exact", "missing", "refused", "back after ms",
        "age p50 ms", "p99", "max", "> 50 ms",
    )  # fmt: skip

    client: str
    exit_code: int
    decoded: int  # good frames, before and after the restart
    wrong: int  # of these, how many are not what was sent
    missing: int  # good frames that were sent after the first one received, and did not come
    refused: dict[str, int]  # garbage, by kind
    restarts: int  # how many it noticed
    reconnected_ms: float  # from the publisher's first frame after the restart to the first here
    age_ms: np.ndarray  # of the newest frame, sampled while there was a publisher

    def cells(self) -> list[str]:
        """One row of the table."""
        p50, p99 = np.percentile(self.age_ms, (50, 99))
        numbers = (self.exit_code, self.decoded, self.decoded - self.wrong, self.missing)
        return [
            self.client,
            *map(str, numbers),
            str(sum(self.refused.values())),
            *(f"{ms:.0f}" for ms in (self.reconnected_ms,)),
            *(f"{ms:.1f}" for ms in (p50, p99, self.age_ms.max())),
            f"{100 * np.mean(self.age_ms > LIMIT_MS):.2f} %",
        ]


@dataclass(frozen=True)
class Stamped:
    """A good frame: when it was sent, or when it came."""

    session: str
    t_ns: int
    meaning: str

    @classmethod
    def read(cls, line: str) -> "Stamped":
        """From a line of the publisher's log or of a client."""
        session, t_ns, said = line.split(" ", 2)
        return cls(session, int(t_ns), said)


def commands(programs: Path) -> dict[str, list[str]]:
    """Client -> its program, up to the endpoint."""
    return {
        "Python": [sys.executable, __file__, "listen"],
        "Unity (mono)": ["mono", str(programs / "harness.exe"), "listen"],
        "Unreal (C++)": [str(programs / "harness"), "listen"],
    }


def measure(
    clients: dict[str, list[str]], seconds: float, rate_hz: float, down_s: float
) -> list[Result]:
    """Run the two halves with the gap between them, and compare."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "sent"
        with ExitStack() as listening:
            with Publishing("tcp://127.0.0.1:*", "before", log, rate_hz) as before:
                listeners = {
                    name: listening.enter_context(Listener([*command, before.endpoint, STREAM]))
                    for name, command in clients.items()
                }
                for listener in listeners.values():
                    listener.wait_for_frame()
                t_listening_ns = monotonic_ns()
                time.sleep(seconds / 2)
                t_killed_ns = monotonic_ns()
            time.sleep(down_s)
            with Publishing(before.endpoint, "after", log, rate_hz):
                time.sleep(seconds / 2)
                t_stopped_ns = monotonic_ns()
            time.sleep(SETTLE_S)
            sent = [Stamped.read(line) for line in log.read_text().splitlines()]
            return [
                listener.result(name, sent, t_listening_ns, t_killed_ns, t_stopped_ns)
                for name, listener in listeners.items()
            ]


class Listener(Closing):
    """A client as a process; its lines are read as they come."""

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._lines: list[str] = []
        self._heard = threading.Event()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._thread.join()
        self._process.stdin.close()
        self._process.stdout.close()

    def _read(self) -> None:
        for line in self._process.stdout:
            self._lines.append(line.rstrip("\n"))
            self._heard.set()

    def wait_for_frame(self) -> None:
        """Until the first line is there."""
        if not self._heard.wait(30):
            raise M2t3Error(f"{self._process.args} hears nothing")

    def result(
        self,
        name: str,
        sent: list[Stamped],
        t_listening_ns: int,
        t_killed_ns: int,
        t_stopped_ns: int,
    ) -> Result:
        """Stop the client and compare what it received with what was sent."""
        self._process.stdin.close()
        exit_code = self._process.wait(30)
        self._thread.join()
        lines = [line.split(" ", 1) for line in self._lines]
        frames = [Stamped.read(rest) for kind, rest in lines if kind == "frame"]
        counts = [rest.rsplit(" ", 1) for kind, rest in lines if kind == "refused"]
        missing, t_back_ns = 0, 0
        for session in ("before", "after"):
            meanings = {frame.meaning for frame in frames if frame.session == session}
            expected = [frame for frame in sent if frame.session == session]
            start = next(i for i, frame in enumerate(expected) if frame.meaning in meanings)
            missing += sum(
                frame.meaning not in meanings
                for frame in expected[start:]
                if frame.t_ns < {"before": t_killed_ns, "after": t_stopped_ns}[session] - DYING_NS
            )
            t_back_ns = next(frame.t_ns for frame in frames if frame.session == session)
        t_restart_ns = next(frame.t_ns for frame in sent if frame.session == "after")
        samples = np.array([rest.split() for kind, rest in lines if kind == "age"], np.float64)
        t_ns = samples[:, 0]
        before = (t_ns > t_listening_ns) & (t_ns < t_killed_ns)
        alive = before | ((t_ns > t_back_ns) & (t_ns < t_stopped_ns - DYING_NS))
        known = {frame.meaning for frame in sent}
        return Result(
            client=name,
            exit_code=exit_code,
            decoded=len(frames),
            wrong=sum(frame.meaning not in known for frame in frames),
            missing=missing,
            refused={kind: int(count) for kind, count in counts},
            restarts=next(int(rest) for kind, rest in lines if kind == "restarts"),
            reconnected_ms=(t_back_ns - t_restart_ns) / 1e6,
            age_ms=samples[alive, 1],
        )


class Publishing(Closing):
    """A publisher in a process of its own, which is killed in the end."""

    def __init__(self, endpoint: str, session: str, log: Path, rate_hz: float) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, "publish", endpoint, session, str(log), str(rate_hz)],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.endpoint = self._process.stdout.readline().strip()

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


def publish(endpoint: str, session: str, log: str, rate_hz: float) -> None:
    """Frames and garbage until the process is ended; each good frame leaves its line in `log`."""
    generator = random.Random(session)
    definition = define(session)
    publisher = Publisher(endpoint, definition)
    for seq in range(200):  # what happens once only must not hold up a frame
        garbage(answer(definition, seq), generator)
    print(publisher.endpoint, flush=True)
    status = msgspec.structs.replace(
        examples()[topics.STATUS][0], stream=STREAM, session=session, state="running"
    )
    start_ns = monotonic_ns()
    with Path(log).open("a") as lines:
        for seq in range(10**9):
            sleep_until(start_ns + round(seq * SECOND_NS / rate_hz))
            if seq % round(rate_hz) == 0:
                publisher.publish_definition()
                publisher.publish_status(status)
            publisher.greet()
            frame = msgspec.structs.replace(answer(definition, seq), t_publish_ns=monotonic_ns())
            lines.write(f"{session} {frame.t_publish_ns} {meaning(frame)}\n")
            lines.flush()  # before it is sent: a killed publisher may not send and fail to tell
            publisher.outlet.send(wire.pack(topics.POSE, frame))
            publisher.outlet.send(garbage(frame, generator))


def define(session: str) -> SkeletonDefinition:
    """The definition that the frames fit."""
    definition = msgspec.structs.replace(
        examples()[topics.DEFINITION][0],
        stream=STREAM,
        session=session,
        joint_names=COCO17.joint_names,
        bones=COCO17.bones,
        left_right=COCO17.left_right,
    )
    return msgspec.structs.replace(definition, def_id=wire.definition_id(definition))


def answer(definition: SkeletonDefinition, seq: int) -> PoseFrame:
    """Up to three people whose numbers have any bits, every kind of NaN included."""
    random_bits = np.random.default_rng(seq)
    joints = len(definition.joint_names)

    def person(person_id: int) -> Pose:
        bits = random_bits.integers(0, 2**32, (joints, 4), np.uint32).view(np.float32)
        return Pose(
            id=person_id,
            state="tracked",
            positions_world_m=bits[:, :3],
            confidence=bits[:, 3],
            valid=random_bits.random(joints) < 0.8,
        )

    return msgspec.structs.replace(
        examples()[topics.POSE][0],
        stream=STREAM,
        session=definition.session,
        seq=seq,
        def_id=definition.def_id,
        t_receive_ns=monotonic_ns(),
        people=tuple(person(i) for i in range(seq % 4)),
    )


def garbage(frame: PoseFrame, generator: random.Random) -> list[bytes]:
    """Something that looks like the frame after `frame`, and must be refused."""
    topic, payload = wire.pack(topics.POSE, msgspec.structs.replace(frame, seq=frame.seq + 1))
    broken = bytearray(payload)
    for _ in range(20):
        broken[generator.randrange(len(broken))] = 0xC1  # no MessagePack
    kinds = [
        [topic],
        [topic, payload, b""],
        [topic, payload[: generator.randrange(len(payload))]],
        [topic, payload + b"\0"],
        [topic, b"\x82\xa1v\x01\xa1x\xdd\xff\xff\xff\xff"],
        [topic, b"\x82\xa1v\x01\xa1x" + b"\x91" * 50_000],
        [topic, b"\x81\xa1v\x02"],
        [topic, generator.randbytes(topics.POSE.max_payload_bytes + 1)],
        [topic + b"0", payload],
        [topics.DEFINITION.name(STREAM), payload],
        [topics.STATUS.name(STREAM), b"\xc1" + broken],
    ]
    return generator.choice(kinds)


def listen(endpoint: str, stream: str) -> None:
    """The Python client, with the output of tests/clients/native/unity/Harness.cs."""
    ended = threading.Event()
    ages: list[str] = []

    def watch() -> None:
        while not ended.wait(0.004):
            if (newest := poses.latest()) is not None:
                now_ns = monotonic_ns()
                age_ms = (now_ns - newest.message.t_publish_ns) / 1e6
                ages.append(f"age {now_ns} {age_ms:.3f} {age_ms:.3f}")

    def stop() -> None:
        sys.stdin.read()
        ended.set()
        poses.close()

    with PoseSubscriber(endpoint, stream, every_frame=True) as poses:
        threads = [threading.Thread(target=target) for target in (watch, stop)]
        for thread in threads:
            thread.start()
        for frame in poses:
            line = f"{frame.message.session} {monotonic_ns()} {meaning(frame.message)}"
            print("frame", line, flush=True)
        for thread in threads:
            thread.join()
    for line in ages:
        print(line)
    for name, counts in {"refused": poses.refused, "dropped": poses.dropped}.items():
        for kind, count in counts.items():
            print(name, kind, count)
    print("restarts", poses.restarts)


if __name__ == "__main__":
    if sys.argv[1:2] == ["listen"]:
        listen(*sys.argv[2:4])
    elif sys.argv[1:2] == ["publish"]:
        publish(*sys.argv[2:5], rate_hz=float(sys.argv[5]))
    else:
        tyro.cli(Benchmark).run()
