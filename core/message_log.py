"""Recordings of the wire itself: MCAP files whose messages are the payloads as they came.

Every topic is a channel (encoding "msgpack", no schema), every message bears the Unix time at which
the recorder received it. m2t3 writes no chunks: a message is in the file as soon as it is recorded,
so one that is cut off anywhere still plays up to there. Files that other tools have put into chunks
are read too. Needs the extra "record".
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import zstandard
from mcap.exceptions import EndOfFile, InvalidMagic, McapError
from mcap.records import Channel, Footer, Message
from mcap.stream_reader import MAGIC_SIZE, StreamReader
from mcap.writer import MCAP0_MAGIC

from .errors import RecordingError
from .topics import TOPICS

SUFFIX = ".mcap"
PREFIXES = tuple(f"{topic.prefix}." for topic in TOPICS)
MAX_RECORD_BYTES = 64 * 1024 * 1024  # a chunk of another tool may be large; beyond it is a fault
DAMAGED = (  # what mcap's reader makes of it, above all within chunks
    McapError,
    ValueError,
    RuntimeError,
    OverflowError,
    MemoryError,
    struct.error,
    zstandard.ZstdError,
)


@dataclass(frozen=True)
class Recorded:
    """One message of a recording."""

    topic: bytes  # e.g. b"m2t3.pose.cam0"
    payload: bytes  # as it was on the wire
    t_unix_ns: int  # when the recorder received it


class MessageLog:
    """A recording, read from its beginning as often as it is iterated over."""

    def __init__(self, path: Path) -> None:
        """Look at the beginning of the file.

        Raises:
            RecordingError: it cannot be read, or is no MCAP file.
        """
        self.path = path
        self.complete: bool | None = None  # known at the end: False if the file was cut off
        try:
            with path.open("rb") as file:
                magic = file.read(MAGIC_SIZE)
        except OSError as error:
            raise RecordingError(f"{path}: cannot be read ({error.strerror or error})") from None
        if not MCAP0_MAGIC.startswith(magic):
            raise RecordingError(f"{path}: is no MCAP file; `m2t3 record FILE.mcap` writes one")

    def __iter__(self) -> Iterator[Recorded]:
        """The messages of m2t3's topics in the order in which they were recorded."""
        self.complete = False
        topics: dict[int, bytes] = {}
        with _Exact(io.FileIO(self.path)) as file:
            records = StreamReader(file, record_size_limit=MAX_RECORD_BYTES).records
            try:
                for record in records:
                    if isinstance(record, Channel) and record.topic.startswith(PREFIXES):
                        topics[record.id] = record.topic.encode()
                    elif isinstance(record, Message) and record.channel_id in topics:
                        yield Recorded(topics[record.channel_id], record.data, record.log_time)
                    elif isinstance(record, Footer):
                        self.complete = True
            except (EndOfFile, InvalidMagic):
                self.complete = False
            except DAMAGED as error:
                raise RecordingError(
                    f"{self.path}: is damaged: {str(error) or type(error).__name__}"
                ) from None


class _Exact(io.BufferedReader):
    """A file whose `read` gives all that was asked for or nothing.

    mcap's reader takes what a cut has left of a payload for the payload, and asks for as many bytes
    as a damaged length says, be they more than any memory holds.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MAX_RECORD_BYTES:
            return b""
        data = super().read(size)
        return data if size is None or len(data) >= size else b""
