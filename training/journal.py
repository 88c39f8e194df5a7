"""What a run writes down every hundred steps: a log line, `log.jsonl` and TensorBoard."""

import json
import logging
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from .progress import Pace, console
from .schedule import Progress

log = logging.getLogger(__name__)


class Means:
    """Means of named numbers over the steps since they were last taken; kept where they are."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._count = 0

    def add(self, values: Mapping[str, Tensor]) -> None:
        """One more step's scalars."""
        for name, value in values.items():
            before = self._sums.get(name)
            self._sums[name] = value.detach().clone() if before is None else before + value.detach()
        self._count += 1

    def take(self) -> dict[str, Tensor]:
        """The means; starts anew."""
        means = {name: value / self._count for name, value in self._sums.items()}
        self._sums, self._count = {}, 0
        return means


class Journal:
    """Writes rows to `log.jsonl` and `tensorboard/`, of a run that goes on after `step`.

    What was written of later steps, which no checkpoint has kept, is taken out, and so is a line
    that a crash or a power cut left unfinished.
    """

    def __init__(self, out: Path, step: int) -> None:
        self._path = out / "log.jsonl"
        if self._path.exists():
            lines = self._path.read_text(errors="replace").splitlines()
            self._path.write_text("".join(f"{x}\n" for x in lines if _step_of(x) <= step))
        self._writer = SummaryWriter(str(out / "tensorboard"), purge_step=step + 1)

    def write(self, progress: Progress, done: float, pace: Pace, row: dict[str, float]) -> None:
        """One row; `row` holds the learning rates' factor and the means of the loss's terms."""
        row = {name: round(value, 4) for name, value in row.items()}
        if not console.is_terminal:  # there the bar says it
            log.info("step %d, %.1f %% done, %s, %s", progress.step, 100 * done, pace, row)
        with self._path.open("a") as file:
            file.write(json.dumps({**asdict(progress), **row}) + "\n")
        for name, value in {**row, "steps_per_s": pace.steps_per_s or 0.0}.items():
            self._writer.add_scalar(name, value, progress.step)

    def close(self) -> None:
        """Writes out what TensorBoard still holds."""
        self._writer.close()


def _step_of(line: str) -> float:
    """The step that a line of `log.jsonl` tells of; infinity if it is not whole."""
    try:
        return float(json.loads(line)["step"])
    except ValueError:
        return math.inf
