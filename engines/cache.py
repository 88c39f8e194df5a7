"""Where m2t3 keeps what it has measured or compiled on this machine."""

import os
import sys
from pathlib import Path

VARIABLE = "M2T3_CACHE"


def cache_folder() -> Path:
    """$M2T3_CACHE, or `m2t3` in the platform's folder for caches; it may not exist yet."""
    if VARIABLE in os.environ:
        return Path(os.environ[VARIABLE])
    home = _home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", home)) / "m2t3" / "cache"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "m2t3"
    return Path(os.environ.get("XDG_CACHE_HOME", home / ".cache")) / "m2t3"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:  # a service's user may have none: as good as one that may not be written
        return Path("/")
