"""Folders of CURVE keys: where each key is, and how its file is read (ZeroMQ's certificates, ZPL).

The folder of the machine that runs m2t3-stream, and the folder of one client:

    keys/server.key           public         laptop/server.key         the stream's public key
    keys/server.key_secret    both           laptop/client.key         public
    keys/readers/*.key        who may read   laptop/client.key_secret  both
    keys/detectors/*.key      who may send keypoints

`m2t3 keys new` makes them. A file holds lines `public-key = "…"` and, if it is secret,
`secret-key = "…"`, 40 characters of Z85 (ZeroMQ's RFC 32).
"""

import re
from dataclasses import dataclass
from pathlib import Path

from .errors import KeyringError

SERVER, CLIENT = "server", "client"
READERS, DETECTORS = "readers", "detectors"  # folders of the public keys of those who may
PUBLIC, SECRET = ".key", ".key_secret"
MAKE_SERVER, MAKE_CLIENT = "`m2t3 keys new`", "`m2t3 keys new NAME`"

_Z85 = rb"[0-9A-Za-z.\-:+=^!/*?&<>()\[\]{}@%$#]"
_LINE = re.compile(rb'^\s*(public|secret)-key\s*=\s*"(' + _Z85 + rb'{40})"', re.MULTILINE)


@dataclass(frozen=True, repr=False)
class KeyPair:
    """One end of a connection. It has no repr, so that no secret gets into a log."""

    public: bytes  # 40 characters of Z85
    secret: bytes


@dataclass(frozen=True, repr=False)
class ClientKeys:
    """What a client needs: who it is, and whom it trusts to be the server."""

    own: KeyPair
    server: bytes  # public


def read_server_keys(folder: Path) -> KeyPair:
    """The key pair of the stream whose folder this is.

    Raises:
        KeyringError: the folder has none.
    """
    return read_pair(folder / f"{SERVER}{SECRET}", MAKE_SERVER)


def read_client_keys(folder: Path) -> ClientKeys:
    """The keys of the client whose folder this is.

    Raises:
        KeyringError: the folder lacks them; the message says how to make them.
    """
    own = folder / f"{CLIENT}{SECRET}"
    if not own.exists() and (folder / f"{SERVER}{SECRET}").exists():
        raise KeyringError(
            f"{folder} is the stream's own folder; a client has one of its own, which "
            f"{MAKE_CLIENT} makes below {folder / 'clients'}"
        )
    return ClientKeys(
        read_pair(own, MAKE_CLIENT), read_public(folder / f"{SERVER}{PUBLIC}", MAKE_CLIENT)
    )


def allowed(folder: Path) -> dict[bytes, str]:
    """The public keys of those who may, from their files: each with its name."""
    return {read_public(path, MAKE_CLIENT): path.stem for path in sorted(folder.glob(f"*{PUBLIC}"))}


def read_pair(path: Path, mend: str) -> KeyPair:
    """Both keys in a secret file."""
    keys = _keys(path, mend)
    if b"secret" not in keys:
        raise KeyringError(f"{path} holds no secret key; {mend} makes one that does")
    return KeyPair(keys[b"public"], keys[b"secret"])


def read_public(path: Path, mend: str) -> bytes:
    """The public key in a file."""
    return _keys(path, mend)[b"public"]


def _keys(path: Path, mend: str) -> dict[bytes, bytes]:
    try:
        keys = dict(_LINE.findall(path.read_bytes()))
    except OSError as error:
        raise KeyringError(
            f"cannot read {path} ({error.strerror or error}); {mend} makes it"
        ) from None
    if b"public" not in keys:
        raise KeyringError(f"{path} holds no public key of 40 characters; {mend} makes one")
    return keys
