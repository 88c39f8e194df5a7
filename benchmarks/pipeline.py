"""The pipeline's latency by stage, in one process: people x rate x engine x steps.

From the bytes of a keypoints message to the bytes of its poses, without sockets (stream.py has
those). People are the recording's person beside themselves, each a little later in it. Frames come
at the times they are due, whether the one before is done or not; a frame whose successor is due
already is not answered but counted as lost, as the stream does it (newest wins).

    python benchmarks/pipeline.py --quick
"""

import gc
import itertools
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import tyro
from tables import Table, percentiles, this_machine

from m2t3.calibration.camera_files.camera_file import read_camera_file
from m2t3.core import topics, wire
from m2t3.core.clock import SECOND_NS, monotonic_ns, sleep_until
from m2t3.core.errors import M2t3Error
from m2t3.core.messages import Keypoints, KeypointsFrame
from m2t3.engines.loading import load_denoiser
from m2t3.engines.manifest import DEFAULT_WEIGHTS
from m2t3.engines.registry import LoadedDenoiser, candidates
from m2t3.lifting.denoiser import NetworkInputs, NetworkOutputs
from m2t3.lifting.recording import read_recording
from m2t3.realtime.assembly import assemble_around
from m2t3.realtime.pipeline import Pipeline
from m2t3.realtime.sources.replay import keypoints_frames

CONFIGS = Path(__file__).parents[1] / "configs"
APART_FRAMES = 7  # of the recording, between one person and the next
APART_PX = 60.0  # of the picture, for the tracker to tell them apart


@dataclass(frozen=True)
class Pipelines:
    """Measure the pipeline by stage, and how many frames it answers at which rate."""

    recording: Path = CONFIGS / "demo_walk.npz"
    """Keypoints to lift, in a loop."""
    camera: Path = CONFIGS / "cam0.yaml"
    """Camera file of the recording."""
    seconds: float = 10.0
    """How long each combination is measured."""
    people: tuple[int, ...] = (1, 2, 4, 8)
    """Numbers of people."""
    rates: tuple[float, ...] = (30.0, 60.0, 120.0)
    """Input rates, frames per second."""
    steps: tuple[int, ...] = (1, 2, 4)
    """Sampling steps; more than one at one person and 30 fps only."""
    engines: tuple[str, ...] = ()
    """As for m2t3-stream; all that "auto" considers here if none is given."""
    weights: str = DEFAULT_WEIGHTS
    """As for m2t3-stream."""
    quick: bool = False
    """Two seconds each."""

    def tables(self) -> list[Table]:
        """Latency by stage, what pauses cost, throughput, and what steps cost."""
        where, seconds = this_machine(), 2.0 if self.quick else self.seconds
        stages = Table("latency by stage", ("engine, stage", "p50 ms", "p95", "p99", "max"),
                       f"One person, 60 a second for {seconds:g} s; {where}.")  # fmt: skip
        rates = Table(
            "throughput",
            ("engine, people", *(f"{r:g}/s: p50, p99 ms" for r in self.rates),
             *(f"{r:g}/s: answered" for r in self.rates), "most frames/s"),
            f"{seconds:g} s each; the last column is 1 / mean time of an answer and of what comes "
            f"after it; {where}.",
        )  # fmt: skip
        pauses = Table("pauses", ("engine, frames come", "outside the network, p50 ms", "network"),
                       f"One person, {seconds:g} s each; {where}.")  # fmt: skip
        steps = Table("steps", ("engine, steps", "p50 ms", "p95", "p99", "max"),
                      f"One person, 30 a second for {seconds:g} s; {where}.")  # fmt: skip
        for engine in self.engines or candidates():
            denoiser = Timed(load_denoiser(self.weights, engine))
            run = self._measure(denoiser, 1, 1, 60.0, seconds)
            for stage, ms in run.stage_ms.items():
                stages.add(f"{engine}, {stage}", *percentiles(ms))
            at_once = self._measure(denoiser, 1, 1, 60.0, seconds, at_once=True)
            for how, measured in (("60 a second", run), ("each when the last is done", at_once)):
                parts = (measured.stage_ms[part] for part in ("outside the network", "network"))
                pauses.add(f"{engine}, {how}", *(percentiles(ms)[0] for ms in parts))
            for people in self.people:
                runs = [self._measure(denoiser, 1, people, rate, seconds) for rate in self.rates]
                halves = [percentiles(r.latency_ms) for r in runs]
                busy = np.concatenate(
                    [r.stage_ms["total"] + r.stage_ms["after the answer"] for r in runs]
                )
                rates.add(
                    f"{engine}, {people}",
                    *(f"{h[0]}, {h[2]}" for h in halves),
                    *(f"{100 * r.answered:.1f} %" for r in runs),
                    f"{1000 / busy.mean():.0f}",
                )
            for n in self.steps:
                run = self._measure(denoiser, n, 1, 30.0, seconds)
                steps.add(f"{engine}, {n}", *percentiles(run.stage_ms["total"]))
        return [stages, pauses, rates, steps]

    def _measure(
        self,
        denoiser: "Timed",
        steps: int,
        people: int,
        rate_hz: float,
        seconds: float,
        at_once: bool = False,
    ) -> "Run":
        camera = read_camera_file(self.camera).camera
        _, pipeline = assemble_around(denoiser, camera, "cam0", steps=steps)
        frames = crowd(list(keypoints_frames(read_recording(self.recording), "cam0")), people)
        return run(pipeline, denoiser, frames, rate_hz, seconds, at_once)


class Timed:
    """A denoiser that tells how long it took."""

    def __init__(self, denoiser: LoadedDenoiser) -> None:
        self._denoiser, self.shape, self.ground = denoiser, denoiser.shape, denoiser.ground
        self.name, self.weights = denoiser.name, denoiser.weights
        self.ns = 0

    def __call__(self, inputs: NetworkInputs) -> NetworkOutputs:
        """Adds its time to `ns`."""
        start_ns = monotonic_ns()
        answer = self._denoiser(inputs)
        self.ns += monotonic_ns() - start_ns
        return answer


@dataclass(frozen=True)
class Run:
    """What one combination gave."""

    stage_ms: dict[str, np.ndarray]  # of every answered frame
    latency_ms: np.ndarray  # from due to done, of every answered frame
    answered: float  # share of the frames


def crowd(frames: Sequence[KeypointsFrame], people: int) -> list[KeypointsFrame]:
    """The recording with its person several times."""
    together = []
    for t, frame in enumerate(frames):
        others = []
        for k in range(people):
            person = frames[(t + k * APART_FRAMES) % len(frames)].people[0]
            shift = np.float32([APART_PX * (k - (people - 1) / 2), 0])
            others.append(
                Keypoints(
                    keypoints_px=person.keypoints_px + shift, confidence=person.confidence, id=k
                )
            )
        together.append(msgspec.structs.replace(frame, people=tuple(others)))
    return together


def run(
    pipeline: Pipeline,
    network: Timed,
    frames: Sequence[KeypointsFrame],
    rate_hz: float,
    seconds: float,
    at_once: bool = False,
) -> Run:
    """Feeds frames when they are due, or `at_once`: each when the last is done."""
    packed = [
        wire.encode(msgspec.structs.replace(f, seq=seq, t_capture_ns=round(seq * 1e9 / rate_hz)))
        for seq, f in zip(range(round(seconds * rate_hz)), itertools.cycle(frames), strict=False)
    ]
    stage_ms: dict[str, list[float]] = {}
    latency_ms = []
    gc.collect()
    gc.freeze()
    start_ns = monotonic_ns()
    for seq, payload in enumerate(packed):
        due_ns = monotonic_ns() if at_once else start_ns + round(seq * SECOND_NS / rate_hz)
        if monotonic_ns() > due_ns + SECOND_NS / rate_hz and seq + 1 < len(packed):
            continue  # its successor is there: newest wins
        sleep_until(due_ns)
        began_ns, network.ns = monotonic_ns(), 0
        frame = wire.decode(topics.KEYPOINTS, payload)
        decoded_ns = monotonic_ns()
        answer = pipeline.process(frame, decoded_ns)
        processed_ns = monotonic_ns()
        assert answer is not None
        wire.encode(answer)
        done_ns = monotonic_ns()
        total_ns = done_ns - began_ns
        timing = {
            "decode": decoded_ns - began_ns, **answer.timing_ns, "encode": done_ns - processed_ns,
            "network": network.ns, "outside the network": total_ns - network.ns, "total": total_ns,
        }  # fmt: skip
        pipeline.catch_up()
        timing["after the answer"] = monotonic_ns() - done_ns
        del timing["queue"]  # there is none here
        for stage, ns in timing.items():
            stage_ms.setdefault(stage, []).append(ns / 1e6)
        latency_ms.append((done_ns - due_ns) / 1e6)
    return Run(
        {stage: np.array(ms) for stage, ms in stage_ms.items()},
        np.array(latency_ms), len(latency_ms) / len(packed),
    )  # fmt: skip


if __name__ == "__main__":
    try:
        for table in tyro.cli(Pipelines).tables():
            table.show()
    except M2t3Error as error:
        sys.exit(f"benchmarks/pipeline.py: {error}")
