"""Messages as a stream would publish them, with the times at which a recorder would get them."""

import pytest

from m2t3.clients.recording.log_writer import LogWriter
from m2t3.core.message_log import Recorded
from m2t3.core.messages import Keypoints, KeypointsFrame, SkeletonDefinition
from m2t3.core.topics import DEFINITION, KEYPOINTS, POSE
from m2t3.core.wire import decode, pack

T0_NS = 1_760_000_000_000_000_000  # Unix
FRAME_NS = 16_666_667


def keypoints(seq, pixels, session="detector"):
    """One person, as a detector sees them."""
    person = Keypoints(keypoints_px=pixels[:, :2], confidence=abs(pixels[:, 2]) * 0 + 0.9)
    return KeypointsFrame(
        stream="cam0",
        session=session,
        seq=seq,
        t_capture_ns=seq * FRAME_NS,
        clock="monotonic",
        skeleton="coco17",
        image_size_px=(1280, 720),
        people=(person,),
    )


@pytest.fixture
def messages(publisher):
    """Makes `frames` frames of one person at 60 fps, keypoints and a definition among them."""

    def make(frames, start=0):
        made = []
        for number in range(start, start + frames):
            t_ns = T0_NS + number * FRAME_NS
            if number % 60 == 0 or number == start:
                made.append(Recorded(*pack(DEFINITION, publisher.definition()), t_ns))
            joints = publisher.standing(0.01 * number)
            made.append(Recorded(*pack(POSE, publisher.frame(publisher.person(1, joints))), t_ns))
            made.append(Recorded(*pack(KEYPOINTS, keypoints(number, joints)), t_ns + 1))
            publisher.seq += 1
        return made

    return make


@pytest.fixture
def write(tmp_path):
    """Writes messages to a file and returns its path."""

    def record(messages, name="walk.mcap"):
        with LogWriter(tmp_path / name) as log:
            for message in messages:
                if message.topic.startswith(DEFINITION.prefix.encode()):
                    definition = decode(DEFINITION, message.payload)
                    assert isinstance(definition, SkeletonDefinition)
                    log.attach(definition, message)
                log.add(message)
        return tmp_path / name

    return record
