"""`m2t3 view`: a subscriber that draws the stream in the browser."""

import socket
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from ...core.errors import M2t3Error
from ...core.topics import POSE_ENDPOINT
from ..python import PoseSubscriber
from .poses import Poses

SCENE_PERIOD_S = 1 / 60  # what a screen shows; the newest frame is drawn, however many come


@dataclass(frozen=True)
class View:
    """Watch streams in the browser: people, trails, cameras and what they see, latency and rate."""

    connect: str = POSE_ENDPOINT  # where the stream publishes
    stream: tuple[str, ...] = ("cam0",)  # which of its streams; several are drawn in one room
    recording: Path | None = None  # play a recording of `m2t3 record` instead, with a timeline
    keys: Path | None = None  # folder with this client's keys, if the stream asks for some
    host: str = "127.0.0.1"  # address that the page is served on
    port: int = 8080  # port of the page; the next free one if it is taken

    def run(self) -> int:
        """Serve until interrupted.

        Raises:
            M2t3Error: no stream is named, or nothing can be served at `host` and `port`.
        """
        if not self.stream:
            raise M2t3Error("--stream has no name; give one or several, as in --stream cam0 cam1")
        check_address(self.host, self.port)
        from .app import App  # viser, the extra "view", is needed from here on

        if self.host not in ("127.0.0.1", "localhost", "::1"):
            print(f"m2t3 view: warning: whoever reaches {self.host} can watch", file=sys.stderr)
        with ExitStack() as stack:
            app = App(self._open(stack), self.host, self.port)
            print(f"m2t3 view: open http://{self.host}:{app.server.get_port()}", flush=True)
            try:
                while True:
                    app.step()
                    time.sleep(SCENE_PERIOD_S)
            finally:
                app.stop()

    def _open(self, stack: ExitStack) -> list[Poses]:
        if self.recording is None:
            return [
                stack.enter_context(
                    PoseSubscriber(self.connect, stream, previews=True, keys=self.keys)
                )
                for stream in self.stream
            ]
        from ...core.message_log import MessageLog  # needs the extra "record"
        from .player import Player
        from .playhead import Playhead

        log, playhead = MessageLog(self.recording), Playhead()
        return [Player(self.recording, log, stream, playhead) for stream in self.stream]


def check_address(host: str, port: int) -> None:
    """Whether a page can be served there; viser would not say, and hang.

    Raises:
        M2t3Error: it cannot.
    """
    if not 0 <= port <= 65535:
        raise M2t3Error(f"--port {port}: give 1 to 65535, or 0 for any that is free")
    try:
        family, _, _, _, (address, *_) = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((address, 0))
    except OSError as error:
        raise M2t3Error(
            f"--host {host} is no address of this machine ({error.strerror or error}): give "
            "127.0.0.1 for this machine alone, 0.0.0.0 for all of its networks"
        ) from None
