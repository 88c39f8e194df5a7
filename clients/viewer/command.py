"""`m2t3 view`: a subscriber that draws the stream in the browser."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path

from ...core.topics import POSE_ENDPOINT
from ..python import PoseSubscriber

SCENE_PERIOD_S = 1 / 60  # what a screen shows; the newest frame is drawn, however many come


@dataclass(frozen=True)
class View:
    """Watch a stream in the browser: people, their trails, the camera and what it sees, latency."""

    connect: str = POSE_ENDPOINT  # where the stream publishes
    stream: str = "cam0"  # which of its streams
    keys: Path | None = None  # folder with this client's keys, if the stream asks for some
    host: str = "127.0.0.1"  # address that the page is served on
    port: int = 8080  # port of the page; the next free one if it is taken

    def run(self) -> int:
        """Serve until interrupted."""
        from .app import App  # viser, the extra "view", is needed from here on

        if self.host not in ("127.0.0.1", "localhost", "::1"):
            print(f"m2t3 view: warning: whoever reaches {self.host} can watch", file=sys.stderr)
        with PoseSubscriber(self.connect, self.stream, previews=True, keys=self.keys) as poses:
            app = App(poses, self.host, self.port)
            print(f"m2t3 view: open http://{self.host}:{app.server.get_port()}", flush=True)
            try:
                while True:
                    app.step()
                    time.sleep(SCENE_PERIOD_S)
            finally:
                app.stop()
