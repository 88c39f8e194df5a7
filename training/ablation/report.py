"""The ablation's tables, JSON and picture."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean, stdev
from typing import NamedTuple

import msgspec
import numpy as np

from ..commit import commit
from ..config import TrainConfig
from ..evaluation.measure import SETTLED
from ..evaluation.plots import Figure
from .runs import RunResult
from .variants import BASE, FAMILIES, VARIANTS, Asking

_METRICS = {  # of Metrics: title
    "abs_mpjpe": "Abs",
    "median_abs_mpjpe": "median Abs",
    "pa_mpjpe": "PA",
    "accel": "Accel",
}
_READING = "## Reading"  # what people write below this line stays


class Spread(NamedTuple):
    """A number over the seeds."""

    mean: float
    deviation: float | None  # standard deviation; None of a single seed

    @staticmethod
    def over(values: Sequence[float]) -> "Spread":
        """Of one number a seed."""
        return Spread(fmean(values), stdev(values) if len(values) > 1 else None)

    def __str__(self) -> str:
        return f"{self.mean:.1f}" + ("" if self.deviation is None else f" ± {self.deviation:.1f}")


@dataclass(frozen=True)
class Line:
    """One variant under one asking."""

    variant: str
    asking: Asking
    seeds: int
    errors: dict[str, dict[str, Spread]]  # group of cases: metric: over the seeds, settled frames
    ms_per_step: float  # training, of the seed that was least disturbed
    parameters: int

    @property
    def name(self) -> str:
        """As tables call it."""
        return ", ".join(filter(None, (self.variant, str(self.asking))))


@dataclass(frozen=True)
class AblationReport:
    """What came of the runs, one result a seed for each variant, the base among them."""

    results: Mapping[str, Sequence[RunResult]]
    base: TrainConfig
    pieces: int  # how many they were measured on

    @cached_property
    def lines(self) -> list[Line]:
        """In the order of VARIANTS and their askings."""
        return [
            _line(name, i, runs)
            for name, runs in self.results.items()
            for i in range(len(runs[0].answers))
        ]

    @cached_property
    def groups(self) -> list[str]:
        """The groups of cases; exact 2D is the first."""
        return list(self.lines[0].errors)

    def write(self, folder: Path) -> None:
        """Writes README.md, results.json and ablation.png; keeps the README's reading."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "results.json").write_text(self._json())
        self._plot(folder / "ablation.png")
        path = folder / "README.md"
        _, _, reading = path.read_text().partition(_READING) if path.exists() else ("", "", "\n")
        path.write_text("\n".join([*self._text(), "", _READING]) + reading)

    def _json(self) -> str:
        document = {
            "commit": commit(),
            "base": asdict(self.base) | {"archives": [path.name for path in self.base.archives]},
            "pieces": self.pieces,
            "variants": {
                name: msgspec.to_builtins(VARIANTS[name])
                | {"runs": [msgspec.to_builtins(run) for run in runs]}
                for name, runs in self.results.items()
            },
        }
        return json.dumps(document, indent=1, default=str) + "\n"

    def _text(self) -> Iterator[str]:
        config = self.base
        network, window = config.network, config.window
        seeds = len(self.results[BASE])
        yield from (
            "# Ablation", "",
            f"Written by `m2t3 ablate`: {config.steps} optimiser steps of {window.batch} windows "
            f"of {window.frames} frames for every variant, width {network.width}, "
            f"{network.layers} layers, {network.memory_frames} frames of memory; "
            f"seeds: {seeds}; trained on {', '.join(path.name for path in config.archives)}. "
            "Variants differ from the base in what their line says and in nothing else.", "",
            f"Measured causally on {self.pieces} pieces before unseen cameras, frames with a "
            "second of history. Abs-MPJPE and PA-MPJPE in mm, Accel in m/s²; ± is the standard "
            "deviation between seeds. Training took so many ms a step, which tells what equal time "
            "would be. Small, short runs: read differences, not levels.", "",
            "![Abs-MPJPE of the variants](ablation.png)",
        )  # fmt: skip
        base = [line for line in self.lines if line.variant == BASE]
        for family in FAMILIES:
            members = [line for line in self.lines if VARIANTS[line.variant].family == family]
            if members:
                yield from ("", f"## {family}", "")
                yield from self._table([*_beside(base, members), *members])

    def _table(self, lines: Sequence[Line]) -> Iterator[str]:
        titles = [f"{title}, {group}" for group in self.groups for title in _METRICS.values()]
        titles = [title.replace("mocap, ", "") for title in titles]
        yield f"| variant | | {' | '.join(titles)} | ms a step | parameters |"
        yield f"|---|---|{'--:|' * (len(titles) + 2)}"
        for line in lines:
            cells = [
                str(line.errors[group][metric]) if group in line.errors else ""
                for group in self.groups
                for metric in _METRICS
            ]
            why = VARIANTS[line.variant].why if _is_first(line) else ""
            size = f"{line.parameters / 1e6:.2f} M"
            yield (
                f"| {line.name} | {why} | {' | '.join(cells)} | {line.ms_per_step:.0f} | {size} |"
            )

    def _plot(self, path: Path) -> None:
        """A bar for each variant and group, and a line where the base's ends."""
        lines = [line for line in self.lines if _is_first(line)]
        thick = 0.8 / len(self.groups)
        with Figure(path, 1.2 + 0.36 * len(lines)) as axes:
            for i, group in enumerate(self.groups):
                error = [line.errors[group]["abs_mpjpe"] for line in lines]
                axes.barh(
                    np.arange(len(lines)) + i * thick, [e.mean for e in error], 0.9 * thick,
                    xerr=[e.deviation or 0.0 for e in error], color=f"C{i}", label=group,
                    error_kw={"elinewidth": 1.2},
                )  # fmt: skip
                axes.axvline(error[0].mean, color=f"C{i}", linewidth=1, linestyle="--")
            middle = np.arange(len(lines)) + thick * (len(self.groups) - 1) / 2
            axes.set_yticks(middle, [line.variant for line in lines])
            axes.invert_yaxis()
            axes.set(xlabel="Abs-MPJPE, mm; whiskers: standard deviation between seeds")


def _line(name: str, asking: int, runs: Sequence[RunResult]) -> Line:
    answers = [run.answers[asking] for run in runs]
    settled = [{row.name: row for row in a.rows if row.part == SETTLED} for a in answers]
    return Line(
        name,
        answers[0].asking,
        len(runs),
        {
            group: {m: Spread.over([getattr(s[group], m) for s in settled]) for m in _METRICS}
            for group in settled[0]
        },
        min(1e3 * run.seconds / run.steps for run in runs),
        runs[0].parameters,
    )


def _is_first(line: Line) -> bool:
    return line.asking == VARIANTS[line.variant].askings[0]


def _beside(base: Sequence[Line], members: Sequence[Line]) -> list[Line]:
    """The base's lines that a family is to be compared with: asked likewise, or of its subject."""
    asked = {line.asking for line in members} | {Asking()}
    sizes = any(line.asking.size != "found" for line in members)
    return [b for b in base if b.asking in asked or (sizes and b.asking.size != "found")]
