"""The messages as a reference table (`docs/messages.md`)."""

import numpy as np

from ...core.topics import TOPICS
from .fields import (
    INT64_MAX,
    UINT64_MAX,
    Array,
    Blob,
    Choice,
    Definition,
    Field,
    Flag,
    Integer,
    Items,
    Real,
    Record,
    Table,
    Text,
    Type,
    definitions,
)

HEAD = """\
<!-- Written by `python -m m2t3.clients.schema` from core/messages.py and topics.py: edit those. -->
# Messages, field by field

What [protocol.md](protocol.md) explains, as a table of what a reader accepts. Integers are valid in
any MessagePack width. `f32[J, 3]` is a `bin` of little-endian float32, `u8[J]` one of single bytes.
*Word*: letters, digits, `_` and `-`. A field without a default must be there.
"""


def source() -> str:
    """The file's text."""
    parts = [HEAD]
    for topic in TOPICS:
        parts.append(
            f"`{topic.prefix}.<stream>` carries a [{topic.message_type.__name__}]"
            f"(#{topic.message_type.__name__.lower()}), at most {topic.max_payload_bytes} bytes.\n"
        )
    for record in definitions(list(TOPICS)):
        parts.append(_section(record))
    return "\n".join(parts)


def _section(record: Definition) -> str:
    lines = [f"## {record.name}", "", " ".join(record.comment.split()), ""]
    lines += ["| field | type | default | |", "|---|---|---|---|"]
    for field in record.fields:
        comment = field.comment.replace("|", "\\|")
        lines.append(f"| `{field.name}` | {_type(field.type)} | {_default(field)} | {comment} |")
    return "\n".join(lines) + "\n"


def _default(field: Field) -> str:
    if field.required:
        return ""
    if isinstance(field.type, Array):
        return f"`{np.asarray(field.default).tolist()}`"
    return "nil" if field.nullable else f"`{field.default}`"


def _type(part: Type) -> str:
    match part:
        case Integer(low, high) if low == high:
            return f"int {low}"
        case Integer(low, high):
            bottom = "−2⁶³" if low < -INT64_MAX else str(low)
            top = {INT64_MAX: "2⁶³ − 1", UINT64_MAX: "2⁶⁴ − 1"}.get(high, str(high))
            return f"int {bottom} … {top}"
        case Real():
            return "float"
        case Text(shortest, longest, word):
            if not shortest and longest is None:
                return "str"
            return f"{'word' if word else 'str'} of {shortest} … {longest or '∞'}"
        case Choice(words=words):
            return " or ".join(f"`{word}`" for word in words)
        case Array(item, shape):
            return f"{item}[{', '.join(shape)}]"
        case Flag():
            return "bool"
        case Blob(shortest, longest):
            return f"bin of {shortest} … {longest}"
        case Items(inner, shortest, longest):
            if shortest == longest:
                return f"[{_type(inner)}] × {longest}"
            return f"[{_type(inner)}]" + (f", at most {longest}" if longest else "")
        case Table(inner):
            return f"{{str: {_type(inner)}}}"
        case Record(name):
            return f"[{name}](#{name.lower()})"
