"""How fast and how well SMPL bodies are fitted, offline and live, on this machine.

The joints are those of a body that walks, bends and reaches, with noise; the body is the tests' own
small model, whose joints are as costly to fit as Max Planck's (no vertex is ever posed). Prints the
table that the documents quote:

    python benchmarks/fit.py
"""

import runpy
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from rich.console import Console
from rich.table import Table

from m2t3.core.skeletons import SKELETONS
from m2t3.lifting.smpl.live import LiveFitter
from m2t3.lifting.smpl.model_file import read_body_model
from m2t3.lifting.smpl.motion import fit_motion

FPS = 30.0
HEADINGS = ("joints", "noise", "offline", "error", "live: median", "p99", "max", "error")
TESTS = Path(__file__).parents[1] / "tests" / "lifting" / "smpl" / "conftest.py"


@dataclass(frozen=True)
class Benchmark:
    """Fit a made-up person, whole and frame by frame."""

    seconds: float = 60.0
    """Length of the motion, at 30 frames a second."""
    noise_mm: tuple[float, ...] = (0.0, 20.0)
    """Standard deviation of the noise on each coordinate of each joint."""
    model: Path | None = None
    """Body model file; the tests' own if not given."""

    def run(self) -> None:
        """Fit and print the table."""
        tests = runpy.run_path(str(TESTS))
        path = self.model
        if path is None:
            path = Path(tempfile.mkdtemp()) / "SMPL_NEUTRAL.npz"
            np.savez(path, **tests["model_content"]("smpl"))
        model = read_body_model(path)
        betas = np.array([1.2, -0.8, 0.5, 0.9, -0.4, 0.2, 0, 0, 0, 0])
        rotvec, pelvis_m = tests["motion_rotvec"](FPS, self.seconds)
        trans_m = pelvis_m - model.rest_m(betas)[0]
        console, table = Console(width=100), Table()
        for heading in HEADINGS:
            table.add_column(heading, justify="right", no_wrap=True)
        for skeleton in SKELETONS.values():
            joints_m = tests["bodies_m"](model, betas, rotvec, trans_m, skeleton)
            sure, valid = np.ones(joints_m.shape[:2]), np.ones(joints_m.shape[1], bool)

            def error(poses: np.ndarray, shape: np.ndarray, where: np.ndarray) -> str:
                found_m = tests["bodies_m"](model, shape, poses, where, skeleton)  # noqa: B023
                off_mm = 1000 * np.linalg.norm(found_m - joints_m[-len(where) :], axis=-1)  # noqa: B023
                return f"{off_mm.mean():.1f} mm"

            for noise_mm in self.noise_mm:
                noise_m = np.random.default_rng(0).normal(0, noise_mm / 1000, joints_m.shape)
                seen_m = joints_m + noise_m
                fit_motion(model, skeleton, FPS, seen_m[:60], sure[:60])  # compiles
                start = time.perf_counter()
                motion = fit_motion(model, skeleton, FPS, seen_m, sure)
                rate = len(seen_m) / (time.perf_counter() - start)
                fitter, bodies, took_ms = LiveFitter(model, skeleton), [], []
                for warm in seen_m[:2]:
                    fitter.fit(0, 0.0, warm, sure[0], valid)
                for t, frame_m in enumerate(seen_m):
                    start = time.perf_counter()
                    bodies.append(fitter.fit(1, t / FPS, frame_m, sure[0], valid))
                    took_ms.append(1000 * (time.perf_counter() - start))
                median, p99 = np.percentile(took_ms, (50, 99))
                settled = [body for body in bodies if body.settled]
                table.add_row(
                    skeleton.name,
                    f"{noise_mm:g} mm",
                    f"{rate:.0f} frames/s",
                    error(motion.poses_rotvec, motion.betas, motion.trans_m),
                    *(f"{ms:.1f} ms" for ms in (median, p99, max(took_ms))),
                    error(
                        np.stack([body.poses_rotvec for body in settled]),
                        settled[-1].betas,
                        np.stack([body.trans_m for body in settled]),
                    ),
                )
        console.print(table)


if __name__ == "__main__":
    tyro.cli(Benchmark).run()
