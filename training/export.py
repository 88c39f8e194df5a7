"""`m2t3 export`: a training run's weights as ONNX, with a manifest that says what they are."""

import json
import logging
import warnings
from dataclasses import dataclass
from pathlib import Path

import msgspec
import torch
from torch.export import Dim

from ..core.errors import M2t3Error
from ..core.skeletons import skeleton
from ..engines.manifest import WEIGHTS_FOLDER, Manifest, sha256_of
from ..engines.network import MotionDenoiser, NetworkConfig
from ..lifting.denoiser import OUTPUT_NAMES, NetworkInputs
from ..lifting.features import feature_size
from ..lifting.memory import ROTARY_FREQUENCIES
from ..lifting.representation import motion_size
from ..lifting.rig import VIEWS
from .archive import licence_of, read_archive

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
        network, progress = load_network(self.checkpoint)
        config = json.loads((self.checkpoint.parent / "config.json").read_text())
        bones = skeleton(network.config.skeleton)
        sources = {s for path in config["archives"] for s in read_archive(path, bones).clip_sources}
        folder = self.out / self.name
        folder.mkdir(parents=True, exist_ok=True)
        export_onnx(network, folder / "model.onnx")
        c = network.config
        manifest = Manifest(
            name=self.name,
            sha256=sha256_of(folder / "model.onnx"),
            licence=licence_of(sources),
            data=tuple(sorted(sources)),
            skeleton=c.skeleton,
            layers=c.layers,
            heads=c.heads,
            head_width=c.width // c.heads,
            memory_frames=c.memory_frames,
            parameters=sum(p.numel() for p in network.parameters()),
            steps=int(progress["step"]),
            minutes=round(progress["seconds"] / 60, 1),
            commit=config["commit"],
            training={k: config[k] for k in ("shares", "seed", "one_step", "window", "loss")},
            metrics=(),
        )
        write_manifest(manifest, folder)
        print(f"{folder}: {manifest.parameters / 1e6:.1f} M parameters; {manifest.licence}")
        return 0


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Writes `manifest.json` for people to read, too."""
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    (folder / "manifest.json").write_bytes(text + b"\n")


def load_network(checkpoint: Path) -> tuple[MotionDenoiser, dict[str, float]]:
    """The averaged network of a checkpoint, and how far its run had come.

    Raises:
        M2t3Error: no such checkpoint.
    """
    if not checkpoint.exists():
        raise M2t3Error(f"no checkpoint {checkpoint}; `m2t3 train` leaves one in its --out folder")
    saved = torch.load(checkpoint, weights_only=True)
    network = MotionDenoiser(NetworkConfig(**saved["config"]))
    network.load_state_dict(saved["average"])
    return network.eval(), saved["progress"]


def example_inputs(
    config: NetworkConfig, people: int, frames: int, memory: int, seed: int = 0
) -> tuple[torch.Tensor, ...]:
    """Random inputs of the right shapes, in the order of `NetworkInputs`."""
    bones = skeleton(config.skeleton)
    generator = torch.Generator().manual_seed(seed)
    b, t, head = people, frames, config.width // config.heads
    past = (b, config.layers, VIEWS, config.heads, memory, head)
    shapes = (
        (b, t, VIEWS, motion_size(bones.joint_count)), (b,), (b, t, feature_size(bones)),
        (b, t, 2, ROTARY_FREQUENCIES), (b, t, memory + t), past, past,
    )  # fmt: skip
    return tuple(torch.randn(shape, generator=generator) for shape in shapes)


def export_onnx(network: MotionDenoiser, path: Path) -> None:
    """Writes the network with people, new frames and remembered frames left open."""
    b, t, m, n = (Dim(name) for name in ("people", "frames", "memory", "visible"))
    people_frames, past = {0: b, 1: t}, {0: b, 4: m}
    shapes = (
        people_frames, {0: b}, people_frames, people_frames, {0: b, 1: t, 2: n}, past, past
    )  # fmt: skip
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it misses torchvision
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch about torch, and of axes that share a name
        program = torch.onnx.export(
            network,
            example_inputs(network.config, 2, 3, 5),
            dynamo=True,
            opset_version=OPSET,
            input_names=list(NetworkInputs._fields),
            output_names=list(OUTPUT_NAMES),
            dynamic_shapes=shapes,
            verbose=False,
        )
    if program is None:
        raise M2t3Error("torch could not export the network; run again with TORCH_LOGS=onnx")
    program.save(str(path), external_data=False)
