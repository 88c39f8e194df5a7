"""`pip install m2t3` without any extra runs the stream: what extras bring is made unfindable."""

import subprocess
import sys
from pathlib import Path

import pytest

from m2t3.__main__ import EXTRAS

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


def without_extras(*arguments: str, script: str = "main") -> subprocess.CompletedProcess[str]:
    """`m2t3`, or the other `script`, where no extra is installed."""
    code = HIDING.format(hidden={*EXTRAS, "openvino"}, script=script, arguments=list(arguments))
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


@pytest.mark.parametrize("command", NEED_NOTHING)
def test_commands_need_no_extra(command):
    done = without_extras(command, "--help")
    assert done.returncode == 0, done.stderr


def test_the_stream_needs_no_extra():
    done = without_extras("--help", script="stream")
    assert done.returncode == 0, done.stderr


def test_the_default_engine_lifts_without_extras(tmp_path):
    poses, camera = tmp_path / "poses.npz", str(CONFIGS / "cam0.yaml")
    done = without_extras(
        "lift", str(CONFIGS / "demo_walk.npz"), "--camera", camera, "--out", str(poses),
        "--engine", "onnxruntime",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert poses.stat().st_size > 0


def test_an_extra_that_is_missing_is_named():
    done = without_extras("info", "walk.mcap")
    assert done.returncode == 2
    assert 'which is not installed: pip install "m2t3[record]"' in done.stderr
