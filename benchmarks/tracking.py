"""Do identities stay with people? Random crowds of mocap through the whole pipeline.

Two people cross and one of them is hidden for half a second; detectors' ids flicker, or are
exchanged at the crossing; boxes are doubled; posters and ghosts are seen; people come and go; up to
eight of them, at 15 to 240 frames a second. Each trial draws clips, ways, camera and detector
noise. An identity is kept if a person has one id from the first to the last frame and nobody else
ever has it; whoever is away for longer than the tracker waits has left, and returns as another.
Prints the table that docs/people.md quotes:

    python benchmarks/tracking.py --mocap ../shared/data/mocap/val.npz
"""

import multiprocessing
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import tyro
from mocap_crowd import GHOST, POSTER, Picture, Quirks, Scene, crossing, party, pictures, travels
from rich.console import Console
from rich.table import Table

from m2t3.core.messages import Keypoints, KeypointsFrame
from m2t3.core.skeletons import COCO17
from m2t3.engines.loading import load_denoiser
from m2t3.engines.manifest import DEFAULT_WEIGHTS
from m2t3.lifting.lifter import Lifter
from m2t3.lifting.people import Lifted, LiftedPerson, Observation
from m2t3.realtime.pipeline import Pipeline
from m2t3.realtime.tracking.tracker import GONE_AFTER_S, Assignment, Tracker
from m2t3.training.archive import read_archive

STANDIN_DEPTH, STANDIN_M = 0.03, 0.02  # the stand-in's error: a bias of depth, and each frame's


@dataclass(frozen=True)
class Scenario:
    """What is tried a number of times."""

    name: str
    quirks: Quirks = field(default_factory=Quirks)
    people: int = 2
    fps: float = 30.0
    hidden_s: float = 0.5
    visits: bool = False

    def scene(self, clips: "Clips", rng: np.random.Generator) -> Scene:
        """One of them."""
        if self.people == 2 and not self.visits:
            return crossing(clips.moving, clips.fps, self.fps, self.hidden_s, rng)
        return party(clips.all, clips.fps, self.fps, self.people, rng, visits=self.visits)


SCENARIOS = (
    Scenario("crossing, exact 2D", Quirks(noise=False)),
    Scenario("crossing"),
    Scenario("  hidden by the other's body only", hidden_s=0.0),
    Scenario("  hidden 1 s", hidden_s=1.0),
    Scenario("  detector's ids right", Quirks(ids="right")),
    Scenario("  detector's ids flicker", Quirks(ids="flicker")),
    Scenario("  detector's ids exchanged", Quirks(ids="swap")),
    Scenario("  boxes doubled", Quirks(duplicates=0.05)),
    Scenario("  one in ten people missed", Quirks(missed=0.1)),
    Scenario("  a ghost in one frame of ten", Quirks(ghosts=0.1)),
    Scenario("  a poster on the wall", Quirks(poster=True)),
    Scenario("  15 fps", fps=15.0),
    Scenario("  60 fps", fps=60.0),
    Scenario("  120 fps", fps=120.0),
    Scenario("  240 fps", fps=240.0),
    Scenario("4 people", people=4),
    Scenario("4 people, coming and going", people=4, visits=True),
    Scenario("8 people", people=8),
)


@dataclass(frozen=True)
class Clips:
    """Mocap to draw from."""

    all: Sequence[np.ndarray]
    moving: Sequence[np.ndarray]
    fps: float


@dataclass
class Outcome:
    """One trial."""

    kept: int = 0  # people with one id of their own
    people: int = 0
    all_kept: bool = False
    answered: float = 0.0  # share of detections of people, without second boxes, that got an id
    doubled_s: float = 0.0  # the longest time that somebody was two people
    strangers: int = 0  # ids that ghosts and posters got
    untold: int = 0  # people out of sight for over two seconds whose leaving was not told
    tracking_ms: list[float] = field(default_factory=list)


class WatchedTracker(Tracker):
    """Keeps what it said, and how long that took."""

    took_ns = 0

    def update(self, t_s: float, people: Sequence[Keypoints]) -> Assignment:
        began = time.perf_counter_ns()
        self.said = super().update(t_s, people)
        self.took_ns = time.perf_counter_ns() - began
        return self.said

    def learn(self, positions_world_m: Mapping[int, np.ndarray]) -> None:
        began = time.perf_counter_ns()
        super().learn(positions_world_m)
        self.took_ns += time.perf_counter_ns() - began


class StandIn:
    """A lifter without a network: the truth of whoever is seen there, with a network's errors."""

    def __init__(self, scene: Scene, rng: np.random.Generator) -> None:
        self._scene, self._rng = scene, rng
        self._px = scene.camera.project(scene.truth_world_m)
        self._bias = 1 + STANDIN_DEPTH * rng.standard_normal(len(self._px))

    def lift(self, observations: Sequence[Observation]) -> Lifted:
        center_m = self._scene.camera.t_world_camera_m
        people = []
        for seen in observations:
            t = round(seen.t_s * self._scene.fps)
            off_px = np.nanmean(np.abs(self._px[:, t] - seen.keypoints_px), axis=(1, 2))
            p = int(np.nanargmin(off_px))
            truth = self._scene.truth_world_m[p, t]
            depth = self._bias[p] + self._rng.normal(0, 0.004)
            points = center_m + depth * (truth - center_m) + self._rng.normal(0, STANDIN_M, 3)
            people.append(
                LiftedPerson(
                    person_id=seen.person_id,
                    positions_world_m=points.astype(np.float32),
                    expected_error_m=np.full(len(points), STANDIN_M),
                    valid=np.ones(len(points), bool),
                    contact=np.ones(2, np.float32),
                )
            )
        return Lifted(tuple(people), {})

    def forget(self, person_id: int) -> None:
        pass

    def catch_up(self) -> None:
        pass


def trial(scenario: Scenario, clips: Clips, lifting: str, seed: int) -> Outcome:
    """One random crowd."""
    rng = np.random.default_rng([seed, len(scenario.name)])
    scene = scenario.scene(clips, rng)
    seen = pictures(scene, scenario.quirks, rng)
    lifter = (
        Lifter(scene.camera, load_denoiser(DEFAULT_WEIGHTS, "onnxruntime"))
        if lifting == "network"
        else StandIn(scene, rng)
    )
    tracker = WatchedTracker(scene.camera, COCO17)
    size = (scene.camera.width_px, scene.camera.height_px)
    pipeline = Pipeline(
        stream="crowd", session="s", def_id="d", skeleton=COCO17, image_size_px=size,
        lifter=lifter, tracker=tracker,
    )  # fmt: skip
    outcome = Outcome()
    said: list[Assignment] = []
    for seq, picture in enumerate(seen):
        frame = KeypointsFrame(
            stream="crowd", session="detector", seq=seq, t_capture_ns=round(picture.t_s * 1e9),
            clock="media", skeleton="coco17", image_size_px=size, people=picture.people,
        )  # fmt: skip
        pipeline.process(frame, round(picture.t_s * 1e9))
        pipeline.catch_up()
        said.append(tracker.said)
        outcome.tracking_ms.append(tracker.took_ns / 1e6)
    judge(scene, seen, said, outcome)
    return outcome


def judge(
    scene: Scene, seen: Sequence[Picture], said: Sequence[Assignment], outcome: Outcome
) -> None:
    """Compares what was said with the truth."""
    people = len(scene.truth_world_m)
    ids: list[list[set[int]]] = [[set() for _ in seen] for _ in range(people)]
    shown = np.zeros((people, len(seen)), bool)
    strangers: set[int] = set()
    left: dict[int, int] = {}
    for t, (picture, assignment) in enumerate(zip(seen, said, strict=True)):
        left |= dict.fromkeys(assignment.left, t)
        for truth, id_ in zip(picture.truth, assignment.ids, strict=True):
            if truth not in (GHOST, POSTER):
                shown[truth, t] = True
                if id_ is not None:
                    ids[truth][t].add(id_)
            elif id_ is not None:
                strangers.add(id_)
    everybodys = [set().union(*row) for row in ids]
    outcome.people = people
    for p in range(people):
        others = set().union(*(everybodys[q] for q in range(people) if q != p))
        stays = visits(ids[p], shown[p], round(GONE_AFTER_S * scene.fps))
        outcome.kept += all(set.intersection(*stay) - others for stay in stays)
        run = longest = 0
        for row in ids[p]:
            run = run + 1 if len(row) > 1 else 0
            longest = max(longest, run)
        outcome.doubled_s = max(outcome.doubled_s, longest / scene.fps)
        if shown[p].any():
            last = int(np.flatnonzero(shown[p])[-1])
            gone = (len(seen) - 1 - last) / scene.fps > 2.0
            outcome.untold += gone and not everybodys[p] <= set(left)
    outcome.all_kept = outcome.kept == people
    answered = sum(bool(row) for rows in ids for row in rows)
    outcome.answered = answered / max(int(shown.sum()), 1)
    outcome.strangers = len(strangers - set().union(*everybodys))


def visits(ids: Sequence[set[int]], shown: np.ndarray, gone: int) -> list[list[set[int]]]:
    """The ids of one person, apart for each stay: who was away for `gone` frames has left."""
    stays: list[list[set[int]]] = []
    last = -gone - 1
    for t in np.flatnonzero(shown):
        if t - last > gone:
            stays.append([])
        last = t
        stays[-1] += [ids[t]] if ids[t] else []
    return [stay for stay in stays if stay]


@dataclass(frozen=True)
class Benchmark:
    """Measure how well identities are kept."""

    mocap: Path
    """Archive whose clips walk about."""
    trials: int = 100
    """Random crowds for each scenario."""
    lifting: Literal["network", "standin"] = "network"
    """The shipped network, or, much quicker, the truth with errors like a network's."""
    only: str = ""
    """Only scenarios with this in their names."""
    processes: int = 2
    """How many trials run side by side."""

    def run(self) -> None:
        """Run the scenarios and print the table."""
        archive = read_archive(self.mocap, COCO17)
        every = [archive.clip(i) for i in range(len(archive.clip_names))]
        clips = Clips(
            [c for c in every if len(c) > 60],
            [c for c in every if len(c) > 60 and travels(c)],
            archive.fps,
        )
        console = Console(width=110)
        table = Table(title=f"{self.trials} trials each, lifting: {self.lifting}")
        for heading in (
            "scenario", "trials kept", "people kept", "answered", "one body, two people",
            "strangers", "leaving untold", "tracking p50 / p99 ms",
        ):  # fmt: skip
            table.add_column(heading, justify="left" if heading == "scenario" else "right")
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(self.processes, context) as pool:
            for scenario in SCENARIOS:
                if self.only in scenario.name:
                    job = partial(trial, scenario, clips, self.lifting)
                    outcomes = list(pool.map(job, range(self.trials)))
                    table.add_row(*cells(scenario, outcomes))
                    console.print(" | ".join(cells(scenario, outcomes)))
                    failed = [s for s, o in enumerate(outcomes) if not o.all_kept]
                    if failed:
                        console.print(f"   lost in trials {failed}")
        console.print(table)


def cells(scenario: Scenario, outcomes: Sequence[Outcome]) -> list[str]:
    """A row of the table."""
    took_ms = np.concatenate([outcome.tracking_ms for outcome in outcomes])
    people = sum(outcome.people for outcome in outcomes)
    p50, p99 = np.percentile(took_ms, (50, 99))
    return [
        scenario.name,
        f"{100 * np.mean([o.all_kept for o in outcomes]):.0f} %",
        f"{100 * sum(o.kept for o in outcomes) / people:.1f} %",
        f"{100 * np.mean([o.answered for o in outcomes]):.1f} %",
        f"{max(o.doubled_s for o in outcomes):.2f} s",
        f"{np.mean([o.strangers for o in outcomes]):.2f}",
        f"{sum(o.untold for o in outcomes)}",
        f"{p50:.2f} / {p99:.2f}",
    ]


if __name__ == "__main__":
    tyro.cli(Benchmark).run()
