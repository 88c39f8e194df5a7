"""What a message means, as one line of text that is the same in every language.

Records are their values in schema order between parentheses, lists in brackets, maps in braces in
the order of their keys' bytes. Floats are written as the bits that they are, so equal lines mean
messages that are equal to the last bit, NaN included.
"""

import struct

import numpy as np
from msgspec import Struct
from msgspec.structs import astuple


def meaning(value: object) -> str:
    """The line for a decoded message, or for a value in it."""
    match value:
        case None:
            return "nil"
        case bool():
            raise TypeError("no message has a bool outside of an array")
        case int():
            return str(value)
        case float():
            return "f64:" + struct.pack(">d", value).hex()
        case str():
            return '"' + "".join(map(_byte, value.encode())) + '"'
        case np.ndarray(dtype=np.bool_):
            return "u8:" + value.tobytes().hex()
        case np.ndarray(dtype=np.float32):
            return "f32:" + value.astype("<f4").tobytes().hex()
        case tuple():
            return "[" + ",".join(map(meaning, value)) + "]"
        case dict():
            items = sorted(value.items(), key=lambda item: item[0].encode())
            return "{" + ",".join(f"{meaning(key)}:{meaning(each)}" for key, each in items) + "}"
        case Struct():
            return "(" + ",".join(map(meaning, astuple(value))) + ")"
    raise TypeError(f"no message has a {type(value).__name__}")


def _byte(byte: int) -> str:
    """Printable ASCII as it is, the rest (and the quote and the backslash) as \\xHH."""
    return chr(byte) if 0x20 <= byte < 0x7F and byte not in b'"\\' else f"\\x{byte:02x}"
