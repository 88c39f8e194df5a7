"""What of this machine decides how fast an engine runs, and whether a compiled one fits."""

import os
import platform
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple


class Gpu(NamedTuple):
    """An NVIDIA GPU."""

    name: str
    driver: str


def gpu() -> Gpu | None:
    """The GPU that programs find first, says nvidia-smi; None without one.

    That is the first of CUDA_VISIBLE_DEVICES. Where this is not set and GPUs of several kinds are
    in one machine, CUDA may mean another: CUDA_DEVICE_ORDER=PCI_BUS_ID makes both agree.
    """
    if not (program := shutil.which("nvidia-smi")):
        return None
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]
    query = [program, f"--id={visible}", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    name, _, driver = answer.stdout.partition("\n")[0].rpartition(", ")
    return Gpu(name, driver) if name else None


def cores() -> int:
    """CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu() -> str:
    """The processor's name."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
