"""`m2t3 export`: a training run's weights as ONNX, with a manifest that says what they are."""

import json
import logging
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import Tensor, nn
from torch.export import Dim

from ..core.errors import M2t3Error
from ..core.skeletons import skeleton
from ..engines.manifest import WEIGHTS_FOLDER, Manifest, sha256_of
from ..engines.network import MotionDenoiser, NetworkConfig
from ..engines.pointmap_network import PointmapEncoder
from ..lifting.denoiser import GROUND_INPUTS, OUTPUT_NAMES, Ground, NetworkInputs
from ..lifting.features import feature_size
from ..lifting.memory import ROTARY_FREQUENCIES
from ..lifting.representation import motion_size
from ..lifting.rig import VIEWS
from .archive import licence_of
from .checkpoint import read_checkpoint
from .lineage import Lineage, lineage_of
from .onnx_parameters import name_parameters

OPSET = 18


@dataclass(frozen=True)
class Export:
    """Export a checkpoint to a folder of weights that `--weights` takes."""

    checkpoint: Path
    """`last.pt` of a training run."""
    name: str
    """Name of the set, such as coco17-nc."""
    out: Path = WEIGHTS_FOLDER
    """Folder to make the set's own folder in; the default ships it with this checkout."""

    def run(self) -> int:
        """Write model.onnx and manifest.json; metrics are filled in by `m2t3 evaluate --record`."""
        network, lineage = load_network(self.checkpoint)
        config = json.loads((self.checkpoint.parent / "config.json").read_text())
        folder = self.out / self.name
        folder.mkdir(parents=True, exist_ok=True)
        export_onnx(network, folder / "model.onnx")
        ground = folder / "ground.onnx"
        ground.unlink(missing_ok=True)
        c = network.config
        if c.sees_pointmaps:
            export_ground(network, ground)
        manifest = Manifest(
            name=self.name,
            sha256=sha256_of(folder / "model.onnx"),
            licence=licence_of(lineage.sources),
            data=lineage.sources,
            skeleton=c.skeleton,
            layers=c.layers,
            heads=c.heads,
            head_width=c.width // c.heads,
            memory_frames=c.memory_frames,
            parameters=sum(p.numel() for p in network.parameters()),
            steps=lineage.progress.step,
            minutes=round(lineage.progress.seconds / 60, 1),
            commit=config["commit"],
            training={
                k: config[k]
                for k in ("start", "shares", "seed", "one_step", "network", "window", "loss")
            },
            metrics=(),
            decoupled=c.decoupled,
            ground_sha256=sha256_of(ground) if c.sees_pointmaps else None,
        )
        write_manifest(manifest, folder)
        print(f"{folder}: {manifest.parameters / 1e6:.1f} M parameters; {manifest.licence}")
        return 0


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Writes `manifest.json` for people to read, too."""
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    (folder / "manifest.json").write_bytes(text + b"\n")


def load_network(checkpoint: Path) -> tuple[MotionDenoiser, Lineage]:
    """The averaged network of a checkpoint, and what it learned from.

    Raises:
        M2t3Error: no such file, or not a checkpoint.
    """
    saved = read_checkpoint(checkpoint)
    network = MotionDenoiser(NetworkConfig(**saved["config"]))
    network.load_state_dict(saved["average"])
    return network.eval(), lineage_of(saved)


def example_inputs(
    config: NetworkConfig, people: int, frames: int, memory: int, seed: int = 0
) -> tuple[Tensor, ...]:
    """Random inputs of the right shapes, in the order of `NetworkInputs`."""
    bones = skeleton(config.skeleton)
    generator = torch.Generator().manual_seed(seed)
    b, t, head = people, frames, config.width // config.heads
    past = (b, config.layers, VIEWS, config.heads, memory, head)
    ground = (b, config.layers, VIEWS, config.heads, config.cells, head)
    shapes = (
        (b, t, VIEWS, motion_size(bones.joint_count, config.decoupled)), (b,),
        (b, t, feature_size(bones)), (b, t, 2, ROTARY_FREQUENCIES), (b, t, memory + t), past, past,
        *((ground, ground) if config.sees_pointmaps else ()),
    )  # fmt: skip
    return tuple(torch.randn(shape, generator=generator) for shape in shapes)


def export_onnx(network: MotionDenoiser, path: Path) -> None:
    """Writes the network with people, new frames and remembered frames left open."""
    b, t, m, n = (Dim(name) for name in ("people", "frames", "memory", "visible"))
    people_frames, past = {0: b, 1: t}, {0: b, 4: m}
    inputs = example_inputs(network.config, 2, 3, 5)
    shapes = (
        people_frames, {0: b}, people_frames, people_frames, {0: b, 1: t, 2: n}, past, past,
        {0: b}, {0: b},
    )  # fmt: skip
    count = len(inputs)
    _export(network, inputs, NetworkInputs._fields[:count], OUTPUT_NAMES, shapes[:count], path)


def export_ground(network: MotionDenoiser, path: Path) -> None:
    """Writes what runs once a rig, with the number of rigs left open."""
    b = Dim("people")
    inputs = torch.tensor([3.0, 5.0]), torch.tensor([1.5, 2.5])
    _export(
        _Ground(network.pointmaps), inputs, GROUND_INPUTS, Ground._fields, ({0: b}, {0: b}), path
    )


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
        raise M2t3Error("torch could not export the network; run again with TORCH_LOGS=onnx")
    program.save(str(path), external_data=False)
    name_parameters(path, dict(module.named_parameters()))
