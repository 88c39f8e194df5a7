"""`m2t3 watch` against a real PUB socket: table, plain lines, and what is said in trouble."""

import threading
import time

import numpy as np
import pytest
from msgspec.structs import replace
from rich.console import Console

from m2t3.clients import Frame, PoseSubscriber
from m2t3.clients.meter import Meter
from m2t3.clients.watch import Watch, line, table
from m2t3.core.clock import SECOND_NS
from m2t3.core.errors import M2t3Error


def received(publisher, poses, *frames, warnings=()):
    """`poses` has the last of these frames; the meter has all, as if a tenth of a second apart."""
    publisher.meet(poses)
    publisher.report(warnings=warnings)
    publisher.send(*frames[-1])
    assert next(poses).people is not None
    meter = Meter()
    for number, people in enumerate(frames):
        message = publisher.frame(*people)
        t_ns = message.t_publish_ns + number * SECOND_NS // 10
        times = {"t_publish_ns": t_ns, "t_receive_ns": t_ns - 5_000_000}
        meter.add(Frame(replace(message, seq=number, **times), publisher.definition()))
    return meter


def drawn(renderable) -> str:
    console = Console(width=100)
    with console.capture() as capture:
        console.print(renderable)
    return capture.get()


def test_a_line_tells_pace_people_and_troubles(publisher):
    with PoseSubscriber(publisher.endpoint, timeout_s=20.0) as poses:
        person = publisher.person(4, publisher.standing(1.25, -2.0))
        meter = received(publisher, poses, [person], [person], warnings=("the detector is slow",))
        said = line(poses, meter)
    assert said.startswith("cam0: 10.0 Hz, 2D in → 3D out 5.0 ms")
    assert "#4 at (1.25, -2.00, 0.90) m" in said
    assert "refused by the stream: 2 schema; dropped by the stream: 1 stale" in said
    assert "the detector is slow" in said


def test_the_table_has_a_row_for_each_person(publisher):
    hidden = publisher.standing(3.0)
    hidden[9:13] = np.nan  # wrists and hips
    frames = [
        (publisher.person(1, publisher.standing(0.1 * step)), publisher.person(2, hidden))
        for step in range(6)
    ]
    with PoseSubscriber(publisher.endpoint, timeout_s=20.0) as poses:
        meter = received(publisher, poses, *frames)
        rows = [" ".join(row.split()) for row in drawn(table(poses, meter)).splitlines()]
    assert meter.speed_m_s(1) == pytest.approx(1.0, rel=0.01)
    assert np.isnan(meter.speed_m_s(2))
    assert "#1 0.50, 0.00, 0.90 1.0 17/17 0.90" in rows
    assert "#2 –, –, – – 13/17 0.69" in rows


def test_a_stream_without_input_says_so(publisher):
    with PoseSubscriber(publisher.endpoint) as poses:
        publisher.meet(poses)
        publisher.report(state="waiting")
        while poses.status is None:
            time.sleep(0.01)
        assert "has no keypoints" in line(poses, Meter())
        assert "has no keypoints" in drawn(table(poses, Meter()))


def test_nobody_in_view_is_told(publisher):
    with PoseSubscriber(publisher.endpoint, timeout_s=20.0) as poses:
        meter = received(publisher, poses, [])
        assert "nobody in view" in line(poses, meter)
        assert "nobody in view" in drawn(table(poses, meter))


def test_ages_from_another_host_go_by_unix_time(publisher):
    """That host was started seven hours before this one."""
    earlier_ns = 7 * 3600 * SECOND_NS
    message, definition = publisher.frame(publisher.person()), publisher.definition()
    here = Frame(message, definition)
    there = Frame(
        replace(message, t_receive_ns=message.t_receive_ns + earlier_ns),
        replace(
            definition,
            unix_minus_monotonic_ns=definition.unix_minus_monotonic_ns - earlier_ns,
        ),
    )
    assert 5.0 < here.age_ms < 5000
    assert there.age_ms == pytest.approx(here.age_ms, abs=900)


def test_a_stream_that_has_just_begun_has_no_rate_yet(publisher):
    with PoseSubscriber(publisher.endpoint, timeout_s=20.0) as poses:
        received(publisher, poses, [publisher.person()])
        said = line(poses, Meter())
    assert said.startswith("cam0: – Hz, 2D in → 3D out – ms, → here – ms")


def test_no_frames_are_none_to_watch():
    with pytest.raises(M2t3Error, match="--frames 0: give 1 or more"):
        Watch(frames=0).run()


def test_the_command_ends_after_its_frames(publisher, capsys):
    stop = threading.Event()

    def publish() -> None:
        while not stop.wait(0.02):
            publisher.define()
            publisher.send(publisher.person())

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        assert Watch(connect=publisher.endpoint, frames=3).run() == 0
    finally:
        stop.set()
        thread.join()
    assert "#0 at (0.00, 0.00, 0.90) m" in capsys.readouterr().out
