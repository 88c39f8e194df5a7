"""One stream on the page: its newest frame in the scene, its picture, its measures."""

import numpy as np
import viser

from ...core.clock import SECOND_NS, monotonic_ns
from ...core.messages import Preview
from ..meter import Meter
from ..python import Frame
from .picture import decoded
from .poses import Poses
from .scene import Scene
from .sight import Sight
from .soundness import fault

PLOT_S = 20.0
JUMP_NS = SECOND_NS
PICTURE_S = 3.0  # an older picture of the camera is not shown any more


class StreamView:
    """Draws what `poses` brings.

    Attributes:
        fault: why the stream's definition cannot be drawn, if so.
        picture: what its camera sees, (height, width, 3) uint8; None if that is not known now.
    """

    def __init__(
        self, server: viser.ViserServer, poses: Poses, sight: Sight, root: str = ""
    ) -> None:
        self.poses = poses
        self.scene = Scene(server, root)
        self.fault: str | None = None
        self.picture: np.ndarray | None = None
        self.recent, self.plotted = Meter(), Meter(PLOT_S)
        self._sight = sight
        self._defined: tuple[str, str] | None = None
        self._preview: Preview | None = None  # the last one
        self._t_preview_ns = 0
        self._t_last_ns = 0

    def step(self, wait_s: float) -> None:
        """Draw the next frame if one comes within `wait_s`, and the camera's picture."""
        frame = self.poses.wait(wait_s)
        if frame is not None:
            self._draw(frame)
        elif not self.poses.flowing:
            self.scene.show(())
            self._sight.update(self.poses.stream, ())
        self._draw_preview()

    def _draw(self, frame: Frame) -> None:
        if not 0 <= frame.message.t_receive_ns - self._t_last_ns < JUMP_NS:
            # What was before, elsewhere in a recording or long ago, says nothing of what comes.
            self.recent, self.plotted = Meter(), Meter(PLOT_S)
            self.scene.forget()
        self._t_last_ns = frame.message.t_receive_ns
        self.recent.add(frame)
        self.plotted.add(frame)
        self._sight.update(frame.stream, frame.people)  # before anybody looks there
        definition = frame.definition
        if self._defined != (frame.message.session, definition.def_id):
            self._defined = (frame.message.session, definition.def_id)
            self.fault = fault(definition)
            if self.fault is None:
                self.scene.define(definition)
                self._sight.define(frame.stream, definition.camera)
        if self.fault is None:
            self.scene.show(frame.people, frame.message.t_receive_ns / SECOND_NS)

    def _draw_preview(self) -> None:
        preview = self.poses.preview
        if preview is not None and preview is not self._preview:
            self._preview, self._t_preview_ns = preview, monotonic_ns()
            self.picture = decoded(preview)
        elif monotonic_ns() - self._t_preview_ns > PICTURE_S * SECOND_NS:
            self.picture = None
        self.scene.show_picture(self.picture)
