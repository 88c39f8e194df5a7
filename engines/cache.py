"""Where m2t3 keeps what it has measured or compiled on this machine."""

import os
import sys
from pathlib import Path

VARIABLE = "M2T3_CACHE"


def cache_folder() -> Path:
    """$M2T3_CACHE, or `m2t3` in the platform's folder for caches; it may not exist yet.

    Empty variables are as good as none, and so is a relative one of XDG's, by its specification.
    """
    if told := os.environ.get(VARIABLE):
        return Path(told)
    home = _home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home) / "m2t3" / "cache"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "m2t3"
    told = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(told) if Path(told).is_absolute() else home / ".cache") / "m2t3"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:  # a service's user may have none: as good as one that may not be written
        return Path("/")
