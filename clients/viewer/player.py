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
from .playhead import Playhead

if TYPE_CHECKING:
    from ...core.message_log import Recorded  # needs the extra "record"


class Player:
    """Plays one stream's frames of a recording, those that are due at the `playhead`."""

    def __init__(
        self, path: Path, messages: "Iterable[Recorded]", stream: str, playhead: Playhead
    ) -> None:
        """Take in the recording; frames are read when they are shown.

        Raises:
            RecordingError: it has no poses of this stream.
        """
        self.stream = stream
        self.preview: Preview | None = None
        self.playhead = playhead
        self._path = path
        self._frames: list[tuple[int, list[bytes], SkeletonDefinition]] = []  # by Unix time
        definitions: dict[str, SkeletonDefinition] = {}
        waiting: list[tuple[int, list[bytes], str]] = []
        others: set[str] = set()
        for recorded in messages:
            prefix, _, name = recorded.topic.decode(errors="replace").rpartition(".")
            if prefix == POSE.prefix:
                others.add(name)
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
            raise RecordingError(
                f"{path}: has no poses of the stream {stream!r}; --stream, of "
                f"{', '.join(sorted(others)) or 'none: no poses are in it'}"
            )
        self._frames.sort(key=lambda frame: frame[0])
        self._times_ns = [frame[0] for frame in self._frames]
        playhead.cover(self._times_ns[0], self._times_ns[-1])
        self._shown: int | None = None
        self._latest: Frame | None = None

    @property
    def flowing(self) -> bool:
        """Whether there is something to show; other streams may have begun earlier."""
        return self._latest is not None

    def wait(self, timeout_s: float | None = None) -> Frame | None:
        """The frame that is due, if it has not been shown; waits for up to `timeout_s`."""
        until_ns = monotonic_ns() + int((timeout_s or 0.0) * SECOND_NS)
        while (due := self._due()) == self._shown:
            if monotonic_ns() >= until_ns:
                return None
            time.sleep(0.002)
        self._shown = due
        if due is None:
            self._latest = None
            return None
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

    def _due(self) -> int | None:
        t_ns = self.playhead.t_ns
        if not self._times_ns[0] <= t_ns < self._times_ns[-1] + SECOND_NS:
            return None
        return bisect_right(self._times_ns, t_ns) - 1


def _wanted(recorded: "Recorded", stream: str) -> bool:
    return recorded.topic in (POSE.name(stream), DEFINITION.name(stream))
