"""From the command to the first frame: imports, engine, warm start, memory; the first frames.

Each engine starts in a process of its own, as m2t3-stream does it.

    python benchmarks/startup.py
"""

import json
import subprocess
import sys
from dataclasses import dataclass

import tyro
from tables import Table, this_machine

from m2t3.engines.manifest import DEFAULT_WEIGHTS
from m2t3.engines.registry import candidates

FRAMES = 400
PROGRAM = """
import json, sys, time
began = time.perf_counter()
engine, weights, folder, frames = sys.argv[1:5]
sys.path.insert(0, folder)
from m2t3.realtime.commands import stream  # all that m2t3-stream imports
imported = time.perf_counter()
from m2t3.engines.loading import load_denoiser
from pipeline import CONFIGS, Timed, crowd, run
denoiser = Timed(load_denoiser(weights, engine))
loaded = time.perf_counter()
from m2t3.calibration.camera_files.camera_file import read_camera_file
from m2t3.lifting.recording import read_recording
from m2t3.realtime.assembly import assemble_around
from m2t3.realtime.sources.replay import keypoints_frames
camera = read_camera_file(CONFIGS / "cam0.yaml").camera
recording = list(keypoints_frames(read_recording(CONFIGS / "demo_walk.npz"), "cam0"))
ready = time.perf_counter()
_, pipeline = assemble_around(denoiser, camera, "cam0", steps=1)
warm = time.perf_counter()
total = run(pipeline, denoiser, crowd(recording, 1), 60.0, int(frames) / 60).stage_ms["total"]
memory = next(l for l in open("/proc/self/status") if l.startswith("VmRSS")).split()[1]
print(json.dumps([imported - began, loaded - imported, warm - ready, int(memory) / 1024,
                  *total[:100]]))
"""


@dataclass(frozen=True)
class Startups:
    """Measure the start."""

    weights: str = DEFAULT_WEIGHTS
    """As for m2t3-stream."""
    starts: int = 3
    """How often each engine is started; the median counts."""
    quick: bool = False
    """One start each."""

    def tables(self) -> list[Table]:
        """One row an engine."""
        table = Table(
            "start",
            ("engine", "imports s", "engine s", "warm start s", "memory MB",
             "first frame ms", "hundredth ms", "median of 100 ms", "first / median"),
            f"Median of {1 if self.quick else self.starts} starts; {this_machine()}.",
        )  # fmt: skip
        for engine in candidates():
            runs = [self._start(engine) for _ in range(1 if self.quick else self.starts)]
            imports, engine_s, warm_s, memory, first, hundredth, median = (
                sorted(values)[len(values) // 2] for values in zip(*runs, strict=True)
            )
            table.add(
                engine, f"{imports:.1f}", f"{engine_s:.1f}", f"{warm_s:.1f}", f"{memory:.0f}",
                f"{first:.2f}", f"{hundredth:.2f}", f"{median:.2f}", f"{first / median:.1f}",
            )  # fmt: skip
        return [table]

    def _start(self, engine: str) -> list[float]:
        folder = str(__file__).rpartition("/")[0]
        told = subprocess.run(
            [sys.executable, "-c", PROGRAM, engine, self.weights, folder, str(FRAMES)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        imports, engine_s, warm_s, memory, *frames = json.loads(told.stdout.splitlines()[-1])
        middle = sorted(frames)[len(frames) // 2]
        return [imports, engine_s, warm_s, memory, frames[0], frames[-1], middle]


if __name__ == "__main__":
    for table in tyro.cli(Startups).tables():
        table.show()
