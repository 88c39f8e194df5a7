"""The subscriber's socket: settings and keys.

docs/protocol.md gives the reasons for the settings.
"""

from collections.abc import Iterable
from pathlib import Path

import zmq

from ...core.closing import Closing
from ...core.connection import Connection
from ...core.endpoint_form import check_form, unusable
from ...core.keyring import read_client_keys
from ...core.topics import MAX_MESSAGE_BYTES

QUEUE_MESSAGES = 1000  # ZeroMQ's default


class SubscriberSocket(Closing):
    """A SUB socket that listens to `topics` of a publisher, now or once it is there."""

    def __init__(
        self,
        connect: str,
        topics: Iterable[bytes],
        *,
        keys: Path | None = None,
        queue_messages: int = QUEUE_MESSAGES,
    ) -> None:
        """Start connecting.

        Args:
            connect: ZeroMQ endpoint of the publisher.
            topics: prefixes of the topics to subscribe to.
            keys: folder with this client's keys, for a publisher that asks for some.
            queue_messages: how many may wait to be read; what comes after is lost.

        Raises:
            EndpointError: `connect` is no ZeroMQ endpoint.
            KeyringError: `keys` lacks a key.
        """
        check_form(connect)
        known = read_client_keys(keys) if keys is not None else None
        self._context = zmq.Context()
        self._socket = socket = self._context.socket(zmq.SUB)
        socket.linger = 0
        socket.maxmsgsize = MAX_MESSAGE_BYTES
        socket.rcvhwm = queue_messages
        socket.ipv6 = "[" in connect
        # A frozen or vanished host sends no FIN: only heartbeats tell, and reconnecting mends.
        socket.heartbeat_ivl = 500
        socket.heartbeat_timeout = 1500
        socket.reconnect_ivl = 100
        socket.reconnect_ivl_max = 1000
        if known is not None:
            socket.curve_publickey, socket.curve_secretkey = known.own.public, known.own.secret
            socket.curve_serverkey = known.server
        for topic in topics:
            socket.subscribe(topic)
        self._connection = Connection(socket, connect, keyed=known is not None, listens=True)
        try:
            socket.connect(connect)
        except zmq.ZMQError as error:
            self.close()
            raise unusable(connect, error.strerror) from error

    @property
    def refusal(self) -> str | None:
        """Why the publisher does not let this client in; None if it does, or is not there."""
        return self._connection.refusal

    def poll(self, timeout_ms: int) -> bool:
        """Whether a message is there, or comes within `timeout_ms`."""
        self._connection.attend()
        return bool(self._socket.poll(timeout_ms))

    def receive(self) -> list[bytes] | None:
        """The parts of the next message, at once; None if there is none."""
        try:
            parts = self._socket.recv_multipart(zmq.NOBLOCK)
        except zmq.Again:
            return None
        self._connection.heard()
        return parts

    def close(self) -> None:
        """Stop listening."""
        self._connection.close()
        self._context.destroy(linger=0)
