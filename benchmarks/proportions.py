"""Where detectors and mocap put joints: each part's length over the leg's, body by body.

Clips whose names begin alike, up to the first "_", are taken for one body.

    python benchmarks/proportions.py --mocap train_cmu.npz --reference reference.npz
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from jaxtyping import Float
from numpy.typing import NDArray
from tables import Table

from m2t3.core.skeletons import COCO17
from m2t3.training.archive import read_archive

# From the middle of some joints to the middle of others; sides are averaged.
PARTS: dict[str, tuple[str, str]] = {
    "hips": ("left_hip", "right_hip"), "shoulders": ("left_shoulder", "right_shoulder"),
    "trunk": ("hip", "shoulder"), "neck": ("shoulder", "ear"), "ears": ("left_ear", "right_ear"),
    "face": ("ear", "nose"), "upper arm": ("~shoulder", "~elbow"),
    "forearm": ("~elbow", "~wrist"), "thigh": ("~hip", "~knee"), "shin": ("~knee", "~ankle"),
}  # fmt: skip


@dataclass(frozen=True)
class Proportions:
    """Print the table."""

    mocap: tuple[Path, ...]
    """Mocap archives."""
    reference: tuple[Path, ...] = ()
    """Reference joints of recordings, COCO-17 as their detector means it."""

    def run(self) -> None:
        """Print it."""
        table = Table("proportions", ["body", *PARTS], "median lengths over that of thigh and shin")
        for body, positions_m in self._bodies():
            lengths_m = {part: length_m(positions_m, *ends) for part, ends in PARTS.items()}
            leg_m = lengths_m["thigh"] + lengths_m["shin"]
            table.add(body, *(part_m / leg_m for part_m in lengths_m.values()))
        table.show()

    def _bodies(self) -> Iterator[tuple[str, Float[NDArray, "t j 3"]]]:
        for path in self.mocap:
            archive = read_archive(path, COCO17)
            beginnings = [name.split("_")[0] for name in archive.clip_names]
            for body in dict.fromkeys(beginnings):
                clips = [archive.clip(i) for i, name in enumerate(beginnings) if name == body]
                yield body, np.concatenate(clips)
        for path in self.reference:
            with np.load(path) as arrays:
                yield path.stem, arrays["joints"]


def length_m(positions_m: Float[NDArray, "t j 3"], start: str, end: str) -> float:
    """Median distance between two ends: a joint, a pair's middle, or ~ a joint of either side."""
    sides = ("left_", "right_") if "~" in start else ("",)
    ends = [[_at(positions_m, e.replace("~", side)) for e in (start, end)] for side in sides]
    return float(np.mean([np.nanmedian(np.linalg.norm(a - b, axis=-1)) for a, b in ends]))


def _at(positions_m: Float[NDArray, "t j 3"], name: str) -> Float[NDArray, "t 3"]:
    names = (name,) if name in COCO17.joint_names else (f"left_{name}", f"right_{name}")
    return positions_m[:, list(COCO17.index(*names))].mean(axis=1)


if __name__ == "__main__":
    tyro.cli(Proportions).run()
