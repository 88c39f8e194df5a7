"""The viewer: takes the newest frame, draws it, and keeps the panel up to date."""

import contextlib
import io
import logging

import numpy as np
import viser

from ...core.clock import SECOND_NS, monotonic_ns
from ...core.messages import Preview
from ..meter import Meter
from ..python import Frame, PoseSubscriber
from .panel import PLOT_S, Panel
from .picture import decoded
from .scene import Scene
from .sight import Sight

PANEL_PERIOD_S = 0.25
PICTURE_S = 3.0  # an older picture of the camera is not shown any more


class App:
    """A web server that shows what `poses` brings; `step` again and again keeps it going."""

    def __init__(self, poses: PoseSubscriber, host: str, port: int) -> None:
        """Start serving on `port`, or on the next one that is free (0: any)."""
        with contextlib.redirect_stdout(io.StringIO()):  # viser greets in a box of its own
            self.server = viser.ViserServer(host, port, verbose=False)
        # A browser that opens a connection in advance and drops it is not worth a stack trace.
        logging.getLogger("websockets.server").setLevel(logging.CRITICAL)
        # Any page in the browser could ask viser for a public tunnel. Not to people's movements.
        self.server.request_share_url = lambda verbose=True: None  # type: ignore[method-assign]
        self.scene = Scene(self.server)
        self.sight = Sight(self.server)
        self.poses = poses
        self._recent, self._plotted = Meter(), Meter(PLOT_S)
        self.panel = Panel(self.server, self.scene, self.sight)
        self._defined: tuple[str, str] | None = None
        self._refreshed_ns = 0
        self._preview: Preview | None = None  # the last one
        self._t_preview_ns = 0

    def step(self) -> None:
        """Draw the next frame if one comes soon, and whatever else is due."""
        frame = self.poses.wait(PANEL_PERIOD_S)
        if frame is not None:
            self._draw(frame)
        elif not self.poses.flowing:
            self.scene.show(())
        self._draw_preview()
        if monotonic_ns() - self._refreshed_ns > PANEL_PERIOD_S * SECOND_NS:
            self._refreshed_ns = monotonic_ns()
            self.panel.refresh(self.poses, self._recent, self._plotted)

    def _draw_preview(self) -> None:
        preview = self.poses.preview
        if preview is not None and preview is not self._preview:
            self._preview, self._t_preview_ns = preview, monotonic_ns()
            self._show_picture(decoded(preview))
        elif monotonic_ns() - self._t_preview_ns > PICTURE_S * SECOND_NS:
            self._show_picture(None)

    def _show_picture(self, picture: np.ndarray | None) -> None:
        self.scene.show_picture(picture)
        self.panel.show_picture(picture)

    def stop(self) -> None:
        """Stop serving."""
        self.server.stop()

    def _draw(self, frame: Frame) -> None:
        self._recent.add(frame)
        self._plotted.add(frame)
        self.sight.update(frame)
        definition = frame.definition
        if self._defined != (frame.message.session, definition.def_id):
            self._defined = (frame.message.session, definition.def_id)
            self.scene.define(definition)
            self.sight.define(definition.camera)
        self.scene.show(frame.people, frame.message.t_receive_ns / SECOND_NS)
