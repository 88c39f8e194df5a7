"""ROS 2's message types for CycloneDDS, built from the definitions in rosbags' typestore.

On the wire a topic `/tf` is `rt/tf`, and its type `tf2_msgs::msg::dds_::TFMessage_`. The hash of
the type, which ROS 2 looks for in the endpoint's user data, is of the same definitions.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from cyclonedds.idl import IdlStruct, make_idl_struct
from cyclonedds.idl import types as idl
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

# hri_msgs is no part of ROS 2's core; its list of ids is all that is used of it (REP-155).
IDS_LIST = "hri_msgs/msg/IdsList"
_IDS_LIST_DEFINITION = "std_msgs/Header header\nstring[] ids\n"

_BASES: dict[str, tuple[Any, Callable[[], object]]] = {
    "bool": (bool, bool),
    "byte": (idl.uint8, int),
    "char": (idl.uint8, int),
    "string": (str, str),
    **{name: (getattr(idl, name), int) for name in ("int8", "int16", "int32", "int64")},
    **{name: (getattr(idl, name), int) for name in ("uint8", "uint16", "uint32", "uint64")},
    **{name: (getattr(idl, name), float) for name in ("float32", "float64")},
}
DISTRIBUTIONS = {
    store.name.removeprefix("ROS2_").lower(): store
    for store in Stores
    if store.name.startswith("ROS2_") and store.value >= "ros2_humble"
}


class MessageTypes:
    """The types of one ROS 2 distribution."""

    def __init__(self, distribution: str = "humble") -> None:
        self._store = get_typestore(DISTRIBUTIONS[distribution])
        self._store.register(get_types_from_msg(_IDS_LIST_DEFINITION, IDS_LIST))
        self._struct = cache(self._build)

    def struct(self, name: str) -> type[IdlStruct]:
        """The type called e.g. "tf2_msgs/msg/TFMessage"."""
        return self._struct(name)[0]

    def new(self, name: str, /, **fields: Any) -> Any:
        """A message of that type; fields that are not given are 0, empty, or new messages."""
        struct, defaults = self._struct(name)
        return struct(**{**{key: default() for key, default in defaults.items()}, **fields})

    def type_hash(self, name: str) -> str:
        """The type's hash as ROS 2 writes it, RIHS01_..."""
        return self._store.hash_rihs01(name)

    def _build(self, name: str) -> tuple[type[IdlStruct], dict[str, Callable[[], object]]]:
        package, kind, short = name.split("/")
        typed: dict[str, Any] = {}
        defaults: dict[str, Callable[[], object]] = {}
        for field, definition in self._store.fielddefs[name][1]:
            typed[field], defaults[field] = self._field(definition)
        struct = make_idl_struct(f"{short}_", f"{package}.{kind}.dds_.{short}_", typed)
        return struct, defaults

    def _field(self, definition: Any) -> tuple[Any, Callable[[], object]]:
        node, detail = definition
        match node.name:
            case "BASE":
                return _BASES[detail[0]]
            case "NAME":
                return self.struct(detail), lambda: self.new(detail)
            case "ARRAY":
                inner, default = self._field(detail[0])
                kind: Any = idl.array  # whose subscript is made at runtime
                return kind[inner, detail[1]], lambda: [default() for _ in range(detail[1])]
            case _:
                inner, _ = self._field(detail[0])
                kind = idl.sequence
                return kind[inner], list
