"""The poses in a recording of the wire (MCAP), as they were published."""

from pathlib import Path

import numpy as np

from ...core.errors import RecordingError, WireError
from ...core.message_log import MessageLog
from ...core.messages import PoseFrame, SkeletonDefinition
from ...core.skeletons import SKELETONS, Skeleton
from ...core.topics import DEFINITION, POSE
from ...core.wire import unpack
from ...lifting.frame_rate import frames_per_second
from ..commands.lift import pose_arrays
from .poses import Poses, times_on_one_clock

_Frames = dict[tuple[str, str], dict[int, PoseFrame]]  # by stream and session, then by number


def read_poses_log(path: Path, stream: str | None = None, session: str | None = None) -> Poses:
    """Read the poses of one stream and session in a recording, which may hold more than one.

    Raises:
        RecordingError: it cannot be read, or holds no such poses, or those of several.
    """
    definitions: dict[str, SkeletonDefinition] = {}
    frames: _Frames = {}
    for recorded in MessageLog(path):
        try:
            message = unpack((recorded.topic, recorded.payload), (DEFINITION, POSE))
        except WireError:
            continue  # other topics, and what no subscriber would take
        if isinstance(message, SkeletonDefinition):
            definitions[message.def_id] = message
        elif isinstance(message, PoseFrame):
            # Where recordings were joined, frames are there twice.
            frames.setdefault((message.stream, message.session), {}).setdefault(
                message.seq, message
            )
    try:
        by_seq = _chosen(frames, stream, session)
        answers = [by_seq[seq] for seq in sorted(by_seq)]
        skeleton = _skeleton(definitions.get(answers[0].def_id))
        _check_joints(answers, skeleton)
        t_ns = times_on_one_clock(
            (answer.source_session for answer in answers),
            np.array([answer.t_capture_ns for answer in answers]),
            np.array([answer.t_receive_ns for answer in answers]),
        )
    except RecordingError as error:
        raise RecordingError(f"{path}: {error}") from None
    arrays = pose_arrays(answers, skeleton.joint_count)
    return Poses(skeleton=skeleton, t_ns=t_ns, fps=frames_per_second(t_ns), **arrays)


def _chosen(frames: _Frames, stream: str | None, session: str | None) -> dict[int, PoseFrame]:
    if not frames:
        raise RecordingError("has no poses; `m2t3 record` records them from a running m2t3-stream")
    fitting = [key for key in frames if stream in (None, key[0]) and session in (None, key[1])]
    if len(fitting) == 1:
        return frames[fitting[0]]
    found = ", ".join(
        f"--stream {stream} --session {session} ({len(frames[stream, session])} frames)"
        for stream, session in fitting or frames
    )
    if not fitting:
        asked = " ".join(name for name in (stream, session) if name is not None)
        raise RecordingError(f"has no poses of {asked}; there are: {found}")
    raise RecordingError(f"has poses of several streams or sessions; choose one of: {found}")


def _skeleton(definition: SkeletonDefinition | None) -> Skeleton:
    skeleton = SKELETONS.get(definition.skeleton) if definition is not None else None
    if definition is None or skeleton is None or definition.joint_names != skeleton.joint_names:
        raise RecordingError(
            "nothing in it defines its poses' joints as those of a known skeleton: "
            f"{', '.join(SKELETONS)}"
        )
    return skeleton


def _check_joints(answers: list[PoseFrame], skeleton: Skeleton) -> None:
    for answer in answers:
        for person in answer.people:
            if person.state != "left" and person.valid.size != skeleton.joint_count:
                raise RecordingError(
                    f"frame {answer.seq} has person {person.id} with {person.valid.size} joints "
                    f"where the definition has {skeleton.joint_count}"
                )
