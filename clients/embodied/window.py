"""MuJoCo's own window, in which the humanoid can be watched, and pushed with the mouse."""

import os
import sys
import threading
from typing import Any

import mujoco
import mujoco.viewer

from ...core.errors import M2t3Error
from .embodiment import Embodiment


class Window:
    """Shows the humanoid; opens with it, and sets `stop` when it is closed by hand."""

    def __init__(self, stop: threading.Event) -> None:
        """Raises M2t3Error: there is no display."""
        if sys.platform == "linux" and not (
            os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
        ):
            raise M2t3Error(
                "--view needs a display, and here is none; --record FILE.webp needs none"
            )
        self._stop = stop
        self._handle: Any = None
        self._model: mujoco.MjModel | None = None

    def show(self, embodiment: Embodiment) -> None:
        """Draw what is now; a person of other lengths needs the window anew."""
        follower = embodiment.follower
        if follower is None:
            return
        if self._handle is not None and not self._handle.is_running():
            self._stop.set()
            return
        if follower.model is not self._model:
            self.close()
            self._model = follower.model
            self._handle = mujoco.viewer.launch_passive(follower.model, follower.data)
        self._handle.sync()

    def close(self) -> None:
        """Close the window, if it is open."""
        if self._handle is not None:
            self._handle.close()
