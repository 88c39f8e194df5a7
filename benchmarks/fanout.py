"""What 50 subscribers cost the publisher, and what one that stops reading costs the others.

The publisher is m2t3's own, in this process; the subscribers are sockets in five other processes.
Each frame's cost is the time that `publish_pose` takes: stamp, encode, send.

    python benchmarks/fanout.py
"""

import gc
import multiprocessing
import re
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import crowd
import numpy as np
import tyro
import zmq
from rich.console import Console
from rich.table import Table

from m2t3.core import wire
from m2t3.core.clock import SECOND_NS, monotonic_ns, sleep_until
from m2t3.core.messages import PoseFrame
from m2t3.core.topics import POSE
from m2t3.realtime.sockets.publisher import Publisher

PROCESSES = 5
END = b"m2t3.end"


@dataclass(frozen=True)
class Fanout:
    """Measure the publisher with more and more subscribers."""

    subscribers: int = 50
    seconds: float = 20.0  # at each number of subscribers

    def run(self) -> None:
        """Run all and print the table."""
        table = Table()
        headings = ("subscribers", "stalled", "cost ms p50", "p99", "max")
        for heading in (*headings, "age ms p50", "p99", "lost", "RSS MB"):
            table.add_column(heading, justify="right", no_wrap=True)
        gc.disable()  # as m2t3-stream's collector has little to look at
        with Console(width=110).status("") as status:
            for reading, stalled in ((0, 0), (1, 0), (self.subscribers, 0), (self.subscribers, 1)):
                status.update(f"{reading} subscribers, {stalled} stalled")
                table.add_row(*measure(reading, stalled, round(self.seconds * crowd.RATE_HZ)))
        Console(width=110).print(table)


def measure(reading: int, stalled: int, frames: int) -> list[str]:
    """One row of the table."""
    said = crowd.definition("fanout")
    publisher = Publisher("tcp://127.0.0.1:*", said)
    spawn = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    counts = [len(part) for part in np.array_split(np.arange(reading), PROCESSES)]
    for sockets, reads in (*((count, True) for count in counts), (stalled, False)):
        if sockets:
            here, there = spawn.Pipe()
            process = spawn.Process(target=listen, args=(publisher.endpoint, sockets, reads, there))
            process.start()
            pipes.append(here)
            processes.append(process)
    for pipe in pipes:
        while not pipe.poll(0.01):
            publisher.outlet.send((b"m2t3.hello", b""))
        pipe.recv()
    cost_ms = []
    start_ns = monotonic_ns()
    for seq in range(frames):
        answer = crowd.frame("fanout", seq, said.def_id, monotonic_ns())
        sleep_until(start_ns + seq * SECOND_NS // crowd.RATE_HZ)
        before_ns = monotonic_ns()
        publisher.publish_pose(answer)
        cost_ms.append((monotonic_ns() - before_ns) / 1e6)
    memory_mb = resident_mb()
    for _ in range(20):
        publisher.outlet.send((END, b""))
        sleep_until(monotonic_ns() + SECOND_NS // 20)
    for pipe in pipes:
        pipe.send("end")  # for those who do not read
    results = [pipe.recv() for pipe in pipes]
    for process in processes:
        process.join()
    publisher.close()
    ages_ms = np.concatenate([ages for ages, _ in results if len(ages)] or [[np.nan]])
    received = sum(count for _, count in results)
    ages = (f"{ms:.2f}" for ms in np.percentile(ages_ms, (50, 99)))
    costs = (f"{ms:.3f}" for ms in (*np.percentile(cost_ms, (50, 99)), max(cost_ms)))
    lost = frames * reading - received
    return [str(reading), str(stalled), *costs, *ages, str(lost), f"{memory_mb:.0f}"]


def listen(endpoint: str, sockets: int, reads: bool, pipe: Connection) -> None:
    """So many subscribers; sends the ages of what they got, ms, and how many frames that were."""
    ages_ms: list[float] = []
    with zmq.Context() as context:
        poller = zmq.Poller()
        waiting, open_ = set(), set()
        for _ in range(sockets):
            socket = context.socket(zmq.SUB)
            socket.linger = 0
            if not reads:  # so that what waits for it waits in the publisher
                socket.rcvhwm, socket.rcvbuf = 1, 4096
            socket.subscribe(b"m2t3.")
            socket.connect(endpoint)
            poller.register(socket, zmq.POLLIN)
            waiting.add(socket)
            open_.add(socket)
        while waiting:
            for socket, _ in poller.poll():
                socket.recv_multipart()
                waiting.discard(socket)
        pipe.send("ready")
        while open_ and reads:
            for socket, _ in poller.poll():
                topic, payload = socket.recv_multipart()
                now_ns = monotonic_ns()
                if topic == END:
                    poller.unregister(socket)
                    open_.discard(socket)
                elif topic == crowd.TOPIC:
                    message = wire.decode(POSE, payload)
                    assert isinstance(message, PoseFrame)
                    ages_ms.append((now_ns - message.t_publish_ns) / 1e6)
        pipe.recv()  # one that does not read holds its connection up to here
        context.destroy(linger=0)
    pipe.send((np.array(ages_ms), len(ages_ms)))


def resident_mb() -> float:
    """Resident memory of this process, from Linux's /proc."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1024


if __name__ == "__main__":
    tyro.cli(Fanout).run()
