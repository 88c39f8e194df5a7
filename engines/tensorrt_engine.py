"""The denoiser as a TensorRT plan, which `m2t3 compile` makes.

Written against the documented API of TensorRT 10 and 11.
"""

from typing import Any

import tensorrt as trt
import torch
from jaxtyping import Float
from numpy.typing import NDArray

from ..core.errors import EngineError
from ..lifting.denoiser import Ground
from .captured_call import Tensors, Work
from .captured_denoiser import CapturedDenoiser
from .manifest import Weights
from .onnx_engine import OnnxGround
from .shapes import Shape
from .tensorrt_plan import compile_command, made_for_here, read_plan


class TensorrtDenoiser(CapturedDenoiser):
    """Runs a plan with float32 in and out (a `lifting.denoiser.Denoiser`)."""

    def __init__(self, weights: Weights, threads: int = 1, device: str = "cuda") -> None:
        here = made_for_here(weights.manifest, trt.__version__)
        plan = read_plan(weights, here)
        super().__init__(weights.manifest, device)
        self.name = f"tensorrt-{plan.precision}"
        self._again = compile_command(weights, plan.precision)
        self._ground = OnnxGround(weights, threads)
        self._runtime = trt.Runtime(trt.Logger(trt.Logger.WARNING))
        self._engine = self._runtime.deserialize_cuda_engine(plan.data)
        if self._engine is None:
            raise EngineError(f"TensorRT does not take its own plan; make it anew: {self._again}")

    def ground(
        self, distance_m: Float[NDArray, "b"], height_m: Float[NDArray, "b"]
    ) -> Ground | None:
        """See `Denoiser.ground`."""
        return self._ground(distance_m, height_m)

    def work(self, shapes: dict[str, Shape]) -> Work:
        """An execution context of its own for these shapes."""
        context = self._engine.create_execution_context()
        handle = 0 if self.stream is None else self.stream.cuda_stream
        context.set_optimization_profile_async(self._profile(shapes), handle)
        for name, shape in shapes.items():
            context.set_input_shape(name, shape)

        def run(inputs: Tensors, outputs: Tensors) -> None:
            for name, tensor in (inputs | outputs).items():
                context.set_tensor_address(name, tensor.data_ptr())
            stream = 0 if self.stream is None else torch.cuda.current_stream().cuda_stream
            if not context.execute_async_v3(stream):
                raise EngineError("TensorRT could not run the network; its own message says why")

        return run

    def _profile(self, shapes: dict[str, Shape]) -> int:
        """The plan's profile that has room for these shapes.

        Raises:
            EngineError: none has.
        """
        for i in range(self._engine.num_optimization_profiles):
            ranges = {name: self._engine.get_tensor_profile_shape(name, i) for name in shapes}
            if all(_within(shape, *ranges[name]) for name, shape in shapes.items()):
                return i
        people, frames = shapes["features"][:2]
        raise EngineError(
            f"the TensorRT plan has no profile for {people} people x {frames} frames; it is made "
            f"for the live stream: use another engine, or make it anew: {self._again}"
        )


def _within(shape: Shape, smallest: Any, usual: Any, largest: Any) -> bool:
    return all(a <= n <= b for a, n, b in zip(smallest, shape, largest, strict=True))
