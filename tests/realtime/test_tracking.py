"""Ids stay with people."""

import msgspec
import numpy as np
import pytest

from m2t3.core.messages import MAX_PEOPLE
from m2t3.realtime.tracking import FAR, GONE_AFTER_S, Tracker, movement_sizes

DT = 1 / 60


@pytest.fixture
def tracker():
    return Tracker()


def test_the_detectors_ids_are_followed_wherever_people_jump(tracker, person):
    first = tracker.update(0.0, [person(u=100, id=7), person(u=500, id=8)])
    second = tracker.update(DT, [person(u=110, id=8), person(u=490, id=7)])
    assert second.ids == first.ids[::-1]


def test_without_ids_people_are_followed_in_the_picture(tracker, person):
    a, b = tracker.update(0.0, [person(u=100), person(u=500)]).ids
    for step in range(1, 60):
        left, right = person(u=100 + 2 * step), person(u=500 - 2 * step)
        assert tracker.update(step * DT, [right, left]).ids == (b, a)


def test_somebody_far_away_from_everybody_is_new(tracker, person):
    (a,) = tracker.update(0.0, [person(u=100)]).ids
    assert tracker.update(DT, [person(u=500)]).ids != (a,)


def test_the_gate_is_measured_in_body_sizes(tracker, person):
    (near,) = tracker.update(0.0, [person(u=100, height_px=400)]).ids
    assert tracker.update(DT, [person(u=250, height_px=400)]).ids == (near,)
    (far,) = tracker.update(2 * DT, [person(u=500, v=50, height_px=40)]).ids
    assert tracker.update(3 * DT, [person(u=560, v=50, height_px=40)]).ids != (far,)


def test_missing_joints_do_not_lose_a_person(tracker, person):
    (a,) = tracker.update(0.0, [person()]).ids
    half = person()
    pixels = half.keypoints_px.copy()
    pixels[5:] = np.nan
    half = msgspec.structs.replace(half, keypoints_px=pixels)
    assert tracker.update(DT, [half]).ids == (a,)
    other_half = person().keypoints_px.copy()
    other_half[:5] = np.nan
    assert movement_sizes(other_half[None], pixels[None]) == FAR


def test_a_person_gone_for_a_second_has_left_once_and_returns_as_another(tracker, person):
    (a,) = tracker.update(0.0, [person()]).ids
    assert tracker.update(GONE_AFTER_S / 2, []).left == ()
    assert tracker.update(GONE_AFTER_S, []).left == (a,)
    assert tracker.update(GONE_AFTER_S + DT, []).left == ()
    assert tracker.update(GONE_AFTER_S + 2 * DT, [person()]).ids != (a,)


def test_a_short_absence_is_bridged(tracker, person):
    (a,) = tracker.update(0.0, [person(u=300)]).ids
    tracker.update(0.5, [])
    assert tracker.update(0.9, [person(u=340)]).ids == (a,)


def test_restart_forgets_everybody_and_no_id_comes_back(tracker, person):
    ids = tracker.update(0.0, [person(u=100), person(u=500)]).ids
    assert tracker.restart() == ids
    assert not set(tracker.update(0.0, [person(u=100), person(u=500)]).ids) & set(ids)


def test_a_detector_that_names_everybody_anew_fills_no_memory(tracker, person):
    given, left = set(), set()
    for step in range(200):
        crowd = [person(id=100 * step + k) for k in range(20)]
        assignment = tracker.update(step * 1e-3, crowd)
        given |= set(assignment.ids)
        left |= set(assignment.left)
        assert len(assignment.left) <= MAX_PEOPLE
    assert len(given) == 4000
    assert len(given - left) == MAX_PEOPLE
