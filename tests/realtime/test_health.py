"""The status tells rates, latencies and losses; the terminal shows them."""

import io
import os

import msgspec
import pytest
from rich.console import Console

from m2t3.core.clock import SECOND_NS
from m2t3.realtime import health as health_module
from m2t3.realtime.counts import Counts
from m2t3.realtime.display import LINE_EVERY, Display, Terminal
from m2t3.realtime.health import Health


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes when told: `clock(seconds)` moves it on and returns the time in ns."""
    now = [SECOND_NS]

    def advance(seconds=0.0):
        now[0] += round(seconds * SECOND_NS)
        return now[0]

    monkeypatch.setattr(health_module, "monotonic_ns", advance)
    return advance


@pytest.fixture
def health(clock, model):
    return Health(stream="cam0", session="pose-1", model=model)


@pytest.fixture
def run(health, clock, pipeline, frame):
    """Let `count` frames be answered, one each 10 ms, with latencies of 1, 2, ... ms."""

    def answer(count):
        for n in range(1, count + 1):
            t_publish_ns = clock(0.01)
            answer = pipeline.process(frame(n), t_publish_ns - n * 1_000_000)
            health.answered(msgspec.structs.replace(answer, t_publish_ns=t_publish_ns))

    return answer


def status(health, frames_in, counts=None, **more):
    return health.status(frames_in=frames_in, counts=counts or Counts(), warnings=(), **more)


def test_rates_and_percentiles_are_those_of_the_frames(health, run):
    run(100)
    seen = status(health, frames_in=100)
    assert seen.state == "running"
    assert (seen.input_rate_hz, seen.output_rate_hz) == (100, 100)
    assert (seen.frames_in, seen.frames_out, seen.people_in_view) == (100, 100, 1)
    total = seen.latency_ms["total"]
    assert (total.p50, total.p95) == pytest.approx((50.5, 95.05))
    assert seen.latency_ms["denoise"].p99 == pytest.approx(0.001)


def test_silence_is_told_and_old_latencies_are_forgotten(health, run, clock):
    assert status(health, frames_in=0).state == "waiting"
    run(10)
    assert status(health, frames_in=10).state == "running"
    clock(12)
    seen = status(health, frames_in=10)
    assert (seen.state, seen.people_in_view, seen.latency_ms) == ("waiting", 0, {})
    assert seen.warnings == ("no keypoints for 12 s",)


def test_losses_are_shown_by_kind_and_too_fast_an_input_is_told(health, run, clock):
    run(50)
    counts = Counts()
    counts.refused["version"] += 3
    counts.dropped["stale"] += 50
    seen = status(health, frames_in=100, counts=counts)
    assert (seen.refused, seen.dropped) == ({"version": 3}, {"stale": 50})
    assert "50 of 100 frames came too fast" in seen.warnings[0]
    clock(1)
    assert status(health, frames_in=150, counts=counts).warnings == ()
    assert status(health, frames_in=150, counts=counts, stopping=True).state == "stopping"


def shown(statuses, terminal):
    output = io.StringIO()
    console = Console(file=output, force_terminal=terminal, width=100)
    with Display({"poses": "publishing on tcp://127.0.0.1:5571"}, console) as display:
        for seen in statuses:
            display.show(seen)
    return output.getvalue()


def test_without_a_terminal_lines_come_with_news_and_now_and_then(health, run):
    run(50)
    counts = Counts()
    steady = status(health, frames_in=50)
    counts.refused["version"] += 1
    news = status(health, frames_in=50, counts=counts)
    lines = shown([steady] * LINE_EVERY + [news] * 2, terminal=False).splitlines()
    assert lines[0] == "poses: publishing on tcp://127.0.0.1:5571"
    assert lines[1] == (
        "[cam0] running, 100 fps in, 100 out, 1 person, latency 25.5 ms (p95 47.5, p99 49.5)"
    )
    assert len(lines) == 3
    assert "refused 1 version" in lines[2]


def closed_pipe():
    reader, writer = os.pipe()
    os.close(reader)
    return writer


@pytest.mark.parametrize(
    ("unwritable", "why"),
    [
        (closed_pipe, "Broken pipe"),
        (lambda: os.open("/dev/full", os.O_WRONLY), "No space left on device"),
    ],
)
@pytest.mark.parametrize("terminal", [False, True])
def test_an_output_that_cannot_be_written_is_told_once_and_the_stream_goes_on(
    health, unwritable, why, terminal, capfd
):
    with os.fdopen(unwritable(), "w") as output:
        console = Terminal(file=output, force_terminal=terminal)
        with Display({"poses": "publishing"}, console) as display:
            for number in range(LINE_EVERY * 2):
                display.show(status(health, frames_in=number))
    told = capfd.readouterr().err
    assert told == f"m2t3-stream: cannot write here ({why}), publishes as before\n"


def test_a_terminal_gets_a_panel(health, run):
    run(5)
    text = shown([status(health, frames_in=5)], terminal=True)
    assert "m2t3-stream cam0" in text
    assert "publishing on tcp://127.0.0.1:5571" in text
