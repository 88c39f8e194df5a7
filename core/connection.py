"""A connected socket that stays connected, whatever the other side says.

ZeroMQ never tries again after some handshakes that failed, nor with a peer that once sent more than
MAXMSGSIZE. This does: the other side may be started anew, with other keys.
"""

import zmq
from zmq.utils.monitor import recv_monitor_message

from .clock import SECOND_NS, monotonic_ns

RETRY_NS = SECOND_NS
SILENT_NS = 3 * SECOND_NS // 2  # definition and status come every second

# What is said of the other side after a handshake that failed, by the event that tells of it.
_UNKNOWN_KEY = (
    "does not know this client's key for what it wants: `m2t3 keys new NAME`, where the stream "
    "runs, makes one to read poses, with --detector one to send keypoints"
)
_WRONG_SERVER = (
    "ends the handshake: it has another key than the server.key of this client's folder, or is no "
    "m2t3-stream"
)
_WITHOUT_KEYS = (
    "asks for keys: give --keys FOLDER, which `m2t3 keys new NAME` makes where the stream runs"
)
_NO_REASON = _WITHOUT_KEYS.replace(":", ", or is no m2t3-stream:", 1)
_KEYS_IN_VAIN = "has no keys, and this client has: leave out --keys, or start the stream with it"
_REFUSALS: dict[int, str] = {
    zmq.Event.HANDSHAKE_FAILED_PROTOCOL: _KEYS_IN_VAIN,
    zmq.Event.HANDSHAKE_FAILED_AUTH: _UNKNOWN_KEY,
    zmq.Event.HANDSHAKE_FAILED_NO_DETAIL: _WRONG_SERVER,
}
_REFUSALS_WITHOUT_KEYS = _REFUSALS | {
    zmq.Event.HANDSHAKE_FAILED_PROTOCOL: _WITHOUT_KEYS,
    zmq.Event.HANDSHAKE_FAILED_NO_DETAIL: _NO_REASON,
}
_CLEARED = zmq.Event.HANDSHAKE_SUCCEEDED


class Connection:
    """Watches over one socket. To be used by whoever may use the socket.

    Attributes:
        refusal: why the other side does not let this one in; None if it does, or is not there.
    """

    def __init__(self, socket: zmq.Socket, endpoint: str, *, keyed: bool, listens: bool) -> None:
        """Begin to watch `socket`, before it is connected to `endpoint`.

        Args:
            keyed: this side has keys.
            listens: the other side is never silent, so connect again if it is.
        """
        self.refusal: str | None = None
        self._socket, self._endpoint, self._listens = socket, endpoint, listens
        self._refusals = _REFUSALS if keyed else _REFUSALS_WITHOUT_KEYS
        self._retry_ns: int | None = None
        self._heard_ns = monotonic_ns()  # when the last message came, or the connection was made
        self._monitor = socket.get_monitor_socket(_CLEARED | sum(_REFUSALS))

    def heard(self) -> None:
        """Note that a message came."""
        self._heard_ns = monotonic_ns()

    def attend(self) -> None:
        """Hear what became of handshakes, and connect again where ZeroMQ would not."""
        while self._monitor.poll(0):
            event = recv_monitor_message(self._monitor)["event"]
            self.refusal = self._refusals.get(event)
            self._retry_ns = None if self.refusal is None else monotonic_ns() + RETRY_NS
        now_ns = monotonic_ns()
        retry = self._retry_ns is not None and now_ns > self._retry_ns
        if retry or (self._listens and now_ns - self._heard_ns > SILENT_NS):
            self._retry_ns, self._heard_ns = None, now_ns
            self._socket.disconnect(self._endpoint)
            self._socket.connect(self._endpoint)

    def close(self) -> None:
        """Stop watching; the socket is still to be closed."""
        self._socket.disable_monitor()
