"""What a step costs as the memory and the people grow, and against the whole window.

More sampling steps are as many steps (pipeline.py has them).

Networks of the shipped size with random numbers and memories of other lengths. "Window anew" is
what the memory saves: all of the window's frames through the network for each new one.

    python benchmarks/curves.py --quick
"""

import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
import tyro
from floors import lowest
from tables import Table, this_machine

from m2t3.engines.choice import random_inputs
from m2t3.engines.manifest import DEFAULT_WEIGHTS, Manifest, Weights, find_weights
from m2t3.engines.network import MotionDenoiser, NetworkConfig
from m2t3.engines.onnx_export import export_onnx
from m2t3.engines.registry import LoadedDenoiser, load_engine
from m2t3.engines.shapes import input_shapes
from m2t3.lifting.denoiser import NetworkInputs


@dataclass(frozen=True)
class Curves:
    """Measure cost curves of the network."""

    memory_frames: tuple[int, ...] = (16, 32, 64, 128)
    """Windows: frames a new one attends to, itself included."""
    people: tuple[int, ...] = (1, 2, 4, 8, 16)
    """Numbers of people."""
    engine: str = "onnxruntime"
    """What runs the networks."""
    weights: str = DEFAULT_WEIGHTS
    """Whose size they have."""
    quick: bool = False
    """Fewer repetitions."""

    def tables(self) -> list[Table]:
        """One table each."""
        given = find_weights(self.weights)
        note = f"One thread, {self.engine}, the fastest tenth of the calls; {this_machine()}."
        windows = Table(
            "window", ("window, frames", "new frame ms", "window anew ms", "ratio"), note
        )
        shipped = load_engine(self.engine, given, 1)
        with tempfile.TemporaryDirectory() as folder:
            graph = Path(folder) / "model.onnx"
            config = NetworkConfig(**given.manifest.training["network"])
            network = MotionDenoiser(config).eval()  # its graph does not know the memory's length
            export_onnx(network, graph)
            for frames in self.memory_frames:
                weights = Weights(_sized(given.manifest, config, frames), graph, None)
                denoiser = load_engine(self.engine, weights, 1)
                one = self._lowest(denoiser, random_inputs(denoiser))
                anew = self._lowest(denoiser, _window(denoiser, frames))
                windows.add(str(frames), f"{one:.2f}", f"{anew:.2f}", f"{anew / one:.1f}")
        people = Table("people", ("people", "new frame ms", "ms a person", "against one"), note)
        first = self._lowest(shipped, random_inputs(shipped))
        for n in self.people:
            ms = self._lowest(shipped, random_inputs(shipped, n))
            people.add(str(n), f"{ms:.2f}", f"{ms / n:.2f}", f"{ms / first:.1f}")
        return [windows, people]

    def _lowest(self, denoiser: LoadedDenoiser, inputs: NetworkInputs) -> float:
        return lowest(lambda: denoiser(inputs), 30 if self.quick else 200)


def _sized(manifest: Manifest, config: NetworkConfig, frames: int) -> Manifest:
    network = asdict(replace(config, memory_frames=frames))
    fields = {f: getattr(manifest, f) for f in manifest.__struct_fields__}
    return Manifest(**{**fields, "memory_frames": frames, "training": {"network": network}})


def _window(denoiser: LoadedDenoiser, frames: int) -> NetworkInputs:
    """All frames of a window at once, without memory."""
    rng = np.random.default_rng(0)
    shapes = input_shapes(denoiser.shape, 1, frames, 0)
    return NetworkInputs(**{n: rng.standard_normal(s, np.float32) for n, s in shapes.items()})


if __name__ == "__main__":
    torch.set_num_threads(1)
    for table in tyro.cli(Curves).tables():
        table.show()
