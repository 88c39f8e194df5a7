"""BVH: one file a clip; CMU's, Bandai's and Mixamo's names are known (`bvh_names.py`)."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from ...core.errors import M2t3Error
from ...core.files import read_bytes
from .bvh_file import Bvh, parse_bvh
from .bvh_names import METRES, NAMINGS, RELEASES, Naming, Release, Unit
from .checks import check_finite
from .head import face_points
from .importer import Importer, Motion, z_up
from .joints import complete

_PREFIX = re.compile(r"^(mixamorig\d*|Model|Character\d*)[:_]")  # of a character's own name space


@dataclass(frozen=True)
class BvhFiles(Importer):
    """BVH files of one release; say which (--release), or name their origin and licence."""

    release: Release | None = None
    """Whose they are: tells their licence."""
    source: str | None = None
    """Origin and licence in words, for files of anybody else ("My studio, CC BY 4.0")."""
    units: Unit | None = None
    """What one unit is; by default as those who use such joint names publish it."""
    up: Literal["y", "z"] = "y"
    """Which of the file's axes points up."""

    patterns: ClassVar[tuple[str, ...]] = ("**/*.bvh",)
    unit_mend: ClassVar[str] = f"give the right one with --units {{{','.join(METRES)}}}"
    up_mend: ClassVar[str] = "give the other axis with --up {y,z}"

    def motions(self, path: Path) -> list[Motion]:
        """The clip in a file."""
        bvh = parse_bvh(read_bytes(path).decode("utf-8", "replace"))
        check_finite(bvh.values)
        naming, index = _naming(bvh)
        at, R = (values[naming.added_frames :] for values in bvh.pose())
        if self.up == "y":
            at, R = z_up(at), z_up(R.swapaxes(-1, -2)).swapaxes(-1, -2)
        at = at * METRES[self.units or naming.unit]
        known = {ours: at[:, j] for ours, j in index.items()}
        left, up = np.array(naming.head_left_up)
        axes = R[:, index["head"]] @ np.stack([left, up, np.cross(left, up)], axis=-1)
        positions_m = complete(known | face_points(known["head"], axes))
        return [Motion(self.clip_name(path), self._source(), positions_m, bvh.fps)]

    def files(self) -> list[Path]:
        """Every file to read.

        Raises:
            M2t3Error: also if it is not said whose they are.
        """
        self._source()
        return super().files()

    def _source(self) -> str:
        if self.source is not None and self.release is None and self.source.strip():
            return self.source
        if self.release is not None and self.source is None:
            return RELEASES[self.release]
        raise M2t3Error(
            "a BVH file does not tell its licence: give either --release "
            f"{{{','.join(RELEASES)}}} or --source 'ORIGIN, LICENCE'"
        )


def _naming(bvh: Bvh) -> tuple[Naming, dict[str, int]]:
    """The family whose names fit, and where in the file each of our joints is."""
    names = {_PREFIX.sub("", joint.name): j for j, joint in enumerate(bvh.joints)}
    best = max(NAMINGS, key=lambda naming: sum(n in names for n in naming.joints.values()))
    missing = [theirs for theirs in best.joints.values() if theirs not in names]
    if missing:
        raise M2t3Error(
            f"has joint names that nobody known uses: it is nearest to {best.name}'s, but lacks "
            f"{', '.join(missing)}; it has {', '.join(names)}"
        )
    return best, {ours: names[theirs] for ours, theirs in best.joints.items()}
