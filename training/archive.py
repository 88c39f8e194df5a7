"""Mocap archives: clips of world-frame joints in one npz, read into any skeleton.

An archive holds root (N, 3) float32 metres, joints (N, 30, 3) int16 in 0.1 mm from the root,
clip_start (C + 1,), clip_name and clip_source (C,), joint_name (30,) and fps. The 30 joints are
`JOINT_NAMES`, of which core/conversions.py and feet.py make every skeleton; an archive of other
joints is read into the skeletons that can be made of these.
"""

import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from ..core.conversions import conversion_from
from ..core.errors import M2t3Error
from ..core.skeletons import SMPL24, Skeleton
from . import feet
from .spreading import evenly_spread

JOINT_NAMES = (
    *SMPL24.joint_names, "nose", "left_eye", "right_eye", "left_ear", "right_ear", "head_top",
)  # fmt: skip
# Terms that `licence_of` understands. No source is free because it says nothing, nor one that
# takes anything back, whatever it names besides.
_FREE = re.compile(
    r"\bfree for all uses\b|\bCC0\b|\bCC[ -]BY[ -](\d|licen[cs]e)|\b(MIT|BSD) licen[cs]e",
    re.IGNORECASE,
)
_RESEARCH = re.compile(r"\bnon[- ]?commercial", re.IGNORECASE)
_NC = re.compile(r"\bCC[ -]BY[ -]NC[ -](?!SA|ND)", re.IGNORECASE)
_HELD_BACK = re.compile(r"\brights reserved\b|\b(not|no|without|only|NC|ND|SA)\b", re.IGNORECASE)
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
    kinds = {_kind(source) for source in sources}
    if None in kinds:
        return "unknown: some of the training data is under other terms; ask before using them"
    if _RESEARCH in kinds:
        return "non-commercial scientific research only, as some of the training data"
    if _NC in kinds:
        return "CC BY-NC 4.0: non-commercial use only, as some of the training data"
    return "free for all uses, as all of the training data"


def _kind(source: str) -> re.Pattern[str] | None:
    """Which of the known terms a source is under; None for any other."""
    if _RESEARCH.search(source):
        return _RESEARCH
    if _NC.search(source):
        return _NC
    return _FREE if _FREE.search(source) and not _HELD_BACK.search(source) else None


def read_archives(paths: Sequence[Path], skeleton: Skeleton) -> list[Archive]:
    """Archives to be drawn from together.

    Raises:
        M2t3Error: one cannot be read, or they differ in frame rate.
    """
    archives = [read_archive(path, skeleton) for path in paths]
    if len({archive.fps for archive in archives}) > 1:
        rates = (f"{p} has {a.fps:g}" for p, a in zip(paths, archives, strict=True))
        raise M2t3Error(
            f"archives of different frame rates cannot be drawn from together: {', '.join(rates)} "
            "frames a second; `m2t3 import` makes all archives of 30"
        )
    return archives


def read_archive(path: Path, skeleton: Skeleton) -> Archive:
    """Reads an archive as `skeleton`.

    Raises:
        M2t3Error: not an archive, or its joints do not tell those of the skeleton.
    """
    try:
        opened = np.load(path)
    except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise M2t3Error(
            f"{path}: not a mocap archive ({error}); `m2t3 import` makes them (npz)"
        ) from None
    if not isinstance(opened, NpzFile):
        raise M2t3Error(
            f"{path}: a single array (npy), not a mocap archive; `m2t3 import` makes them (npz)"
        )
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
