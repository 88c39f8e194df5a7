"""Keypoints from a detector over ZeroMQ: a SUB socket, drained by a thread of its own.

The thread never waits for the pipeline, so no frame grows old in a socket buffer. Settings of the
socket, and why: docs/protocol.md.
"""

import threading
from collections import deque
from pathlib import Path

import zmq

from ...core import topics, wire
from ...core.clock import monotonic_ns
from ...core.connection import Connection
from ...core.errors import WireError
from ...core.keyring import DETECTORS
from ...core.messages import DetectorStatus, KeypointsFrame, Preview
from ..counts import Counts
from ..sockets.endpoints import bind, connect, exposure
from ..sockets.gate import Gate, identify, keys_towards_detector
from . import Patience, Received
from .detector_reports import DetectorReports

QUEUE_FRAMES = 64
TOPICS: tuple[topics.Topic, ...] = (topics.KEYPOINTS, topics.DETECTOR, topics.PREVIEW)


class ZmqSource:
    """The frames of one stream that arrive at one endpoint."""

    def __init__(
        self, endpoint: str, stream: str, *, bound: bool = True, keys: Path | None = None
    ) -> None:
        """Listen at `endpoint` (or, not `bound`, connect to a detector that listens there).

        With the stream's folder of `keys`, only to detectors whose keys are in it.

        Raises:
            EndpointError: the endpoint is taken or none.
            KeyringError: the folder lacks a key.
        """
        self._topics = {topic.name(stream) for topic in TOPICS}
        self._queue: deque[Received] = deque()
        self._arrived = threading.Condition()  # guards all that the reader writes
        self._counts = Counts()
        self._reports = DetectorReports()
        self._preview: Preview | None = None
        self._patience = Patience()
        self._closing = threading.Event()
        self.frames_in = 0
        self._context = zmq.Context()
        socket = self._context.socket(zmq.SUB)
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.MAXMSGSIZE, topics.MAX_MESSAGE_BYTES)
        socket.setsockopt(zmq.HEARTBEAT_IVL, 500)
        socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, 1500)
        socket.setsockopt(zmq.RECONNECT_IVL, 100)
        socket.setsockopt(zmq.RECONNECT_IVL_MAX, 1000)
        for topic in self._topics:
            socket.setsockopt(zmq.SUBSCRIBE, topic)
        self._gate: Gate | None = None
        self._connection: Connection | None = None
        if not bound:
            self._connection = Connection(socket, endpoint, keyed=keys is not None, listens=True)
        try:
            if keys is not None and bound:
                self._gate = Gate(self._context, keys)
                self._gate.guard(socket, DETECTORS)
            elif keys is not None:
                identify(socket, keys_towards_detector(keys))
            self.endpoint = bind(socket, endpoint) if bound else connect(socket, endpoint)
        except BaseException:
            self._close_socket(socket)
            self._close_context()
            raise
        verb = "listening on" if bound else "connected to"
        self.description = f"{verb} {self.endpoint}, topic {topics.KEYPOINTS.name(stream).decode()}"
        open_door = exposure(self.endpoint) if bound and keys is None else None
        self._open_door = (open_door,) if open_door else ()
        self._reader = threading.Thread(target=self._read, args=(socket,), daemon=True)
        self._reader.start()

    @property
    def finished(self) -> bool:
        """False: a detector may always come back."""
        return False

    @property
    def warnings(self) -> tuple[str, ...]:
        """An open door, a closed one, and what the detector warns of."""
        told: tuple[str, ...] = self._open_door
        if self._connection is not None and self._connection.refusal is not None:
            told += (f"{self.endpoint} {self._connection.refusal}",)
        detector = self.detector
        return told + (detector.warnings if detector else ())

    @property
    def detector(self) -> DetectorStatus | None:
        """What the detector says of itself, if it has spoken within the last seconds."""
        with self._arrived:
            return self._reports.latest(monotonic_ns())

    def counts(self) -> Counts:
        """A copy of the losses so far, the detector's among them."""
        with self._arrived:
            return self._counts + self._reports.counts()

    def preview(self) -> Preview | None:
        """The newest preview picture, once; None if there is no new one."""
        with self._arrived:
            preview, self._preview = self._preview, None
            return preview

    def next(self, timeout_s: float) -> Received | None:
        """The next frame, or None when none came within `timeout_s`."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: self._queue, timeout_s):
                return None
            received = self._queue.popleft()
            now_ns = monotonic_ns()
            if self._queue and self._patience.ends(now_ns - received.t_receive_ns, now_ns):
                self._counts.dropped["stale"] += len(self._queue)
                received = self._queue.pop()
                self._queue.clear()
            return received

    def close(self) -> None:
        """Stop the reader and free the endpoint."""
        self._closing.set()
        self._reader.join()
        self._close_context()

    def _close_context(self) -> None:
        if self._gate is not None:
            self._gate.close()
        self._context.destroy()

    def _read(self, socket: zmq.Socket) -> None:
        try:
            while not self._closing.is_set():
                if self._connection is not None:
                    self._connection.attend()
                if socket.poll(100):
                    self._take(socket.recv_multipart(), monotonic_ns())
        finally:
            self._close_socket(socket)

    def _close_socket(self, socket: zmq.Socket) -> None:
        if self._connection is not None:
            self._connection.close()
        socket.close()

    def _take(self, parts: list[bytes], t_receive_ns: int) -> None:
        if self._connection is not None:
            self._connection.heard()
        if parts[0] not in self._topics:
            return  # another stream whose name begins like ours: subscriptions match prefixes
        try:
            message = wire.unpack(parts, TOPICS)
        except WireError as error:
            with self._arrived:
                self._counts.refused[error.kind] += 1
            return
        with self._arrived:
            match message:
                case KeypointsFrame():
                    self._enqueue(Received(message, t_receive_ns))
                case DetectorStatus():
                    self._reports.add(message, t_receive_ns)
                case Preview():
                    self._preview = message

    def _enqueue(self, received: Received) -> None:
        self.frames_in += 1
        if len(self._queue) == QUEUE_FRAMES:
            self._queue.popleft()
            self._counts.dropped["overrun"] += 1
        self._queue.append(received)
        self._arrived.notify()
