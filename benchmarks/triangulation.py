"""Triangulation: ours against OpenCV's and a torch SVD, one person's frame up to many windows.

OpenCV and the SVD solve the algebraic (DLT) problem of the same four views without weights, as
people do who call them: OpenCV takes two views a call, so it is given the first two.

    python benchmarks/triangulation.py
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import torch
import tyro
from floors import lowest
from numba import cuda
from numpy.typing import NDArray
from tables import Table, this_machine

from m2t3.lifting.rig import VIEWS, project, view_axes
from m2t3.lifting.triangulation import triangulate, triangulate_compiled
from m2t3.lifting.triangulation_cuda import triangulate_cuda

JOINTS = 17


@dataclass(frozen=True)
class Triangulations:
    """Measure triangulation."""

    batches: tuple[int, ...] = (1, 8, 64, 1024)
    """People times frames."""
    quick: bool = False
    """Fewer repetitions."""

    def tables(self) -> list[Table]:
        """Microseconds a call."""
        table = Table(
            "triangulation",
            ("method", *(f"{b} x {JOINTS} points, µs" for b in self.batches), "largest error mm"),
            f"The fastest tenth of {self._repeats} calls, one thread; {this_machine()}.",
        )
        methods: dict[str, Callable[..., NDArray]] = {
            "ours, compiled (the stream's)": triangulate_compiled,
            "ours, numpy": triangulate,
            "torch SVD of four views": svd_of_views,
            "OpenCV triangulatePoints of two views": opencv_pairs,
        }
        if cuda.is_available():
            methods["ours, CUDA, with both copies"] = triangulate_cuda
        torch.set_num_threads(1)
        rng = np.random.default_rng(0)
        for name, method in methods.items():
            cells: list[str] = []
            for batch in self.batches:
                axes, centers = view_axes(rng.uniform(2, 8, batch), rng.uniform(1, 3, batch))
                points = rng.normal(0, 0.5, (batch, JOINTS, 3)) + np.array([0, 0, 1])
                given = (
                    project(points, axes, centers), np.ones((batch, VIEWS, JOINTS)), axes, centers
                )  # fmt: skip
                error_mm = 1e3 * np.abs(method(*given) - points).max()
                ms = lowest(lambda m=method, g=given: m(*g), self._repeats)
                cells.append(f"{1e3 * ms:.0f}")
            table.add(name, *cells, f"{error_mm:.1g}")
        return [table]

    @property
    def _repeats(self) -> int:
        return 20 if self.quick else 200


def svd_of_views(uv: NDArray, weight: NDArray, axes: NDArray, centers_m: NDArray) -> NDArray:
    """All points at once by the smallest singular vector of their 8 x 4 systems."""
    projection = np.concatenate([axes, -axes @ centers_m[..., None]], axis=-1)  # (B, V, 3, 4)
    rows = uv[..., None] * projection[:, :, None, 2:] - projection[:, :, None, :2]
    system = torch.from_numpy(np.moveaxis(rows, 2, 1).reshape(*uv.shape[::2], 2 * VIEWS, 4))
    vector = torch.linalg.svd(system).Vh[..., -1, :].numpy()
    return vector[..., :3] / vector[..., 3:]


def opencv_pairs(uv: NDArray, weight: NDArray, axes: NDArray, centers_m: NDArray) -> NDArray:
    """One call for each body: V0 and the view from its side."""
    projection = np.concatenate([axes, -axes @ centers_m[..., None]], axis=-1)
    found = np.empty((len(uv), uv.shape[2], 3))
    for b in range(len(uv)):
        points = cv2.triangulatePoints(*projection[b, :2], *np.swapaxes(uv[b, :2], 1, 2))
        found[b] = (points[:3] / points[3]).T
    return found


if __name__ == "__main__":
    for table in tyro.cli(Triangulations).tables():
        table.show()
