"""The stream in the terminal: one quiet panel, or plain lines where there is no terminal."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ..core.messages import Status
from ..core.output import discard

LINE_EVERY = 10  # statuses (seconds) between two plain lines when nothing has changed
COLOURS = {"running": "green", "waiting": "yellow", "stopping": "cyan"}


class Terminal(Console):
    """Standard output; when its reader has gone, that is an error like others, not the end."""

    def on_broken_pipe(self) -> None:
        """Rich would end the program."""
        raise


class Display:
    """Shows each status. Use as a context manager; `facts` are shown once, or in the panel.

    Where nothing can be written any more, that is told once, and nobody has to look after it.
    """

    def __init__(self, facts: Mapping[str, str], console: Console | None = None) -> None:
        self._facts = facts
        self._console = console or Terminal()
        # No refresh thread: it would take the interpreter from the frames that are being lifted.
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._last_news: tuple[object, ...] = ()
        self._silent = 0

    def __enter__(self) -> Self:
        with self._writing():
            if self._console.is_terminal:
                self._console.show_cursor(False)  # if that fails, Live must not be half started
                self._live.start()
            else:
                for name, fact in self._facts.items():
                    self._console.print(f"{name}: {fact}", soft_wrap=True, highlight=False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._writing():
            self._live.stop()

    def show(self, status: Status) -> None:
        """Show `status`; without a terminal only when there is news, and now and then."""
        with self._writing():
            self._show(status)

    def _show(self, status: Status) -> None:
        if self._console.is_terminal:
            self._live.update(panel(self._facts, status), refresh=True)
            return
        news = (status.state, set(status.refused), set(status.dropped), len(status.warnings))
        self._silent += 1
        if news != self._last_news or self._silent >= LINE_EVERY:
            self._console.print(line(status), soft_wrap=True, highlight=False, markup=False)
            self._last_news, self._silent = news, 0

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """The stream is for its subscribers: it goes on when nobody can look at it here."""
        try:
            yield
        except OSError as error:
            discard(self._console.file)
            stderr = sys.__stderr__  # the live panel puts itself into the place of sys.stderr
            try:
                why = f"cannot write here ({error.strerror})"
                print(f"m2t3-stream: {why}, publishes as before", file=stderr, flush=True)
            except OSError:  # the same pipe or disk
                discard(stderr)


def panel(facts: Mapping[str, str], status: Status) -> RenderableType:
    """The picture for a terminal."""
    table = Table.grid(padding=(0, 2))
    for name, fact in facts.items():
        table.add_row(Text(name, "dim"), Text(fact))
    table.add_row(Text("state", "dim"), Text(status.state, COLOURS[status.state]))
    table.add_row(Text("rate", "dim"), Text(_rates(status)))
    if "total" in status.latency_ms:
        table.add_row(Text("latency", "dim"), Text(_latency(status)))
    for name, losses in (("refused", status.refused), ("dropped", status.dropped)):
        if losses:
            table.add_row(Text(name, "dim"), Text(_kinds(losses), "yellow"))
    warnings = [Text(f"! {warning}", "yellow") for warning in status.warnings]
    return Panel(Group(table, *warnings), title=f"m2t3-stream {status.stream}", expand=False)


def line(status: Status) -> str:
    """The same in one line."""
    parts = [f"[{status.stream}] {status.state}", _rates(status)]
    if "total" in status.latency_ms:
        parts.append(f"latency {_latency(status)}")
    for name, losses in (("refused", status.refused), ("dropped", status.dropped)):
        if losses:
            parts.append(f"{name} {_kinds(losses)}")
    parts += [f"! {warning}" for warning in status.warnings]
    return ", ".join(parts)


def _rates(status: Status) -> str:
    people = "1 person" if status.people_in_view == 1 else f"{status.people_in_view} people"
    return f"{status.input_rate_hz:.0f} fps in, {status.output_rate_hz:.0f} out, {people}"


def _latency(status: Status) -> str:
    total = status.latency_ms["total"]
    return f"{total.p50:.1f} ms (p95 {total.p95:.1f}, p99 {total.p99:.1f})"


def _kinds(losses: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(losses.items()))
