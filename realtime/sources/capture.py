"""Keypoints from `m2t3 detect`, which this source starts, watches and stops."""

import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path

import zmq

from ...calibration.camera_files import capture_source
from ...core.clock import SECOND_NS, monotonic_ns
from ..counts import Counts
from ..detection.loading import check_detector
from .zmq import ZmqSource

RESTART_S = (1.0, 2.0, 5.0, 10.0)  # how long to wait before each start after one that failed
STEADY_S = 60.0  # whoever ran for so long did not fail at the start
LAST_FRAMES_NS = SECOND_NS // 2  # what a detector sent when it ended arrives within
STOP_S = 3.0  # how long a detector may take to stop by itself


class CaptureSource(ZmqSource):
    """The frames of a detector process of our own."""

    def __init__(self, config: capture_source.CaptureSource, stream: str, path: Path) -> None:
        """Listen, and start the detector that the camera file at `path` describes.

        It is our own, so it has a way of its own to us, which nobody else can enter: a socket in a
        folder that only this user may look into. Where there are none, a port of this machine.

        Raises:
            DetectorError: its library or a model file is missing.
        """
        check_detector(config)
        self._folder = tempfile.TemporaryDirectory(prefix="m2t3-")
        private = f"ipc://{self._folder.name}/keypoints" if zmq.has("ipc") else "tcp://127.0.0.1:*"
        super().__init__(private, stream)
        device = capture_source.device_text(config.device)
        self.description = f"{config.detector} looks at {device}"
        python = (sys.executable, "-P")  # no modules from whatever folder the stream runs in
        command = (*python, "-m", "m2t3", "detect", "--attached", "--camera", str(path))
        self._process = DetectorProcess((*command, "--connect", self.endpoint, "--stream", stream))

    @property
    def finished(self) -> bool:
        """True when the detector has come to the end of a video file."""
        ended_ns = self._process.t_finished_ns
        return (
            ended_ns is not None and monotonic_ns() - ended_ns > LAST_FRAMES_NS and not self._queue
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the detector and its process warn of."""
        silent = self.detector is None
        trouble = self._process.trouble if silent else None
        return super().warnings + ((trouble,) if trouble else ())

    def counts(self) -> Counts:
        """A copy of the losses so far, and how often the detector died."""
        counts = super().counts()
        counts.refused["detector_died"] += self._process.deaths
        return counts + Counts()  # which drops a zero

    def close(self) -> None:
        """Stop the detector and free the endpoint."""
        self._process.close()
        super().close()
        self._folder.cleanup()


class DetectorProcess:
    """Runs a command until closed; starts it again when it fails.

    The command stops when its standard input ends, so it does not outlive us, however we end.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self.deaths = 0
        self.trouble: str | None = None  # why it does not run now
        self.t_finished_ns: int | None = None  # when it ended with code 0
        self._closing = threading.Event()
        self._starting = threading.Lock()  # nothing is started once closing has begun
        self._process = self._start()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        """Of the process that was started last."""
        return self._process.pid

    def close(self) -> None:
        """Stop the process: its input ends; if that does not help, it is killed."""
        with self._starting:
            self._closing.set()
            process = self._process
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
        self._thread.join()

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C is for us, and we stop it in order
        )

    def _watch(self) -> None:
        attempt = 0
        while True:
            t_start_ns = monotonic_ns()
            last_words = self._wait()
            if self._closing.is_set():
                return
            if self._process.returncode == 0:
                self.t_finished_ns = monotonic_ns()
                return
            self.deaths += 1
            attempt = 0 if monotonic_ns() - t_start_ns > STEADY_S * SECOND_NS else attempt
            wait_s = RESTART_S[min(attempt, len(RESTART_S) - 1)]
            attempt += 1
            self.trouble = (
                f"the detector ended with code {self._process.returncode} and is started again "
                f"in {wait_s:g} s: {last_words}"
            )
            self._closing.wait(wait_s)
            with self._starting:
                if self._closing.is_set():
                    return
                self._process = self._start()

    def _wait(self) -> str:
        """Wait for the end of the process; the last line that it wrote."""
        process, lines = self._process, deque[str](maxlen=1)
        with process:
            assert process.stderr is not None
            for line in process.stderr:
                if line.strip():
                    lines.append(line.strip())
        return lines[0] if lines else "it said nothing"
