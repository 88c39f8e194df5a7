"""Recipes: YAML files that set a training configuration's defaults, strictly."""

from pathlib import Path
from typing import Any

import msgspec

from ..calibration.camera_files.strict_yaml import load_yaml, shown
from ..core.errors import M2t3Error, valid_names
from .config import TrainConfig


def read_recipe(
    path: Path, defaults: TrainConfig, above: frozenset[Path] = frozenset()
) -> TrainConfig:
    """`defaults` with what the recipe says; its keys are those of `TrainConfig`, nested alike.

    One more, `base`, names a recipe beside it whose words count where its own are silent. `above`
    are the recipes that build on this one.

    Raises:
        M2t3Error: no such file, an unknown key (tells the nearest valid one), a bad value, or a
            recipe that builds on itself.
    """
    if not path.is_file():
        raise M2t3Error(f"no recipe {path}; configs/ has some")
    try:
        content = load_yaml(path)
        if isinstance(content, dict) and "base" in content:
            above |= {path.resolve()}
            base = path.parent / str(content.pop("base"))
            if base.resolve() in above:
                raise M2t3Error(f"base: {base.name} builds on {path.name}; leave one of them out")
            defaults = read_recipe(base, defaults, above)
        tree = _merged(msgspec.to_builtins(defaults, enc_hook=str), content, "the recipe")
        # Not strict, so that 3e-3, a word to YAML, is the number that it looks like.
        return msgspec.convert(tree, TrainConfig, strict=False, dec_hook=lambda kind, x: kind(x))
    except msgspec.ValidationError as error:
        raise M2t3Error(f"{path}: {error}") from None
    except M2t3Error as error:
        raise M2t3Error(f"{path}: {error}") from None


def _merged(defaults: dict[str, Any], content: object, where: str) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise M2t3Error(f"{where} is {shown(content)}; it is a mapping of {', '.join(defaults)}")
    merged = dict(defaults)
    for key, value in content.items():
        if key not in defaults:
            raise M2t3Error(
                f"{where} has an unknown key {key!r}; {valid_names(str(key), defaults)}"
            )
        default = defaults[key]
        merged[key] = _merged(default, value, key) if isinstance(default, dict) else value
    return merged
