"""What the benchmarks share: tables for people and for documents, percentiles, the machine."""

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table as RichTable

from m2t3.engines import machine

Cell = str | int | float | None
DOCUMENT = Path(__file__).parents[1] / "docs" / "performance.md"


@dataclass
class Table:
    """One measured table."""

    name: str  # what the document's markers call it
    headings: Sequence[str]
    note: str = ""  # under what conditions
    rows: list[Sequence[Cell]] = field(default_factory=list)

    def add(self, *cells: Cell) -> None:
        """One more row."""
        assert len(cells) == len(self.headings)
        self.rows.append(cells)

    def show(self) -> None:
        """Print it."""
        table = RichTable(title=self.name, caption=self.note or None, title_justify="left")
        for heading in self.headings:
            table.add_column(heading, justify="left" if heading == self.headings[0] else "right")
        for row in self.rows:
            table.add_row(*map(_text, row))
        Console(width=110).print(table)

    def markdown(self) -> str:
        """It as the document has it."""
        lines = [self.headings, [":--"] + ["--:"] * (len(self.headings) - 1), *self.rows]
        text = "\n".join("| " + " | ".join(map(_text, line)) + " |" for line in lines)
        return text + (f"\n\n{self.note}" if self.note else "")


def write(tables: Iterable[Table], document: Path = DOCUMENT) -> None:
    """Put tables between the document's markers `<!-- NAME -->` and `<!-- end -->`."""
    text = document.read_text()
    for table in tables:
        pattern = rf"(<!-- {re.escape(table.name)} -->\n).*?(<!-- end -->)"
        text, found = re.subn(
            pattern, lambda m, t=table: f"{m[1]}{t.markdown()}\n{m[2]}", text, flags=re.DOTALL
        )
        assert found == 1, f"{document} has no place for {table.name!r}"
    document.write_text(text)


def percentiles(milliseconds: Iterable[float]) -> list[str]:
    """Median, p95, p99 and max."""
    values = np.fromiter(milliseconds, float)
    return [f"{x:.2f}" for x in (*np.percentile(values, (50, 95, 99)), values.max())]


def this_machine() -> str:
    """The processor, and how busy it is with other things."""
    load = os.getloadavg()[0]
    card = machine.gpu()
    return (
        f"{machine.cores()} cores of {machine.cpu()}, "
        f"{f'{card.name}, driver {card.driver}' if card else 'no GPU'}; "
        f"load average {load:.1f} when it began"
    )


def _text(cell: Cell) -> str:
    return "" if cell is None else f"{cell:.3g}" if isinstance(cell, float) else str(cell)
