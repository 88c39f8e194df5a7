"""Pickles without their danger: numbers, texts, containers and numpy arrays; nothing else is made.

A pickle is a program, and `pickle.load` runs it. Data sets come as pickles all the same, so they
are read by an unpickler that knows numpy's constructors and refuses every other name before it is
imported. Classes of other libraries can be let in by name; they come back as inert records.
"""

import io
import pickle  # noqa: TID251 -- read by Unpickler below, which imports nothing but numpy
from collections.abc import Mapping
from typing import IO, Any

import numpy as np

from .errors import M2t3Error

_ARRAY_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")
_NUMERIC_MODULES = ("numpy.core.numeric", "numpy._core.numeric")
# As written by numpy 1 and 2, and by Python 2 and 3; numpy 2 warns of the old module names.
_ALLOWED: Mapping[tuple[str, str], tuple[str, str]] = {
    ("numpy", "ndarray"): ("numpy", "ndarray"),
    ("numpy", "dtype"): ("numpy", "dtype"),
    ("_codecs", "encode"): ("_codecs", "encode"),  # bytes in pickles of protocol 2
    **{
        (module, name): ("numpy._core.multiarray", name)
        for module in _ARRAY_MODULES
        for name in ("_reconstruct", "scalar")
    },
    **{
        (module, "_frombuffer"): ("numpy._core.numeric", "_frombuffer")
        for module in _NUMERIC_MODULES
    },
}


class Record:
    """What a pickle says of an object whose class is not imported: its fields."""

    fields: Mapping[str, Any] = {}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.fields = state


def _new_record(cls: type[Record], *_: object) -> Record:
    return cls()


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: IO[bytes], records: frozenset[str]) -> None:
        super().__init__(file, encoding="latin1")  # as arrays pickled by Python 2 need it
        self._records = records

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _ALLOWED:
            return super().find_class(*_ALLOWED[module, name])
        if f"{module}.{name}" in self._records:
            return Record
        if self._records and (module, name) == ("copy_reg", "_reconstructor"):
            return _new_record
        if self._records and (module, name) == ("__builtin__", "object"):
            return object
        raise pickle.UnpicklingError(
            f"it asks for {module}.{name}; only numpy arrays and plain data are read"
        )


def read_pickle(file: IO[bytes], records: frozenset[str] = frozenset()) -> Any:
    """Read a pickle of plain data and numpy arrays.

    Args:
        file: open for reading, at the start of the pickle.
        records: full names of classes that come back as `Record`s instead of being refused.

    Raises:
        M2t3Error: it asks for anything else, or is cut off or damaged.
    """
    try:
        return _Unpickler(file, records).load()
    except Exception as error:  # a damaged pickle can raise anything
        raise M2t3Error(f"not a pickle of numpy arrays ({error or type(error).__name__})") from None


def read_object_array(data: bytes) -> Any:
    """The object in a .npy file of dtype object (a pickle behind a header).

    Raises:
        M2t3Error: as `read_pickle`.
    """
    file = io.BytesIO(data)
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        np.lib.format.read_array_header_1_0(file)
    else:
        np.lib.format.read_array_header_2_0(file)
    array = read_pickle(file)
    return array.item() if isinstance(array, np.ndarray) and array.ndim == 0 else array
