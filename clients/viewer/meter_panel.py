"""How one stream is: numbers, latency and rate over the last seconds, what its camera sees."""

import html

import numpy as np
import viser
from viser import uplot

from .player import Player
from .stream_view import PLOT_S, StreamView

TEAL, AMBER, RED = "#2dd4bf", "#fbbf24", "#fb7185"


class MeterPanel:
    """The part of the panel that is about one stream."""

    def __init__(self, gui: viser.GuiApi, view: StreamView) -> None:
        self._view = view
        self._live = not isinstance(view.poses, Player)  # ages of a recording say nothing
        self.numbers = gui.add_html("")
        lines = {"2D in to 3D out": TEAL} | ({"2D in to here": AMBER} if self._live else {})
        self.latency = _plot(gui, "latency, ms", lines)
        self.rate = _plot(gui, "frames a second", {"published": TEAL})
        nothing = np.zeros((1, 1, 3), np.uint8)
        self.picture = gui.add_image(nothing, label="what the camera sees", visible=False)

    def refresh(self) -> None:
        """Show how the stream is now."""
        poses, recent, plotted = self._view.poses, self._view.recent, self._view.plotted
        self._show_picture(self._view.picture)
        frame = poses.latest()
        if self._view.fault is not None:
            self.numbers.content = _box(RED, f"{poses.stream}: {self._view.fault}", "")
            return
        if frame is None or not poses.flowing or not len(recent.t_s):
            self.numbers.content = _box(RED, poses.silence(), "")
            return
        rate = "–" if np.isnan(recent.rate_hz) else f"{recent.rate_hz:.0f}"
        ages = _number(f"{np.median(recent.age_ms):.1f}", "ms", "2D in → here")
        self.numbers.content = _box(
            TEAL,
            f"{frame.stream} · {frame.definition.model.weights}",
            _number(f"{np.median(recent.latency_ms):.1f}", "ms", "2D in → 3D out")
            + (ages if self._live else "")
            + _number(rate, "Hz", "rate")
            + _number(f"{len(frame.people)}", "", "people"),
        )
        times = (plotted.t_s, plotted.latency_ms)
        self.latency.data = (*times, plotted.age_ms) if self._live else times
        self.rate.data = plotted.rates()

    def _show_picture(self, picture: np.ndarray | None) -> None:
        if picture is not None:
            self.picture.image = picture
        if self.picture.visible != (picture is not None):
            self.picture.visible = picture is not None


def _plot(gui: viser.GuiApi, title: str, lines: dict[str, str]) -> viser.GuiUplotHandle:
    return gui.add_uplot(
        (np.zeros(1),) * (1 + len(lines)),
        (
            uplot.Series(label="s"),
            *(uplot.Series(label=name, stroke=colour, width=2) for name, colour in lines.items()),
        ),
        title=title,
        scales={
            "x": uplot.Scale(time=False, range=(-PLOT_S, 0)),
            "y": uplot.Scale(range=(0, None)),
        },
        legend=uplot.Legend(show=False),
        aspect=2.4,
    )


def _box(colour: str, text: str, numbers: str) -> str:
    return (
        f'<div style="padding:.6em 1em"><span style="color:{colour}">●</span> {html.escape(text)}'
        '<div style="display:flex;justify-content:space-between;margin-top:.5em">'
        f"{numbers}</div></div>"
    )


def _number(value: str, unit: str, what: str) -> str:
    return (
        '<div style="white-space:nowrap">'
        f'<span style="font-size:1.5em;font-weight:600">{value}</span> {unit}'
        f'<div style="font-size:.72em;opacity:.6">{what}</div></div>'
    )
