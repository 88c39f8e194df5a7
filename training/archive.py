"""Mocap archives: clips of world-frame joints in one npz, read into one skeleton.

An archive holds root (N, 3) float32 metres, joints (N, 30, 3) int16 in 0.1 mm from the root,
clip_start (C + 1,), clip_name and clip_source (C,), joint_name (30,) and fps.
"""

import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.errors import M2t3Error
from ..core.skeletons import Skeleton

_KEYS = ("root", "joints", "clip_start", "clip_name", "clip_source", "joint_name", "fps")


@dataclass(frozen=True)
class Archive:
    """Clips laid end to end, all of one frame rate and skeleton."""

    positions_world_m: NDArray[np.float32]  # (N, J, 3)
    clip_start: NDArray[np.int64]  # (C + 1,) clip i is frames clip_start[i] : clip_start[i + 1]
    clip_names: tuple[str, ...]  # C names
    clip_sources: tuple[str, ...]  # C origins with their licences
    fps: float  # frames a second

    def clip(self, i: int) -> NDArray[np.float32]:
        """Positions (T, J, 3) of clip `i`."""
        return self.positions_world_m[self.clip_start[i] : self.clip_start[i + 1]]


def licence_of(sources: Iterable[str]) -> str:
    """What weights trained on clips of these sources may be used for, in a line."""
    if any("NC" in source for source in sources):
        return "CC BY-NC 4.0: non-commercial use only, as some of the training data"
    return "free for all uses, as all of the training data"


def read_archive(path: Path, skeleton: Skeleton) -> Archive:
    """Reads the joints of `skeleton` from an archive.

    Raises:
        M2t3Error: not an archive, or it lacks a joint of the skeleton.
    """
    try:
        opened = np.load(path)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise M2t3Error(f"{path}: not a mocap archive ({error})") from None
    with opened as data:
        missing = [key for key in _KEYS if key not in data]
        if missing:
            raise M2t3Error(f"{path}: not a mocap archive, it lacks {', '.join(missing)}")
        names = [str(name) for name in data["joint_name"]]
        absent = [name for name in skeleton.joint_names if name not in names]
        if absent:
            raise M2t3Error(f"{path}: has no joint {', '.join(absent)} of {skeleton.name}")
        order = [names.index(name) for name in skeleton.joint_names]
        joints = data["joints"][:, order].astype(np.float32) * np.float32(1e-4)
        return Archive(
            positions_world_m=joints + data["root"].astype(np.float32)[:, None],
            clip_start=data["clip_start"].astype(np.int64),
            clip_names=tuple(map(str, data["clip_name"])),
            clip_sources=tuple(map(str, data["clip_source"])),
            fps=float(data["fps"]),
        )
