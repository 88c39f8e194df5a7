"""Mocap archives: clips of world-frame joints in one npz, read into any skeleton.

An archive holds root (N, 3) float32 metres, joints (N, 30, 3) int16 in 0.1 mm from the root,
clip_start (C + 1,), clip_name and clip_source (C,), joint_name (30,) and fps. The 30 joints are
`JOINT_NAMES`, of which core/conversions.py and feet.py make every skeleton; an archive of other
joints is read into the skeletons that can be made of these.
"""

import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.conversions import conversion_from
from ..core.errors import M2t3Error
from ..core.skeletons import SMPL24, Skeleton
from . import feet
from .spreading import evenly_spread

JOINT_NAMES = (
    *SMPL24.joint_names, "nose", "left_eye", "right_eye", "left_ear", "right_ear", "head_top",
)  # fmt: skip
# Terms that `licence_of` understands; no source is free because it says nothing.
_KNOWN = re.compile(r"free for all uses|non-commercial|\bCC0\b|\bCC BY(-NC)? |\bMIT\b|\bBSD\b")
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

    def thinned(self, share: float) -> "Archive":
        """A share of the clips, evenly spread over the archive; one at least."""
        count = max(1, round(share * len(self.clip_names)))
        kept = evenly_spread(range(len(self.clip_names)), count)
        clips = [self.clip(i) for i in kept]
        return replace(
            self,
            positions_world_m=np.concatenate(clips),
            clip_start=np.cumsum([0, *map(len, clips)]),
            clip_names=tuple(self.clip_names[i] for i in kept),
            clip_sources=tuple(self.clip_sources[i] for i in kept),
        )


def licence_of(sources: Iterable[str]) -> str:
    """What weights trained on clips of these sources may be used for, in a line."""
    sources = tuple(sources)
    if not all(_KNOWN.search(source) for source in sources):
        return "unknown: some of the training data is under other terms; ask before using them"
    if any("non-commercial" in source for source in sources):
        return "non-commercial scientific research only, as some of the training data"
    if any("NC" in source for source in sources):
        return "CC BY-NC 4.0: non-commercial use only, as some of the training data"
    return "free for all uses, as all of the training data"


def read_archive(path: Path, skeleton: Skeleton) -> Archive:
    """Reads an archive as `skeleton`.

    Raises:
        M2t3Error: not an archive, or its joints do not tell those of the skeleton.
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
        clip_start = data["clip_start"].astype(np.int64)
        joints_m = data["joints"].astype(np.float32) * np.float32(1e-4)
        joints_m += data["root"].astype(np.float32)[:, None]
        names, joints_m = _with_feet(names, joints_m, clip_start, skeleton)
        try:
            conversion = conversion_from(names, skeleton)
        except M2t3Error as error:
            raise M2t3Error(f"{path}: has {error}") from None
        return Archive(
            positions_world_m=conversion.points(joints_m),
            clip_start=clip_start,
            clip_names=tuple(map(str, data["clip_name"])),
            clip_sources=tuple(map(str, data["clip_source"])),
            fps=float(data["fps"]),
        )


def _with_feet(
    names: list[str],
    joints_m: NDArray[np.float32],
    clip_start: NDArray[np.int64],
    skeleton: Skeleton,
) -> tuple[list[str], NDArray[np.float32]]:
    """Toes and heels added to joints (N, K, 3), if the skeleton asks for them and the legs tell."""
    wanted = set(skeleton.joint_names) & set(feet.ADDED) - set(names)
    if not (wanted and set(feet.NEEDED) <= set(names)):
        return names, joints_m
    made = feet.toes_and_heels(
        {name: joints_m[:, names.index(name)] for name in feet.NEEDED}, clip_start
    )
    added = np.stack(list(made.values()), axis=1)
    return [*names, *made], np.concatenate([joints_m, added], axis=1)
