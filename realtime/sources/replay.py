"""Keypoints from a recording, at the pace at which they were recorded."""

import itertools
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from ...core.clock import SECOND_NS, monotonic_ns, sleep_until
from ...core.messages import Keypoints, KeypointsFrame
from ...lifting.recording import Recording, read_recording
from ..counts import Counts
from ..pace import check_rate
from . import Patience, Received

if TYPE_CHECKING:
    from ...lifting.keypoints_log import KeypointsLog


class ReplaySource:
    """Plays a recording once or in a loop, due to absolute deadlines."""

    warnings = ()
    detector = None

    def __init__(self, path: Path, stream: str, *, loop: bool = True, rate: float = 1.0) -> None:
        """Read the recording; the clock starts with the first call of `next`.

        Args:
            path: a file of keypoints (npz), or what `m2t3 record` wrote (MCAP).
            stream: name of the stream.
            loop: begin again at the end; sequence numbers and times go on.
            rate: 2 plays twice as fast.

        Raises:
            RecordingError: the file is not a recording.
            M2t3Error: a rate that nobody can keep.
        """
        check_rate(rate, "rate")
        self.description = f"replaying {path.name}" + (" in a loop" if loop else "")
        self.frames_in = 0
        self._counts = Counts()
        self._patience = Patience()
        self._rate = rate
        self._t_start_ns: int | None = None
        self._frames = timed_frames(read_played(path, stream), stream, loop=loop)
        self._coming = next(self._frames, None)
        self._t_first_ns = 0 if self._coming is None else self._coming.t_receive_ns

    @property
    def finished(self) -> bool:
        """True when the recording has been played to its end."""
        return self._coming is None

    def counts(self) -> Counts:
        """A copy of the losses so far."""
        return self._counts + Counts()

    def preview(self) -> None:
        """There are no pictures."""

    def next(self, timeout_s: float) -> Received | None:
        """The frame that is due next, or None if none is due within `timeout_s`."""
        t_call_ns = monotonic_ns()
        t_give_up_ns = t_call_ns + int(timeout_s * SECOND_NS)
        if not self._due(t_give_up_ns):
            sleep_until(t_give_up_ns)
            return None
        received = self._take()
        late_ns = t_call_ns - received.t_receive_ns
        if self._due(t_call_ns) and self._patience.ends(late_ns, t_call_ns):
            while self._due(t_call_ns):
                received = self._take()
                self._counts.dropped["stale"] += 1
        sleep_until(received.t_receive_ns)
        return received

    def close(self) -> None:
        """Nothing to release."""

    def _take(self) -> Received:
        assert self._coming is not None
        received = Received(self._coming.frame, self._due_ns(self._coming))
        self._coming = next(self._frames, None)
        self.frames_in += 1
        return received

    def _due(self, t_ns: int) -> bool:
        return self._coming is not None and self._due_ns(self._coming) <= t_ns

    def _due_ns(self, recorded: Received) -> int:
        if self._t_start_ns is None:
            self._t_start_ns = monotonic_ns()
        return self._t_start_ns + int((recorded.t_receive_ns - self._t_first_ns) / self._rate)


def read_played(path: Path, stream: str | None = None) -> "Recording | KeypointsLog":
    """The keypoints in a file of either kind; `stream` says which, if an MCAP file has several.

    Raises:
        RecordingError: the message begins with the path and names what is wrong with the file.
    """
    if path.suffix != ".mcap":
        return read_recording(path)
    from ...lifting.keypoints_log import read_keypoints_log  # mcap, the extra "record"

    return read_keypoints_log(path, stream)


def timed_frames(
    played: "Recording | KeypointsLog", stream: str, *, loop: bool = False
) -> Iterator[Received]:
    """The frames as messages of `stream`, with the times at which they came or would have come.

    What was recorded from the wire stays as it was, so that the pipeline answers as it did. In a
    loop, each of its rounds is a new session, since it may end in the midst of a movement.
    """
    if isinstance(played, Recording):
        for frame in keypoints_frames(played, stream, loop=loop):
            yield Received(frame, frame.t_capture_ns)
        return
    t_ns = played.t_receive_ns
    round_ns = int(t_ns[-1] - t_ns[0] + SECOND_NS / played.fps)
    for lap in itertools.count() if loop else (0,):
        for frame, t_receive_ns in zip(played.frames, t_ns.tolist(), strict=True):
            session = frame.session if lap == 0 else f"{frame.session[:48]}-{lap}"
            yield Received(
                msgspec.structs.replace(frame, stream=stream, session=session),
                t_receive_ns + lap * round_ns,
            )


def keypoints_frames(
    recording: Recording, stream: str, *, loop: bool = False
) -> Iterator[KeypointsFrame]:
    """The recording as messages of one source session, in a loop with rising numbers and times."""
    session = secrets.token_hex(8)
    frame_count = len(recording.t_capture_ns)
    span_ns = int(recording.t_capture_ns[-1] - recording.t_capture_ns[0])
    loop_ns = span_ns + round(SECOND_NS / recording.fps)
    # In a recording NaN alone marks a missing joint; on the wire confidence 0 says so.
    missing = np.isnan(recording.keypoints_px).any(-1)
    confidence = np.where(missing, np.float32(0), recording.confidence)
    for seq in range(frame_count) if not loop else itertools.count():
        lap, t = divmod(seq, frame_count)
        yield KeypointsFrame(
            stream=stream,
            session=session,
            seq=seq,
            t_capture_ns=int(recording.t_capture_ns[t]) + lap * loop_ns,
            clock="media",
            skeleton=recording.skeleton,
            image_size_px=recording.image_size_px,
            people=tuple(
                Keypoints(
                    keypoints_px=recording.keypoints_px[t, p],
                    confidence=confidence[t, p],
                    id=int(recording.person_id[t, p]),
                )
                for p in np.flatnonzero(recording.person_id[t] >= 0)
            ),
        )
