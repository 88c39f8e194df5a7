"""Strict reading of YAML: each value that is not what it must be is named, with what it must be."""

import re
from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from jaxtyping import Float
from numpy.typing import NDArray

from ...core.errors import CameraFileError, valid_names
from ...core.topics import KEYPOINTS_ENDPOINT

ENDPOINT = re.compile(r"(tcp|ipc|inproc)://.+")


class _StrictLoader(yaml.SafeLoader):
    """PyYAML keeps the last of two equal keys; here the second is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [key.value for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise CameraFileError(
                    f"{key!r} is there twice (line {node.start_mark.line + 1} on)"
                )
        return super().construct_mapping(node, deep)


def load_yaml(path: Path, first_of_several: bool = False) -> object:
    """The content of a YAML file; CameraFileError where it cannot be read or repeats a key.

    Args:
        first_of_several: the file may hold several documents; what follows the first is not read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        raise CameraFileError(
            f"cannot be read ({reason}); `m2t3-stream --camera FILE` takes a file like "
            "configs/cam0.yaml"
        ) from None
    try:
        if first_of_several:
            return next(yaml.load_all(text, _StrictLoader), None)
        return yaml.load(text, _StrictLoader)
    except yaml.YAMLError as error:
        hint = "; OpenCV's own files are another format" if "opencv" in text else ""
        raise CameraFileError(f"not YAML: {' '.join(str(error).split())}{hint}") from None


def mapping(
    content: object, where: str, required: Iterable[str], optional: Iterable[str] = ()
) -> Mapping[str, Any]:
    """`content` as a mapping that has all `required` keys and none that is not listed."""
    if not isinstance(content, dict):
        raise CameraFileError(
            f"{where} is {shown(content)}; it is a mapping with the keys {', '.join(required)}"
        )
    known = (*required, *optional)
    for key in content:
        if key not in known:
            raise CameraFileError(
                f"{where} has an unknown key {key!r}; {valid_names(str(key), known)}"
            )
    missing = [key for key in required if key not in content]
    if missing:
        raise CameraFileError(f"{where} lacks {', '.join(missing)}")
    return content


def numbers(content: object, where: str, count: int) -> Float[NDArray, "n"]:
    """`content` as `count` finite numbers."""
    if not isinstance(content, list) or len(content) != count:
        raise CameraFileError(f"{where} is {shown(content)}; it is a list of {count} numbers")
    return np.array([number(value, f"{where}[{i}]") for i, value in enumerate(content)])


def number(content: object, where: str) -> float:
    """`content` as a finite number."""
    if isinstance(content, bool) or not isinstance(content, int | float):
        hint = ""
        if isinstance(content, str) and re.fullmatch(r"[-+]?\d+e[-+]?\d+", content, re.IGNORECASE):
            hint = " (YAML takes 1e-3 for a word: write 1.0e-3)"
        raise CameraFileError(f"{where} is {shown(content)}; it is a number{hint}")
    if not abs(content) < 1e300:
        raise CameraFileError(f"{where} is {shown(content)}; it is a finite number")
    return float(content)


def typed(content: object, where: str, expected: type) -> Any:
    """`content` as an int, str or bool, and nothing that only looks like it."""
    if type(content) is not expected:
        names = {int: "a whole number", str: "a word", bool: "true or false"}
        raise CameraFileError(f"{where} is {shown(content)}; it is {names[expected]}")
    return content


def endpoint(content: object, where: str) -> str:
    """`content` as a ZeroMQ endpoint."""
    address: str = typed(content, where, str)
    if not ENDPOINT.fullmatch(address):
        raise CameraFileError(
            f"{where} {address!r} is no ZeroMQ address; one is {KEYPOINTS_ENDPOINT!r}"
        )
    return address


def shown(content: object) -> str:
    """`content` as an error message quotes it."""
    text = "empty" if content is None else repr(content)
    return text if len(text) <= 60 else f"{text[:57]}..."
