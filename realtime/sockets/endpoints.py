"""ZeroMQ endpoints: bind and connect with errors that teach, and a warning for open doors."""

import re
import socket as plain
import stat
from pathlib import Path

import zmq

from ...core.endpoint_form import check_form, unusable
from ...core.errors import EndpointError

_PRIVATE = re.compile(r"ipc://|tcp://(127\.|localhost[:/]|\[::1\])")


def bind(socket: zmq.Socket, endpoint: str) -> str:
    """Bind `socket` and return where it listens (port 0 becomes the port that the system gave).

    Raises:
        EndpointError: no endpoint, or taken.
    """
    check_form(endpoint, any_port=True)
    _check_path(endpoint)
    socket.ipv6 = "[" in endpoint
    try:
        socket.bind(endpoint)
    except zmq.ZMQError as error:
        if error.errno == zmq.EADDRINUSE:
            raise _taken(endpoint) from None
        raise unusable(endpoint, error.strerror) from None
    return socket.getsockopt_string(zmq.LAST_ENDPOINT)


def connect(socket: zmq.Socket, endpoint: str) -> str:
    """Connect `socket`, now or as soon as somebody listens there.

    Raises:
        EndpointError: not an endpoint.
    """
    check_form(endpoint)
    socket.ipv6 = "[" in endpoint
    try:
        socket.connect(endpoint)
    except zmq.ZMQError as error:
        raise unusable(endpoint, error.strerror) from None
    return endpoint


def exposure(endpoint: str) -> str | None:
    """A warning if others than this machine can reach what is bound to `endpoint`."""
    if _PRIVATE.match(endpoint):
        return None
    return (
        f"{endpoint} is open to the network, without keys: anybody who reaches it can read or send "
        "poses. Use --keys (`m2t3 keys new`), 127.0.0.1, or a network that you trust."
    )


def _check_path(endpoint: str) -> None:
    """libzmq removes what is at the path of an ipc endpoint, also if somebody listens there."""
    if not endpoint.startswith("ipc://"):
        return
    path = Path(endpoint.removeprefix("ipc://"))
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):  # nothing is there, or libzmq says what is wrong
        return
    if not stat.S_ISSOCK(mode):
        raise unusable(endpoint, f"{path} is a file or folder that would be lost")
    with plain.socket(plain.AF_UNIX) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return  # left behind by a process that has gone
        except OSError:
            pass  # another user's, or too busy to let us in
    raise _taken(endpoint)


def _taken(endpoint: str) -> EndpointError:
    return EndpointError(
        f"{endpoint} is taken, perhaps by another m2t3-stream: stop that one or give "
        "another (`m2t3 doctor` shows which ports are free)"
    )
