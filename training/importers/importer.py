"""What every importer is: options, the files of some sources, and the motions in a file."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
import tyro
from jaxtyping import Float
from numpy.typing import NDArray

from ...core.errors import M2t3Error

METRES = "this data set is published in metres, so the file is not as it was published"
KNOWN_UP = "this data set's axes are known, so its files are not as they were published"


@dataclass(frozen=True, eq=False)
class Motion:
    """One clip of one person, as an importer hands it over: z up, metres, left is left."""

    name: str  # of the clip, in the archive
    source: str  # origin and licence, in the archive
    positions_m: Float[NDArray, "T 30 3"]  # archive.JOINT_NAMES
    fps: float  # frames a second, as published


@dataclass(frozen=True)
class Importer(ABC):
    """Reads one data set."""

    sources: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Files, or folders that are searched for them."""

    patterns: ClassVar[tuple[str, ...]]  # of the data set's files below a folder
    unit_mend: ClassVar[str] = METRES  # what to do about a person of a wrong size
    up_mend: ClassVar[str] = KNOWN_UP  # what to do about people who lie but should not
    unwanted: ClassVar[str] = ""  # what is left out of a folder, and what to do then

    @abstractmethod
    def motions(self, path: Path) -> list[Motion]:
        """All motions in one of `files()`.

        Raises:
            M2t3Error: the file is not as published; the message does not repeat the path.
        """

    def files(self) -> list[Path]:
        """Every file to read, in order.

        Raises:
            M2t3Error: a source is missing, has a foreign suffix, or is a folder without any.
        """
        found: list[Path] = []
        for source in self.sources:
            if source.is_dir():
                below = [path for pattern in self.patterns for path in source.glob(pattern)]
                if not below:
                    raise M2t3Error(f"{source}: holds no {' or '.join(self.patterns)}")
                wanted = sorted(path for path in set(below) if self.wanted(path))
                if not wanted:
                    raise M2t3Error(
                        f"{source}: all of its {len(set(below))} files are left out, as "
                        f"{min(below).name} ({self.unwanted})"
                    )
                found += wanted
            elif not source.exists():
                raise M2t3Error(f"{source}: no such file or folder")
            else:
                suffixes = sorted({Path(pattern).suffix for pattern in self.patterns})
                if source.suffix.lower() not in suffixes:
                    raise M2t3Error(
                        f"{source}: is a {source.suffix or 'file without suffix'}; "
                        f"this data set's files are {' or '.join(suffixes)}"
                    )
                found.append(source)
        if not found:
            raise M2t3Error("no sources: name files or folders")
        return found

    def wanted(self, path: Path) -> bool:
        """Whether a file that was found in a folder is one to read."""
        return True

    def clip_name(self, path: Path) -> str:
        """The path below the source folder as one word; a file's own name if it was named."""
        for source in self.sources:
            if source != path and path.is_relative_to(source):
                return "_".join(path.relative_to(source).with_suffix("").parts)
        return path.stem


def z_up(points: Float[NDArray, "*any 3"]) -> Float[NDArray, "*any 3"]:
    """Points of a y-up, right-handed frame in a z-up one: a quarter turn about x."""
    return np.stack([points[..., 0], -points[..., 2], points[..., 1]], axis=-1)
