"""A piece of work on a CUDA device that is the same every time: captured once, then replayed.

All that goes in lies in one block of pinned memory, all that comes out in another, so a call is one
copy in, one CUDA graph, one copy out, on a stream of its own. On the CPU, where tests run it, the
blocks are plain memory and the work is called.
"""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .shapes import Shape

_ALIGNED = 64  # numbers; 256 bytes, as TensorRT asks of addresses

Tensors = dict[str, Tensor]
Work = Callable[[Tensors, Tensors], None]  # reads inputs, fills outputs; on the current stream


class CapturedCall:
    """One shape of call.

    Args:
        inputs, outputs: shapes by name; everything is float32.
        work: what is done on the device. It must do the same whatever the numbers are.
        device: "cuda", or "cpu" to try it without.
        stream: what the work runs on; None on the CPU.
    """

    def __init__(
        self,
        inputs: Mapping[str, Shape],
        outputs: Mapping[str, Shape],
        work: Work,
        device: str,
        stream: "torch.cuda.Stream | None" = None,
    ) -> None:
        self._in, self._out = _Block(inputs, device), _Block(outputs, device)
        self._work, self._stream = work, stream
        self._graph = None if stream is None else self._capture(stream)

    def __call__(self, given: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        """The outputs; they are the caller's to keep."""
        for name, array in given.items():
            np.copyto(self._in.host[name], array)
        with torch.inference_mode(), torch.cuda.stream(self._stream):  # None is no stream
            self._in.upload()
            if self._graph is None:
                self._work(self._in.device, self._out.device)
            else:
                self._graph.replay()
            self._out.download()
        if self._stream is not None:
            self._stream.synchronize()
        return {name: array.copy() for name, array in self._out.host.items()}

    def _capture(self, stream: "torch.cuda.Stream") -> "torch.cuda.CUDAGraph":
        graph = torch.cuda.CUDAGraph()
        stream.wait_stream(torch.cuda.current_stream())  # which has filled weights and blocks
        with torch.inference_mode():
            with torch.cuda.stream(stream):
                for _ in range(3):  # what is allocated or chosen at first use is so before capture
                    self._work(self._in.device, self._out.device)
            stream.synchronize()
            with torch.cuda.graph(graph, stream=stream):
                self._work(self._in.device, self._out.device)
        return graph


class _Block:
    """Arrays side by side in one piece of memory, here and on the device."""

    def __init__(self, shapes: Mapping[str, Shape], device: str) -> None:
        sizes = [-(-int(np.prod(shape)) // _ALIGNED) * _ALIGNED for shape in shapes.values()]
        starts = np.cumsum([0, *sizes])
        self._host = torch.zeros(int(starts[-1]), pin_memory=device != "cpu")
        self._device = torch.zeros_like(self._host, device=device)

        def parts(block: Tensor) -> Tensors:
            return {
                name: block[start : start + int(np.prod(shape))].view(shape)
                for (name, shape), start in zip(shapes.items(), starts, strict=False)
            }

        self.host = {name: tensor.numpy() for name, tensor in parts(self._host).items()}
        self.device = parts(self._device)

    def upload(self) -> None:
        self._device.copy_(self._host, non_blocking=True)

    def download(self) -> None:
        self._host.copy_(self._device, non_blocking=True)
