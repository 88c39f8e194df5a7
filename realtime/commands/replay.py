"""`m2t3 replay`: a recording onto the wire again, as `m2t3-stream` or as the detector sent it."""

import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from ...core.errors import M2t3Error
from ...core.message_log import MessageLog, Recorded
from ...core.stopping import stop_on_signals
from ...core.topics import POSE_ENDPOINT
from ..pace import check_rate
from ..sockets.outlet import Outlet
from ..sockets.playback import EVERYTHING, ONLY_KEYPOINTS, Playback, Renewal, opening_definitions

QUEUE_MESSAGES = 10_000  # per subscriber: at many times the pace, none should be lost
BETWEEN_ROUNDS_S = 0.05  # a recording may be of one instant


@dataclass(frozen=True)
class Replay:
    """Publish a recording as it was: the same bytes at the same pace, or faster.

    Subscribers need not know; but one that has seen these frames drops them when they come again.
    With --as-live the recording is a new session that happens now.
    """

    recording: Annotated[Path, tyro.conf.Positional]
    """MCAP file that `m2t3 record` wrote."""
    publish: str = POSE_ENDPOINT
    """ZeroMQ endpoint to publish on. Addresses other than 127.0.0.1 are open to the network."""
    rate: float = 1.0
    """2 plays twice as fast."""
    as_live: bool = False
    """New session names and times of now, so that ages are right and nobody drops what was seen."""
    loop: bool = False
    """Begin again at the end; every round is a new session, as with --as-live."""
    wait: bool = False
    """Begin when the first subscriber is there."""
    keys: Path | None = None
    """Folder of keys: the stream's own, or, with --keypoints-to, the detector's."""
    keypoints_to: str | None = None
    """Endpoint where an m2t3-stream listens for keypoints, usually tcp://127.0.0.1:5570: sends it
    the recorded keypoints instead of publishing anything."""

    def run(self) -> int:
        """Play to the end, or until interrupted.

        Raises:
            RecordingError: no recording, or one that is damaged.
            EndpointError: an endpoint that is taken or none.
            KeyringError: the folder of keys lacks one.
            M2t3Error: a rate that is none, or nothing to play.
        """
        check_rate(self.rate, "--rate")
        log = MessageLog(self.recording)
        first = next(self._messages(log), None)
        if first is None:
            what = "messages" if self.keypoints_to is None else "keypoints"
            raise M2t3Error(
                f"{self.recording} has no {what} to play; `m2t3 info` tells what it has"
            )
        outlet = Outlet(
            self.keypoints_to or self.publish,
            bound=self.keypoints_to is None,
            keys=self.keys,
            queue_messages=QUEUE_MESSAGES,
        )
        with stop_on_signals() as stop:
            playback = Playback(outlet, stop, self.rate)
            try:
                for warning in outlet.warnings:
                    _warn(warning)
                verb = "publishing on" if self.keypoints_to is None else "sending keypoints to"
                print(f"{self.recording}: {verb} {outlet.endpoint}", flush=True)
                if self.keypoints_to is not None:
                    playback.wait_for_listeners_to(first.topic, _warn)
                elif self.wait:
                    playback.wait_for_a_listener()
                for lap in itertools.count():
                    fresh = Renewal(first, self.rate) if self.as_live or lap > 0 else None
                    playback.define(opening_definitions(self._messages(log, fresh)))
                    playback.play(self._messages(log, fresh))
                    if not self.loop or stop.wait(BETWEEN_ROUNDS_S):
                        break
            finally:
                outlet.close()
        cut = "" if log.complete or stop.is_set() else "; the recording is cut off there"
        print(f"{playback.sent} messages{cut}")
        return 0

    def _messages(self, log: MessageLog, fresh: Renewal | None = None) -> Iterator[Recorded]:
        """What one round sends."""
        prefixes = EVERYTHING if self.keypoints_to is None else ONLY_KEYPOINTS
        messages = (message for message in log if message.topic.startswith(prefixes))
        return messages if fresh is None else map(fresh.renew, messages)


def _warn(text: str) -> None:
    print(f"m2t3 replay: warning: {text}", file=sys.stderr, flush=True)
