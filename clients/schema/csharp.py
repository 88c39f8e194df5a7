"""The messages as C# (`clients/unity/Runtime/Core/Messages.cs`): C# 7.2 without reflection."""

from ...core.messages import PROTOCOL_VERSION
from ...core.topics import MAX_MESSAGE_BYTES, POSE_ENDPOINT
from .fields import (
    INT64_MAX,
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
    choices,
    definitions,
    float_bits,
    pascal,
    subscribed,
)

INT32_MAX = 2**31 - 1
HEAD = """\
// Written by `python -m m2t3.clients.schema` from core/messages.py and core/topics.py: edit those.
using System.Collections.Generic;

namespace M2t3
{"""


def source() -> str:
    """The file's text."""
    records = definitions(subscribed())
    parts = [HEAD, *_protocol()]
    for choice in choices(records):
        parts += _choice(choice)
    for record in records:
        parts += _record(record)
    return "\n".join(parts).removesuffix("\n") + "\n}\n"


def _protocol() -> list[str]:
    lines = [
        "    /// <summary>The numbers and names that both ends must agree on.</summary>",
        "    public static class Protocol",
        "    {",
        f"        public const int Version = {PROTOCOL_VERSION};",
        f'        public const string DefaultEndpoint = "{POSE_ENDPOINT}";',
        f"        public const int MaxMessageBytes = {MAX_MESSAGE_BYTES};",
    ]
    for topic in subscribed():
        name = topic.message_type.__name__
        lines.append(f'        public const string {name}Topic = "{topic.prefix}";')
        lines.append(f"        public const int {name}MaxBytes = {topic.max_payload_bytes};")
    return [*lines, "    }", ""]


def _choice(choice: Choice) -> list[str]:
    words = ", ".join(f'"{word}"' for word in choice.words)
    return [
        f"    public enum {choice.name}",
        "    {",
        *(f"        {pascal(word)}," for word in choice.words),
        "    }",
        "",
        f"    internal static class {choice.name}Words",
        "    {",
        f"        internal static readonly string[] All = {{ {words} }};",
        "    }",
        "",
    ]


def _record(record: Definition) -> list[str]:
    keys = ", ".join(f'"{field.name}"' for field in record.fields)
    required = sum(1 << bit for bit, field in enumerate(record.fields) if field.required)
    lines = [f"    /// <summary>{_escaped(record.comment)}</summary>"]
    lines += [f"    public sealed class {record.name}", "    {"]
    for field in record.fields:
        if field.comment:
            lines.append(f"        /// <summary>{_escaped(field.comment)}</summary>")
        lines.append(f"        public {_field_type(field)} {pascal(field.name)}{_initial(field)};")
    lines += [
        "",
        f"        private static readonly string[] Keys = {{ {keys} }};",
        "",
        f"        internal static {record.name} Read(MessagePackReader reader)",
        "        {",
        f"            var value = new {record.name}();",
        "            ulong seen = 0;",
        f'            for (int left = reader.ReadMapHeader("{record.name}"); left > 0; left--)',
        "            {",
        "                int key = reader.ReadKey(Keys);",
        "                switch (key)",
        "                {",
    ]
    for bit, field in enumerate(record.fields):
        read = _read(field.type, f"{record.name}.{field.name}")
        if field.nullable:
            read = f"reader.TryReadNil() ? null : {_cast_nullable(field)}{read}"
        lines.append(f"                    case {bit}: value.{pascal(field.name)} = {read}; break;")
    lines += [
        "                    default: reader.Skip(); continue;",
        "                }",
        "                seen |= 1UL << key;",
        "            }",
        f'            MessagePackReader.RequireKeys("{record.name}", Keys, seen, {required:#x}UL);',
    ]
    if record.has_rules:
        lines.append("            Rules.Check(value);")
    return [*lines, "            return value;", "        }", "    }", ""]


def _type(part: Type) -> str:
    match part:
        case Integer(low, high):
            if low >= -INT32_MAX and high <= INT32_MAX:
                return "int"
            return "ulong" if high > INT64_MAX else "long"
        case Real():
            return "double"
        case Text():
            return "string"
        case Choice(name):
            return name
        case Array(item):
            return "float[]" if item == "f32" else "bool[]"
        case Items(item=inner):
            return _type(inner) + "[]"
        case Table(inner):
            return f"Dictionary<string, {_type(inner)}>"
        case Record(name):
            return name
        case Flag() | Blob():
            raise TypeError(f"teach clients/schema the type {part} in other languages")


def _is_value(part: Type) -> bool:
    return isinstance(part, Integer | Real | Choice)


def _field_type(field: Field) -> str:
    return _type(field.type) + ("?" if field.nullable and _is_value(field.type) else "")


def _cast_nullable(field: Field) -> str:
    return f"({_field_type(field)})" if _is_value(field.type) else ""


def _initial(field: Field) -> str:
    if field.default is None:
        return ""
    match field.type:
        case Choice(name):
            return f" = {name}.{pascal(str(field.default))}"
        case Text():
            return f' = "{field.default}"'
        case Array():
            return f" = MessagePackReader.FloatsOfBits({float_bits(field.default)})"
        case _:
            return f" = {field.default}"


def _read(part: Type, where: str) -> str:
    match part:
        case Integer(low, high):
            if high > INT64_MAX:
                return f'reader.ReadUInt64("{where}")'
            bottom = "long.MinValue" if low < -INT64_MAX else str(low)
            top = "long.MaxValue" if high == INT64_MAX else str(high)
            cast = "(int)" if _type(part) == "int" else ""
            return f'{cast}reader.ReadInt64("{where}", {bottom}, {top})'
        case Real():
            return f'reader.ReadDouble("{where}")'
        case Text(shortest, longest, word):
            if word:
                return f'reader.ReadWord("{where}", {longest})'
            return f'reader.ReadText("{where}", {shortest}, {longest or "int.MaxValue"})'
        case Choice(name):
            return f'({name})reader.ReadChoice("{where}", {name}Words.All)'
        case Array(item):
            return f'reader.Read{"Floats" if item == "f32" else "Bools"}("{where}")'
        case Items(inner, shortest, longest):
            bounds = f"{shortest}, {longest or 'int.MaxValue'}"
            return f'reader.ReadItems("{where}", {bounds}, {_reader(inner, where)})'
        case Table(inner):
            return f'reader.ReadTable("{where}", {_reader(inner, where)})'
        case Record(name):
            return f"{name}.Read(reader)"
        case Flag() | Blob():
            raise TypeError(f"teach clients/schema the type {part} in other languages")


def _reader(part: Type, where: str) -> str:
    if isinstance(part, Record):
        return f"{part.name}.Read"
    read = _read(part, where)
    # C# 7 wants another name for the argument of a lambda within a lambda; nobody uses it.
    return f"_{read.count(' => ') or ''} => {read}"


def _escaped(comment: str) -> str:
    text = " ".join(comment.split())
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
