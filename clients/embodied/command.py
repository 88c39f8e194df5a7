"""`m2t3 embody`: a simulated humanoid follows a streamed person, in real time."""

import math
import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ...core.clock import SECOND_NS, monotonic_ns
from ...core.errors import M2t3Error
from ...core.stopping import stop_on_signals
from ...core.topics import POSE_ENDPOINT
from ..python import PoseSubscriber

if TYPE_CHECKING:
    from .embodiment import Embodiment  # needs the extra "embodied"

WAIT_S = 0.005  # how far the physics may run behind the clock before it catches up
STATUS_NS = SECOND_NS


class Screen(Protocol):
    """What shows the humanoid."""

    def show(self, embodiment: "Embodiment") -> None:
        """Take in how things are; called some hundred times a second."""


@dataclass(frozen=True)
class Embody:
    """Let a simulated humanoid follow a streamed person, by forces (MuJoCo); tell how well."""

    connect: str = POSE_ENDPOINT  # where the stream publishes
    stream: str = "cam0"  # which of its streams
    keys: Path | None = None  # folder with this client's keys, if the stream asks for some
    person: int | None = None  # id of whom to follow; otherwise who is there first
    hand: float = 1.0  # most force with which it is held upright, as a share of its weight
    mass_kg: float = 70.0  # of the humanoid
    view: bool = False  # in MuJoCo's window, which needs a display
    record: Path | None = None  # write a clip (.gif or .webp) at the end; needs no display
    seconds: float | None = None  # stop after so long; until interrupted if not given

    def run(self) -> int:
        """Follow until interrupted, or until the time is over.

        Raises:
            M2t3Error: a number that cannot be, no display for the window, nowhere to write a clip,
                or nothing to draw it with.
        """
        self._check()
        from .embodiment import Embodiment  # mujoco, the extra "embodied", from here on

        embodiment = Embodiment(self.person, self.mass_kg, self.hand)
        with ExitStack() as stack:
            stop = stack.enter_context(stop_on_signals())
            screens: list[Screen] = []
            clip = None
            if self.view:
                from .window import Window

                screens.append(stack.enter_context(closing(Window(stop))))
            if self.record is not None:
                from .clip import Clip

                clip = Clip(self.record)
                screens.append(clip)
            poses = PoseSubscriber(self.connect, self.stream, keys=self.keys)
            stack.enter_context(poses)
            self._follow(embodiment, poses, [screen.show for screen in screens], stop)
            if clip is not None:
                print(f"m2t3 embody: {clip.write()}", flush=True)
        return 0

    def _check(self) -> None:
        seconds = math.inf if self.seconds is None else self.seconds
        for name, value, valid, good in (
            ("--mass-kg", self.mass_kg, "above 0, as 70", 0 < self.mass_kg < math.inf),
            ("--hand", self.hand, "from 0 on; 1 is its weight", 0 <= self.hand < math.inf),
            ("--seconds", seconds, "above 0", seconds > 0),
        ):
            if not good:  # NaN is not
                raise M2t3Error(f"{name} is {value:g}; it is a number {valid}")

    def _follow(
        self,
        embodiment: "Embodiment",
        poses: PoseSubscriber,
        shows: list[Callable[["Embodiment"], None]],
        stop: threading.Event,
    ) -> None:
        started_ns = told_ns = monotonic_ns()
        while not stop.is_set():
            frame = poses.wait(WAIT_S)
            if frame is not None:
                embodiment.take(frame)
            now_ns = monotonic_ns()
            embodiment.run_until(now_ns)
            for show in shows:
                show(embodiment)
            if now_ns - told_ns >= STATUS_NS:
                told_ns = now_ns
                silence = None if poses.flowing else poses.silence()
                print(f"{self.stream}: {embodiment.status(silence)}", flush=True)
            if self.seconds is not None and now_ns - started_ns >= self.seconds * SECOND_NS:
                return
