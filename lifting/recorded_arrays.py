"""The arrays of an npz recording, checked: their kind, their times, their rate."""

import zipfile
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.errors import RecordingError

Arrays = dict[str, NDArray]


def arrays_in(path: Path, writer: str) -> Arrays:
    """What an npz file holds; `writer` is the command that writes such files.

    Raises:
        RecordingError: it cannot be read, or is no such file.
    """
    try:
        with path.open("rb") as file:  # numpy would leave a broken one open
            if (head := file.read(5)) == b"\x89MCAP":
                raise RecordingError("is a recording of `m2t3 record`: call it .mcap")
            if head[:2] not in (b"PK", b"\x93N"):  # numpy would speak of pickles
                raise RecordingError(f"is no npz file; `{writer}` writes one")
            file.seek(0)
            content = np.load(file, allow_pickle=False)
            if not isinstance(content, np.lib.npyio.NpzFile):
                raise RecordingError("is a single array; a recording is an npz file")
            return {key: content[key] for key in content.files}
    except OSError as error:
        raise RecordingError(f"cannot be read ({error.strerror or error})") from None
    except (ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise RecordingError(
            f"is no npz file of plain arrays ({error}); `{writer}` writes one to compare with"
        ) from None


def array_of(arrays: Arrays, key: str, dtype: type[np.generic], dimensions: int) -> NDArray:
    """The array as `dtype`; whole numbers for int64.

    Raises:
        RecordingError: it has other dimensions, or holds no such numbers.
    """
    array = arrays[key]
    whole = dtype is np.int64
    if array.ndim != dimensions or array.dtype.kind not in ("iu" if whole else "iuf"):
        raise RecordingError(
            f"{key} is {array.dtype} of shape {array.shape}; "
            f"it is {'whole ' * whole}numbers in {dimensions} dimensions"
        )
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes inf, a missing joint
        return array.astype(dtype)


def frame_rate(arrays: Arrays) -> float:
    """Frames per second.

    Raises:
        RecordingError: `fps` is no frame rate.
    """
    fps = float(array_of(arrays, "fps", np.float64, 0))
    if not 0 < fps < 1e4:
        raise RecordingError(f"fps is {fps:g}; it is frames per second, above 0")
    return fps


def check_rising(t_capture_ns: NDArray) -> None:
    """Refuse capture times (T,), T above 0, that do not rise.

    Raises:
        RecordingError: they do not.
    """
    if t_capture_ns[0] < 0 or (np.diff(t_capture_ns) <= 0).any():
        raise RecordingError("t_capture_ns does not rise from frame to frame, from 0 or more on")
