"""What the generator knows of the messages: their records, fields and value types, from `core`."""

import inspect
import re
from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import numpy as np
from msgspec import NODEFAULT, Meta, Struct
from msgspec.structs import FieldInfo
from msgspec.structs import fields as struct_fields

from ...core import messages
from ...core.messages import BoolArray, Float32Array
from ...core.topics import DEFINITION, POSE, STATUS, Topic

INT64_MAX, UINT64_MAX = 2**63 - 1, 2**64 - 1
_WORD = re.compile(r"\^\[[0-9A-Za-z_-]*\]\{1,(\d+)\}\\Z")  # the only kind of pattern in use
_COMMENT = re.compile(r"^    (\w+): .*?  # (.+(?:\n    # .+)*)$", re.MULTILINE)
_SHAPE = re.compile(r"\((\w+)(?:, (\w+))?,?\)")


@dataclass(frozen=True)
class Integer:
    """A whole number between two bounds, both valid."""

    low: int
    high: int


@dataclass(frozen=True)
class Real:
    """A float64; on the wire a float32 or an integer will do."""


@dataclass(frozen=True)
class Text:
    """A string of so many characters, or a word of letters, digits, _ and -."""

    shortest: int
    longest: int | None  # None: as long as the message may be
    word: bool


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    name: str  # of the enumeration in languages that have them
    words: tuple[str, ...]


@dataclass(frozen=True)
class Array:
    """Numbers in a `bin`: little-endian float32, or a byte each."""

    item: Literal["f32", "u8"]
    shape: tuple[str, ...]  # ("J", "3")


@dataclass(frozen=True)
class Flag:
    """true or false; none is in what clients in other languages read, and so with `Blob`."""


@dataclass(frozen=True)
class Blob:
    """Bytes in a `bin`, so many."""

    shortest: int
    longest: int


@dataclass(frozen=True)
class Items:
    """A list of values of one type."""

    item: "Type"
    shortest: int
    longest: int | None


@dataclass(frozen=True)
class Table:
    """A map from any string to values of one type."""

    value: "Type"


@dataclass(frozen=True)
class Record:
    """A map with the fields of a class of `core.messages`."""

    name: str


Type = Integer | Real | Text | Choice | Array | Flag | Blob | Items | Table | Record


@dataclass(frozen=True)
class Field:
    """One field of a record."""

    name: str  # the key on the wire
    type: Type
    required: bool
    nullable: bool  # nil is valid, and what is meant when the key is missing
    default: object  # when the key is missing and nil is not valid
    comment: str


@dataclass(frozen=True)
class Definition:
    """A record with its fields, in wire order."""

    name: str
    comment: str
    fields: tuple[Field, ...]
    has_rules: bool  # beyond its fields' types: each language has them by hand


def subscribed() -> list[Topic[Any]]:
    """The topics that the clients in other languages listen to."""
    return [DEFINITION, POSE, STATUS]


def definitions(topics: list[Topic[Any]]) -> list[Definition]:
    """The records of these topics' messages, each after those that it is made of."""
    order: dict[type[Struct], Definition] = {}

    def visit(record: type[Struct]) -> None:
        definition = _definition(record)
        for field in definition.fields:
            for part in _records(field.type):
                visit(part)
        order.setdefault(record, definition)

    for topic in topics:
        visit(topic.message_type)
    return list(order.values())


def choices(records: list[Definition]) -> list[Choice]:
    """All enumerations of the records."""
    found = [field.type for record in records for field in record.fields]
    return list(dict.fromkeys(each for each in found if isinstance(each, Choice)))


def pascal(name: str) -> str:
    """`t_capture_ns` as `TCaptureNs`."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def float_bits(values: object) -> str:
    """The bits of float32s, as C# and C++ write them: a NaN is not any NaN."""
    bits = np.asarray(values, np.float32).view(np.uint32)
    return ", ".join(f"{each:#x}u" for each in bits.tolist())


@cache
def _definition(record: type[Struct]) -> Definition:
    hints, comments = get_type_hints(record, include_extras=True), _comments(record)
    fields = []
    for info in struct_fields(record):
        comment = comments.get(info.encode_name, "")
        hint, nullable = _without_none(hints[info.name])
        field_type = _read(hint, record.__name__, info.encode_name, comment)
        fields.append(
            Field(
                name=info.encode_name,
                type=field_type,
                # Every message is asked for its version first, so it cannot be left out.
                required=info.required or info.name == "v",
                nullable=nullable,
                default=_default(info),
                comment=comment,
            )
        )
    has_rules = "__post_init__" in vars(record)
    return Definition(record.__name__, inspect.getdoc(record) or "", tuple(fields), has_rules)


def _default(info: FieldInfo) -> object:
    if info.default is not NODEFAULT:
        return info.default
    return None if info.default_factory is NODEFAULT else info.default_factory()


def _without_none(hint: Any) -> tuple[Any, bool]:
    if get_origin(hint) is UnionType or str(get_origin(hint)) == "typing.Union":
        (only,) = (part for part in get_args(hint) if part is not NoneType)
        return only, True
    return hint, False


def _read(hint: Any, record: str, field: str, comment: str) -> Type:
    """The type that an annotation of `core.messages` stands for."""
    metas: tuple[Meta, ...] = ()
    while get_origin(hint) is Annotated:
        hint, *more = get_args(hint)
        metas += tuple(more)
    meta = metas[0] if metas else Meta()
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in (Float32Array, BoolArray):
        shape = _SHAPE.match(comment)
        if shape is None:
            raise TypeError(f"{record}.{field}: its comment must begin with the shape, as (J, 3)")
        item = "f32" if hint == Float32Array else "u8"
        return Array(item, tuple(size for size in shape.groups() if size))  # type: ignore[arg-type]
    if hint is bool:
        return Flag()
    if hint is int:
        low = -INT64_MAX - 1 if meta.ge is None else meta.ge
        high = (INT64_MAX if low < 0 else UINT64_MAX) if meta.le is None else meta.le
        return Integer(int(low), int(high))
    if hint is bytes:
        return Blob(meta.min_length or 0, meta.max_length or 0)
    if hint is float:
        return Real()
    if hint is str:
        if meta.pattern is None:
            return Text(meta.min_length or 0, meta.max_length, word=False)
        pattern = _WORD.fullmatch(meta.pattern)
        if pattern is None:
            raise TypeError(f"{record}.{field}: teach clients/schema the pattern {meta.pattern}")
        return Text(1, int(pattern[1]), word=True)
    if origin is Literal:
        if all(isinstance(value, int) for value in arguments):
            return Integer(min(arguments), max(arguments))
        return Choice(_choice_name(hint, record, field), arguments)
    if origin is tuple:
        longest = meta.max_length if arguments[-1] is Ellipsis else len(arguments)
        shortest = (meta.min_length or 0) if arguments[-1] is Ellipsis else len(arguments)
        return Items(_read(arguments[0], record, field, comment), shortest, longest)
    if origin is dict:
        return Table(_read(arguments[1], record, field, comment))
    if isinstance(hint, type) and issubclass(hint, Struct):
        return Record(hint.__name__)
    raise TypeError(f"{record}.{field}: teach clients/schema the type {hint}")


def _choice_name(hint: Any, record: str, field: str) -> str:
    """The name that `core.messages` has for it, else one made of record and field."""
    for name, value in vars(messages).items():
        if get_origin(value) is Literal and value == hint:
            return name
    return record + pascal(field)


def _records(part: Type) -> list[type[Struct]]:
    match part:
        case Record(name):
            return [getattr(messages, name)]
        case Items(item=inner) | Table(value=inner):
            return _records(inner)
        case _:
            return []


def _comments(record: type) -> dict[str, str]:
    """Field -> the comment on its line and on those that follow."""
    found: dict[str, str] = {}
    for base in reversed(record.__mro__):
        if base.__module__ == messages.__name__:
            for name, comment in _COMMENT.findall(inspect.getsource(base)):
                found[name] = " ".join(line.strip(" #") for line in comment.split("\n"))
    return found
