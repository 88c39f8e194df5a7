"""What one would use instead, in the same run, on the same 2D: milliseconds and millimetres.

The live method with one step; the same network as a 100-step sampler, as the paper's is; a known
pose placed by solvePnP each frame, which is what is left of MediaPipe after its network (here the
pose is m2t3's, whose making is not counted); joints optimised offline over the whole clip.

    python benchmarks/alternatives.py --mocap ../shared/data/mocap/val.npz --quick
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
import tyro
from numpy.typing import NDArray
from tables import Table, this_machine

from m2t3.calibration.camera_files.camera_file import read_camera_file
from m2t3.core.errors import M2t3Error
from m2t3.core.skeletons import Skeleton
from m2t3.engines import machine
from m2t3.engines.loading import load_denoiser
from m2t3.engines.manifest import DEFAULT_WEIGHTS
from m2t3.lifting.denoiser import Denoiser
from m2t3.lifting.recording import read_recording
from m2t3.realtime.demo_person import demo_motion
from m2t3.training.evaluation.baselines import BASELINES, SLOW
from m2t3.training.evaluation.cases import Case, mocap_cases
from m2t3.training.evaluation.measure import lift

CONFIGS = Path(__file__).parents[1] / "configs"
PAPER_STEPS = 100


@dataclass(frozen=True)
class Alternatives:
    """Measure what else one could do."""

    mocap: Path | None = None
    """Mocap archive with the truth; without one, the built-in generated person."""
    clips: int = 8
    """Pieces of 4 s that are measured."""
    weights: str = DEFAULT_WEIGHTS
    """As for m2t3-stream."""
    engine: str = "auto"
    """As for m2t3-stream."""
    quick: bool = False
    """Four clips of one second."""

    def tables(self) -> list[Table]:
        """One row a method."""
        denoiser = load_denoiser(self.weights, self.engine)
        skeleton = denoiser.shape.skeleton
        torch.set_num_threads(1)
        cases = self._cases(skeleton)
        lift(cases[0], denoiser, 1)  # warm
        methods: dict[str, Callable[[Case, NDArray], NDArray]] = {
            "m2t3, 1 step (live)": lambda case, _: lift(case, denoiser, 1),
            "m2t3, 4 steps (live)": lambda case, _: lift(case, denoiser, 4),
            f"m2t3, {PAPER_STEPS} steps, as the paper": _sampler(denoiser),
            "pose placed by solvePnP (live)": _baseline("its pose placed by solvePnP", skeleton),
            "joints optimised (offline)": _baseline(SLOW, skeleton),
        }
        frames = sum(len(case.truth_world_m) for case in cases)
        table = Table(
            "alternatives",
            ("method", "ms a frame", "times m2t3", "Abs mm", "waits for"),
            f"{len(cases)} clips, {frames} frames, exact 2D, one thread, on {denoiser.name}; "
            f"{this_machine()}.",
        )
        own: list[NDArray] = [lift(case, denoiser, 1) for case in cases]
        base = None
        # Without a GPU to wait for, the processor's own time: others' work adds little to it.
        clock = time.perf_counter if machine.gpu() else time.process_time
        for name, method in methods.items():
            start = clock()
            found = [method(case, answer) for case, answer in zip(cases, own, strict=True)]
            ms = 1e3 * (clock() - start) / frames
            base = base or ms
            errors = [
                np.linalg.norm(f - case.truth_world_m, axis=-1).mean(axis=-1)
                for f, case in zip(found, cases, strict=True)
            ]
            table.add(
                name, f"{ms:.2f}", f"{ms / base:.1f}",
                f"{1e3 * np.nanmean(np.concatenate(errors)):.0f}",
                "the whole clip" if name.endswith("(offline)") else "nothing",
            )  # fmt: skip
        return [table]

    def _cases(self, skeleton: Skeleton) -> list[Case]:
        clips, seconds = (4, 1.0) if self.quick else (self.clips, 4.0)
        if self.mocap is not None:
            every = list(mocap_cases(self.mocap, skeleton, seconds))
            spread = np.linspace(0, len(every) - 1, clips).round().astype(int)
            return [every[i] for i in spread]
        camera = read_camera_file(CONFIGS / "cam0.yaml").camera
        recording = read_recording(CONFIGS / "demo_walk.npz")
        truth = demo_motion(recording.fps).positions_world_m.astype(float)
        length = round(seconds * recording.fps)
        starts = islice(range(0, len(truth) - length, length), clips)
        return [
            Case(
                "built-in", f"{s}", camera, recording.fps,
                recording.keypoints_px[s : s + length, 0].astype(float),
                recording.confidence[s : s + length, 0].astype(float), truth[s : s + length],
            )
            for s in starts
        ]  # fmt: skip


def _sampler(denoiser: Denoiser) -> Callable[[Case, NDArray], NDArray]:
    return lambda case, _: lift(case, denoiser, PAPER_STEPS)


def _baseline(name: str, skeleton: Skeleton) -> Callable[[Case, NDArray], NDArray]:
    return lambda case, own: BASELINES[name](case, skeleton, own)


if __name__ == "__main__":
    try:
        for table in tyro.cli(Alternatives).tables():
            table.show()
    except M2t3Error as error:
        sys.exit(f"benchmarks/alternatives.py: {error}")
