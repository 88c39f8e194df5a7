"""The subscriber's socket: settings, keys, and connecting again whatever the other side says.

docs/protocol.md gives the reasons for the settings.
"""

from collections.abc import Iterable
from pathlib import Path

import zmq
from zmq.utils.monitor import recv_monitor_message

from ...core.clock import SECOND_NS, monotonic_ns
from ...core.closing import Closing
from ...core.errors import EndpointError
from ...core.keyring import read_client_keys
from ...core.topics import MAX_MESSAGE_BYTES, POSE_ENDPOINT

QUEUE_MESSAGES = 1000  # ZeroMQ's default
RETRY_NS = SECOND_NS
SILENT_NS = 3 * SECOND_NS // 2  # definition and status come every second

# What is said of a publisher after a handshake that failed, by the event that tells of it.
_UNKNOWN_KEY = (
    "does not know this client's key: make one where the stream runs, with `m2t3 keys new NAME`"
)
_WRONG_SERVER = (
    "ends the handshake: it has another key than the server.key of this client's folder, or is no "
    "m2t3-stream"
)
_WITHOUT_KEYS = (
    "asks for keys: give --keys FOLDER, which `m2t3 keys new NAME` makes where the stream runs"
)
_KEYS_IN_VAIN = "has no keys, and this client has: leave out --keys, or start the stream with it"
REFUSALS: dict[int, str] = {
    zmq.Event.HANDSHAKE_FAILED_PROTOCOL: _KEYS_IN_VAIN,
    zmq.Event.HANDSHAKE_FAILED_AUTH: _UNKNOWN_KEY,
    zmq.Event.HANDSHAKE_FAILED_NO_DETAIL: _WRONG_SERVER,
}
REFUSALS_WITHOUT_KEYS = REFUSALS | {zmq.Event.HANDSHAKE_FAILED_PROTOCOL: _WITHOUT_KEYS}
CLEARED = zmq.Event.HANDSHAKE_SUCCEEDED


class SubscriberSocket(Closing):
    """A SUB socket that listens to `topics` of the publisher at `connect`, now or once it is there.

    Attributes:
        refusal: why the publisher does not let this client in; None if it does, or is not there.
    """

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
        known = read_client_keys(keys) if keys is not None else None
        self.refusal: str | None = None
        self._endpoint = connect
        self._refusals = REFUSALS if known else REFUSALS_WITHOUT_KEYS
        self._retry_ns: int | None = None
        self._heard_ns = monotonic_ns()  # when the last message came, or the connection was made
        self._context = zmq.Context()
        self._socket = socket = self._context.socket(zmq.SUB)
        socket.linger = 0
        socket.maxmsgsize = MAX_MESSAGE_BYTES
        socket.rcvhwm = queue_messages
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
        self._monitor = socket.get_monitor_socket(CLEARED | sum(REFUSALS))
        try:
            socket.connect(connect)
        except zmq.ZMQError as error:
            self.close()
            raise EndpointError(
                f"cannot connect to {connect!r} ({error}); valid: tcp://HOST:PORT, such as "
                f"{POSE_ENDPOINT}"
            ) from error

    def poll(self, timeout_ms: int) -> bool:
        """Whether a message is there, or comes within `timeout_ms`."""
        self._attend()
        return bool(self._socket.poll(timeout_ms))

    def receive(self) -> list[bytes] | None:
        """The parts of the next message, at once; None if there is none."""
        try:
            parts = self._socket.recv_multipart(zmq.NOBLOCK)
        except zmq.Again:
            return None
        self._heard_ns = monotonic_ns()
        return parts

    def close(self) -> None:
        """Stop listening."""
        self._socket.disable_monitor()
        self._context.destroy(linger=0)

    def _attend(self) -> None:
        """Hear what became of handshakes, and connect again where ZeroMQ would not.

        It never tries again after some handshakes that failed, nor with a peer that once sent more
        than MAXMSGSIZE. We do: the publisher may be started anew, with other keys.
        """
        while self._monitor.poll(0):
            event = recv_monitor_message(self._monitor)["event"]
            self.refusal = self._refusals.get(event)
            self._retry_ns = None if self.refusal is None else monotonic_ns() + RETRY_NS
        now_ns = monotonic_ns()
        retry = self._retry_ns is not None and now_ns > self._retry_ns
        if retry or now_ns - self._heard_ns > SILENT_NS:
            self._retry_ns, self._heard_ns = None, now_ns
            self._socket.disconnect(self._endpoint)
            self._socket.connect(self._endpoint)
