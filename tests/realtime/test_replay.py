"""A recording plays at its pace, and on and on if it should."""

import itertools

import numpy as np
import pytest

from m2t3.core.clock import monotonic_ns, sleep_until
from m2t3.core.errors import M2t3Error
from m2t3.realtime.sources.replay import ReplaySource, keypoints_frames

FRAMES = 12


def test_a_recording_becomes_frames_with_its_people(recording):
    frames = list(keypoints_frames(recording, "cam0"))
    assert len(frames) == FRAMES
    assert [person.id for person in frames[0].people] == [3, 9]
    assert [person.id for person in frames[-1].people] == [3]
    np.testing.assert_array_equal(frames[4].people[1].keypoints_px, recording.keypoints_px[4, 1])


def test_a_joint_that_the_recording_lacks_is_declared_missing_on_the_wire(recording):
    recording.keypoints_px[0, 0, 5] = np.nan
    first = next(keypoints_frames(recording, "cam0")).people[0]
    assert np.flatnonzero(first.confidence == 0).tolist() == [5]


def test_in_a_loop_numbers_and_times_go_on_evenly(recording):
    frames = list(itertools.islice(keypoints_frames(recording, "cam0", loop=True), 3 * FRAMES))
    assert [frame.seq for frame in frames] == list(range(3 * FRAMES))
    assert len({frame.session for frame in frames}) == 1
    assert set(np.diff([frame.t_capture_ns for frame in frames])) == {10_000_000}


@pytest.mark.parametrize("rate", [1.0, 4.0])
def test_frames_come_when_they_are_due(recording_path, rate):
    source = ReplaySource(recording_path, "cam0", loop=False, rate=rate)
    start_ns = monotonic_ns()
    received = []
    while not source.finished:
        if (frame := source.next(0.01)) is not None:
            assert monotonic_ns() >= frame.t_receive_ns
            received.append(frame)
    assert [r.frame.seq for r in received] == list(range(FRAMES)) or source.counts().dropped
    steps_ns = np.diff([r.t_receive_ns for r in received]) / np.diff(
        [r.frame.seq for r in received]
    )
    np.testing.assert_allclose(steps_ns, 10_000_000 / rate, atol=2)
    assert monotonic_ns() - start_ns >= (FRAMES - 1) * 10_000_000 / rate
    assert source.frames_in == FRAMES


@pytest.mark.parametrize("rate", [1e-320, 1000.0])
def test_a_pace_that_nobody_keeps_is_refused(recording_path, rate):
    with pytest.raises(M2t3Error, match=r"rate is .*; it is 0\.01 to 100"):
        ReplaySource(recording_path, "cam0", rate=rate)


def test_whoever_comes_too_late_gets_the_newest_frame_and_the_others_are_counted(recording_path):
    source = ReplaySource(recording_path, "cam0", loop=True, rate=10.0)
    first = source.next(1)
    sleep_until(first.t_receive_ns + 100_000_000)
    late = source.next(1)
    assert late.frame.seq >= 90
    assert source.counts().dropped == {"stale": late.frame.seq - 1}
    assert source.frames_in == late.frame.seq + 1
