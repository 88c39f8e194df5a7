"""PoseSubscriber: the newest poses of a stream, whatever happens to the publisher."""

import threading
from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path

from ...core.clock import SECOND_NS, monotonic_ns
from ...core.closing import Closing
from ...core.errors import WireError
from ...core.messages import PoseFrame, Preview, SkeletonDefinition, Status
from ...core.topics import DEFINITION, POSE, POSE_ENDPOINT, PREVIEW, STATUS
from ...core.wire import unpack
from .frame import Frame
from .sockets import SubscriberSocket

BUFFERED_FRAMES = 4096  # with every_frame: half a minute at 120 fps
FLOWING_NS = SECOND_NS  # where people were longer ago is not where they are
ALIVE_NS = 3 * SECOND_NS  # definition and status come every second
POLL_MS = 100  # how soon the reader thread notices close()


class PoseSubscriber(Closing):
    """Iterates over the newest frames of a stream; a slow loop skips frames, it never lags.

        with PoseSubscriber() as poses:
            for frame in poses:
                for person in frame.people:
                    print(person.id, person["left_wrist"], frame.age_ms)

    A reader thread owns the socket and keeps the newest frame. The publisher may start later,
    freeze, die and come back: iteration goes on. Messages that break the protocol are refused and
    counted.

    Attributes:
        definition: what the frames mean, the newest one; None until the first arrives.
        status: the publisher's last report; None until the first arrives.
        preview: the newest picture of the camera, if asked for; None until one arrives.
        refusal: what was wrong with the last message that was refused.
        restarts: how often the publisher came back as a new session.
        streams_heard: names of all streams that this publisher has.
    """

    def __init__(
        self,
        connect: str = POSE_ENDPOINT,
        stream: str = "cam0",
        *,
        timeout_s: float | None = None,
        every_frame: bool = False,
        previews: bool = False,
        keys: Path | None = None,
    ) -> None:
        """Start listening.

        Args:
            connect: ZeroMQ endpoint of the publisher, which need not be there yet.
            stream: which of its streams.
            timeout_s: iteration raises TimeoutError after so long without a frame; None: never.
            every_frame: hand out every frame in order (for recorders), not only the newest.
            previews: subscribe also to pictures of the camera, which not every detector sends.
            keys: folder with this client's keys, if the stream was started with --keys.

        Raises:
            EndpointError: `connect` is no ZeroMQ endpoint.
            KeyringError: `keys` lacks a key.
        """
        self.connect = connect
        self.stream = stream
        self.timeout_s = timeout_s
        self.definition: SkeletonDefinition | None = None
        self.status: Status | None = None
        self.preview: Preview | None = None
        self._dropped: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self.refusal: str | None = None
        self.restarts = 0
        self.streams_heard: set[str] = set()
        self._overflow = "overrun" if every_frame else "skipped"
        self._waiting: deque[Frame] = deque(maxlen=BUFFERED_FRAMES if every_frame else 1)
        self._latest: Frame | None = None
        self._last: PoseFrame | None = None  # also one that was not handed out
        self._frame_ns = self._heard_ns = -ALIVE_NS  # when the last frame, and anything, came
        self._changed = threading.Condition()
        self._closed = False
        # Definitions of all streams, to be able to name them.
        topics = [POSE.name(stream), STATUS.name(stream), DEFINITION.name("")]
        topics += [PREVIEW.name(stream)] if previews else []
        self._socket = SubscriberSocket(connect, topics, keys=keys)
        self._thread = threading.Thread(target=self._read, name=f"m2t3-{stream}", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        """The next frame; waits for it.

        Raises:
            TimeoutError: none came within `timeout_s`; the message says what was heard instead.
        """
        frame = self.wait(self.timeout_s)
        if frame is not None:
            return frame
        if self._closed:
            raise StopIteration
        raise TimeoutError(f"no pose for {self.timeout_s:g} s: {self.silence()}")

    def wait(self, timeout_s: float | None = None) -> Frame | None:
        """The next frame; None if there is none within `timeout_s`, or after `close`."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed, timeout_s)
            return self._waiting.popleft() if self._waiting else None

    def latest(self) -> Frame | None:
        """The newest frame so far, at once, handed out before or not; None before the first."""
        return self._latest

    @property
    def alive(self) -> bool:
        """Whether the publisher was heard within the last three seconds."""
        return monotonic_ns() - self._heard_ns < ALIVE_NS

    @property
    def flowing(self) -> bool:
        """Whether a frame came within the last second."""
        return monotonic_ns() - self._frame_ns < FLOWING_NS

    @property
    def dropped(self) -> Counter[str]:
        """Frames that were not handed out, by kind.

        "lost": on the way; "skipped": a newer one was there; "overrun": with every_frame, and 4096
        frames behind; "undefined": its definition had not come yet; "out_of_order".
        """
        with self._changed:
            return self._dropped.copy()

    @property
    def refused(self) -> Counter[str]:
        """Bad messages, by the kinds that `core.wire` lists."""
        with self._changed:
            return self._refused.copy()

    def silence(self) -> str:
        """Why there is no pose, as far as can be told from here, and what to do about it."""
        if self.alive and self.definition is not None:
            state = f"{self.status.state!r}" if self.status else "unknown"
            told = "".join(f"; {w}" for w in self.status.warnings) if self.status else ""
            return (
                f"the stream {self.stream!r} is there (state {state}), but has no keypoints{told}"
            )
        if self.refusal is not None and self.definition is None:
            return f"{self.connect} sends what this client refuses: {self.refusal}"
        if self._socket.refusal is not None:
            return f"{self.connect} {self._socket.refusal}"
        if others := self.streams_heard - {self.stream}:
            return f"{self.connect} has no stream {self.stream!r}; it has {sorted(others)}"
        return (
            f"no publisher at {self.connect}; start one with: "
            "m2t3-stream --camera configs/cam0.yaml"
        )

    def close(self) -> None:
        """Stop listening; iteration ends. Closing twice does no harm."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    def _read(self) -> None:
        with self._socket as socket:
            while not self._closed:
                if not socket.poll(POLL_MS):
                    continue
                with self._changed:
                    self._drain(socket)
                    self._changed.notify_all()

    def _drain(self, socket: SubscriberSocket) -> None:
        """Take in all that has arrived before anybody is woken, so that the newest wins."""
        for _ in range(BUFFERED_FRAMES):
            parts = socket.receive()
            if parts is None:
                return
            try:
                self._take(parts)
            except WireError as error:
                self._refused[error.kind] += 1
                self.refusal = str(error)

    def _take(self, parts: list[bytes]) -> None:
        message = unpack(parts, (POSE, DEFINITION, STATUS, PREVIEW))
        self.streams_heard.add(message.stream)
        if message.stream != self.stream:  # a subscription is a prefix: "cam1" brings "cam10" too
            return
        self._heard_ns = monotonic_ns()
        match message:
            case SkeletonDefinition():
                self.definition = message
            case Status():
                self.status = message
            case Preview():
                self.preview = message
            case PoseFrame():
                self._take_pose(message)

    def _take_pose(self, message: PoseFrame) -> None:
        last = self._last
        if last is not None and last.session != message.session:
            self.restarts += 1
        elif last is not None and message.seq <= last.seq:
            self._dropped["out_of_order"] += 1
            return
        elif last is not None and (gap := message.seq - last.seq - 1):
            self._dropped["lost"] += gap
        self._last = message
        if self.definition is None or self.definition.def_id != message.def_id:
            self._dropped["undefined"] += 1
            return
        self._latest = Frame(message, self.definition)
        self._frame_ns = self._heard_ns
        if len(self._waiting) == self._waiting.maxlen:
            self._dropped[self._overflow] += 1
        self._waiting.append(self._latest)
