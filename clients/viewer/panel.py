"""The panel beside the scene: how the stream is, where to look from, what to show."""

import html

import numpy as np
import viser
from viser import uplot

from ..meter import Meter
from ..python import PoseSubscriber
from .scene import Scene
from .sight import Sight

PLOT_S = 20.0
TEAL, AMBER, RED = "#2dd4bf", "#fbbf24", "#fb7185"
NOBODY = "nobody"


class Panel:
    """Numbers and switches; `refresh` brings the numbers up to date."""

    def __init__(self, server: viser.ViserServer, scene: Scene, sight: Sight) -> None:
        self._sight = sight
        gui = server.gui
        gui.set_panel_label("m2t3")
        gui.configure_theme(
            dark_mode=True, show_logo=False, show_share_button=False, brand_color=(45, 212, 191)
        )
        self.numbers = gui.add_html("")
        self._plot = gui.add_uplot(
            (np.zeros(1), np.zeros(1), np.zeros(1)),
            (
                uplot.Series(label="s"),
                uplot.Series(label="2D in to 3D out", stroke=TEAL, width=2),
                uplot.Series(label="2D in to here", stroke=AMBER, width=2),
            ),
            title="latency, ms",
            scales={
                "x": uplot.Scale(time=False, range=(-PLOT_S, 0)),
                "y": uplot.Scale(range=(0, None)),
            },
            legend=uplot.Legend(show=False),
            aspect=2.0,
        )
        with gui.add_folder("Look"):
            gui.add_button("from the side").on_click(lambda _: sight.overview())
            gui.add_button("from the camera").on_click(lambda _: sight.through_camera())
            self._follow = gui.add_dropdown("follow", (NOBODY,))
            self._follow.on_update(lambda _: self._go_after())
        with gui.add_folder("Show"):
            bodies = gui.add_checkbox("bodies", scene.bodies)
            bodies.on_update(lambda _: setattr(scene, "bodies", bodies.value))
            for name, node in scene.switches.items():
                _add_switch(gui, name, node)
        nothing = np.zeros((1, 1, 3), np.uint8)
        self.picture = gui.add_image(nothing, label="what the camera sees", visible=False)

    def show_picture(self, picture: np.ndarray | None) -> None:
        """Show what the camera sees, (height, width, 3) uint8; None: nothing."""
        if picture is not None:
            self.picture.image = picture
        if self.picture.visible != (picture is not None):
            self.picture.visible = picture is not None

    def refresh(self, poses: PoseSubscriber, recent: Meter, plotted: Meter) -> None:
        """Show how the stream is now: numbers of `recent` frames, a line through all `plotted`."""
        frame = poses.latest()
        if frame is None or not poses.flowing:
            self.numbers.content = _box(RED, poses.silence(), "")
            return
        self.numbers.content = _box(
            TEAL,
            f"{frame.stream} · {frame.definition.model.weights}",
            _number(f"{np.median(recent.latency_ms):.1f}", "ms", "2D in → 3D out")
            + _number(f"{np.median(recent.age_ms):.1f}", "ms", "2D in → here")
            + _number(f"{recent.rate_hz:.0f}", "Hz", "rate")
            + _number(f"{len(frame.people)}", "", "people"),
        )
        self._plot.data = (plotted.t_s, plotted.latency_ms, plotted.age_ms)
        ids = [str(person.id) for person in frame.people]
        self._follow.options = tuple(dict.fromkeys((NOBODY, self._follow.value, *ids)))

    def _go_after(self) -> None:
        self._sight.followed = None if self._follow.value == NOBODY else int(self._follow.value)


def _add_switch(gui: viser.GuiApi, name: str, node: viser.SceneNodeHandle) -> None:
    box = gui.add_checkbox(name, node.visible)

    @box.on_update
    def _(_: object) -> None:
        node.visible = box.value


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
