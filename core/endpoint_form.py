"""What a ZeroMQ endpoint looks like.

libzmq takes port 70000 for 4464, -5 for 65531 and 5673x for 5673.
"""

import re

from .errors import EndpointError


def check_form(endpoint: str, *, any_port: bool = False) -> None:
    """Refuse what nobody can mean.

    Args:
        any_port: whether `*` may stand for a port that is free.

    Raises:
        EndpointError: no endpoint that another process could reach.
    """
    if endpoint.startswith("inproc://"):
        raise unusable(endpoint, "nobody outside this process can reach it")
    if not endpoint.startswith("tcp://"):
        return
    port = re.fullmatch(r"tcp://.+:([0-9]{1,5}|\*)", endpoint)
    if port is None or (port[1] == "*" and not any_port):
        raise unusable(endpoint, "it is tcp://HOST:PORT")
    if port[1] != "*" and int(port[1]) > 65535:
        raise unusable(endpoint, "ports end at 65535")


def unusable(endpoint: str, reason: str) -> EndpointError:
    """The error that says why, and what would do."""
    return EndpointError(
        f"cannot use endpoint {endpoint!r} ({reason}); "
        "valid are e.g. tcp://127.0.0.1:5570 and ipc:///tmp/m2t3"
    )
