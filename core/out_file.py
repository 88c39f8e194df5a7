"""Files to be written: what stands in the way is told before the work for them is done."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import M2t3Error


def check_out(out: Path, *inputs: Path, option: str = "--out") -> None:
    """Refuse what `option` names if nothing can be written there, or if it is a file that is read.

    Raises:
        M2t3Error: no such folder, no right to write, or one of `inputs`.
    """
    folder = out.absolute().parent
    if not folder.is_dir():
        raise M2t3Error(f"{option} {out}: there is no folder {folder}; mkdir -p {folder}")
    if out.is_dir():
        raise M2t3Error(f"{option} {out}: is a folder; give the name of a file in it")
    if not os.access(out if out.exists() else folder, os.W_OK):
        raise M2t3Error(f"{option} {out}: you may not write there; name another folder")
    for path in inputs:
        if out.exists() and path.exists() and out.samefile(path):
            raise M2t3Error(
                f"{option} {out}: is what is read, and would be lost; give another name"
            )


@contextmanager
def writing(out: Path) -> Iterator[None]:
    """What the system refuses while `out` is written, in our words.

    Raises:
        M2t3Error: the disk is full, or gone.
    """
    try:
        yield
    except OSError as error:
        raise M2t3Error(f"{out}: cannot be written ({error.strerror or error})") from None
