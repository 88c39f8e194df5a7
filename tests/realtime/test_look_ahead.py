"""Look-ahead: each frame is answered when others have come, in order, by what they showed."""

import numpy as np
import pytest

from m2t3.core.errors import M2t3Error
from m2t3.realtime.assembly import assemble

NOW = 10**12


@pytest.fixture
def patient(new_pipeline):
    return new_pipeline(look_ahead=2)


def test_each_frame_is_answered_two_later(patient, frame):
    answers = [patient.process(frame(n), NOW + n, queue_ns=n) for n in range(5)]
    assert answers[:2] == [None, None]
    for n, answer in enumerate(answers[2:]):
        assert (answer.seq, answer.source_seq, answer.t_receive_ns) == (n, n, NOW + n)
        assert answer.timing_ns["queue"] == n
        t_s = (answer.t_capture_ns - frame(0).t_capture_ns) / 1e9
        np.testing.assert_allclose(answer.people[0].positions_world_m, 100 + t_s)


def test_the_last_frames_are_answered_at_the_end(patient, frame):
    for n in range(5):
        patient.process(frame(n), NOW)
    assert [answer.source_seq for answer in patient.flush()] == [3, 4]
    assert list(patient.flush()) == []


def test_a_frame_shorter_than_the_wait_is_answered_at_the_end(patient, frame):
    assert patient.process(frame(0), NOW) is None
    assert [answer.source_seq for answer in patient.flush()] == [0]


def test_who_has_left_is_said_to_have_left_in_order(patient, frame):
    patient.process(frame(0), NOW)
    patient.process(frame(90, people=[]), NOW)
    states = [[p.state for p in answer.people] for answer in patient.flush()]
    assert states == [["tracked"], ["left"]]


def test_who_has_left_is_remembered_until_their_last_frame_is_answered(patient, frame):
    patient.process(frame(0), NOW)
    patient.process(frame(90, people=[]), NOW)
    assert patient.lifter.forgotten == []
    tracked, left = patient.flush()
    np.testing.assert_allclose(tracked.people[0].positions_world_m, 100)
    assert patient.lifter.forgotten == [left.people[0].id]


def test_without_a_look_ahead_nothing_is_asked_twice(pipeline, frame, person):
    answer = pipeline.process(frame(0, [person()]), NOW)
    assert answer.people[0].positions_world_m.max() < 1000
    assert answer.people[0].positions_world_m[0, 0] == 320


def test_a_look_ahead_out_of_range_is_refused(camera):
    with pytest.raises(M2t3Error, match="0 to 30 frames, not 31"):
        assemble(camera, "cam0", weights="coco17-nc", engine="onnxruntime", steps=1, look_ahead=31)
