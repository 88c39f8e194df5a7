"""Opening what others have published: missing, empty, cut-off and foreign files in plain words."""

import io
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import M2t3Error
from .pickles import read_object_array, read_pickle


def read_bytes(path: Path) -> bytes:
    """The file's content.

    Raises:
        M2t3Error: it cannot be opened, or is empty.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise M2t3Error(f"cannot be opened: {error.strerror}") from None
    if not data:
        raise M2t3Error("is empty (0 bytes): download it again")
    return data


def read_npz(path: Path, keys: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """The named entries of an npz; object entries through the unpickler that knows numpy only.

    Raises:
        M2t3Error: not an npz, cut off, or without one of `keys`; the message lists what it has.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(read_bytes(path))) as archive:
            present = [name.removesuffix(".npy") for name in archive.namelist()]
            missing = [key for key in keys if key not in present]
            if missing:
                raise M2t3Error(f"lacks {', '.join(missing)}; it has {', '.join(present)}")
            wanted = [key for key in (*keys, *optional) if key in present]
            return {key: _array(archive.read(f"{key}.npy")) for key in wanted}
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError) as error:
        raise M2t3Error(f"is no npz, or cut off ({error}): download it again") from None


def read_npy(path: Path) -> NDArray:
    """The array of an npy file.

    Raises:
        M2t3Error: not an npy of numbers, or cut off.
    """
    data = read_bytes(path)
    try:
        return np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise M2t3Error(f"is no npy of numbers, or cut off ({error})") from None


def read_pickled_dict(path: Path, records: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The dictionary in a pickle file, read by the unpickler that knows numpy only.

    Args:
        path: the file.
        records: classes let in as inert records, see `read_pickle`.

    Raises:
        M2t3Error: not such a pickle.
    """
    content = read_pickle(io.BytesIO(read_bytes(path)), records)
    if not isinstance(content, dict):
        raise M2t3Error(f"holds a {type(content).__name__}, not a dictionary")
    return content


def require(content: dict[str, Any], *keys: str) -> None:
    """Check that a dictionary has the keys.

    Raises:
        M2t3Error: the message names those it lacks and those it has.
    """
    missing = [key for key in keys if key not in content]
    if missing:
        raise M2t3Error(f"lacks {', '.join(missing)}; it has {', '.join(map(str, content))}")


def numbers(value: object, name: str, *shape: int | None) -> NDArray[np.float64]:
    """`value` as float64 of that shape; None stands for any length.

    Raises:
        M2t3Error: not numbers, or of another shape; the message names both.
    """
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise M2t3Error(f"{name} holds no numbers") from None
    fits = array.ndim == len(shape) and all(
        want in (None, have) for want, have in zip(shape, array.shape, strict=True)
    )
    if not fits:
        want = ", ".join("N" if length is None else str(length) for length in shape)
        raise M2t3Error(f"{name} is of shape {array.shape}, not ({want})")
    return array


def _array(data: bytes) -> Any:
    if np.lib.format.read_magic(io.BytesIO(data)) not in ((1, 0), (2, 0)):
        raise M2t3Error("is of a version of npy that is not known")
    try:
        return np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
    except ValueError as error:
        if "Object arrays" not in str(error):
            raise
        return read_object_array(data)
