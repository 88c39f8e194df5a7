"""Every error that m2t3 raises on purpose; the command line prints its message and nothing else."""

import difflib
from collections.abc import Iterable


class M2t3Error(Exception):
    """Something a person can mend: the message names the bad value, what is valid, and the mend."""


class CameraFileError(M2t3Error):
    """A camera file that cannot be read or describes no usable camera."""


class CalibrationError(M2t3Error):
    """A board, pictures or measurements from which no camera can be calibrated."""


class RecordingError(M2t3Error):
    """A keypoint recording that cannot be read or does not fit the camera."""


class EngineError(M2t3Error):
    """An engine or weights that are missing or cannot run here."""


class DetectorError(M2t3Error):
    """A 2D detector or a model of it that is missing or cannot run here."""


class CaptureError(M2t3Error):
    """A camera, video file or address that cannot be opened."""


class EndpointError(M2t3Error):
    """A ZeroMQ endpoint that cannot be bound or connected."""


class KeyringError(M2t3Error):
    """A folder of keys that lacks what is asked of it, or holds a key that is none."""


class WireError(M2t3Error):
    """A message that is refused. `kind` is the word under which the status counts it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def valid_names(name: str, valid: Iterable[str]) -> str:
    """The end of an error message about an unknown name: the nearest valid one, then all."""
    names = sorted(valid)
    nearest = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {nearest[0]!r}? " if nearest else ""
    return f"{hint}valid: {', '.join(names)}"
