"""An XPUB socket: messages to whoever has subscribed, and word of who that is.

A ZeroMQ socket is one thread's at a time; a lock lets another thread send, too. Nobody keeps it for
longer than a message takes into its queues.
"""

import threading
from collections.abc import Sequence
from pathlib import Path

import zmq

from ...core.connection import Connection
from ...core.keyring import READERS, read_client_keys
from .endpoints import bind, connect, exposure
from .gate import Gate, identify

QUEUE_MESSAGES = 128  # per subscriber, about a second; beyond it new ones are lost to that one
LINGER_MS = 200  # for the last messages


class Outlet:
    """Sends, and never waits for a subscriber that stalls: that one loses messages.

    Attributes:
        endpoint: where it is bound, or connected to.
        warnings: what the user should know about that.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        bound: bool = True,
        keys: Path | None = None,
        queue_messages: int = QUEUE_MESSAGES,
    ) -> None:
        """Bind to `endpoint` (or, not `bound`, connect to a subscriber that listens there).

        Args:
            endpoint: ZeroMQ endpoint.
            bound: whether to bind.
            keys: folder of keys; the stream's own if bound, else a client's.
            queue_messages: how many may wait for a subscriber; what comes after is lost to it.

        Raises:
            EndpointError: the endpoint is taken or none.
            KeyringError: the folder lacks a key.
        """
        self._context = zmq.Context()
        # XPUB tells of each subscriber (verbose: also of the second one on the same topic).
        self._socket = self._context.socket(zmq.XPUB)
        self._socket.setsockopt(zmq.XPUB_VERBOSE, 1)
        self._socket.setsockopt(zmq.SNDHWM, queue_messages)
        self._socket.setsockopt(zmq.LINGER, LINGER_MS)
        self._socket.setsockopt(zmq.MAXMSGSIZE, 1024)  # all that may come in are subscriptions
        self._gate: Gate | None = None
        self._connection: Connection | None = None
        if not bound:
            keyed = keys is not None
            self._connection = Connection(self._socket, endpoint, keyed=keyed, listens=False)
        try:
            if keys is not None and bound:
                self._gate = Gate(self._context, keys)
                self._gate.guard(self._socket, READERS)
            elif keys is not None:
                identify(self._socket, read_client_keys(keys))
            self.endpoint = (bind if bound else connect)(self._socket, endpoint)
        except BaseException:
            self._close(linger_ms=0)
            raise
        open_door = exposure(self.endpoint) if bound and keys is None else None
        self.warnings = (open_door,) if open_door else ()
        self._subscriptions: set[bytes] = set()
        self._turn = threading.Lock()

    @property
    def refusal(self) -> str | None:
        """Why the subscriber that this connects to does not let it in; None if it does."""
        return None if self._connection is None else self._connection.refusal

    def newcomers(self) -> tuple[bytes, ...]:
        """What has been subscribed to since the last call: prefixes of topics."""
        new = []
        while (event := self._event()) is not None:
            if event[:1] == b"\x01":
                self._subscriptions.add(event[1:])
                new.append(event[1:])
            elif event[:1] == b"\x00":  # its last subscriber has gone
                self._subscriptions.discard(event[1:])
        return tuple(new)

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """What was subscribed to at the last call of `newcomers`."""
        return tuple(sorted(prefix.decode(errors="replace") for prefix in self._subscriptions))

    def has_listeners(self, topic: bytes) -> bool:
        """Whether anybody had subscribed to `topic` at the last call of `newcomers`."""
        return topic.startswith(tuple(self._subscriptions))

    def send(self, parts: Sequence[bytes]) -> None:
        """Send the parts of one message; any thread may."""
        with self._turn:
            if self._connection is not None:
                self._connection.attend()
            self._socket.send_multipart(parts)

    def close(self) -> None:
        """Free the endpoint, after a moment for what is still to be sent."""
        self._close(LINGER_MS)

    def _event(self) -> bytes | None:
        with self._turn:
            if self._connection is not None:
                self._connection.attend()
            return self._socket.recv() if self._socket.poll(0) else None

    def _close(self, linger_ms: int) -> None:
        if self._connection is not None:
            self._connection.close()
        self._socket.close(linger=linger_ms)
        if self._gate is not None:
            self._gate.close()
        self._context.destroy(linger=linger_ms)
