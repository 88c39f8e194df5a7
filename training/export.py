"""`m2t3 train export`: a run's weights as ONNX, with a manifest that says what they are."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import torch

from ..core.errors import M2t3Error
from ..engines.manifest import WEIGHTS_FOLDER, Manifest, sha256_of
from ..engines.network import MotionDenoiser, NetworkConfig
from ..engines.onnx_export import export_ground, export_onnx
from .archive import licence_of
from .checkpoint import read_checkpoint
from .lineage import Lineage, lineage_of, read_first


@dataclass(frozen=True)
class Export:
    """Export a checkpoint to a folder of weights that `--weights` takes."""

    checkpoint: Path
    """`last.pt` of a training run."""
    name: str
    """Name of the set, such as coco17-nc."""
    out: Path = WEIGHTS_FOLDER
    """Folder to make the set's own folder in; the default ships it with this checkout."""
    blend: Path | None = None
    """Checkpoint or folder of weights to average the checkpoint's with, such as what it began from.
    Networks of one lineage can be averaged, and what they err in differently cancels."""
    blend_share: float = 0.5
    """Share of those in the average."""

    def run(self) -> int:
        """Write model.onnx and manifest.json; metrics are filled in by `m2t3 evaluate --record`."""
        saved, blend = read_checkpoint(self.checkpoint), {}
        if self.blend is not None:
            other = read_first(self.blend)
            _check_finished(other, f"--blend {self.blend}")
            saved = blended(saved, other, self.blend_share)
            steps = lineage_of(other).progress.step
            blend = {"blend": {"steps": steps, "share": self.blend_share}}
        network, lineage = network_of(saved)
        config = self._run_config()
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
            }
            | blend,
            metrics=(),
            decoupled=c.decoupled,
            ground_sha256=sha256_of(ground) if c.sees_pointmaps else None,
        )
        write_manifest(manifest, folder)
        print(f"{folder}: {manifest.parameters / 1e6:.1f} M parameters; {manifest.licence}")
        return 0

    def _run_config(self) -> dict[str, Any]:
        """The resolved configuration of the checkpoint's run, which lies beside it."""
        path = self.checkpoint.parent / "config.json"
        if not path.exists():
            raise M2t3Error(
                f"no {path}: `m2t3 train` leaves it beside {self.checkpoint.name}, and the "
                "manifest is made of both; copy it from the run's --out folder, or export there"
            )
        config: dict[str, Any] = json.loads(path.read_text())
        return config


def blended(saved: Mapping[str, Any], other: Mapping[str, Any], share: float) -> dict[str, Any]:
    """A checkpoint whose averaged weights are averaged with another's (Wortsman et al., 2022).

    Raises:
        M2t3Error: a share that is none, or networks of different shapes.
    """
    if not 0.0 < share < 1.0:
        raise M2t3Error(f"--blend-share must be between 0 and 1, not {share}")
    if saved["config"] != other["config"]:
        raise M2t3Error(
            f"--blend: networks of different shapes, {other['config']} and {saved['config']}; "
            "valid are weights of one recipe"
        )
    average = {
        name: torch.lerp(weight.float(), torch.as_tensor(other["average"][name]).float(), share)
        for name, weight in saved["average"].items()
    }
    sources = sorted({*saved["sources"], *other["sources"]})
    return {**saved, "average": average, "sources": sources}


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Writes `manifest.json` for people to read, too."""
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    (folder / "manifest.json").write_bytes(text + b"\n")


def load_network(checkpoint: Path) -> tuple[MotionDenoiser, Lineage]:
    """The averaged network of a checkpoint, and what it learned from.

    Raises:
        M2t3Error: no such file, not a checkpoint, or one of stage 1.
    """
    return network_of(read_checkpoint(checkpoint))


def network_of(saved: Mapping[str, Any]) -> tuple[MotionDenoiser, Lineage]:
    """The averaged network of what `read_checkpoint` or `read_first` gave; its lineage.

    Raises:
        M2t3Error: it is of stage 1.
    """
    _check_finished(saved, "the checkpoint")
    network = MotionDenoiser(NetworkConfig(**saved["config"]))
    network.load_state_dict(saved["average"])
    return network.eval(), lineage_of(saved)


def _check_finished(saved: Mapping[str, Any], what: str) -> None:
    """Refuses stage 1, whose views know nothing of one another, so nothing can be triangulated."""
    if saved.get("stage") == "pretrain":
        raise M2t3Error(
            f"{what} is of stage 1, which answers in 2D: train it on with "
            "`m2t3 train finetune --from` it, and use the checkpoint that this leaves"
        )
