"""ZeroMQ endpoints: bind and connect with errors that teach, and a warning for open doors."""

import re

import zmq

from ..core.errors import EndpointError

_PRIVATE = re.compile(r"(ipc|inproc)://|tcp://(127\.|localhost[:/]|\[::1\])")


def bind(socket: zmq.Socket, endpoint: str) -> str:
    """Bind `socket` and return where it listens (port 0 becomes the port that the system gave).

    Raises:
        EndpointError: no endpoint, or taken.
    """
    _check_port(endpoint)
    try:
        socket.bind(endpoint)
    except zmq.ZMQError as error:
        if error.errno == zmq.EADDRINUSE:
            raise EndpointError(
                f"{endpoint} is taken, perhaps by another m2t3-stream: stop that one or give "
                "another port (`m2t3 doctor` shows which are free)"
            ) from None
        raise _unusable(endpoint, error.strerror) from None
    return socket.getsockopt_string(zmq.LAST_ENDPOINT)


def connect(socket: zmq.Socket, endpoint: str) -> str:
    """Connect `socket`, now or as soon as somebody listens there.

    Raises:
        EndpointError: not an endpoint.
    """
    _check_port(endpoint)
    try:
        socket.connect(endpoint)
    except zmq.ZMQError as error:
        raise _unusable(endpoint, error.strerror) from None
    return endpoint


def exposure(endpoint: str) -> str | None:
    """A warning if others than this machine can reach what is bound to `endpoint`."""
    if _PRIVATE.match(endpoint):
        return None
    return (
        f"{endpoint} is open to the network, without keys: anybody who reaches it can read or send "
        "poses. Use --keys (`m2t3 keys new`), 127.0.0.1, or a network that you trust."
    )


def _check_port(endpoint: str) -> None:
    """libzmq takes port 70000 for 4464."""
    port = re.fullmatch(r"tcp://.*:(\d+)", endpoint)
    if port and int(port[1]) > 65535:
        raise _unusable(endpoint, "ports end at 65535")


def _unusable(endpoint: str, reason: str) -> EndpointError:
    return EndpointError(
        f"cannot use endpoint {endpoint!r} ({reason}); "
        "valid are e.g. tcp://127.0.0.1:5570 and ipc:///tmp/m2t3"
    )
