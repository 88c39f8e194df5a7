"""Errors against what a camera's place makes of a case: distance, height, pitch."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .measure import Result

# Property of a case: what it is called, and the edges of its bins.
AXES: dict[str, tuple[str, tuple[float, ...]]] = {
    "distance_m": ("camera to person, m", (0.0, 3.0, 4.5, 6.0, 8.0, 10.0, 13.0)),
    "camera_height_m": ("camera over the floor, m", (0.0, 1.0, 1.5, 2.0, 2.5, 3.0, 4.5)),
    "camera_pitch_deg": ("pitch, degrees (below 0 looks down)", (-90.0, -30, -20, -10, 0, 90.0)),
}
FEWEST = 3  # clips that a bin needs


def by_group(results: Sequence[Result]) -> dict[str, list[Result]]:
    """The results by their cases' group, in the order in which groups first come."""
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(result.case.group, []).append(result)
    return groups


def values(results: Sequence[Result], axis: str) -> tuple[NDArray, NDArray]:
    """Each result's place on an axis, and its mean Abs-MPJPE in mm."""
    return (
        np.array([getattr(r.case, axis) for r in results]),
        np.array([r.abs_mpjpe for r in results]),
    )


def curve(results: Sequence[Result], axis: str) -> list[dict[str, float]]:
    """Medians over the clips of each bin of an axis; bins of fewer than FEWEST clips are left out.

    `at` is the clips' median place on the axis; errors are in mm, the root's in % of the distance.
    """
    place, error = values(results, axis)
    root = np.array([np.nanmean(r.errors.root) / r.case.distance_m / 10 for r in results])
    rows = []
    edges = AXES[axis][1]
    for low, high in pairwise(edges):
        inside = (low <= place) & (place < high)
        if inside.sum() >= FEWEST:
            rows.append({
                "from": low,
                "to": high,
                "clips": int(inside.sum()),
                "at": round(float(np.median(place[inside])), 2),
                "abs_mpjpe": round(float(np.median(error[inside])), 1),
                "root_percent": round(float(np.median(root[inside])), 2),
            })  # fmt: skip
    return rows
