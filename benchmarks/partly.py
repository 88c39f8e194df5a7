"""How well people are placed of whom only a part is seen: at a desk, behind one, in a crowd.

Every so many clips of a mocap archive on the spot, before a camera at eye height, by detector-like
2D of some joints alone. Printed for each part and distance: how far off the seen joints are in the
room, and how far once their mean is put right, both in mm.

    python benchmarks/partly.py --mocap val.npz
"""

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import tyro
from jaxtyping import Float
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from m2t3.calibration.camera import Camera
from m2t3.core.geometry import looking
from m2t3.core.skeletons import part
from m2t3.engines.loading import load_denoiser
from m2t3.engines.manifest import DEFAULT_WEIGHTS
from m2t3.training.archive import read_archive
from m2t3.training.evaluation.cases import exact_case, with_detector_noise
from m2t3.training.evaluation.measure import lift
from m2t3.training.evaluation.unseen_cameras import unseen_camera
from m2t3.training.windows.noise import ABOVE_DESKS

DISTANCES_M = (0.7, 1.0, 1.5, 2.5, 5.0)
CAMERA_HEIGHT_M, GAZE_HEIGHT_M = 1.4, 1.1
FIELD_RAD, SIZE_PX = math.radians(70), (4000, 4000)  # a picture so large that nothing is outside
FRAMES, COLD = 60, 15  # of each clip; of them those before the answer has settled


@dataclass(frozen=True)
class Partly:
    """Measure people of whom a part is seen."""

    mocap: Path
    """Mocap archive (npz)."""
    weights: str = DEFAULT_WEIGHTS
    """Name of weights, or their folder."""
    every: int = 4
    """Takes every so many of the clips."""

    def run(self) -> None:
        """Print the table."""
        denoiser = load_denoiser(self.weights)
        skeleton = denoiser.shape.skeleton
        archive = read_archive(self.mocap, skeleton)
        rng = np.random.default_rng(0)
        table = Table(
            title="seen joints, mm: in the room / once their mean is put right (answered)"
        )
        for heading in ("seen", *(f"{distance_m} m" for distance_m in DISTANCES_M)):
            table.add_column(heading, justify="right")
        everything = {part(joint) for joint in skeleton.joint_names}
        rows = [*ABOVE_DESKS.items(), ("all", everything)]
        for name, parts in track(rows, "lifting", console=Console(stderr=True)):
            seen = np.array([part(joint) in parts for joint in skeleton.joint_names])
            cells = []
            for distance_m in DISTANCES_M:
                errors = []
                for i in range(0, len(archive.clip_names), self.every):
                    truth = on_the_spot(archive.clip(i)[:FRAMES].astype(float), skeleton.hips)
                    camera = before(distance_m, rng.uniform(0.0, 2 * math.pi))
                    case = exact_case("", archive.clip_names[i], camera, truth, archive.fps, "")
                    case = with_detector_noise(case, skeleton)
                    px = np.where(seen[:, None], case.keypoints_px, np.nan)
                    answer = lift(replace(case, keypoints_px=px), denoiser, 1)
                    errors.append((answer - truth)[COLD:, seen])
                cells.append(summary(np.concatenate(errors)))
            table.add_row(name, *cells)
        Console(width=110).print(table)


def on_the_spot(points_m: Float[NDArray, "t j 3"], hips: tuple[int, ...]) -> NDArray:
    """The same motion with the hips over the origin."""
    points_m[..., :2] -= points_m[:, hips, :2].mean(axis=1, keepdims=True)
    return points_m


def before(distance_m: float, around_rad: float) -> Camera:
    """A camera at that distance from the origin, from somewhere around it."""
    away = np.array([math.cos(around_rad), math.sin(around_rad), 0.0])
    center = distance_m * away + [0.0, 0.0, CAMERA_HEIGHT_M]
    forward = np.array([0.0, 0.0, GAZE_HEIGHT_M]) - center
    return unseen_camera(center, looking(forward), SIZE_PX, FIELD_RAD)


def summary(offsets_m: Float[NDArray, "t j 3"]) -> str:
    """A cell of the table; medians over the answered frames."""
    answered = np.isfinite(offsets_m).all(axis=(1, 2))
    offsets_m = offsets_m[answered]
    aligned = offsets_m - offsets_m.mean(axis=1, keepdims=True)
    room, shape = (
        1000 * np.median(np.linalg.norm(o, axis=-1).mean(axis=1)) for o in (offsets_m, aligned)
    )
    return f"{room:.0f} / {shape:.0f} ({100 * answered.mean():.0f} %)"


if __name__ == "__main__":
    tyro.cli(Partly).run()
