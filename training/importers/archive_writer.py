"""Clips into one archive, as `training.archive` reads it."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ..archive import JOINT_NAMES
from .resampling import ARCHIVE_FPS

RESOLUTION_M = 1e-4  # of joints, which are int16 from the pelvis


@dataclass(frozen=True)
class ArchiveWriter:
    """Gathers clips of 30 fps; `write` makes the file."""

    names: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    roots_m: list[NDArray[np.float32]] = field(default_factory=list)  # (T, 3) each
    joints: list[NDArray[np.int16]] = field(default_factory=list)  # (T, 30, 3) each, 0.1 mm

    def add(self, name: str, source: str, positions_m: Float[NDArray, "T 30 3"]) -> None:
        """Take a clip: 30 fps, z up, at most 3.2 m from the pelvis to any joint."""
        self.names.append(name)
        self.sources.append(source)
        self.roots_m.append(positions_m[:, 0].astype(np.float32))
        from_root_m = positions_m - self.roots_m[-1][:, None]
        self.joints.append(np.round(from_root_m / RESOLUTION_M).astype(np.int16))

    def write(self, path: Path) -> None:
        """Write the archive, whole or not at all."""
        unfinished = path.with_name(f".{path.name}.part")
        with unfinished.open("wb") as file:
            np.savez_compressed(
                file,
                root=np.concatenate(self.roots_m),
                joints=np.concatenate(self.joints),
                clip_start=np.cumsum([0, *map(len, self.roots_m)]),
                clip_name=np.array(self.names),
                clip_source=np.array(self.sources),
                joint_name=np.array(JOINT_NAMES),
                fps=np.float32(ARCHIVE_FPS),
            )
        unfinished.replace(path)

    @property
    def frames(self) -> int:
        """Frames so far."""
        return sum(map(len, self.roots_m))
