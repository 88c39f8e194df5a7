"""`m2t3 record`: everything that a stream publishes, to a file that any crash leaves playable."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console

from ...core.clock import SECOND_NS, monotonic_ns
from ...core.errors import M2t3Error
from ...core.stopping import stop_on_signals
from ...core.topics import KEYPOINTS, POSE, POSE_ENDPOINT
from .log_writer import LogWriter
from .recorder import Recorder

LINE_PERIOD_S = 1.0
PATIENCE_S = 2.0  # definition and status come every second; no word for so long: say so


@dataclass(frozen=True)
class Record:
    """Record a stream to an MCAP file: poses, definitions, status, and the keypoints behind them.

    Ends with Ctrl-C, or after --seconds. The file can be played, lifted again or read by any
    program that reads MCAP, also when this process or the machine dies in the midst of it.
    """

    out: Annotated[Path, tyro.conf.Positional]  # MCAP file to write
    connect: str = POSE_ENDPOINT  # where the stream publishes
    stream: str | None = None  # which of its streams; all of them if not given
    seconds: float | None = None  # stop after so long; until interrupted if not given
    keys: Path | None = None  # folder with this client's keys, if the stream asks for some
    pictures: bool = False  # also the camera's preview pictures, if the stream has some
    overwrite: bool = False  # replace a file that is there already

    def run(self) -> int:
        """Record until interrupted.

        Raises:
            RecordingError: the file is there already, or cannot be written.
            M2t3Error: `seconds` is not above 0.
        """
        if self.seconds is not None and not self.seconds > 0:
            raise M2t3Error(f"--seconds is {self.seconds:g}; it is above 0")
        console = Console()
        with (
            stop_on_signals() as stop,
            LogWriter(self.out, overwrite=self.overwrite) as log,
            Recorder(log, self.connect, self.stream, self.keys, pictures=self.pictures) as recorder,
        ):
            t_start_ns = t_line_ns = monotonic_ns()
            while not stop.is_set() and not self._over(monotonic_ns() - t_start_ns):
                recorder.step()
                now_ns = monotonic_ns()
                if now_ns - t_line_ns > LINE_PERIOD_S * SECOND_NS:
                    t_line_ns = now_ns
                    patient = now_ns - t_start_ns < PATIENCE_S * SECOND_NS
                    if recorder.summary.streams or not patient:
                        console.print(self._line(recorder), highlight=False, soft_wrap=True)
        console.print(f"{self.out}: {self._line(recorder)}", highlight=False, soft_wrap=True)
        if not recorder.summary.streams:
            self.out.unlink(missing_ok=True)  # nothing is in it, and it would be in the way
            return 1
        return 0

    def _over(self, elapsed_ns: int) -> bool:
        return self.seconds is not None and elapsed_ns >= self.seconds * SECOND_NS

    def _line(self, recorder: Recorder) -> str:
        summary = recorder.summary
        if not summary.streams:
            return f"{self.connect} {recorder.refusal or 'has sent nothing yet'}"
        streams = "; ".join(
            f"{name}: {stream.flows[POSE.prefix].count} poses, {len(stream.people)} people"
            + "".join(
                f", {count} {what}"
                for prefix, what in (
                    (POSE.prefix, "lost"),
                    (KEYPOINTS.prefix, "keypoints lost or not lifted"),
                )
                if (count := stream.lost[prefix])
            )
            for name, stream in sorted(summary.streams.items())
        )
        refused = ", ".join(f"{count} {kind}" for kind, count in summary.refused.items())
        size_mb = self.out.stat().st_size / 1e6
        return f"{summary.duration_s:.0f} s, {size_mb:.1f} MB; {streams}" + (
            f"; refused: {refused}" if refused else ""
        )
