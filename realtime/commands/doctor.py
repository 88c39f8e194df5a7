"""`m2t3 doctor`: what is installed, what can run, which ports are free, how to mend the rest."""

import importlib
import platform
import re
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ...core.errors import M2t3Error
from ...core.topics import KEYPOINTS_ENDPOINT, POSE_ENDPOINT
from ...engines.machine import cores, gpu

VIEWER_ENDPOINT = "http://127.0.0.1:8080"
PORTS = {
    KEYPOINTS_ENDPOINT: "keypoints in; name another `endpoint` in the camera file's source",
    POSE_ENDPOINT: "poses out; m2t3-stream --publish tcp://127.0.0.1:PORT",
    VIEWER_ENDPOINT: "viewer; m2t3 view --port PORT",
}
EXTRAS = {  # extra: what needs it; engines and detectors have rows of their own
    "view": "m2t3 view",
    "record": "m2t3 record, replay and info, and whatever reads their files",
    "ros2": "m2t3 bridge ros2",
    "vmc": "m2t3 bridge vmc",
    "embodied": "m2t3 embody",
    "train": "training and export",
    "smpl": "m2t3 import of SMPL data",
}
NEED = re.compile(r'^([\w.-]+)(?:.*extra == "(\w+)")?')  # the name of a package, an extra or ""
OPENCV_BUILDS = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)

State = Literal["good", "absent", "bad"]
MARKS: dict[State, tuple[str, str]] = {
    "good": ("✓", "green"),
    "absent": ("-", "yellow"),
    "bad": ("✗", "bold red"),
}


@dataclass(frozen=True)
class Finding:
    """One row of the table."""

    subject: str  # what was looked at
    state: State  # bad: the stream cannot run; absent: it can, something optional cannot
    detail: str  # what was found
    mend: str = ""  # what to do about it


@dataclass(frozen=True)
class Doctor:
    """Tell what can run here; the exit code is 0 if m2t3-stream can, 1 if not."""

    def run(self) -> int:
        """Print the table of findings."""
        found = findings()
        table = Table(box=None, pad_edge=False, show_header=False)
        for finding in found:
            mark, style = MARKS[finding.state]
            detail = finding.detail + (f"\n→ {finding.mend}" if finding.mend else "")
            table.add_row(Text(mark, style), finding.subject, Text(detail))
        can_run = all(finding.state != "bad" for finding in found)
        console = Console()
        console.print(table)
        console.print("\nm2t3-stream can run." if can_run else "\nm2t3-stream cannot run yet.")
        return 0 if can_run else 1


def findings() -> list[Finding]:
    """Everything the doctor looks at, in the order of the table."""
    return [
        Finding("python", "good", f"{platform.python_version()} at {sys.executable}"),
        *_machine(),
        _packages(),
        *_weights(),
        *_engines(),
        *_detectors(),
        *_extras(),
        *(_port(endpoint, use) for endpoint, use in PORTS.items()),
    ]


def _machine() -> Iterator[Finding]:
    yield Finding("cores", "good", f"{cores()}, {platform.system()} {platform.machine()}")
    card = gpu()
    if card is None:
        yield Finding("gpu", "absent", "none; the CPU is enough for one camera")
    elif not any(map(_version, ("onnxruntime-gpu", "tensorrt"))):
        detail = f"{card.name}, driver {card.driver}, unused"
        yield Finding("gpu", "absent", detail, "pip install 'm2t3[gpu]' or 'm2t3[tensorrt]'")
    else:
        yield Finding("gpu", "good", f"{card.name}, driver {card.driver}")


def _packages() -> Finding:
    """What m2t3 itself needs."""
    detail, complete = _needs()
    if complete:
        return Finding("packages", "good", detail)
    return Finding("packages", "bad", detail, "pip install m2t3")


def _weights() -> Iterator[Finding]:
    """Every shipped set, with its checksum compared."""
    from ...engines.manifest import find_weights, shipped_weights

    names = shipped_weights()
    if not names:
        yield Finding("weights", "bad", "none came with this installation", "reinstall m2t3")
    for name in names:
        try:
            manifest = find_weights(name).manifest
        except M2t3Error as error:
            yield Finding(f"weights {name}", "bad", str(error), "reinstall m2t3")
        else:
            detail = f"as its manifest says ({manifest.sha256[:8]}), {manifest.licence}"
            yield Finding(f"weights {name}", "good", detail)


def _engines() -> Iterator[Finding]:
    """Every engine; those that "auto" chooses among are measured, and the result is kept for it."""
    from ...engines.choice import ranked, try_engines
    from ...engines.manifest import DEFAULT_WEIGHTS, find_weights
    from ...engines.registry import ENGINES, candidates, version

    try:
        weights = find_weights(DEFAULT_WEIGHTS)
    except M2t3Error as error:
        yield Finding("engines", "bad", f"nothing to run: {error}")
        return
    trials = {trial.engine: trial for trial in try_engines(weights, candidates(), threads=1)}
    best = ranked(trials.values())
    for name, engine in ENGINES.items():
        installed, trial = version(name), trials.get(name)
        if installed is None:
            idle = engine.on == "gpu" and gpu() is None
            mend = "" if idle else engine.install
            yield Finding(f"engine {name}", "absent", "not installed", mend)
        elif trial is None:
            why = "runs when asked for" if engine.on == "cpu" else "needs an NVIDIA GPU"
            yield Finding(f"engine {name}", "absent", f"{installed}, {why}")
        elif trial.step_ms is None:
            yield Finding(f"engine {name}", "absent", installed, trial.why_not)
        else:
            chosen = ": `auto` takes it" if trial is best[0] else ""
            detail = f"{installed}, {trial.step_ms:.2f} ms a new frame{chosen}"
            yield Finding(f"engine {name}", "good", detail)
    if not best:
        yield Finding("engines", "bad", "none can run; see above")


def _detectors() -> Iterator[Finding]:
    """Whether each detector's library loads; the cameras here; OpenCV, which they all share."""
    from ..detection.loading import EXTRAS as DETECTOR_EXTRAS
    from ..detection.loading import LIBRARIES

    for detector, library in LIBRARIES.items():
        version = _version(library)
        try:
            importlib.import_module(f"..detection.{detector}", __package__)
        except Exception as error:  # numpy of another ABI is a ValueError
            mend = f"pip install 'm2t3[{DETECTOR_EXTRAS[detector]}]'"
            if version is not None:
                mend = f"{library} does not load: {error}"
            yield Finding(detector, "absent", version or "not installed", f"m2t3 detect: {mend}")
        else:
            detail = f"{library} {version}; bring a model file (docs/detectors.md)"
            yield Finding(detector, "good", detail)
    builds = {name: _version(name) for name in OPENCV_BUILDS}
    found = ", ".join(f"{name} {version}" for name, version in builds.items() if version)
    if len({version for version in builds.values() if version}) > 1:
        mend = "they share one folder, so all must be of one version: pip install 'm2t3[detect]'"
        yield Finding("opencv", "absent", found, mend)
    else:
        yield Finding("opencv", "good", found or "not from pip")
    cameras = sorted(str(path) for path in Path("/dev").glob("video*"))
    if cameras:
        yield Finding("cameras", "good", ", ".join(cameras))
    else:
        yield Finding(
            "cameras", "absent", "none at /dev/video*; a network camera or a video will do"
        )


def _extras() -> Iterator[Finding]:
    for extra, use in EXTRAS.items():
        detail, complete = _needs(extra)
        if complete:
            yield Finding(extra, "good", detail)
        else:
            yield Finding(extra, "absent", detail, f"{use}: pip install 'm2t3[{extra}]'")


def _needs(extra: str = "") -> tuple[str, bool]:
    """What m2t3 needs, itself or for `extra`: all versions or what is missing; is all there?"""
    needs = (NEED.findall(need) for need in metadata.requires("m2t3") or ())
    names = [name for ((name, its_extra),) in needs if its_extra == extra]
    versions = {name: _version(name) for name in names if name != "m2t3"}  # an extra of its own
    missing = [name for name, version in versions.items() if version is None]
    if missing:
        return f"lacking {', '.join(missing)}", False
    return ", ".join(f"{name} {version}" for name, version in versions.items()), True


def _port(endpoint: str, use: str) -> Finding:
    host, port = endpoint.rpartition("//")[2].rsplit(":", 1)
    what, another = use.split("; ")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError:
            taken = f"{what}: taken, perhaps by a running m2t3"
            return Finding(f"port {port}", "absent", taken, f"stop that one, or {another}")
    return Finding(f"port {port}", "good", f"{what}: free")


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
