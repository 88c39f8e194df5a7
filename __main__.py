"""The `m2t3` command: a menu whose entries are imported only when they are called."""

import errno
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from functools import partial
from typing import NamedTuple

from . import __version__


class Command(NamedTuple):
    """One entry of the menu."""

    target: str  # "package.module:Class" below m2t3; a dataclass with `run() -> int`, and with
    # a class method `read(prog, args)` if its fields are not all there is to its arguments
    help: str  # one line


COMMANDS = {
    "detect": Command(
        "realtime.commands.detect:Detect", "watch a camera, send 2D keypoints to the stream"
    ),
    "lift": Command(
        "realtime.commands.lift:Lift", "lift a keypoint recording to 3D, as fast as it goes"
    ),
    "fit": Command(
        "realtime.commands.fit:Fit", "fit SMPL bodies to lifted poses, in AMASS's layout"
    ),
    "watch": Command("clients.watch:Watch", "watch a running stream in the terminal"),
    "view": Command("clients.viewer.command:View", "watch a running stream in the browser"),
    "record": Command("clients.recording.record:Record", "record a running stream to an MCAP file"),
    "replay": Command(
        "realtime.commands.replay:Replay", "publish a recording again, as it was or as live"
    ),
    "info": Command("clients.recording.info:Info", "tell what is in a recording"),
    "bridge": Command("clients.bridges.command:Bridge", "poses to ROS 2, or to avatars by VMC"),
    "embody": Command(
        "clients.embodied.command:Embody", "a simulated humanoid that follows a streamed person"
    ),
    "keys": Command(
        "realtime.commands.keys:Keys", "make keys for encrypted connections, tell who has them"
    ),
    "calibrate": Command(
        "realtime.commands.calibrate:Calibrate", "from an unboxed camera to a camera file"
    ),
    "export": Command("realtime.export.command:Export", "recorded poses as BVH, TRC, CSV or npz"),
    "doctor": Command(
        "realtime.commands.doctor:Doctor", "what can run here, and how to mend what cannot"
    ),
    "compile": Command("engines.compile:Compile", "compile weights for this machine's GPU"),
    "demo-recording": Command(
        "realtime.commands.demo_recording:DemoRecording",
        "make a recording of a walking, waving person",
    ),
    "import": Command(
        "training.importers.command:Import", "turn published data sets into mocap archives"
    ),
    "train": Command("training.command:Train", "train a denoiser on mocap archives, export it"),
    "evaluate": Command(
        "training.evaluation.command:Evaluate", "measure weights against reference poses"
    ),
    "card": Command(
        "training.evaluation.card:Card", "write the page of a set of weights, with its failures"
    ),
    "ablate": Command(
        "training.ablation.command:Ablate", "train small variants, compare what they answer"
    ),
}

STREAM = "realtime.commands.stream:Stream"  # has a script of its own

# module that a bare install lacks: extra that brings it
EXTRAS = {
    "smplx": "smpl",
    "torch": "train",
    "lightning_fabric": "train",
    "tensorboard": "train",
    "matplotlib": "train",
    "onnx": "train",
    "tensorrt": "tensorrt",
    "viser": "view",
    "PIL": "view",
    "mujoco": "embodied",
    "mcap": "record",
    "zstandard": "record",
    "cyclonedds": "ros2",
    "rosbags": "ros2",
    "pythonosc": "vmc",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run `m2t3 <command> [options]` and return its exit code.

    2: refused, 130: Ctrl-C, 141: whoever read the output has gone, as of `m2t3 info FILE | head`.
    """
    return delivered("m2t3", lambda: chosen(argv))


def stream(argv: Sequence[str] | None = None) -> int:
    """Run `m2t3-stream [options]` and return its exit code (0: stopped or finished)."""
    arguments = sys.argv[1:] if argv is None else argv
    return delivered("m2t3-stream", lambda: run("m2t3-stream", STREAM, arguments))


def delivered(prog: str, work: Callable[[], int]) -> int:
    """Do the `work` and write what it has printed; the exit code of both."""
    if sys.stdout is None:  # closed from the start; tyro, for one, looks at it
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    try:
        try:
            return work()
        finally:
            sys.stdout.flush()
    except SystemExit as leaving:
        if isinstance(leaving.__context__, BrokenPipeError):  # rich has met it, and says 1
            return 141
        raise
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.ENOSPC):
            raise
        from .core.output import discard

        discard(sys.stdout)
        if error.errno == errno.EPIPE:
            return 141
        why = f"cannot write ({error.strerror}): make room, or write elsewhere"
        print(f"{prog}: {why}", file=sys.stderr)
        return 2


def chosen(argv: Sequence[str] | None) -> int:
    """Find the command and run it."""
    name, *rest = (sys.argv[1:] if argv is None else argv) or ["--help"]
    if name in ("-h", "--help"):
        print(menu())
        return 0
    if name == "--version":
        print(f"m2t3 {__version__}")
        return 0
    if name not in COMMANDS:
        near = get_close_matches(name, COMMANDS, n=1)
        hint = f"did you mean `m2t3 {near[0]}`?" if near else "`m2t3 --help` lists the commands"
        print(f"m2t3: no command {name!r}; {hint}", file=sys.stderr)
        return 2
    return run(f"m2t3 {name}", COMMANDS[name].target, rest)


def run(prog: str, target: str, arguments: Sequence[str]) -> int:
    """Import the command `target`, read its `arguments` and run it."""
    from .core.errors import M2t3Error

    module_name, class_name = target.split(":")
    try:  # the imports, too: they take seconds, in which Ctrl-C may come
        import tyro

        command = getattr(importlib.import_module(f".{module_name}", __package__), class_name)
        read = getattr(command, "read", partial(tyro.cli, command))
        return read(prog=prog, args=arguments).run()
    except M2t3Error as error:
        print(f"{prog}: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        if error.name not in EXTRAS:
            raise
        mend = f'pip install "m2t3[{EXTRAS[error.name]}]"'
        print(f"{prog}: needs {error.name}, which is not installed: {mend}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def menu() -> str:
    """The text of `m2t3 --help`."""
    width = max(map(len, COMMANDS))
    lines = (f"  {name:<{width}}  {command.help}" for name, command in COMMANDS.items())
    return "\n".join(
        (
            "usage: m2t3 <command> [options]",
            "",
            *lines,
            "",
            "`m2t3 <command> --help` tells the options; the live stream is a command of its own,",
            "`m2t3-stream --camera FILE`.",
        )
    )


if __name__ == "__main__":
    sys.exit(main())
