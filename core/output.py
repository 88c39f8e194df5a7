"""Output that cannot be written any more: its reader has gone, or the disk is full."""

import os
from typing import IO


def discard(stream: IO[str] | None) -> None:
    """Let what `stream` holds and gets go nowhere: Python, which flushes at its end, would fail."""
    if stream is None:  # closed before Python started
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
