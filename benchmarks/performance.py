"""All benchmarks that need nothing but this machine, in one go, and into docs/performance.md.

    python benchmarks/performance.py --quick     # minutes; prints
    python benchmarks/performance.py --write     # and puts the tables into the document
    python benchmarks/performance.py --only triangulation floors

stream.py, which has the sockets, is a command of its own: it wants the machine for itself.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import tyro
from alternatives import Alternatives
from curves import Curves
from floors import Floors
from pipeline import Pipelines
from startup import Startups
from tables import write
from triangulation import Triangulations

from m2t3.core.errors import M2t3Error

BENCHMARKS = ("start", "pipeline", "floors", "curves", "triangulation", "alternatives")


@dataclass(frozen=True)
class Performance:
    """Run the benchmarks."""

    only: tuple[str, ...] = BENCHMARKS
    """Which of them."""
    mocap: Path | None = None
    """Mocap archive for the alternatives' errors; without one, the built-in generated person."""
    quick: bool = False
    """Short runs: minutes in all, and noisier."""
    write: bool = False
    """Put the tables into docs/performance.md."""

    def run(self) -> None:
        """Print every table as soon as it is measured."""
        for name in self.only:
            match name:
                case "start":
                    tables = Startups(quick=self.quick).tables()
                case "pipeline":
                    tables = Pipelines(quick=self.quick).tables()
                case "floors":
                    tables = Floors(quick=self.quick).tables()
                case "curves":
                    tables = Curves(quick=self.quick).tables()
                case "triangulation":
                    tables = Triangulations(quick=self.quick).tables()
                case "alternatives":
                    tables = Alternatives(mocap=self.mocap, quick=self.quick).tables()
                case _:
                    raise M2t3Error(f"no benchmark {name!r}; valid: {', '.join(BENCHMARKS)}")
            for table in tables:
                table.show()
            if self.write:
                write(tables)


if __name__ == "__main__":
    try:
        tyro.cli(Performance).run()
    except M2t3Error as error:
        sys.exit(f"benchmarks/performance.py: {error}")
