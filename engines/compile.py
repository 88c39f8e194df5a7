"""`m2t3 compile`: weights into what one GPU runs fastest."""

import time
from dataclasses import dataclass
from typing import Literal

from rich.console import Console

from ..core.errors import EngineError
from ..core.messages import MAX_PEOPLE
from .choice import forget
from .manifest import DEFAULT_WEIGHTS, find_weights
from .onnx_parameters import network_of
from .shapes import Precision
from .tensorrt_plan import made_for_here, profiles, write_plan


@dataclass(frozen=True)
class Compile:
    """Compile weights for this machine's GPU; the result stays in m2t3's cache folder."""

    weights: str = DEFAULT_WEIGHTS
    """Name of shipped weights, or the folder of others."""
    engine: Literal["tensorrt"] = "tensorrt"
    """What shall run them; the other engines need no compiling."""
    precision: Precision = "fp16"
    """fp16: the network's blocks in half precision, in- and output in single. fp32: everything."""
    people: int = 1
    """How many people there usually are: it runs fastest with so many, and with all others too."""

    def run(self) -> int:
        """Build and keep the plan.

        Raises:
            EngineError: no GPU, no such number of people, or TensorRT does not take the network.
        """
        if not 1 <= self.people <= MAX_PEOPLE:
            raise EngineError(f"--people {self.people}: valid is 1 to {MAX_PEOPLE}")
        import tensorrt as trt

        from .tensorrt_build import build_plan

        weights = find_weights(self.weights)
        made_for = made_for_here(weights.manifest, trt.__version__)
        network = network_of(weights)
        config = network.config
        cells = config.cells if config.sees_pointmaps else 0
        console = Console(stderr=True)
        start = time.monotonic()
        with console.status(f"TensorRT {trt.__version__} compiles for {made_for.gpu}"):
            shapes = profiles(config.shape, cells, self.people)
            plan = build_plan(network, self.precision, shapes)
        path = write_plan(plan, made_for, self.precision, weights.manifest)
        forget()
        print(f"{path}: {len(plan) / 1e6:.0f} MB in {time.monotonic() - start:.0f} s")
        print(f"m2t3-stream --engine tensorrt --weights {self.weights} runs it")
        return 0
