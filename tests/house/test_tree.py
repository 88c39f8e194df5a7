"""The tree is the architecture: what pyproject and the import rules say is what is there."""

import ast
import importlib
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from jaxtyping import TypeCheckError

ROOT = Path(__file__).parents[2]
NOT_PACKAGED = {"tests", "docs", "benchmarks", "build", "dist", "runs"}
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def package_folders() -> list[Path]:
    """Every folder of the tree that holds Python modules of the package."""
    folders = []
    for folder, children, files in os.walk(ROOT):
        children[:] = [c for c in children if c[0] not in "._" and not c.endswith(".egg-info")]
        if Path(folder) == ROOT:
            children[:] = [c for c in children if c not in NOT_PACKAGED]
        if any(name.endswith(".py") for name in files):
            folders.append(Path(folder))
    return folders


def modules() -> list[Path]:
    return [module for folder in package_folders() for module in sorted(folder.glob("*.py"))]


def test_pyproject_lists_every_package_folder():
    found = [".".join(("m2t3", *f.relative_to(ROOT).parts)) for f in package_folders()]
    found.append("m2t3.configs")  # only data, but setuptools wants such folders named too
    assert sorted(found) == sorted(PYPROJECT["tool"]["setuptools"]["packages"])


@pytest.mark.parametrize("entry", PYPROJECT["project"]["scripts"].values())
def test_scripts_are_there(entry):
    module, function = entry.split(":")
    assert callable(getattr(importlib.import_module(module), function))


def test_packages_have_an_init():
    assert all((folder / "__init__.py").exists() for folder in package_folders())


@pytest.mark.parametrize("module", modules(), ids=lambda m: str(m.relative_to(ROOT)))
def test_module_says_what_it_is(module):
    assert ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))


def test_import_directions_hold():
    lint = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run(
        [lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_scripts_of_the_tree_are_executable():
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_shapes_are_checked_while_tests_run():
    from m2t3.core.geometry import rotation_from_quaternion

    with pytest.raises(TypeCheckError):
        rotation_from_quaternion(np.zeros(3))
