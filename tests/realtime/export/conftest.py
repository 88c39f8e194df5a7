"""Recordings of somebody who stands on the ground in a room, as `m2t3 record` writes them."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from m2t3.clients.recording.log_writer import LogWriter
from m2t3.core.message_log import Recorded
from m2t3.core.messages import Pose, PoseFrame
from m2t3.core.skeletons import COCO17
from m2t3.core.topics import DEFINITION, POSE
from m2t3.core.wire import pack
from m2t3.realtime.assembly import define

_SHAPE_M = {  # x forward, y to the left, z up; the right half mirrors the left
    "nose": (0.1, 0.0, 1.65), "eye": (0.08, 0.03, 1.68), "ear": (0.0, 0.08, 1.66),
    "shoulder": (0.0, 0.18, 1.42), "elbow": (0.0, 0.45, 1.42), "wrist": (0.05, 0.7, 1.42),
    "hip": (0.0, 0.1, 0.95), "knee": (0.02, 0.1, 0.5), "ankle": (0.0, 0.1, 0.08),
}  # fmt: skip


def standing_m(x_m: float = 0.0) -> np.ndarray:
    """The joints of somebody at x, (17, 3)."""
    sides = [(1, -1 if name.startswith("right") else 1, 1) for name in COCO17.joint_names]
    shape = [_SHAPE_M[name.split("_")[-1]] for name in COCO17.joint_names]
    return (np.array(shape) * sides + (x_m, 0, 0)).astype(np.float32)


def pose(person_id: int, x_m: float = 0.0, joints: int = 17) -> Pose:
    """A person as published, with the first `joints` joints."""
    found = standing_m(x_m)[:joints]
    ones = np.ones(len(found), np.float32)
    return Pose(
        id=person_id, state="tracked", positions_world_m=found, confidence=ones, valid=ones > 0
    )


@dataclass(frozen=True)
class Moment:
    """One pose frame of a recording to be."""

    seq: int
    t_s: float  # of capture
    people: tuple[Pose, ...]
    t_receive_s: float = 0.0
    session: str = "s1"
    source_session: str = "d1"
    stream: str = "cam0"


@pytest.fixture
def record(tmp_path, camera, model):
    """Writes moments as a recording and returns its path."""

    def write(moments: list[Moment], name: str = "walk.mcap") -> Path:
        sessions = dict.fromkeys((moment.stream, moment.session) for moment in moments)
        definitions = {
            key: define(stream=key[0], session=key[1], skeleton=COCO17, camera=camera, model=model)
            for key in sessions
        }
        with LogWriter(tmp_path / name, overwrite=True) as log:
            for definition in definitions.values():
                log.add(Recorded(*pack(DEFINITION, definition), 1))
            for n, moment in enumerate(moments):
                frame = PoseFrame(
                    stream=moment.stream, session=moment.session, seq=moment.seq,
                    def_id=definitions[moment.stream, moment.session].def_id,
                    source_session=moment.source_session, source_seq=moment.seq,
                    t_capture_ns=round(moment.t_s * 1e9), capture_clock="media",
                    t_receive_ns=round(moment.t_receive_s * 1e9), t_publish_ns=0, timing_ns={},
                    people=moment.people,
                )  # fmt: skip
                log.add(Recorded(*pack(POSE, frame), n + 2))
        return tmp_path / name

    return write


@pytest.fixture
def walk():
    """Moments of somebody who walks along x at 1 m/s, at the given times of capture."""

    def at(times_s, **changes) -> list[Moment]:
        return [
            replace(Moment(seq, float(t_s), (pose(1, float(t_s)),)), **changes)
            for seq, t_s in enumerate(times_s)
        ]

    return at
