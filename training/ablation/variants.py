"""The ablation's variants: what each changes in one small run, and how its weights are asked.

All train for the same number of optimiser steps on the same number of frames a step, so they
compare at equal data; their milliseconds a step tell what equal time would be.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from ...engines.network import NetworkConfig
from ..config import TrainConfig
from ..windows.batches import WindowConfig

STEPS_ASKED = (1, 2, 4, 10)  # network passes a frame that one-step training is compared at
_PRETRAINED = 0.4  # share of the steps that go to stage 1


@dataclass(frozen=True)
class Asking:
    """How weights are asked for their answers."""

    steps: int = 1  # network passes a frame; several are slow and asked on exact 2D only
    size: Literal["found", "told", "unknown"] = "found"  # the body's: believed as a stream finds
    # it, told by the user, or never known

    def __str__(self) -> str:
        passes = [] if self.steps == 1 else [f"{self.steps} steps"]
        return ", ".join(passes + ([] if self.size == "found" else [f"size {self.size}"]))


@dataclass(frozen=True)
class Variant:
    """One way to train, as it differs from the base."""

    family: str  # the question that it belongs to
    why: str  # what it is
    changes: Mapping[str, Any] = field(default_factory=dict)  # dotted names in TrainConfig: values
    stage1: float = 0.0  # stage 1 comes first and takes this share of the steps ...
    extra: bool = False  # ... on top of stage 2's, not out of them
    askings: tuple[Asking, ...] = (Asking(),)  # the first one stands for the variant


_PAPER, _GROUND = "The paper's ablation, without our ground term", "How the ground is used"
_SIZE, _STEPS = "Body size", "One-step training and steps"
_WINDOW, _TRAINING = "Window and memory", "What training sees"
FAMILIES = (_PAPER, _GROUND, _SIZE, _STEPS, _WINDOW, _TRAINING)  # in the order of the tables

_ALL_STEPS = tuple(Asking(steps) for steps in STEPS_ASKED)
_NO_TERM = {"network.stands": False, "loss.ground": 0.0}
_PAPERS = {"network.ground": "pointmap", **_NO_TERM}


def _window(frames: int, batch: int) -> dict[str, int]:
    return {"window.frames": frames, "window.batch": batch, "network.memory_frames": frames}


BASE = "base"
VARIANTS: dict[str, Variant] = {
    BASE: Variant(
        "", "ground by rays and learned term, size believed, 75 % one-step, 24 frames",
        askings=(*_ALL_STEPS, Asking(size="told"), Asking(size="unknown")),
    ),
    "paper-no-decoupling": Variant(
        _PAPER, "raw global 2D in place of Eq. 1; of the ground the camera's height only",
        {"network.decoupled": False, "network.ground": "none", **_NO_TERM},
    ),
    "paper-no-pointmap": Variant(_PAPER, "Eq. 1; of the ground the camera's height only",
                                 {"network.ground": "none", **_NO_TERM}),
    "paper-pointmap": Variant(_PAPER, "Eq. 1 and pointmaps", _PAPERS),
    "paper-stage1": Variant(_PAPER, "the same; 40 % of the steps are stage 1's (2D of the "
                            "same archives)", _PAPERS, stage1=_PRETRAINED),
    "paper-stage1-extra": Variant(_PAPER, "the same with stage 1's steps on top: 1.4 times the "
                                  "budget", _PAPERS, stage1=_PRETRAINED, extra=True),
    "rays-alone": Variant(_GROUND, "rays; the body never slides to where its feet stand",
                          _NO_TERM),
    "term-alone": Variant(_GROUND, "the learned term; no rays, no pointmaps",
                          {"network.ground": "none"}),
    "pointmap": Variant(_GROUND, "the learned term; pointmaps in place of rays",
                        {"network.ground": "pointmap"}),
    "rays-and-pointmap": Variant(_GROUND, "the learned term, rays and pointmaps",
                                 {"network.ground": "both"}),
    "no-size": Variant(_SIZE, "trained and asked without any belief in the body's size",
                       {"window.size_told": 0.0}, askings=(Asking(size="unknown"),)),
    "one-step-0": Variant(_STEPS, "diffusion only", {"one_step": 0.0}, askings=_ALL_STEPS),
    "one-step-50": Variant(_STEPS, "half of the samples at pure noise", {"one_step": 0.5},
                           askings=_ALL_STEPS),
    "one-step-100": Variant(_STEPS, "regression only", {"one_step": 1.0}, askings=_ALL_STEPS),
    "window-16": Variant(_WINDOW, "windows and memory of 16 frames", _window(16, 24)),
    "window-32": Variant(_WINDOW, "of 32 frames", _window(32, 12)),
    "window-48": Variant(_WINDOW, "of 48 frames", _window(48, 8)),
    "no-mixing": Variant(_TRAINING, "no mixing of upper and lower bodies",
                         {"window.mixing.share": 0.0}),
    "no-tumbling": Variant(_TRAINING, "no tumbled bodies", {"window.tumbling.share": 0.0}),
    "acceleration": Variant(_TRAINING, "the change from step to step is a term of the loss too",
                            {"loss.acceleration": 1.0}),
    "half-the-clips": Variant(_TRAINING, "every second clip", {"clips": 0.5}),
    "quarter-of-the-clips": Variant(_TRAINING, "every fourth clip", {"clips": 0.25}),
    "stage1": Variant(_TRAINING, "40 % of the steps are stage 1's (2D of the same archives)",
                      stage1=_PRETRAINED),
}  # fmt: skip


def base_config(archives: tuple[Path, ...], steps: int) -> TrainConfig:
    """The run that variants change: about a fifth of `coco17`, small enough for one core."""
    return TrainConfig(
        archives=archives,
        steps=steps,
        warmup_steps=max(1, steps // 10),
        compile=False,  # costs more than it saves here
        network=NetworkConfig(
            width=96, layers=4, heads=3, memory_frames=24, pointmap_channels=16
        ),
        window=WindowConfig(batch=16, frames=24),
    )  # fmt: skip


def changed(config: Any, changes: Mapping[str, Any]) -> Any:
    """A nested frozen dataclass with the values of some dotted names replaced."""
    for name, value in changes.items():
        head, _, rest = name.partition(".")
        config = replace(
            config, **{head: changed(getattr(config, head), {rest: value}) if rest else value}
        )
    return config


def stages(variant: Variant, base: TrainConfig, folder: Path) -> list[tuple[str, TrainConfig]]:
    """The runs that train a variant, in order: stage and configuration; `base` has the budget."""
    config: TrainConfig = changed(base, variant.changes)
    assert config.steps is not None
    if not variant.stage1:
        return [("finetune", replace(config, out=folder))]
    first = round(variant.stage1 * config.steps)
    pretrain = replace(config, out=folder / "stage1", steps=first)
    rest = config.steps if variant.extra else config.steps - first
    start = pretrain.out / "last.pt"
    return [("pretrain", pretrain), ("finetune", replace(config, out=folder, steps=rest,
                                                         start=start))]  # fmt: skip
