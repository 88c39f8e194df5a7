"""`m2t3 bridge`: the poses in another program's own protocol."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from ...core.errors import M2t3Error, valid_names
from ...core.stopping import stop_on_signals
from ...core.topics import POSE_ENDPOINT
from ..python import Frame, PoseSubscriber

WAIT_S = 0.1  # how soon an interruption is noticed
PATIENCE_S = 3.0  # without a frame for so long: say why


@dataclass(frozen=True)
class Source:
    """Where the poses come from."""

    connect: str = POSE_ENDPOINT  # where the stream publishes
    stream: str = "cam0"  # which of its streams
    keys: Path | None = None  # folder with this client's keys, if the stream asks for some
    frames: int | None = None  # stop after so many frames; until interrupted if not given

    def run_through(self, send: Callable[[Frame], None], rest: Callable[[], None]) -> int:
        """Send the newest frame again and again until interrupted, and return the exit code.

        `rest` is called every `WAIT_S` while the stream is silent.
        """
        left, silent_s = self.frames, 0.0
        with (
            stop_on_signals() as stop,
            PoseSubscriber(self.connect, self.stream, keys=self.keys) as poses,
        ):
            while not stop.is_set() and (left is None or left > 0):
                frame = poses.wait(WAIT_S)
                if frame is not None:
                    send(frame)
                    left = left - 1 if left is not None else None
                    silent_s = 0.0
                    continue
                if not poses.flowing:
                    rest()
                if (silent_s := silent_s + WAIT_S) > PATIENCE_S:
                    print(f"m2t3 bridge: {poses.silence()}", file=sys.stderr)
                    silent_s = 0.0
        return 0


@dataclass(frozen=True)
class Ros2:
    """ROS 2 without a ROS installation: /tf, PoseArrays, markers, the camera (REP-103, REP-155)."""

    source: Source
    domain: int | None = None  # ROS 2's domain; otherwise ROS_DOMAIN_ID, or 0
    distribution: str = "jazzy"  # whose message definitions: humble, iron, jazzy, kilted, lyrical
    world_frame: str = "map"  # name of the room's frame

    def run(self) -> int:
        """Publish until interrupted.

        Raises:
            M2t3Error: no such distribution, or no such domain.
        """
        from .ros2.dds import DdsBridge  # cyclonedds and rosbags, the extra "ros2"
        from .ros2.message_types import DISTRIBUTIONS

        if self.distribution not in DISTRIBUTIONS:
            raise M2t3Error(
                f"--distribution {self.distribution!r} is not known; "
                f"{valid_names(self.distribution, DISTRIBUTIONS)}"
            )
        given = str(self.domain) if self.domain is not None else os.environ.get("ROS_DOMAIN_ID")
        domain = given or "0"
        if not (domain.isdecimal() and int(domain) <= 232):
            raise M2t3Error(f"domain {domain!r}; it is a number from 0 to 232")
        bridge = DdsBridge(int(domain), self.distribution, self.world_frame)
        print(f"m2t3 bridge: {self.source.connect} to ROS 2, domain {domain}", flush=True)
        return self.source.run_through(bridge.send, bridge.rest)


@dataclass(frozen=True)
class Vmc:
    """Avatars by the VMC protocol (VSeeFace, Warudo, EVMC4U, VMC4UE, VMC4B): one person a port."""

    source: Source
    host: str = "127.0.0.1"  # where the receiving program runs
    port: int = 39539  # where it listens; the second person goes to the next port, and so on
    people: int = 1  # how many at most

    def run(self) -> int:
        """Send until interrupted.

        Raises:
            EndpointError: no such host, or no such port.
        """
        from .vmc.sender import VmcSender  # python-osc, the extra "vmc"

        sender = VmcSender(self.host, self.port, self.people)
        print(f"m2t3 bridge: {self.source.connect} to {self.host}:{self.port}", flush=True)
        try:
            return self.source.run_through(sender.send, sender.rest)
        finally:
            sender.close()


Target = Annotated[Ros2, tyro.conf.subcommand("ros2")] | Annotated[Vmc, tyro.conf.subcommand("vmc")]


@tyro.conf.configure(tyro.conf.OmitArgPrefixes, tyro.conf.OmitSubcommandPrefixes)
@dataclass(frozen=True)
class Bridge:
    """The poses in another program's own protocol."""

    target: Target

    def run(self) -> int:
        """Run the bridge."""
        return self.target.run()
