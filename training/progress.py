"""Showing how a run comes along: a bar on a terminal, lines elsewhere; its end from its pace."""

import logging
from collections import deque
from datetime import timedelta

from rich.console import Console
from rich.logging import RichHandler
from rich.progress import BarColumn, TaskProgressColumn, TextColumn
from rich.progress import Progress as Bar

RECENT_S = 120.0  # the pace is that of so many seconds
console = Console(stderr=True)


class Pace:
    """Steps a second and time left, from the last RECENT_S of this sitting alone."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int, float]] = deque()

    def add(self, now_s: float, step: int, done: float) -> None:
        """After step `step`, at `now_s` on a monotonic clock, with a share `done` of the run."""
        self._samples.append((now_s, step, done))
        while len(self._samples) > 2 and now_s - self._samples[0][0] > RECENT_S:
            self._samples.popleft()

    @property
    def steps_per_s(self) -> float | None:
        """None before the second step: the first one compiles."""
        if len(self._samples) < 2:
            return None
        (first_s, first, _), (last_s, last, _) = self._samples[0], self._samples[-1]
        return (last - first) / max(last_s - first_s, 1e-9)

    @property
    def left_s(self) -> float | None:
        """Seconds to the end of the run at the recent pace; None where there is none yet."""
        if len(self._samples) < 2:
            return None
        (first_s, _, first), (last_s, _, last) = self._samples[0], self._samples[-1]
        if last <= first:
            return None
        return max(0.0, 1.0 - last) * (last_s - first_s) / (last - first)

    def __str__(self) -> str:
        """As people read it: `1.73 steps/s, 1:04:30 left`."""
        if self.steps_per_s is None or self.left_s is None:
            return "pace not known yet"
        return f"{self.steps_per_s:.3g} steps/s, {timedelta(seconds=round(self.left_s))} left"


def progress_bar() -> Bar:
    """A bar to enter; shows nothing where standard error is no terminal."""
    return Bar(
        TextColumn("step {task.fields[step]}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[loss]}"),
        TextColumn("{task.fields[pace]}"),
        console=console,
        disable=not console.is_terminal,
        refresh_per_second=2,
    )


def log_to_console() -> None:
    """Log lines, above the bar if there is one."""
    if console.is_terminal:
        handler: logging.Handler = RichHandler(console=console, show_path=False)
        logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[handler])
    else:
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
