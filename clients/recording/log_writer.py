"""Writes recordings: messages as they came, definitions and cameras as attachments besides."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from mcap.writer import CompressionType, IndexType, Writer

from ... import __version__
from ...core.closing import Closing
from ...core.errors import RecordingError
from ...core.message_log import Recorded
from ...core.messages import SkeletonDefinition
from .camera_yaml import camera_yaml

PROFILE = "m2t3"


class LogWriter(Closing):
    """One recording. What is added is in the file at once, whatever happens to this process.

    Without chunks nothing waits in memory for the rest of a chunk, and nothing is compressed: a
    person at 60 fps takes about 430 MB an hour. Other tools (`mcap compress`) do that afterwards.
    """

    def __init__(self, path: Path, *, overwrite: bool = False) -> None:
        """Begin the file.

        Raises:
            RecordingError: the file is there already, or cannot be written.
        """
        self.path = path
        try:
            self._file: IO[bytes] = path.open("wb" if overwrite else "xb")
        except FileExistsError:
            raise RecordingError(
                f"{path} is there already; give another name, or --overwrite"
            ) from None
        except OSError as error:
            raise RecordingError(f"cannot write {path} ({error.strerror or error})") from None
        self._writer = Writer(
            self._file,
            compression=CompressionType.NONE,
            index_types=IndexType.ALL,
            use_chunking=False,
        )
        self._writer.start(profile=PROFILE, library=f"m2t3 {__version__}")
        self._channels: dict[bytes, int] = {}
        self._attached: set[tuple[str, str]] = set()

    def add(self, message: Recorded) -> None:
        """Append one message.

        Raises:
            RecordingError: the disk is full, or gone.
        """
        if message.topic not in self._channels:
            self._channels[message.topic] = self._writer.register_channel(
                message.topic.decode(), message_encoding="msgpack", schema_id=0
            )
        with self._telling():
            self._writer.add_message(
                self._channels[message.topic],
                log_time=message.t_unix_ns,
                publish_time=message.t_unix_ns,
                data=message.payload,
            )
            self._file.flush()

    def attach(self, definition: SkeletonDefinition, recorded: Recorded) -> None:
        """Attach what `recorded` defines, and its camera as a file for `--camera`; once each.

        Raises:
            RecordingError: the disk is full, or gone.
        """
        stream, t_ns = definition.stream, recorded.t_unix_ns
        if (stream, definition.def_id) in self._attached:
            return
        first = not any(stream == attached for attached, _ in self._attached)
        self._attached.add((stream, definition.def_id))
        suffix = "" if first else f".{definition.def_id}"
        camera = camera_yaml(definition.camera, recording=self.path.name).encode()
        for name, media_type, data in (
            (f"definition.{stream}{suffix}.msgpack", "application/msgpack", recorded.payload),
            (f"camera.{stream}{suffix}.yaml", "application/yaml", camera),
        ):
            with self._telling():
                self._writer.add_attachment(t_ns, t_ns, name, media_type, data)
                self._file.flush()

    def close(self) -> None:
        """Write the summary that tells readers that the file is whole.

        Raises:
            RecordingError: the disk is full, or gone.
        """
        with self._telling(), self._file:
            self._writer.finish()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """What the system refuses, in our words."""
        try:
            yield
        except OSError as error:
            raise RecordingError(f"cannot write {self.path} ({error.strerror or error})") from None
