"""Weights and what is said of them: a folder of `model.onnx` and `manifest.json` each.

Weights that look at pointmaps have a `ground.onnx` besides, which runs once a rig.
"""

import hashlib
from pathlib import Path
from typing import Any

import msgspec

from ..core.errors import EngineError
from ..core.skeletons import skeleton
from ..lifting.denoiser import DenoiserShape

WEIGHTS_FOLDER = Path(__file__).parent / "weights"
DEFAULT_WEIGHTS = "coco17"


class Metrics(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of `m2t3 evaluate` with these weights: means over frames."""

    name: str  # what was evaluated
    frames: int  # how many frames it has
    answered: float  # share of them that got an answer
    distance_m: float  # from camera to person
    abs_mpjpe: float  # mm, no alignment at all
    mpjpe: float  # mm, mid-hip removed
    pa_mpjpe: float  # mm, similarity removed
    root: float  # mm, of the mid-hip
    root_percent: float  # the same, of the distance
    accel: float  # m/s2
    jitter: float  # 10 m/s3
    foot_sliding: float | None  # mm a frame; None where no foot is held still
    method: str = "m2t3"  # or the baseline's name
    part: str = "all frames"  # of each clip, from its cold start on; or "after 1 s"
    action: str | None = None  # what people do; None is everything
    clips: int | None = None  # how many pieces
    median_abs_mpjpe: float | None = None  # mm, of the clips' means
    w_mpjpe: float | None = None  # mm, chunks of 100 frames aligned by their first two
    wa_mpjpe: float | None = None  # mm, chunks of 100 frames aligned as a whole
    t_root: float | None = None  # mm, of the mid-hip's path after rigid alignment


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a set of weights is, where it comes from and what it may be used for."""

    name: str  # the set's name, as given to --weights
    sha256: str  # of model.onnx
    licence: str  # what the weights may be used for
    data: tuple[str, ...]  # what they were trained on, with its licences
    skeleton: str  # keypoint format in and out
    layers: int  # sizes of the network (lifting.denoiser.DenoiserShape)
    heads: int
    head_width: int
    memory_frames: int
    parameters: int  # trained numbers
    steps: int  # optimiser steps of the training run
    minutes: float  # and its length
    commit: str  # of m2t3 that trained them
    training: dict[str, Any]  # the rest of the run's configuration
    metrics: tuple[Metrics, ...]
    decoupled: bool = True  # motion by Eq. 1 of the paper, or raw global 2D
    ground_sha256: str | None = None  # of ground.onnx, if the network sees pointmaps

    @property
    def shape(self) -> DenoiserShape:
        """The sizes the lifter needs."""
        return DenoiserShape(
            skeleton(self.skeleton), self.layers, self.heads, self.head_width, self.memory_frames,
            self.decoupled,
        )  # fmt: skip


class Weights(msgspec.Struct, frozen=True):
    """A set of weights on disk."""

    manifest: Manifest
    onnx: Path
    ground_onnx: Path | None  # rigs to what their pointmaps tell; None if it sees none

    @property
    def option(self) -> str:
        """What `--weights` takes for this set."""
        folder = self.onnx.parent
        return folder.name if folder.parent == WEIGHTS_FOLDER else str(folder)


def shipped_weights() -> list[str]:
    """Names of the sets that came with this installation."""
    return sorted(path.parent.name for path in WEIGHTS_FOLDER.glob("*/manifest.json"))


def sha256_of(path: Path) -> str:
    """Hex digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def find_weights(name: str) -> Weights:
    """A shipped set by its name, or any folder that holds `model.onnx` and `manifest.json`.

    Raises:
        EngineError: no such set, an unreadable manifest, or a model that is not the manifest's.
    """
    folder = WEIGHTS_FOLDER / name if name in shipped_weights() else Path(name)
    path = folder / "manifest.json"
    if not path.exists():
        known = ", ".join(shipped_weights()) or "none"
        raise EngineError(
            f"no weights called {name!r}: there are {known}; "
            "or give a folder that `m2t3 train export` made"
        )
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except msgspec.DecodeError as error:
        raise EngineError(f"{path}: {error}; `m2t3 train export` writes it anew") from None
    model = _checked(folder / "model.onnx", manifest.sha256)
    ground = manifest.ground_sha256 and _checked(folder / "ground.onnx", manifest.ground_sha256)
    return Weights(manifest, model, ground or None)


def _checked(path: Path, sha256: str) -> Path:
    if not path.exists() or sha256_of(path) != sha256:
        raise EngineError(
            f"{path} is missing or not the file that its manifest describes; "
            "reinstall m2t3, or run `m2t3 train export` again"
        )
    return path
