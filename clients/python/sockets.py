"""The subscriber's socket, with the settings that docs/protocol.md gives reasons for."""

from collections.abc import Iterable

import zmq

from ...core.errors import EndpointError
from ...core.topics import MAX_MESSAGE_BYTES, POSE_ENDPOINT

QUEUE_MESSAGES = 1000  # ZeroMQ's default


def open_subscriber(
    context: zmq.Context[zmq.Socket[bytes]],
    connect: str,
    topics: Iterable[bytes],
    queue_messages: int = QUEUE_MESSAGES,
) -> zmq.Socket[bytes]:
    """A SUB socket that listens to `topics` of the publisher at `connect`, now or once it is there.

    Args:
        context: owns the socket.
        connect: ZeroMQ endpoint of the publisher.
        topics: prefixes of the topics to subscribe to.
        queue_messages: how many may wait to be read; what comes after is lost.

    Raises:
        EndpointError: `connect` is no ZeroMQ endpoint.
    """
    socket = context.socket(zmq.SUB)
    socket.linger = 0
    socket.rcvhwm = queue_messages
    socket.maxmsgsize = MAX_MESSAGE_BYTES
    # A frozen or vanished host sends no FIN: only heartbeats tell, and reconnecting mends.
    socket.heartbeat_ivl = 500
    socket.heartbeat_timeout = 1500
    socket.reconnect_ivl = 100
    socket.reconnect_ivl_max = 2000
    for topic in topics:
        socket.subscribe(topic)
    try:
        socket.connect(connect)
    except zmq.ZMQError as error:
        socket.close()
        raise EndpointError(
            f"cannot connect to {connect!r} ({error}); valid: tcp://HOST:PORT, such as "
            f"{POSE_ENDPOINT}"
        ) from error
    return socket
