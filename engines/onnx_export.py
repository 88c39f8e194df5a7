"""The network as ONNX, for every engine but torch's own.

In half precision the blocks' products are in float16; their layer norms and softmax over time, the
heads, and what goes in and comes out are in float32. That is said in the graph itself, since
TensorRT takes precisions from nowhere else.
"""

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim

from ..core.errors import EngineError
from ..lifting.denoiser import GROUND_INPUTS, OUTPUT_NAMES, Ground, NetworkInputs
from .network import MotionDenoiser, NetworkConfig
from .onnx_parameters import name_parameters
from .pointmap_network import PointmapEncoder
from .shapes import Precision, input_shapes

OPSET = 20  # the first that knows GELU


def example_inputs(
    config: NetworkConfig, people: int, frames: int, memory: int, seed: int = 0
) -> tuple[Tensor, ...]:
    """Random inputs of the right shapes, in the order of `NetworkInputs`."""
    generator = torch.Generator().manual_seed(seed)
    cells = config.cells if config.sees_pointmaps else 0
    shapes = input_shapes(config.shape, people, frames, memory, cells)
    return tuple(torch.randn(shape, generator=generator) for shape in shapes.values())


def export_onnx(network: MotionDenoiser, path: Path, precision: Precision = "fp32") -> None:
    """Writes the network with people, new frames and remembered frames left open."""
    b, t, m, n = (Dim(name) for name in ("people", "frames", "memory", "visible"))
    people_frames, past = {0: b, 1: t}, {0: b, 4: m}
    inputs = example_inputs(network.config, 2, 3, 5)
    shapes = (
        people_frames, {0: b}, people_frames, people_frames, {0: b, 1: t, 2: n}, past, past,
        {0: b}, {0: b},
    )  # fmt: skip
    count = len(inputs)
    module = network if precision == "fp32" else _HalfPrecision(network)
    _export(module, inputs, NetworkInputs._fields[:count], OUTPUT_NAMES, shapes[:count], path)


def export_ground(network: MotionDenoiser, path: Path) -> None:
    """Writes what runs once a rig, with the number of rigs left open."""
    b = Dim("people")
    inputs = torch.tensor([3.0, 5.0]), torch.tensor([1.5, 2.5])
    _export(
        _Ground(network.pointmaps), inputs, GROUND_INPUTS, Ground._fields, ({0: b}, {0: b}), path
    )


class _HalfPrecision(nn.Module):
    """A network whose blocks compute in float16 where autocast says that this will do."""

    def __init__(self, network: MotionDenoiser) -> None:
        super().__init__()
        self.network = network

    def forward(
        self,
        noised: Tensor,
        level: Tensor,
        features: Tensor,
        phase: Tensor,
        mask: Tensor,
        keys: Tensor,
        values: Tensor,
        ground_keys: Tensor | None = None,
        ground_values: Tensor | None = None,
    ) -> tuple[Tensor, ...]:
        ground = None
        if ground_keys is not None and ground_values is not None:
            ground = ground_keys, ground_values
        with torch.autocast("cpu", dtype=torch.float16):
            x, new_keys, new_values = self.network.tokens(
                noised, level, features, phase, mask, keys, values, ground=ground
            )
        return (*self.network.read(x.float()), new_keys.float(), new_values.float())


class _Ground(nn.Module):
    """A pointmap encoder that has looked at the virtual views already."""

    virtual: Tensor

    def __init__(self, encoder: PointmapEncoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.register_buffer("virtual", encoder.virtual_cells().detach())

    def forward(self, distance_m: Tensor, height_m: Tensor) -> tuple[Tensor, Tensor]:
        return self.encoder(distance_m, height_m, self.virtual)


def _export(
    module: nn.Module,
    inputs: tuple[Tensor, ...],
    input_names: Sequence[str],
    output_names: Sequence[str],
    dynamic_shapes: tuple[dict[int, Any], ...],
    path: Path,
) -> None:
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it misses torchvision
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch about torch, and of axes that share a name
        program = torch.onnx.export(
            module,
            inputs,
            dynamo=True,
            opset_version=OPSET,
            input_names=list(input_names),
            output_names=list(output_names),
            dynamic_shapes=dynamic_shapes,
            verbose=False,
        )
    if program is None:
        raise EngineError("torch could not export the network; run again with TORCH_LOGS=onnx")
    program.save(str(path), external_data=False)
    name_parameters(path, dict(module.named_parameters()))
