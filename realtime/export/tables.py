"""TRC for OpenSim, CSV for tables: points by time."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from .take import Take


def write_trc(path: Path, take: Take, positions_world_m: Float[NDArray, "n j 3"]) -> None:
    """Write markers in metres with OpenSim's axes: x forward, y up, z to the right.

    A marker that is not known is left empty, which is the format's way to say so.
    """
    x, y, z = np.moveaxis(positions_world_m, -1, 0)
    points = np.stack([x, z, -y], axis=-1)
    frames, markers = points.shape[:2]
    names = take.skeleton.joint_names
    rate = f"{take.presence.fps:g}"
    lines = [
        f"PathFileType\t4\t(X/Y/Z)\t{path.name}",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame"
        "\tOrigNumFrames",
        f"{rate}\t{rate}\t{frames}\t{markers}\tm\t{rate}\t1\t{frames}",
        "Frame#\tTime\t" + "\t\t\t".join(names) + "\t\t",
        "\t\t" + "\t".join(f"{axis}{n}" for n in range(1, markers + 1) for axis in "XYZ"),
        "",
    ]
    for n, (t_s, row) in enumerate(zip(take.presence.t_s, points, strict=True), start=1):
        lines.append("\t".join([str(n), f"{t_s:.6f}", *_cells(row)]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_csv(path: Path, takes: Sequence[tuple[Take, NDArray]]) -> None:
    """Write one row a frame and person: seconds, person, and each joint's metres in the world.

    Args:
        takes: each with the positions (N, J, 3) to write.
    """
    names = takes[0][0].skeleton.joint_names
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["t_s", "person", *(f"{name}_{axis}_m" for name in names for axis in "xyz")])
        for take, positions_world_m in takes:
            for t_s, row in zip(take.presence.t_s, positions_world_m, strict=True):
                table.writerow([f"{t_s:.6f}", take.person_id, *_cells(row)])


def _cells(row: Float[NDArray, "j 3"]) -> list[str]:
    return [f"{value:.6f}" if np.isfinite(value) else "" for value in row.ravel()]
