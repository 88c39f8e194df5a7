"""The viewer: draws the newest frames of its streams, and keeps the panel up to date."""

import contextlib
import io
import logging
from collections.abc import Sequence

import viser

from ...core.clock import SECOND_NS, monotonic_ns
from .panel import Panel
from .player import Player
from .poses import Poses
from .scene import draw_floor
from .sight import Sight
from .stream_view import StreamView
from .timeline import Timeline

PANEL_PERIOD_S = 0.25
TURN_S = 1 / 60  # how long one of several streams is waited for before the next has its turn


class App:
    """A web server that shows what `streams` bring; `step` again and again keeps it going."""

    def __init__(self, streams: Sequence[Poses], host: str, port: int) -> None:
        """Start serving on `port`, or on the next one that is free (0: any)."""
        with contextlib.redirect_stdout(io.StringIO()):  # viser greets in a box of its own
            self.server = viser.ViserServer(host, port, verbose=False)
        # A browser that opens a connection in advance and drops it is not worth a stack trace.
        logging.getLogger("websockets.server").setLevel(logging.CRITICAL)
        # Any page in the browser could ask viser for a public tunnel. Not to people's movements.
        self.server.request_share_url = lambda verbose=True: None  # type: ignore[method-assign]
        draw_floor(self.server.scene)
        self.sight = Sight(self.server)
        self.views = [
            StreamView(self.server, poses, self.sight, f"/{poses.stream}" if n else "")
            for n, poses in enumerate(streams)
        ]
        self.panel = Panel(self.server, self.views, self.sight)
        playheads = dict.fromkeys(p.playhead for p in streams if isinstance(p, Player))
        self.timelines = [Timeline(self.server, playhead) for playhead in playheads]
        self._refreshed_ns = 0

    def step(self) -> None:
        """Draw the next frames if some come soon, and whatever else is due."""
        for view in self.views:
            view.step(PANEL_PERIOD_S if len(self.views) == 1 else TURN_S)
        if monotonic_ns() - self._refreshed_ns > PANEL_PERIOD_S * SECOND_NS:
            self._refreshed_ns = monotonic_ns()
            self.panel.refresh()
            for timeline in self.timelines:
                timeline.refresh()

    def stop(self) -> None:
        """Stop serving."""
        self.server.stop()
