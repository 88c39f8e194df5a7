"""The messages as C++17 (`m2t3/messages.hpp` of the Unreal plugin's core): plain structs."""

from ...core.messages import PROTOCOL_VERSION
from ...core.topics import MAX_MESSAGE_BYTES, POSE_ENDPOINT
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
    choices,
    definitions,
    float_bits,
    pascal,
    subscribed,
)

INT32_MAX = 2**31 - 1
HEAD = """\
// Written by `python -m m2t3.clients.schema` from core/messages.py and core/topics.py: edit those.
//
// `each_field(record, visit)` calls visit(key on the wire, field, what is valid, is it required).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "m2t3/rules.hpp"

namespace m2t3 {
"""


def source() -> str:
    """The file's text."""
    records = definitions(subscribed())
    parts = [HEAD, *_protocol()]
    for choice in choices(records):
        parts += _choice(choice)
    for record in records:
        parts += _record(record)
    return "\n".join(parts) + "\n}  // namespace m2t3\n"


def _protocol() -> list[str]:
    lines = [
        f"inline constexpr std::int64_t protocol_version = {PROTOCOL_VERSION};",
        f'inline constexpr const char* default_endpoint = "{POSE_ENDPOINT}";',
        f"inline constexpr std::int64_t max_message_bytes = {MAX_MESSAGE_BYTES};",
        "",
    ]
    return lines


def _choice(choice: Choice) -> list[str]:
    words = ", ".join(f'"{word}"' for word in choice.words)
    return [
        f"enum class {choice.name} {{ {', '.join(map(pascal, choice.words))} }};",
        f"constexpr std::array<const char*, {len(choice.words)}> words_of({choice.name}) {{",
        f"  return {{{words}}};",
        "}",
        "",
    ]


def _record(record: Definition) -> list[str]:
    lines = [f"/// {' '.join(record.comment.split())}", f"struct {record.name} {{"]
    for topic in subscribed():
        if topic.message_type.__name__ == record.name:
            lines += [
                f'  static constexpr const char* topic_prefix = "{topic.prefix}";',
                f"  static constexpr std::size_t max_bytes = {topic.max_payload_bytes};",
            ]
    lines += [f'  static constexpr const char* type_name = "{record.name}";', ""]
    for field in record.fields:
        if field.comment:
            lines.append(f"  /// {field.comment}")
        lines.append(f"  {_field_type(field)} {field.name}{_initial(field)};")
    lines += [
        "",
        f"  static constexpr bool has_rules = {str(record.has_rules).lower()};  // rules.hpp",
        "  template <class Self, class Visit>",
        "  static void each_field(Self& self, Visit&& visit) {",
    ]
    for field in record.fields:
        name, must = field.name, "required" if field.required else "optional"
        lines.append(f'    visit("{name}", self.{name}, {_rule(field.type)}, {must});')
    return [*lines, "  }", "};", ""]


def _type(part: Type) -> str:
    match part:
        case Integer(low, high):
            if low >= -INT32_MAX and high <= INT32_MAX:
                return "std::int32_t"
            return "std::uint64_t" if high > INT64_MAX else "std::int64_t"
        case Real():
            return "double"
        case Text():
            return "std::string"
        case Choice(name):
            return name
        case Array(item):
            return f"std::vector<{'float' if item == 'f32' else 'std::uint8_t'}>"
        case Items(inner, shortest, longest):
            if shortest == longest:
                return f"std::array<{_type(inner)}, {longest}>"
            return f"std::vector<{_type(inner)}>"
        case Table(inner):
            return f"std::map<std::string, {_type(inner)}>"
        case Record(name):
            return name
        case Flag() | Blob():
            raise TypeError(f"teach clients/schema the type {part} in other languages")


def _field_type(field: Field) -> str:
    return f"std::optional<{_type(field.type)}>" if field.nullable else _type(field.type)


def _initial(field: Field) -> str:
    if field.default is not None:
        match field.type:
            case Choice(name):
                return f" = {name}::{pascal(str(field.default))}"
            case Text():
                return f' = "{field.default}"'
            case Array():
                return f" = floats_of_bits({{{float_bits(field.default)}}})"
            case _:
                return f" = {field.default}"
    return "" if field.nullable else "{}"


def _rule(part: Type) -> str:
    match part:
        case Integer(low, high):
            if (low, high) in ((-INT64_MAX - 1, INT64_MAX), (0, UINT64_MAX)):
                return "Anything{}"
            top = "INT64_MAX" if high == INT64_MAX else str(high)
            return f"Between{{{low}, {top}}}"
        case Text(shortest, longest, word):
            if word:
                return f"Word{{{longest}}}"
            if not shortest and longest is None:
                return "Anything{}"
            return f"Characters{{{shortest}, {longest or 'SIZE_MAX'}}}"
        case Items(inner, shortest, longest):
            return f"each({shortest}, {longest or 'SIZE_MAX'}, {_rule(inner)})"
        case Table(inner):
            return f"each(0, SIZE_MAX, {_rule(inner)})"
        case _:
            return "Anything{}"
