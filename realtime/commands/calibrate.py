"""`m2t3 calibrate`: from an unboxed camera to a camera file."""

from dataclasses import dataclass
from typing import Annotated

import tyro

from ...calibration.commands.board import BoardSheet
from ...calibration.commands.check import Check
from ...calibration.commands.convert import ExportCamera, ImportCamera
from ...calibration.commands.ground import GroundBoard, GroundPoints
from ...calibration.commands.intrinsics import Intrinsics
from ..ground_person import GroundPerson

Way = (
    Annotated[GroundBoard, tyro.conf.subcommand("board")]
    | Annotated[GroundPoints, tyro.conf.subcommand("points")]
    | Annotated[GroundPerson, tyro.conf.subcommand("person")]
)


@dataclass(frozen=True)
class Ground:
    """Find the camera's place: from a board on the floor, measured points, or a walking person."""

    way: Way

    def run(self) -> int:
        """Find it that way."""
        return self.way.run()


Step = (
    Annotated[BoardSheet, tyro.conf.subcommand("board")]
    | Annotated[Intrinsics, tyro.conf.subcommand("intrinsics")]
    | Annotated[Ground, tyro.conf.subcommand("ground")]
    | Annotated[Check, tyro.conf.subcommand("check")]
    | Annotated[ImportCamera, tyro.conf.subcommand("import")]
    | Annotated[ExportCamera, tyro.conf.subcommand("export")]
)


@tyro.conf.configure(tyro.conf.OmitSubcommandPrefixes, tyro.conf.OmitArgPrefixes)
@dataclass(frozen=True)
class Calibrate:
    """Calibrate a camera: its lens, and where it stands in the room."""

    step: Step

    def run(self) -> int:
        """Do that step."""
        return self.step.run()
