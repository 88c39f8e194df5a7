"""The panel beside the scene: how the streams are, where to look from, what to show."""

from collections.abc import Sequence

import viser

from .meter_panel import MeterPanel
from .sight import Name, Sight
from .stream_view import StreamView

NOBODY = "nobody"


class Panel:
    """Numbers, plots and switches; `refresh` brings them up to date."""

    def __init__(
        self, server: viser.ViserServer, views: Sequence[StreamView], sight: Sight
    ) -> None:
        self._sight = sight
        gui = server.gui
        gui.set_panel_label("m2t3")
        gui.configure_theme(
            dark_mode=True, show_logo=False, show_share_button=False, brand_color=(45, 212, 191)
        )
        if len(views) == 1:
            self.meters = [MeterPanel(gui, views[0])]
        else:
            self.meters = []
            for view in views:
                with gui.add_folder(view.poses.stream):
                    self.meters.append(MeterPanel(gui, view))
        with gui.add_folder("Look"):
            gui.add_button("from the side").on_click(lambda _: sight.overview())
            gui.add_button("from the camera").on_click(lambda _: sight.through_camera())
            self.follow = gui.add_dropdown("follow", (NOBODY,))
            self.follow.on_update(lambda _: self._go_after())
        self._names: dict[str, Name] = {}  # of people, by what to call them
        with gui.add_folder("Show"):
            bodies = gui.add_checkbox("bodies", views[0].scene.bodies)

            @bodies.on_update
            def _(_: object) -> None:
                for view in views:
                    view.scene.bodies = bodies.value

            for name in views[0].scene.switches:
                _add_switch(gui, name, [view.scene.switches[name] for view in views])
        self._views = views

    def refresh(self) -> None:
        """Show how the streams are now."""
        for meters in self.meters:
            meters.refresh()
        several = len(self._views) > 1
        names = {
            f"{view.poses.stream} {person.id}" if several else str(person.id): (
                view.poses.stream, person.id,
            )
            for view in self._views
            if view.poses.flowing and (frame := view.poses.latest()) is not None
            for person in frame.people
        }  # fmt: skip
        followed = self.follow.value  # may be out of sight for a moment
        if followed in self._names:
            names.setdefault(followed, self._names[followed])
        self._names = names
        options = (NOBODY, *names)
        if self.follow.options != options:
            self.follow.options = options

    def _go_after(self) -> None:
        self._sight.followed = self._names.get(self.follow.value)


def _add_switch(gui: viser.GuiApi, name: str, nodes: Sequence[viser.SceneNodeHandle]) -> None:
    box = gui.add_checkbox(name, nodes[0].visible)

    @box.on_update
    def _(_: object) -> None:
        for node in nodes:
            node.visible = box.value
