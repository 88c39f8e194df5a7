"""How far each stage is from what the machine could do: operations and bytes against both floors.

The matrix throughput and the bandwidth are measured in the same process, with one thread as the
engines have. A step reads all weights once, so on a CPU whose cache does not hold them the
bandwidth is its floor; a step's operations are those of its matrix products.

    python benchmarks/floors.py --quick
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnx
import torch
import tyro
from tables import Table, this_machine

from m2t3.core.skeletons import skeleton
from m2t3.engines import machine
from m2t3.engines.choice import random_inputs
from m2t3.engines.loading import load_denoiser
from m2t3.engines.manifest import DEFAULT_WEIGHTS, Manifest, find_weights
from m2t3.engines.registry import candidates
from m2t3.engines.shapes import input_shapes, output_shapes
from m2t3.lifting.rig import VIEWS, view_axes
from m2t3.lifting.triangulation import triangulate_compiled

MATRIX = 768  # side of the products that measure throughput
STREAM_MB = 64  # read to measure bandwidth; more than any cache here


@dataclass(frozen=True)
class Floors:
    """Measure the floors, and every stage against them."""

    people: tuple[int, ...] = (1, 8)
    """Numbers of people in a step."""
    weights: str = DEFAULT_WEIGHTS
    """As for m2t3-stream."""
    quick: bool = False
    """Fewer repetitions."""

    def tables(self) -> list[Table]:
        """One row for each stage, engine and number of people."""
        gflops, cold_gb_s, warm_gb_s = throughput(), bandwidth(STREAM_MB), bandwidth(8)
        table = Table(
            "floors",
            ("stage", "MFLOP", "MB", "floor of operations ms", "floor of bytes ms", "measured ms",
             "times its floor"),
            f"One thread: {gflops:.0f} GFLOP/s in matrix products of side {MATRIX}, "
            f"{cold_gb_s:.1f} GB/s from memory, {warm_gb_s:.1f} GB/s from 8 MB in the cache. "
            f"{this_machine()}.",
        )  # fmt: skip
        weights = find_weights(self.weights)
        for engine in candidates():
            denoiser = load_denoiser(self.weights, engine)
            for people in self.people:
                inputs = random_inputs(denoiser, people)
                ms = lowest(lambda d=denoiser, i=inputs: d(i), self._repeats)
                flop, moved = step_cost(weights.manifest, matrices(weights.onnx), people)
                table.add(f"{engine}, people: {people}", *row(flop, moved, ms, gflops, cold_gb_s))
        for people in self.people:
            joints = skeleton(weights.manifest.skeleton).joint_count
            axes, centers = view_axes(np.full(people, 4.0), np.full(people, 2.0))
            uv, weight = np.zeros((people, VIEWS, joints, 2)), np.ones((people, VIEWS, joints))
            ms = lowest(lambda a=(uv, weight, axes, centers): triangulate_compiled(*a), 2000)
            flop = people * joints * (VIEWS * 2 * 42 + 60)
            moved = sum(a.nbytes for a in (uv, weight, axes, centers)) + people * joints * 24
            cells = row(flop, moved, ms, gflops, cold_gb_s)
            table.add(f"triangulation, people: {people}", *cells)
        return [table]

    @property
    def _repeats(self) -> int:
        return 100 if self.quick else 1000


def row(flop: float, moved: float, ms: float, gflops: float, gb_s: float) -> tuple[str, ...]:
    """The cells after the first."""
    floors = flop / gflops / 1e6, moved / gb_s / 1e6
    return (
        f"{flop / 1e6:.2g}", f"{moved / 1e6:.2g}", f"{floors[0]:.3g}", f"{floors[1]:.3g}",
        f"{ms:.3g}", f"{ms / max(floors):.1f}",
    )  # fmt: skip


def lowest(work: Callable[[], object], repeats: int) -> float:
    """Milliseconds of the fastest tenth: what the machine can do when it is left alone.

    Without a GPU to wait for, the processor's own time counts, which others' work adds little to.
    """
    clock = time.perf_counter_ns if machine.gpu() else time.process_time_ns
    times = []
    for _ in range(repeats):
        start = clock()
        work()
        times.append((clock() - start) / 1e6)
    return float(np.quantile(times[len(times) // 10 :], 0.1))


def throughput() -> float:
    """GFLOP/s of one thread in single precision, as torch has them."""
    torch.set_num_threads(1)
    a, out = torch.rand(MATRIX, MATRIX), torch.empty(MATRIX, MATRIX)
    return 2 * MATRIX**3 / lowest(lambda: torch.mm(a, a, out=out), 20) / 1e6


def bandwidth(megabytes: int) -> float:
    """GB/s that one thread reads: a matrix times a vector, as a step with few tokens is."""
    side = round((megabytes * 2**20 / 4) ** 0.5)
    matrix, vector, out = torch.ones(side, side), torch.ones(side), torch.empty(side)
    return 4 * side**2 / lowest(lambda: torch.mv(matrix, vector, out=out), 40) / 1e6


def matrices(path: object) -> int:
    """Numbers in the network's matrices."""
    model = onnx.load(str(path))
    return sum(int(np.prod(t.dims)) for t in model.graph.initializer if len(t.dims) >= 2)


def step_cost(manifest: Manifest, numbers: int, people: int) -> tuple[float, float]:
    """Operations and bytes of a new frame: matrices, attention, and all that is read or written."""
    shape, memory = manifest.shape, manifest.shape.memory_frames - 1
    width = shape.heads * shape.head_width
    tokens = people * VIEWS
    attention = 2 * 2 * tokens * shape.layers * width * (memory + 1 + VIEWS)
    # The observation's matrices serve all views at once; counted with the others, a little much.
    flop = 2 * numbers * tokens + attention
    arrays = (*input_shapes(shape, people, 1, memory).values(),
              *output_shapes(shape, people, 1).values())  # fmt: skip
    return flop, 4 * (numbers + sum(int(np.prod(s)) for s in arrays))


if __name__ == "__main__":
    for table in tyro.cli(Floors).tables():
        table.show()
