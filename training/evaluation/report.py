"""An evaluation's results for people and programs: tables, JSON, pictures."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from rich.console import Console
from rich.table import Table

from ...engines.manifest import Metrics
from ..commit import commit
from .actions import ACTIONS
from .baselines import SLOW
from .curves import AXES, by_group, curve
from .measure import ALL, METHOD, SETTLED, Result, summarise
from .plots import MANY, plot_curves, plot_rows

_TABLE_WIDTH = 150  # a narrow terminal breaks lines, never numbers
_COLUMNS = {  # field of Metrics: title
    "clips": "clips",
    "distance_m": "m away",
    "answered": "answered",
    "abs_mpjpe": "Abs",
    "median_abs_mpjpe": "median",
    "mpjpe": "MPJPE",
    "pa_mpjpe": "PA",
    "w_mpjpe": "W",
    "wa_mpjpe": "WA",
    "root": "root",
    "root_percent": "root %",
    "t_root": "T_root",
    "accel": "accel",
    "jitter": "jitter",
    "foot_sliding": "slide",
}
_BRIEFLY = ("clips", "distance_m", "abs_mpjpe", "median_abs_mpjpe", "mpjpe", "pa_mpjpe", "root",
            "root_percent", "accel", "foot_sliding")  # fmt: skip


@dataclass(frozen=True)
class Report:
    """What was measured, method's and baselines' results mixed."""

    results: Sequence[Result]

    @cached_property
    def own(self) -> list[Result]:
        """The method's results, without the baselines'."""
        return [r for r in self.results if r.method == METHOD]

    def own_rows(self) -> tuple[Metrics, ...]:
        """The method's rows over all actions: what a manifest tells."""
        return tuple(row for part in (ALL, SETTLED) for row in summarise(self.own, part))

    def by_action(self) -> list[Metrics]:
        """The method's rows for each action, all frames, in the order of ACTIONS."""
        rows = summarise(self.own, ALL, lambda r: r.case.action)
        return sorted(rows, key=lambda row: (self._place(row), ACTIONS.index(row.action or "")))

    def beside(self) -> list[Metrics]:
        """Baselines and method side by side; the method also on the slow baseline's cases alone."""
        rows = summarise(self.results, ALL)
        sampled = {_key(r) for r in self.results if r.method == SLOW}
        all_clips = {row.name: row.clips for row in rows if row.method == METHOD}
        rows += [
            msgspec.structs.replace(row, method=f"{METHOD}, on the same clips")
            for row in summarise([r for r in self.own if _key(r) in sampled], ALL)
            if row.clips != all_clips[row.name]
        ]
        return sorted(rows, key=self._place)

    def _place(self, row: Metrics) -> int:
        return list(by_group(self.own)).index(row.name)

    def show(self, console: Console) -> None:
        """Prints the tables."""
        console.width = max(_TABLE_WIDTH, console.width)
        for part in (ALL, SETTLED):
            rows = summarise(self.own, part)
            if rows:
                console.print(_table(f"as the live stream makes them, {part}", rows, ()))
        if actions := self.by_action():
            console.print(_table("by action, all frames", actions, ("action",)))
        if len(self.own) < len(self.results):
            console.print(_table("baselines, all frames", self.beside(), ("method",)))

    def write(self, folder: Path, command: dict[str, Any]) -> None:
        """Writes results.json and the pictures."""
        folder.mkdir(parents=True, exist_ok=True)
        actions = self.by_action()
        compared = self.beside() if len(self.own) < len(self.results) else []
        document = {
            "commit": commit(),
            "command": command,
            "rows": [msgspec.to_builtins(row) for row in self.own_rows()],
            "actions": [msgspec.to_builtins(row) for row in actions],
            "baselines": [msgspec.to_builtins(row) for row in compared],
            "curves": {
                axis: {g: curve(m, axis) for g, m in by_group(self.own).items() if len(m) >= MANY}
                for axis in AXES
            },
            "clips": self._clips(),
        }
        (folder / "results.json").write_text(_compact(document))
        plot_curves(self.own, folder)
        if actions:
            plot_rows(actions, "action", folder / "error_by_action.png")
        if compared:
            plot_rows(compared, "method", folder / "error_by_method.png")

    def _clips(self) -> list[dict[str, Any]]:
        """A line for each case: the method's errors, and the baselines' Abs-MPJPE."""
        beside: dict[tuple[str, str, float], dict[str, float]] = {}
        for r in self.results:
            if r.method != METHOD:
                beside.setdefault(_key(r), {})[r.method] = round(r.abs_mpjpe, 1)
        return [_clip(r) | beside.get(_key(r), {}) for r in self.own]


def _key(result: Result) -> tuple[str, str, float]:
    case = result.case
    return case.group, case.name, case.distance_m  # a piece may be before several cameras


def _clip(result: Result) -> dict[str, Any]:
    case, found = result.case, result.errors
    means = {
        name: round(float(np.nanmean(getattr(found, name))), 1)
        for name in ("abs_mpjpe", "mpjpe", "pa_mpjpe", "root")
    }
    return {
        "group": case.group,
        "name": case.name,
        "action": case.action,
        "distance_m": round(case.distance_m, 2),
        "camera_height_m": round(case.camera_height_m, 2),
        "camera_pitch_deg": round(case.camera_pitch_deg, 1),
        "answered": round(float(result.answered.mean()), 3),
        **means,
    }


def _compact(document: dict[str, Any]) -> str:
    """JSON for people, too: lists have an entry a line."""
    parts = []
    for key, value in document.items():
        if isinstance(value, list):
            text = "[\n" + ",\n".join(f"  {json.dumps(entry)}" for entry in value) + "\n ]"
        else:
            text = json.dumps(value)
        parts.append(f" {json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _table(title: str, rows: Sequence[Metrics], extra: tuple[str, ...]) -> Table:
    """Rows for the terminal."""
    table = Table(title=f"errors in mm (accel m/s², jitter 10 m/s³): {title}")
    for name in ("measured on", *extra):
        table.add_column(name, no_wrap=True)
    columns = _BRIEFLY if extra else tuple(_COLUMNS)
    for key in columns:
        table.add_column(_COLUMNS[key], justify="right", no_wrap=True)
    for row in rows:
        cells = (getattr(row, key) for key in ("name", *extra, *columns))
        table.add_row(*("" if cell is None else str(cell) for cell in cells))
    return table
