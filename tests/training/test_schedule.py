"""Learning rates over a run, and the pace from which its end is told."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m2t3.training.progress import RECENT_S, Pace
from m2t3.training.schedule import FINAL_RATE, Progress, rate_factor, share_done

SHARE = st.floats(0, 1)


def test_the_rate_rises_stays_and_falls():
    rates = [rate_factor(step, step / 1000, 100, 0.3) for step in range(1001)]
    assert rates[0] == pytest.approx(0.01)
    assert rates[49] == pytest.approx(0.5)
    assert set(rates[99:700]) == {1.0}
    assert all(a > b for a, b in pairwise(rates[700:]))
    assert rates[1000] == pytest.approx(FINAL_RATE)


@given(SHARE, SHARE, st.integers(0, 1000), st.integers(0, 1000))
def test_the_rate_is_between_nothing_and_all(done, decay, step, warmup_steps):
    assert 0 < rate_factor(step, done, warmup_steps, decay) <= 1


@given(SHARE)
def test_without_decay_the_rate_never_falls(done):
    assert rate_factor(500, done, 100, 0.0) == 1.0


@given(SHARE)
def test_the_stable_rate_does_not_depend_on_the_length_of_the_run(decay):
    early = 0.999 * (1 - decay)
    assert rate_factor(500, early, 100, decay) == rate_factor(500, early / 2, 100, decay)


def test_a_run_is_as_long_as_its_steps_or_else_its_minutes():
    assert share_done(Progress(30, 90.0), minutes=3.0, steps=None) == 0.5
    assert share_done(Progress(30, 90.0), minutes=3.0, steps=40) == 0.75


def test_the_pace_is_that_of_this_sitting_and_of_late():
    pace = Pace()
    assert pace.left_s is None
    pace.add(1000.0, 5000, 0.5)  # resumed; whatever came before says nothing
    assert str(pace) == "pace not known yet"
    for i in range(1, 101):  # two steps a second at first
        pace.add(1000.0 + i / 2, 5000 + i, 0.5 + i / 10_000)
    assert pace.steps_per_s == pytest.approx(2.0)
    assert pace.left_s == pytest.approx((1 - 0.51) * 10_000 / 2)
    late = 1050.0
    for i in range(1, round(RECENT_S) + 2):  # then one
        pace.add(late + i, 5100 + i, 0.51 + i / 10_000)
    assert pace.steps_per_s == pytest.approx(1.0)
    assert str(pace) == "1 steps/s, 1:19:39 left"


def test_the_time_left_of_a_run_given_in_minutes_is_what_the_clock_says():
    pace = Pace()
    for second in range(60):
        pace.add(float(second), second, second / 600)
    assert pace.left_s == pytest.approx(600 - 59)
