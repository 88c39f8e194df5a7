"""Changing some keys of a camera file and leaving all else as its writer wrote it, comments too."""

import os
import stat
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml

from ...core.errors import CameraFileError
from ...core.out_file import check_out
from .camera_file import as_yaml
from .strict_yaml import load_yaml


def update_camera_file(
    path: str | os.PathLike[str], keys: Mapping[str, Any], without: Collection[str] = ()
) -> None:
    """Set top-level `keys` of the file at `path`, which is made if it is not there.

    Args:
        without: keys that are taken out.

    Raises:
        CameraFileError: the file cannot be read or written, or is no mapping.
    """
    _content(Path(path))
    file = Path(path).resolve()  # a link stays one
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    written = file.with_name(file.name + ".part")
    try:
        written.unlink(missing_ok=True)
        if file.exists():  # whoever may not read it, may not in between
            written.touch(0o600)
        written.write_text(with_keys(text, keys, without), encoding="utf-8")
        if file.exists():
            written.chmod(stat.S_IMODE(file.stat().st_mode))
        written.replace(file)
    except OSError as error:
        raise CameraFileError(f"{path}: cannot be written ({error.strerror})") from None


def keys_in(path: str | os.PathLike[str], *inputs: Path) -> Mapping[str, Any]:
    """What a file that is to be changed holds: nothing if it is not there.

    Args:
        inputs: files that are read, and must not be changed.

    Raises:
        M2t3Error: the file is none that `update_camera_file` can change, or see `check_out`.
    """
    path = Path(path)
    check_out(path, *inputs)
    return _content(path)


def with_keys(text: str, keys: Mapping[str, Any], without: Collection[str] = ()) -> str:
    """`text` with its top-level `keys` replaced where they stand, new ones added at the end.

    Where that cannot be done in the text (braces, anchors, a file that is indented or ends in
    `...`), all keys are written anew, without the comments.
    """
    old = yaml.safe_load(text) or {}
    wanted = {**{name: value for name, value in old.items() if name not in without}, **keys}
    changed = _in_place(text, keys, set(without) - keys.keys())
    try:
        if yaml.safe_load(changed) == yaml.safe_load(as_yaml(wanted)):
            return changed
    except yaml.YAMLError:
        pass  # what was changed held other parts together
    return as_yaml(wanted)


def _in_place(text: str, keys: Mapping[str, Any], without: Collection[str]) -> str:
    """`text` with its keys changed, which need not be YAML afterwards if it is unusual."""
    root = yaml.compose(text, yaml.SafeLoader)
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    spans = {
        key.value: (key.start_mark.index, value.end_mark.index) for key, value in pairs
    }  # a block's end mark lies at the start of what comes next
    for name in sorted(spans.keys() & {*keys, *without}, key=lambda name: -spans[name][0]):
        start, end = spans[name]
        old = text[start:end].splitlines(keepends=True)
        while len(old) > 1 and (not old[-1].strip() or old[-1].startswith("#")):
            old.pop()  # comments and empty lines before the next key are not this one's
        rest = text[start + len("".join(old).rstrip()) :]
        if name in keys:
            text = text[:start] + as_yaml({name: keys[name]}).rstrip() + rest
        else:
            text = text[:start] + rest.partition("\n")[2]
    new = {name: value for name, value in keys.items() if name not in spans}
    if not new:
        return text
    return text + "\n" * bool(text and not text.endswith("\n")) + as_yaml(new)


def _content(path: Path) -> Mapping[str, Any]:
    """What the file holds: nothing if it is not there."""
    try:
        content = load_yaml(path) if path.exists() else None
    except CameraFileError as error:
        raise CameraFileError(f"{path}: {error}") from None
    if not isinstance(content, dict | None):
        raise CameraFileError(f"{path}: is no camera file; give another name with --out")
    return content or {}
