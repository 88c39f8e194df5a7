"""Each kind of camera's stamps become capture times on one clock."""

import numpy as np
import pytest

from m2t3.realtime.detection.capture_clock import DriverClock, FileClock, StreamClock

MS = 1_000_000


def test_a_driver_that_stamps_on_our_clock_is_believed():
    clock = DriverClock()
    assert clock.t_capture_ns(90_000 * MS, 90_012 * MS) == 90_000 * MS


def test_a_driver_on_another_clock_is_not():
    clock = DriverClock()
    for stamp_ns in (0, 88_000 * MS, 90_013 * MS, 1_700_000_000_000 * MS):
        assert clock.t_capture_ns(stamp_ns, 90_012 * MS) == 90_012 * MS


def test_the_jitter_of_a_network_is_not_in_the_times():
    clock, rng = StreamClock(), np.random.default_rng(0)
    stamps = np.arange(300) * 40 * MS
    waits = rng.exponential(8 * MS, 300).astype(int)
    waits[0] = 0
    times = [
        clock.t_capture_ns(int(stamp), int(10**12 + stamp + 25 * MS + wait))
        for stamp, wait in zip(stamps, waits, strict=True)
    ]
    assert times[0] == 10**12 + 25 * MS
    believed = stamps > 2100 * MS  # before, nobody knows what to think of them
    assert (np.diff(np.array(times)[believed]) == 40 * MS).all()
    assert times[-1] == 10**12 + 25 * MS + stamps[-1]


@pytest.mark.parametrize("fps", [2, 5, 10, 15, 20, 24, 25, 30, 60])
def test_stamps_that_ffmpeg_made_up_at_another_rate_are_not_believed(fps):
    clock, rng = StreamClock(), np.random.default_rng(0)
    for n in range(60 * fps):
        taken_ns = 10**12 + n * 1000 * MS // fps
        arrival_ns = taken_ns + int(rng.exponential(4 * MS))
        assert -20 * MS < clock.t_capture_ns(n * 40 * MS, arrival_ns) - taken_ns < 60 * MS


def test_a_network_that_stalls_is_not_in_the_times_of_what_came_late():
    clock = StreamClock()
    for n in range(300):
        taken_ns = 10**12 + n * 40 * MS
        stalled = 125 <= n < 145  # and then all at once
        arrival_ns = 10**12 + 145 * 40 * MS + n if stalled else taken_ns
        assert clock.t_capture_ns(n * 40 * MS, arrival_ns) == taken_ns


def test_a_network_cameras_clock_that_drifts_is_followed():
    clock = StreamClock()
    slow = 1 - 1e-4  # of its clock: 6 ms a minute
    for n in range(0, 120_000, 40):
        arrival = 10**12 + n * MS
        t_capture_ns = clock.t_capture_ns(round(n * MS * slow), arrival)
        assert 0 <= arrival - t_capture_ns <= 2.1 * MS


def test_a_network_camera_that_begins_anew_or_tells_no_time_is_timed_by_arrival():
    clock = StreamClock()
    for stamp_ns, arrival_ns in ((0, 5000), (40 * MS, 5000 + 40 * MS), (0, 90_000 * MS)):
        assert clock.t_capture_ns(stamp_ns, arrival_ns) == arrival_ns
    assert clock.t_capture_ns(0, 90_040 * MS) == 90_040 * MS
    assert clock.t_capture_ns(40 * MS, 99_000 * MS) == 99_000 * MS


def test_a_file_is_due_at_its_own_rate_and_does_not_catch_up_for_long():
    clock = FileClock()
    assert clock.t_capture_ns(0, 10**12) == 10**12
    assert clock.t_capture_ns(40 * MS, 10**12 + 3 * MS) == 10**12 + 40 * MS
    assert clock.t_capture_ns(80 * MS, 10**12 + 300 * MS) == 10**12 + 80 * MS
    assert clock.t_capture_ns(120 * MS, 10**12 + 900 * MS) == 10**12 + 900 * MS
    assert clock.t_capture_ns(160 * MS, 10**12 + 901 * MS) == 10**12 + 940 * MS
