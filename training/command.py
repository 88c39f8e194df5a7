"""`m2t3 train`: weights from mocap archives; interrupted runs go on where they stopped.

`m2t3 train export` turns what a run has come to into weights that the stream takes.
"""

import argparse
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar, Self

import tyro
from tyro.conf import arg, subcommand

from .config import TrainConfig
from .export import Export
from .machines import Machines
from .progress import log_to_console
from .recipe import read_recipe
from .run import train
from .sittings import command_line


@dataclass(frozen=True)
class Pretrain:
    """Stage 1: motion in one view, in 2D. Goes on with the run in --out, if there is one."""

    stage: ClassVar[str] = "pretrain"
    config: Annotated[TrainConfig, arg(name="")]
    machines: Annotated[Machines, arg(name="")] = field(default_factory=Machines)
    recipe: Path | None = None  # YAML of defaults for the options below; configs/ has some

    def run(self) -> int:
        """Train; the averaged weights are in `last.pt`, of stage 1 for `finetune --from`, of
        stage 2 for `m2t3 train export`."""
        log_to_console()
        signal_number = train(self.config, self.stage, self.machines)
        if not signal_number:
            return 0
        logging.getLogger(__name__).info("stopped; go on with: %s", command_line())
        return 128 + signal_number


@dataclass(frozen=True)
class Finetune(Pretrain):
    """Stage 2: motion in all views, in 3D. Goes on with the run in --out, if there is one."""

    stage: ClassVar[str] = "finetune"


@dataclass(frozen=True)
class Train:
    """Train a denoiser in two stages, and export it."""

    stage: Pretrain | Finetune | Export

    @classmethod
    def read(cls, prog: str, args: Sequence[str]) -> Self:
        """Reads the arguments, whose defaults may come from a recipe."""
        peek = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
        peek.add_argument("--recipe", type=Path)
        recipe = peek.parse_known_args(args)[0].recipe

        def defaults(out: str) -> TrainConfig:
            config = TrainConfig(out=Path(out))
            return config if recipe is None else read_recipe(recipe, config)

        pretrain, finetune = Pretrain(defaults("runs/stage1")), Finetune(defaults("runs/coco17"))
        stages = (
            Annotated[Pretrain, subcommand("pretrain", default=pretrain)]
            | Annotated[Finetune, subcommand("finetune", default=finetune)]
            | Annotated[Export, subcommand("export")]
        )
        return cls(tyro.cli(stages, prog=prog, args=args))

    def run(self) -> int:
        """Train that stage, or export."""
        return self.stage.run()
