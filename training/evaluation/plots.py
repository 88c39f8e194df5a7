"""Pictures of results."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes

from ...engines.manifest import Metrics
from .curves import AXES, by_group, curve, values
from .measure import Result

MANY = 10  # cases of a group that make a curve


def plot_curves(results: Sequence[Result], folder: Path) -> list[Path]:
    """Abs-MPJPE of every clip against distance, camera height and pitch, with medians of bins.

    Returns:
        The pictures, one an axis: `error_by_distance.png` and so on.
    """
    paths = []
    for axis, (title, _) in AXES.items():
        path = folder / f"error_by_{axis.removeprefix('camera_').rsplit('_', 1)[0]}.png"
        with Figure(path, 4.2) as axes:
            for color, (group, members) in enumerate(by_group(results).items()):
                few = len(members) < MANY
                axes.scatter(
                    *values(members, axis), label=group, color=f"C{color}", linewidths=0,
                    s=70 if few else 16, alpha=1.0 if few else 0.45, marker="*" if few else "o",
                )  # fmt: skip
                medians = [] if few else curve(members, axis)
                at, error = [m["at"] for m in medians], [m["abs_mpjpe"] for m in medians]
                axes.plot(at, error, color=f"C{color}", linewidth=2.5)
            axes.set(xlabel=title, ylabel="Abs-MPJPE of a clip, mm", yscale="log")
            ticks = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000]
            low, high = axes.get_ylim()
            axes.set_yticks([t for t in ticks if low <= t <= high])
            axes.yaxis.set_major_formatter("{x:.0f}")
            axes.yaxis.set_minor_formatter("")
        paths.append(path)
    return paths


def plot_rows(rows: Sequence[Metrics], by: str, path: Path) -> None:
    """Bars of Abs-MPJPE: for each value of the field `by`, one bar a group.

    Args:
        rows: of one part; `by` is "action" or "method".
    """
    groups = list(dict.fromkeys(row.name for row in rows))
    names = list(dict.fromkeys(getattr(row, by) for row in rows))
    thick = 0.8 / len(groups)
    with Figure(path, 1.2 + 0.28 * len(names) * max(len(groups), 2)) as axes:
        for i, group in enumerate(groups):
            found = {getattr(row, by): row for row in rows if row.name == group}
            y = [k + i * thick for k, name in enumerate(names) if name in found]
            error = [found[name].abs_mpjpe for name in names if name in found]
            bars = axes.barh(y, error, 0.9 * thick, color=f"C{i}", label=group)
            axes.bar_label(bars, fmt="{:.0f}", padding=3, fontsize="small")
        axes.set_yticks(np.arange(len(names)) + thick * (len(groups) - 1) / 2, names)
        axes.invert_yaxis()
        axes.margins(x=0.12)
        axes.set(xlabel="Abs-MPJPE, mm")


class Figure:
    """`with Figure(path, height) as axes:` draws a picture, with a legend, and writes it."""

    def __init__(self, path: Path, height: float) -> None:
        matplotlib.use("Agg")
        from matplotlib import pyplot

        self._path, self._pyplot = path, pyplot
        self._figure, self._axes = pyplot.subplots(figsize=(7.5, height), layout="constrained")

    def __enter__(self) -> Axes:
        self._axes.grid(alpha=0.3)
        self._axes.set_axisbelow(True)
        return self._axes

    def __exit__(self, *failure: object) -> None:
        if failure[0] is None:
            self._figure.legend(frameon=False, fontsize="small", loc="outside upper left", ncols=4)
            self._figure.savefig(self._path, dpi=130)
        self._pyplot.close(self._figure)
