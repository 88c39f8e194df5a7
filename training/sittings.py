"""`config.json`: the resolved configuration of a run, and the sittings in which it was trained."""

import json
import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from .commit import commit
from .config import TrainConfig


def record_sitting(config: TrainConfig, stage: str, step: int) -> dict[str, list[Any]]:
    """Writes the configuration, with this sitting, which begins at `step`, added to the others.

    Returns:
        The keys that differ from the sitting before: name -> [before, now].
    """
    path = config.out / "config.json"
    resolved: dict[str, Any] = json.loads(json.dumps(asdict(config), default=str))
    before: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    old, new = dict(flat(before)), dict(flat(resolved))
    # A key that an older version did not know has no value to differ from.
    changed = {k: [old[k], new[k]] for k in new if k in old and old[k] != new[k]}
    sitting = {
        "began": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command_line(),
        "commit": commit(),
        "step": step,
        "changed": changed,
    }
    document = {"stage": stage, **resolved, "commit": sitting["commit"],
                "sittings": [*before.get("sittings", ()), sitting]}  # fmt: skip
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(document, indent=1))
    temporary.replace(path)
    return changed


def command_line() -> str:
    """The command that this process was started with, as typed."""
    return shlex.join(["m2t3", *sys.argv[1:]])


def flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves of nested mappings under dotted names."""
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value
