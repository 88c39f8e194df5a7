"""`m2t3 keys`: CURVE keys for the stream and for each of its clients."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
import zmq.auth

from ...core.errors import KeyringError
from ...core.keyring import (
    CLIENT,
    DETECTORS,
    PUBLIC,
    READERS,
    SECRET,
    SERVER,
    allowed,
    read_server_keys,
)

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class New:
    """Without NAME: the stream's own keys. With it: a folder for one client, who is let in."""

    name: Annotated[str | None, tyro.conf.Positional] = None
    """Who is to connect, e.g. laptop."""
    folder: Path = Path("keys")
    """The stream's folder, for `m2t3-stream --keys`."""
    detector: bool = False
    """The client may send keypoints (otherwise: read poses)."""

    def run(self) -> int:
        """Make them; secret files are for their owner only.

        Raises:
            KeyringError: they are there already, the stream has no keys yet, or its folder cannot
                be written.
        """
        try:
            self._run()
        except OSError as error:
            raise KeyringError(
                f"cannot make keys in {self.folder}: {error.strerror} ({error.filename}); give "
                "--folder a folder that you may write to, or one that is not there yet"
            ) from None
        return 0

    def _run(self) -> None:
        if self.name is None:
            _make(self.folder, SERVER, self.folder / READERS, self.folder / DETECTORS)
            print(
                f"{self.folder}: the stream's keys. Start it with: m2t3-stream --keys {self.folder}"
            )
            print(f"Then make keys for each client: m2t3 keys new laptop --folder {self.folder}")
            return
        if not NAME.fullmatch(self.name):
            raise KeyringError(f"{self.name!r} is no name: 1 to 64 of A-Z a-z 0-9 _ -")
        public = self.folder / f"{SERVER}{PUBLIC}"
        if not public.exists():
            raise KeyringError(
                f"{self.folder} has no keys of the stream yet: `m2t3 keys new` first"
            )
        theirs = self.folder / "clients" / self.name
        admitted = self.folder / (DETECTORS if self.detector else READERS)
        _make(theirs, CLIENT, admitted)
        shutil.copyfile(public, theirs / public.name)
        shutil.copyfile(theirs / f"{CLIENT}{PUBLIC}", admitted / f"{self.name}{PUBLIC}")
        may = "may send keypoints" if self.detector else "may read poses: m2t3 watch --keys FOLDER"
        print(f"{theirs}: copy this folder to {self.name}, over a channel that you trust; it {may}")


@dataclass(frozen=True)
class List:
    """Who may connect to the stream."""

    folder: Path = Path("keys")
    """The stream's folder."""

    def run(self) -> int:
        """Print them."""
        print(f"{self.folder}: the stream is {read_server_keys(self.folder).public.decode()}")
        for who, may in ((READERS, "may read poses"), (DETECTORS, "may send keypoints")):
            for key, name in allowed(self.folder / who).items():
                print(f"{name} {may}: {key.decode()}")
        return 0


Task = Annotated[New, tyro.conf.subcommand("new")] | Annotated[List, tyro.conf.subcommand("list")]


@tyro.conf.configure(tyro.conf.OmitArgPrefixes, tyro.conf.OmitSubcommandPrefixes)
@dataclass(frozen=True)
class Keys:
    """Keys for encrypted connections."""

    task: Task

    def run(self) -> int:
        """Run the sub-command."""
        return self.task.run()


def _make(folder: Path, name: str, *others: Path) -> None:
    """A pair of keys in `folder`, once it and the `others` are there: no pair is made by half."""
    secret = folder / f"{name}{SECRET}"
    if secret.exists():
        raise KeyringError(
            f"{secret} is there already; delete it if its owner is to have new keys, and nobody is "
            "to come in with the old ones"
        )
    for needed in (folder, *others):
        needed.mkdir(mode=0o700, parents=True, exist_ok=True)
    zmq.auth.create_certificates(folder, name)
    secret.chmod(0o600)
