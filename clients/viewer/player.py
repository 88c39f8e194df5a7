"""A recording played on the page: frames by the time at which they were recorded."""

import time
from bisect import bisect_right
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ...core.clock import SECOND_NS, monotonic_ns
from ...core.errors import RecordingError, WireError
from ...core.messages import PoseFrame, Preview, SkeletonDefinition
from ...core.topics import DEFINITION, POSE
from ...core.wire import unpack
from ..python import Frame

if TYPE_CHECKING:
    from ...core.message_log import Recorded  # needs the extra "record"


class Player:
    """Plays one stream's frames of a recording, over and over; `seek` goes anywhere.

    Attributes:
        rate: how fast time goes; 1 is as it was.
        duration_s: from the first frame to the last.
    """

    def __init__(self, path: Path, messages: "Iterable[Recorded]", stream: str) -> None:
        """Take in the recording; frames are read when they are shown.

        Raises:
            RecordingError: it has no poses of this stream.
        """
        self.stream = stream
        self.preview: Preview | None = None
        self.rate = 1.0
        self._path = path
        self._frames: list[tuple[int, list[bytes], SkeletonDefinition]] = []  # by Unix time
        definitions: dict[str, SkeletonDefinition] = {}
        waiting: list[tuple[int, list[bytes], str]] = []
        for recorded in messages:
            parts = [recorded.topic, recorded.payload]
            try:
                message = unpack(parts, (POSE, DEFINITION)) if _wanted(recorded, stream) else None
            except WireError:
                continue
            if isinstance(message, SkeletonDefinition):
                definitions[message.def_id] = message
            elif isinstance(message, PoseFrame):
                waiting.append((recorded.t_unix_ns, parts, message.def_id))
        for t_ns, parts, def_id in waiting:
            if def_id in definitions:
                self._frames.append((t_ns, parts, definitions[def_id]))
        if not self._frames:
            raise RecordingError(f"{path}: has no poses of the stream {stream!r}; m2t3 info {path}")
        self._frames.sort(key=lambda frame: frame[0])
        self._times_ns = [frame[0] for frame in self._frames]
        self.duration_s = (self._times_ns[-1] - self._times_ns[0]) / SECOND_NS
        self._shown = -1
        self._latest: Frame | None = None
        self._playing = True
        self._at_s, self._since_ns = 0.0, monotonic_ns()

    @property
    def playing(self) -> bool:
        """Whether time goes on."""
        return self._playing

    @property
    def position_s(self) -> float:
        """Where it is, from the first frame."""
        if not self._playing:
            return self._at_s
        return self._at_s + self.rate * (monotonic_ns() - self._since_ns) / SECOND_NS

    @property
    def flowing(self) -> bool:
        """There is always something to show."""
        return self._latest is not None

    def play(self, playing: bool) -> None:
        """Let time go on, or stop."""
        self._at_s, self._since_ns, self._playing = self.position_s, monotonic_ns(), playing

    def set_rate(self, rate: float) -> None:
        """From now on, this fast."""
        self.play(self._playing)
        self.rate = rate

    def seek(self, position_s: float) -> None:
        """Go to another time."""
        self._at_s = min(max(position_s, 0.0), self.duration_s)
        self._since_ns = monotonic_ns()
        self._shown = -1

    def wait(self, timeout_s: float | None = None) -> Frame | None:
        """The frame that is due, if it has not been shown; waits for up to `timeout_s`."""
        until_ns = monotonic_ns() + int((timeout_s or 0.0) * SECOND_NS)
        while (due := self._due()) == self._shown:
            if monotonic_ns() >= until_ns:
                return None
            time.sleep(0.002)
        self._shown = due
        _, parts, definition = self._frames[due]
        try:
            message = unpack(parts, (POSE,))
            self._latest = Frame(message, definition) if isinstance(message, PoseFrame) else None
        except WireError:  # its joints do not fit the definition
            return None
        return self._latest

    def latest(self) -> Frame | None:
        """The frame that is shown."""
        return self._latest

    def silence(self) -> str:
        """What to say before the first frame."""
        return f"{self._path} is being read"

    def _due(self) -> int:
        if self.position_s > self.duration_s:
            self.seek(0.0)
        t_ns = self._times_ns[0] + int(self.position_s * SECOND_NS)
        return max(0, bisect_right(self._times_ns, t_ns) - 1)


def _wanted(recorded: "Recorded", stream: str) -> bool:
    return recorded.topic in (POSE.name(stream), DEFINITION.name(stream))
