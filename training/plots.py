"""Pictures of results."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np

from .measure import Result


def plot_error_by_distance(results: Sequence[Result], path: Path) -> None:
    """Abs-MPJPE of every clip against its distance, and each group's median in five bins."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.2), layout="constrained")
    for color, group in enumerate(dict.fromkeys(r.case.group for r in results)):
        members = [r for r in results if r.case.group == group]
        distance = np.array([r.case.distance_m for r in members])
        error = np.array([r.errors.abs_mpjpe.mean() for r in members])
        axes.scatter(distance, error, s=14, alpha=0.6, color=f"C{color}", label=group)
        if len(members) >= 10:
            edges = np.quantile(distance, np.linspace(0, 1, 6))
            bins = np.clip(np.searchsorted(edges, distance, side="right") - 1, 0, 4)
            middle = [np.median(distance[bins == b]) for b in range(5)]
            median = [np.median(error[bins == b]) for b in range(5)]
            axes.plot(middle, median, color=f"C{color}", linewidth=2)
    axes.set(xlabel="camera to person, m", ylabel="Abs-MPJPE, mm", ylim=(0, None))
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=130)
    pyplot.close(figure)
