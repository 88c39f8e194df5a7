"""How well the simulated humanoid follows a recorded stream, by how much it may be held.

python benchmarks/embodied.py --recording walk.mcap      # of m2t3 record; extras embodied, record
"""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro

from m2t3.clients import Frame
from m2t3.clients.embodied.follower import Follower
from m2t3.clients.embodied.model import STEP_S
from m2t3.core.clock import SECOND_NS
from m2t3.core.message_log import MessageLog
from m2t3.core.messages import PoseFrame, SkeletonDefinition
from m2t3.core.topics import DEFINITION, POSE
from m2t3.core.wire import unpack


@dataclass(frozen=True)
class Embodied:
    """Follow the first person of a recording, frame by frame at its times."""

    recording: Path  # MCAP file
    stream: str = "cam0"
    hands: tuple[float, ...] = (0.0, 0.25, 0.5, 1.0, 2.0)  # shares of the weight

    def run(self) -> None:
        """Print the table."""
        print(
            "| hand | joints off, mm | p95 | hips, mm | held, mean | put in place | x real time |"
        )
        print("|---|---|---|---|---|---|---|")
        for hand in self.hands:
            self._row(hand)

    def _row(self, hand: float) -> None:
        follower, t_s, started_s = None, 0.0, time.perf_counter()
        joints_mm, hips_mm, held = [], [], []
        for frame in self._frames():
            person = next((p for p in frame.people if p.body is not None), None)
            if person is None:
                continue
            t_ns = frame.message.t_receive_ns
            if follower is None:
                first_ns = t_ns
                follower = Follower(person.body, person.contact, hand=hand)
            while t_s < (t_ns - first_ns) / SECOND_NS:
                follower.step()
                held.append(follower.hand_share)
                t_s += STEP_S
            off_m = follower.joints_world_m(person.body.message.joint_offsets_m)
            off_m = np.linalg.norm(off_m - person.positions_world_m, axis=1)
            joints_mm.append(1e3 * np.nanmean(off_m))
            hips_m = follower.data.qpos[:3] - person.body.root_world_m
            hips_mm.append(1e3 * np.linalg.norm(hips_m))
            follower.aim(person.body, person.contact, t_ns)
        pace = t_s / (time.perf_counter() - started_s)
        print(
            f"| {hand:g} | {np.mean(joints_mm):.0f} | {np.percentile(joints_mm, 95):.0f} "
            f"| {np.mean(hips_mm):.0f} | {np.mean(held):.2f} | {follower.placed - 1} | {pace:.0f} |"
        )

    def _frames(self):
        definition = None
        names = (POSE.name(self.stream), DEFINITION.name(self.stream))
        for recorded in MessageLog(self.recording):
            if recorded.topic in names:
                message = unpack([recorded.topic, recorded.payload], (POSE, DEFINITION))
                if isinstance(message, SkeletonDefinition):
                    definition = message
                elif isinstance(message, PoseFrame) and definition is not None:
                    yield Frame(message, definition)


if __name__ == "__main__":
    tyro.cli(Embodied).run()
