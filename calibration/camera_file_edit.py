"""Changing some keys of a camera file and leaving all else as its writer wrote it, comments too."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ..core.errors import CameraFileError
from .camera_file import as_yaml
from .strict_yaml import load_yaml


def update_camera_file(path: str | os.PathLike[str], keys: Mapping[str, Any]) -> None:
    """Set top-level `keys` of the file at `path`, which is made if it is not there.

    Raises:
        CameraFileError: the file cannot be read or written, or is no mapping.
    """
    path = Path(path)
    text = ""
    if path.exists():
        content = load_yaml(path)
        text = path.read_text(encoding="utf-8")
        if not isinstance(content, dict | None):
            raise CameraFileError(f"{path}: is no camera file; give another name with --out")
    written = path.with_name(path.name + ".part")
    try:
        written.write_text(with_keys(text, keys), encoding="utf-8")
        written.replace(path)
    except OSError as error:
        raise CameraFileError(f"{path}: cannot be written ({error.strerror})") from None


def with_keys(text: str, keys: Mapping[str, Any]) -> str:
    """`text` with its top-level `keys` replaced where they stand, new ones added at the end."""
    root = yaml.compose(text, yaml.SafeLoader) if text.strip() else None
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    spans = {
        key.value: (key.start_mark.index, value.end_mark.index) for key, value in pairs
    }  # a block's end mark lies at the start of what comes next
    if isinstance(root, yaml.MappingNode) and root.flow_style and pairs:
        return as_yaml({**yaml.safe_load(text), **keys})  # all in one pair of braces
    for name in sorted(spans.keys() & keys.keys(), key=lambda name: -spans[name][0]):
        start, end = spans[name]
        old = text[start:end].splitlines(keepends=True)
        while len(old) > 1 and (not old[-1].strip() or old[-1].startswith("#")):
            old.pop()  # comments and empty lines before the next key are not this one's
        last = len("".join(old).rstrip())
        new_text = as_yaml({name: keys[name]}).rstrip()
        text = text[:start] + new_text + text[start + last :]
    new = {name: value for name, value in keys.items() if name not in spans}
    if not new:
        return text
    return text + "\n" * bool(text and not text.endswith("\n")) + as_yaml(new)
