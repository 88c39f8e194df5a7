"""`m2t3 import`: a published data set into a mocap archive."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console
from rich.progress import track

from ...core.errors import M2t3Error
from ..archive import licence_of
from .aist import Aist
from .amass import Amass
from .archive_writer import ArchiveWriter
from .bedlam import Bedlam
from .bvh import BvhFiles
from .checks import check_motion, seems_upright
from .floor import on_floor
from .human36m import Human36M
from .humanml3d import HumanML3D
from .resampling import ARCHIVE_FPS, resample
from .rich_dataset import Rich

Format = (
    Annotated[BvhFiles, tyro.conf.subcommand("bvh")]
    | Annotated[Amass, tyro.conf.subcommand("amass")]
    | Annotated[HumanML3D, tyro.conf.subcommand("humanml3d")]
    | Annotated[Human36M, tyro.conf.subcommand("human36m")]
    | Annotated[Bedlam, tyro.conf.subcommand("bedlam")]
    | Annotated[Aist, tyro.conf.subcommand("aist")]
    | Annotated[Rich, tyro.conf.subcommand("rich")]
)

_NAMED = 5  # clips in a warning


@tyro.conf.configure(  # so that all options follow the format
    tyro.conf.CascadeSubcommandArgs, tyro.conf.OmitArgPrefixes, tyro.conf.OmitSubcommandPrefixes
)
@dataclass(frozen=True)
class Import:
    """Turn a published data set into a mocap archive: 30 joints, 30 fps, z up, floor at z = 0."""

    format: Format
    """Which data set; `m2t3 import FORMAT --help` tells its options."""
    out: Path
    """Archive to write (npz)."""
    keep_floor: bool = False
    """Keep heights as published, instead of putting each clip's toes on the floor."""
    skip_bad: bool = False
    """Leave files out that cannot be used, and list them, instead of stopping at the first."""

    def run(self) -> int:
        """Import all files; 0, or 1 if some were left out.

        Raises:
            M2t3Error: a file cannot be used, or none can; the message begins with its path.
        """
        if self.out.suffix != ".npz":
            raise M2t3Error(f"--out {self.out}: archives end in .npz")
        if not self.out.absolute().parent.is_dir():
            raise M2t3Error(f"--out {self.out}: no such folder")
        console = Console(stderr=True)
        writer = ArchiveWriter()
        refused: list[str] = []
        lying: list[str] = []  # clips
        for path in track(self.format.files(), "importing", console=console):
            try:
                lying += self._add(path, writer)
            except M2t3Error as error:
                if not self.skip_bad:
                    raise M2t3Error(f"{path}: {error}") from None
                refused.append(f"{path}: {error}")
        for line in refused:
            _warn(console, f"left out {line}")
        if lying:
            _warn(console, self._doubt(lying, len(writer.names)))
        if not writer.names:
            raise M2t3Error("nothing imported: no file could be used")
        writer.write(self.out)
        minutes = writer.frames / ARCHIVE_FPS / 60
        console.print(
            f"{self.out}: {len(writer.names)} clips, {minutes:.1f} minutes"
            + (f"; {len(refused)} files left out" if refused else "")
            + f"\nweights trained with it: {licence_of(writer.sources)}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
        return 1 if refused else 0

    def _doubt(self, lying: list[str], clips: int) -> str:
        named = ", ".join(lying[:_NAMED]) + (", ..." if len(lying) > _NAMED else "")
        return (
            f"in {len(lying)} of {clips} clips the person is hardly ever upright ({named}): if "
            f"nobody lies there, the up axis is wrong; {self.format.up_mend}"
        )

    def _add(self, path: Path, writer: ArchiveWriter) -> list[str]:
        """Take all of a file's motions, or none; the names of those who lie all the time."""
        motions = self.format.motions(path)
        for motion in motions:
            try:
                check_motion(motion.positions_m, motion.fps, self.format.unit_mend)
            except M2t3Error as error:
                several = f"{motion.name} " if len(motions) > 1 else ""
                raise M2t3Error(f"{several}{error}") from None
        for motion in motions:
            positions_m = resample(motion.positions_m, motion.fps)
            if not self.keep_floor:
                positions_m = on_floor(positions_m)
            writer.add(motion.name, motion.source, positions_m)
        return [motion.name for motion in motions if not seems_upright(motion.positions_m)]


def _warn(console: Console, text: str) -> None:
    console.print(text, style="yellow", highlight=False, markup=False, soft_wrap=True)
