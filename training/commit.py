"""Which state of the code a result came from."""

import subprocess
from pathlib import Path


def commit() -> str:
    """The checkout's commit, marked when the tree has changes; "unknown" outside a checkout."""
    git = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
