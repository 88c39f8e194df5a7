"""The poses in a recording of the wire (MCAP), as they were published."""

from pathlib import Path

import numpy as np

from ...core.errors import RecordingError, WireError
from ...core.message_log import MessageLog
from ...core.messages import PoseFrame, SkeletonDefinition
from ...core.skeletons import SKELETONS
from ...core.topics import DEFINITION, POSE
from ...core.wire import unpack
from ..lift import pose_arrays
from .poses import Poses


def read_poses_log(path: Path) -> Poses:
    """Read the poses of the one stream and session in a recording.

    Raises:
        RecordingError: it cannot be read, holds no poses, or those of several streams or sessions.
    """
    definitions: dict[str, SkeletonDefinition] = {}
    frames: dict[tuple[str, str], list[PoseFrame]] = {}
    for recorded in MessageLog(path):
        try:
            message = unpack((recorded.topic, recorded.payload), (DEFINITION, POSE))
        except WireError:
            continue  # other topics, and what no subscriber would take
        if isinstance(message, SkeletonDefinition):
            definitions[message.def_id] = message
        elif isinstance(message, PoseFrame):
            frames.setdefault((message.stream, message.session), []).append(message)
    if len(frames) != 1:
        found = ", ".join(f"{stream} ({session})" for stream, session in frames) or "none"
        raise RecordingError(f"{path}: poses of one stream and session are exported, not {found}")
    (answers,) = frames.values()
    definition = definitions.get(answers[0].def_id)
    if definition is None or definition.skeleton not in SKELETONS:
        raise RecordingError(f"{path}: nothing in it defines its poses' joints")
    t_ns = np.array([answer.t_capture_ns for answer in answers])
    rising = np.diff(t_ns, prepend=-1) > 0
    if not rising.all():
        raise RecordingError(f"{path}: the capture times run back: its source was started again")
    steps_ns = np.diff(t_ns)
    arrays = pose_arrays(answers, len(definition.joint_names))
    return Poses(
        skeleton=SKELETONS[definition.skeleton],
        t_ns=t_ns,
        fps=float(1e9 / np.median(steps_ns)) if steps_ns.size else 1.0,
        **arrays,
    )
