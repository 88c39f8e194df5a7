"""`m2t3 calibrate`: from an unboxed camera to a camera file."""

from dataclasses import dataclass
from typing import Annotated

import tyro

from ..calibration.commands.board import BoardSheet
from ..calibration.commands.intrinsics import Intrinsics

Step = (
    Annotated[BoardSheet, tyro.conf.subcommand("board")]
    | Annotated[Intrinsics, tyro.conf.subcommand("intrinsics")]
)


@tyro.conf.configure(tyro.conf.OmitSubcommandPrefixes, tyro.conf.OmitArgPrefixes)
@dataclass(frozen=True)
class Calibrate:
    """Calibrate a camera: its lens, and where it stands in the room."""

    step: Step

    def run(self) -> int:
        """Do that step."""
        return self.step.run()
