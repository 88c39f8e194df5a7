"""Encrypted sockets: the stream's CURVE keys, and who may connect (ZAP).

Whoever connects without keys, or with a key that is not in the allow list, is refused by ZeroMQ
itself before any message. The list is a folder that is read at every handshake: a key that is put
there is let in at once, one that is taken away is refused from its next connection on.
"""

import logging
from pathlib import Path

import zmq
from zmq.auth.thread import ThreadAuthenticator

from ...core.errors import KeyringError
from ...core.keyring import (
    DETECTORS,
    READERS,
    ClientKeys,
    allowed,
    read_server_keys,
)

log = logging.getLogger(__name__)


class Gate:
    """Guards the bound sockets of one context with the keys in `folder`."""

    def __init__(self, context: zmq.Context, folder: Path) -> None:
        """Start the thread that answers ZeroMQ's question who may come in.

        Raises:
            KeyringError: the folder has no server's keys, or bad ones among those who may.
        """
        self._keys = read_server_keys(folder)
        self._authenticator = ThreadAuthenticator(context)
        for who in (READERS, DETECTORS):
            allowed(folder / who)  # bad files are refused now, not at night
            self._authenticator.configure_curve_callback(who, _AllowList(folder / who))
        self._authenticator.start()

    def guard(self, socket: zmq.Socket, who: str) -> None:
        """Make `socket`, before it is bound, a server for those in the folder `who`."""
        socket.curve_publickey, socket.curve_secretkey = self._keys.public, self._keys.secret
        socket.curve_server = True
        socket.zap_domain = who.encode()

    def close(self) -> None:
        """Stop the thread; the sockets must be closed, for nobody answers any more."""
        self._authenticator.stop()


class _AllowList:
    """What pyzmq calls a credentials provider."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def callback(self, domain: str, key: bytes) -> bool:
        """Whether `key` may come in; it never raises, for that would end the thread."""
        try:
            name = allowed(self._folder).get(key)
        except KeyringError as error:
            log.error("nobody is let in: %s", error)
            return False
        if name is None:
            log.warning("refused the unknown key %s; it is not in %s", key.decode(), self._folder)
        return name is not None


def identify(socket: zmq.Socket, keys: ClientKeys) -> None:
    """Make `socket`, before it is connected, a client."""
    socket.curve_publickey, socket.curve_secretkey = keys.own.public, keys.own.secret
    socket.curve_serverkey = keys.server


def keys_towards_detector(folder: Path) -> ClientKeys:
    """Keys for a stream that connects to a detector: its own, and the only detector's.

    Raises:
        KeyringError: the folder has no keys for that, or several that may be the detector's.
    """
    known = allowed(folder / DETECTORS)
    if len(known) != 1:
        raise KeyringError(
            f"{folder / DETECTORS} holds {len(known)} keys; a stream that connects to a detector, "
            "instead of waiting for it (bind: false), needs exactly the one of that detector"
        )
    return ClientKeys(read_server_keys(folder), *known)
