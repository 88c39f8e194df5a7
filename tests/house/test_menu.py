"""The command menu: quick, lazy, and helpful when the command is misspelt."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import m2t3
from m2t3.__main__ import COMMANDS, EXTRAS, main, stream

CAMERA = str(Path(__file__).parents[2] / "configs" / "cam0.yaml")


def test_bare_import_pulls_in_nothing_heavy():
    code = "import sys; before = set(sys.modules); import m2t3; print(*set(sys.modules) - before)"
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert output.split() == ["m2t3"]


def test_help_lists_every_command_and_imports_none():
    code = "import sys; from m2t3.__main__ import main; main(['--help']); print(*sys.modules)"
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    *menu, loaded = output.splitlines()
    assert all(any(line.split()[:1] == [name] for line in menu) for name in COMMANDS)
    assert not {"numpy", "tyro", "torch", "zmq", "m2t3.core"} & set(loaded.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_command_is_a_frozen_dataclass_that_runs(name):
    module, class_name = COMMANDS[name].target.split(":")
    command = getattr(importlib.import_module(f"m2t3.{module}"), class_name)
    assert command.__dataclass_params__.frozen
    assert callable(command.run)


def test_misspelt_command_names_the_nearest(capsys):
    assert main(["veiw"]) == 2
    assert "did you mean `m2t3 view`?" in capsys.readouterr().err


def test_no_command_prints_the_menu(capsys):
    assert main([]) == 0
    assert "usage: m2t3 <command>" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["info", "--help"], ["calibrate", "check", "--camera", CAMERA]],
)
def test_output_that_nobody_reads_is_no_error(arguments):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "m2t3", *arguments], stdout=write, stderr=subprocess.PIPE
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", [["--help"], ["info", "--help"]])
def test_a_full_disk_is_told_in_a_line(arguments, unbuffered):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "m2t3", *arguments], stdout=full, stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered}, text=True,
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("m2t3: cannot write (No space left on device): ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", ["--help", "info --help"])
def test_a_closed_output_is_no_error(arguments):
    shell = ["sh", "-c", f'exec "$0" -m m2t3 {arguments} >&-', sys.executable]
    done = subprocess.run(shell, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_stream_tells_a_missing_extra_as_the_menu_does(monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "m2t3.realtime.commands.stream", raising=False)
    monkeypatch.setitem(sys.modules, "m2t3.realtime.sources.replay", None)
    monkeypatch.setitem(EXTRAS, "m2t3.realtime.sources.replay", "record")  # as if it were mcap
    assert stream(["--camera", "cam0.yaml"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("m2t3-stream: needs m2t3.realtime.sources.replay, ")
    assert 'pip install "m2t3[record]"' in told


@pytest.mark.parametrize("command", [stream, lambda arguments: main(["watch", *arguments])])
def test_ctrl_c_while_a_command_is_imported_is_no_traceback(monkeypatch, command):
    def import_module(name, package=None):
        raise KeyboardInterrupt

    monkeypatch.setattr(importlib, "import_module", import_module)
    assert command([]) == 130


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"m2t3 {m2t3.__version__}\n"


def test_refusal_is_one_line_and_exit_code_2(capsys, tmp_path):
    missing = tmp_path / "missing.yaml"
    out = tmp_path / "out.npz"
    assert main(["demo-recording", "--camera", str(missing), "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert str(missing) in error
    assert error.startswith("m2t3 demo-recording: ")
    assert "Traceback" not in error
