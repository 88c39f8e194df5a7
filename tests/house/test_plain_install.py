"""`pip install m2t3` without any extra runs the stream: what that does not bring is hidden."""

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CONFIGS = Path(__file__).parents[2] / "configs"
NEED_NOTHING = (
    "lift", "fit", "watch", "view", "keys", "calibrate", "detect", "export", "doctor", "import",
    "demo-recording",
)  # fmt: skip


HIDING = """
import sys

class Hiding:
    def find_spec(self, name, path=None, target=None):
        if name in {hidden}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Hiding())
from m2t3.__main__ import {script} as run
sys.exit(run({arguments}))
"""


def brought_along() -> set[str]:
    """The distributions that `pip install m2t3` installs."""
    found, left = set(), ["m2t3"]
    while left:
        name = canonicalize_name(left.pop())
        if name in found:
            continue
        try:
            wanted = [Requirement(text) for text in requires(name) or ()]
        except PackageNotFoundError:  # for another Python or system
            continue
        found.add(name)
        left += [r.name for r in wanted if not r.marker or r.marker.evaluate({"extra": ""})]
    return found


@pytest.fixture(scope="module")
def hidden() -> set[str]:
    """The modules that are here and would not be."""
    bare = brought_along()
    return {
        module
        for module, distributions in packages_distributions().items()
        if not bare & {canonicalize_name(name) for name in distributions}
    }


def without_extras(
    hidden: set[str], *arguments: str, script: str = "main"
) -> subprocess.CompletedProcess[str]:
    """`m2t3`, or the other `script`, where no extra is installed."""
    code = HIDING.format(hidden=hidden, script=script, arguments=list(arguments))
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


@pytest.mark.parametrize("command", NEED_NOTHING)
def test_commands_need_no_extra(hidden, command):
    done = without_extras(hidden, command, "--help")
    assert done.returncode == 0, done.stderr


def test_the_stream_needs_no_extra(hidden):
    done = without_extras(hidden, "--help", script="stream")
    assert done.returncode == 0, done.stderr


def test_the_default_engine_lifts_without_extras(hidden, tmp_path):
    poses, camera = tmp_path / "poses.npz", str(CONFIGS / "cam0.yaml")
    done = without_extras(
        hidden, "lift", str(CONFIGS / "demo_walk.npz"), "--camera", camera, "--out", str(poses),
        "--engine", "onnxruntime",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert poses.stat().st_size > 0


def test_an_extra_that_is_missing_is_named(hidden):
    done = without_extras(hidden, "info", "walk.mcap")
    assert done.returncode == 2
    assert 'which is not installed: pip install "m2t3[record]"' in done.stderr
