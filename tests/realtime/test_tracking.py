"""Ids stay with people."""

import importlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m2t3.calibration.camera import Camera
from m2t3.core.messages import MAX_PEOPLE, Keypoints
from m2t3.core.skeletons import COCO17
from m2t3.lifting.anchor import canonical_body
from m2t3.realtime.demo_person import demo_motion
from m2t3.realtime.tracking.tracker import GONE_AFTER_S, NEW_FRAMES, SAME_S, Tracker

DT = 1 / 30
BODY_M = canonical_body(COCO17)
J = COCO17.joint_count
LOOK_ALONG_Y = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
CAMERA = Camera.from_opencv(
    "cam0", (640, 480), [[500, 0, 320], [0, 500, 240], [0, 0, 1]], [-0.1, 0.02, 0, 0, 0],
    LOOK_ALONG_Y.T, LOOK_ALONG_Y.T @ [0, 0, -2.0],
)  # fmt: skip


class Room:
    """People put somewhere, seen by the camera, tracked, and lifted without an error."""

    def __init__(self, camera):
        self.camera, self.tracker, self.t_s, self.told = camera, Tracker(camera, COCO17), -DT, []

    def body_m(self, x, y, size=1.0):
        """Joints of somebody who stands at x, y and looks into the camera (which looks along y)."""
        return np.column_stack([x + size * BODY_M[:, 0], np.full(J, y), size * BODY_M[:, 1]])

    def seen(self, body_m, id=None):
        pixels = self.camera.project(body_m).astype(np.float32)
        return Keypoints(keypoints_px=pixels, confidence=np.ones(J, np.float32), id=id)

    def step(self, *bodies_m, ids=None, dt=DT, boxes=()):
        """The ids of these bodies after `dt`; `boxes` are what the detector saw besides."""
        self.t_s += dt
        ids = ids or [None] * len(bodies_m)
        people = [*(self.seen(b, i) for b, i in zip(bodies_m, ids, strict=True)), *boxes]
        self.said = self.tracker.update(self.t_s, people)
        pairs = zip(self.said.ids, bodies_m, strict=False)
        self.tracker.learn({id_: body_m for id_, body_m in pairs if id_ is not None})
        return self.said.ids[: len(bodies_m)]


@pytest.fixture
def room(camera):
    return Room(camera)


@pytest.mark.parametrize("fps", [15, 30, 60, 240])
@pytest.mark.parametrize("detector_ids", ["none", "exchanged at the crossing"])
def test_two_who_cross_keep_their_ids_though_one_is_hidden(room, fps, detector_ids):
    a, b = room.step(room.body_m(-0.9, 5), room.body_m(0.9, 6), ids=marked(detector_ids, -0.6))
    for n in range(1, round(1.2 * fps)):
        t = n / fps - 0.6
        near, far = room.body_m(1.5 * t, 5), room.body_m(-1.5 * t, 6)
        marks = marked(detector_ids, t)
        if abs(t) < 0.25:
            assert room.step(near, ids=marks[:1], dt=1 / fps) == (a,)
        elif n % 2:  # in any order
            assert room.step(far, near, ids=marks[::-1], dt=1 / fps) == (b, a)
        else:
            assert room.step(near, far, ids=marks, dt=1 / fps) == (a, b)


def marked(detector_ids, t_s):
    """The detector's ids of the two, who cross at 0."""
    return [None, None] if detector_ids == "none" else [7, 8] if t_s < 0 else [8, 7]


def test_ids_that_a_detector_exchanges_are_not_followed_but_counted(room):
    left, right = room.body_m(-1, 5), room.body_m(1, 5)
    a, b = room.step(left, right, ids=[7, 8])
    assert room.step(left, right, ids=[8, 7]) == (a, b)
    assert room.said.refused == {"swapped_ids": 2}
    assert room.step(left, right, ids=[8, 7]) == (a, b)
    assert room.said.refused == {}


def test_a_detectors_id_finds_somebody_who_has_moved_farther_than_expected(room):
    (a,) = room.step(room.body_m(0, 5), ids=[7])
    assert room.step(room.body_m(0.4, 5), ids=[7]) == (a,)
    assert room.step(room.body_m(0.8, 5), ids=[9]) == (None,)


def test_somebody_far_away_from_everybody_is_new(room):
    (a,) = room.step(room.body_m(-1, 5))
    for _ in range(NEW_FRAMES):
        (b,) = room.step(room.body_m(1, 5))
    assert b not in (a, None)


def test_who_comes_is_nobody_until_seen_three_times(room):
    here, comes = room.body_m(-1, 5), room.body_m(1, 5)
    (a,) = room.step(here)
    assert room.step(here, comes) == (a, None)
    assert room.said.refused == {"unconfirmed_people": 1}
    assert room.step(here, comes) == (a, None)
    assert room.step(here, comes) == (a, 2)


def test_who_is_there_when_the_source_begins_is_somebody_at_once(room):
    assert room.step(room.body_m(-1, 5), room.body_m(1, 5)) == (1, 2)


def test_ghosts_of_one_frame_get_no_id_and_take_none(room):
    rng = np.random.default_rng(0)
    (a,) = room.step(room.body_m(0, 5))
    for n in range(60):
        ghost = room.seen(room.body_m(rng.uniform(-2, 2), rng.uniform(6, 9)))
        assert room.step(room.body_m(0.02 * n, 5), boxes=[] if n % 6 else [ghost]) == (a,)
        assert set(room.said.ids) <= {a, None}
    assert room.said.left == ()


def test_a_ghost_where_somebody_hidden_could_be_does_not_lose_them(room):
    here = room.body_m(-2, 5)
    a, b = room.step(here, room.body_m(1, 6))
    for n in range(1, 11):
        room.step(here, room.body_m(1 - 0.03 * n, 6))
    for _ in range(10):
        room.step(here)
    room.step(here, boxes=[room.seen(room.body_m(0.0, 6.5))])
    room.step(here)
    assert room.step(here, room.body_m(1 - 0.03 * 23, 6)) == (a, b)


def test_a_second_box_around_somebody_is_nobody(room):
    rng = np.random.default_rng(0)
    (a,) = room.step(room.body_m(0, 5))
    for n in range(30):
        body_m = room.body_m(0.03 * n, 5)
        twin = room.seen(body_m + rng.normal(0, 0.03, (J, 3)))
        assert set(room.step(body_m, boxes=[twin])) <= {a, None}
        assert set(room.said.ids) == {a, None}
        assert room.said.refused == {"duplicate_people": 1}


def test_two_who_turn_out_to_be_one_body_become_one_who_was_there_first(room):
    a, b = room.step(room.body_m(0, 5), room.body_m(0.8, 5))
    for n in range(1, 10):
        room.step(room.body_m(0, 5), room.body_m(0.8 - 0.08 * n, 5))
    left = []
    for _ in range(round(1.5 * SAME_S / DT)):
        ids = room.step(room.body_m(0, 5), room.body_m(0.02, 5))
        assert not set(ids) & set(room.said.left)  # nobody is here who has just left
        left += room.said.left
    assert left == [b]
    assert set(ids) == {a, None}


def test_two_who_stand_close_stay_two(room):
    a, b = room.step(room.body_m(0, 5), room.body_m(0.45, 5.3))
    for _ in range(60):
        assert room.step(room.body_m(0, 5), room.body_m(0.45, 5.3)) == (a, b)


def test_missing_joints_do_not_lose_a_person(room):
    (a,) = room.step(room.body_m(0, 5))
    for missing in (slice(5, None), slice(0, 11), slice(1, None), slice(0, 0)):
        half = room.seen(room.body_m(0, 5))
        half.keypoints_px.flags.writeable = True
        half.keypoints_px[missing] = np.nan
        assert room.step(boxes=[half]) == ()
        assert room.said.ids == (a,)


def test_exchanged_sides_do_not_lose_a_person(room):
    (a,) = room.step(room.body_m(0, 5))
    assert room.step(room.body_m(0.02, 5)[list(COCO17.mirror)]) == (a,)


def test_a_person_gone_for_long_has_left_once_and_returns_as_another(room):
    body_m = room.body_m(0, 5)
    (a,) = room.step(body_m)
    room.step(dt=GONE_AFTER_S / 2)
    assert room.said.left == ()
    room.step(dt=GONE_AFTER_S / 2)
    assert room.said.left == (a,)
    room.step()
    assert room.said.left == ()
    for _ in range(NEW_FRAMES):
        (b,) = room.step(body_m)
    assert b not in (a, None)


def test_a_short_absence_is_bridged(room):
    (a,) = room.step(room.body_m(0, 5))
    room.step(dt=0.5)
    assert room.step(room.body_m(0.3, 5), dt=0.5) == (a,)


def test_restart_forgets_everybody_and_no_id_comes_back(room):
    ids = room.step(room.body_m(-1, 5), room.body_m(1, 5))
    assert room.tracker.restart() == ids
    assert not set(room.step(room.body_m(-1, 5), room.body_m(1, 5))) & set(ids)


def test_answers_that_are_no_place_are_not_learnt(room):
    (a,) = room.step(room.body_m(0, 5))
    for wrong in (np.nan, np.inf, 1e6, -1e30):
        room.tracker.learn({a: np.full((J, 3), wrong)})
        assert room.step(room.body_m(0, 5)) == (a,)
    center_m = room.camera.t_world_camera_m
    room.tracker.learn({a: np.tile(center_m, (J, 1)), 99: room.body_m(0, 5)})
    assert room.step(room.body_m(0, 5)) == (a,)


def test_answers_that_are_not_where_people_are_seen_lose_nobody(room):
    (a,) = room.step(room.body_m(0, 5))
    rng = np.random.default_rng(0)
    for _ in range(60):  # before, beside and behind the camera
        room.tracker.learn({a: room.body_m(rng.uniform(2, 4), rng.normal())})
        assert room.step(dt=DT, boxes=[room.seen(room.body_m(0, 5))]) == ()
        assert room.said.ids == (a,)


def test_somebody_who_walks_past_the_camera_is_no_fault(room):
    room.step(room.body_m(0.3, 3.0))
    for n in range(1, 20):
        room.step(room.body_m(0.3, 3.0 - 0.1 * n))
    room.step(dt=0.5)  # expected behind the camera by now
    room.step(room.body_m(0, 5))
    assert len(room.said.ids) == 1


def test_a_detector_that_names_everybody_anew_fills_no_memory(room):
    for n in range(30):
        boxes = [room.seen(room.body_m(0.3 * k - 3, 5 + n % 7), id=100 * n + k) for k in range(20)]
        room.step(boxes=boxes, dt=1e-3)
        assert len(room.tracker._tracks) <= 2 * MAX_PEOPLE
        assert len(room.said.left) <= MAX_PEOPLE


def test_the_same_frames_get_the_same_ids(camera):
    def told():
        room, rng = Room(camera), np.random.default_rng(1)
        bodies = [room.body_m(*rng.uniform((-2, 4), (2, 9))) for _ in range(40)]
        return [room.step(*bodies[n : n + 4]) for n in range(30)]

    assert told() == told()


numbers = st.floats(width=32) | st.floats(0, 640, width=32)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_whatever_is_seen_and_lifted_ids_are_given_once_a_frame(data):
    tracker = Tracker(CAMERA, COCO17)
    t_s, left = 0.0, []
    for _ in range(6):
        t_s += data.draw(st.floats(1e-4, 3))
        people = []
        for _ in range(data.draw(st.integers(0, 4))):
            flat = data.draw(st.lists(numbers, min_size=4, max_size=4))
            pixels = np.resize(np.array(flat, np.float32), (J, 2))
            pixels[~(np.abs(pixels) < 2000).all(-1)] = np.nan  # as the pipeline makes sure of
            if np.isnan(pixels).all():
                continue
            id_ = data.draw(st.none() | st.integers(0, 2))
            people.append(Keypoints(keypoints_px=pixels, confidence=np.ones(J, "f4"), id=id_))
        said = tracker.update(t_s, people)
        ids = [id_ for id_ in said.ids if id_ is not None]
        left += said.left
        assert len(said.ids) == len(people)
        assert len(set(ids)) == len(ids)
        assert not set(ids) & set(left)
        assert len(set(left)) == len(left)
        place = data.draw(st.lists(numbers, min_size=3, max_size=3))
        tracker.learn({id_: np.tile(place, (J, 1)) for id_ in ids})


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    return importlib.import_module("tracking")


@pytest.mark.parametrize("name", ["crossing", "  detector's ids exchanged"])
def test_the_benchmarks_crowds_keep_their_ids(bench, name):
    loop = demo_motion(30).positions_world_m.astype(np.float32)
    walks = [loop[start : start + 100] for start in range(220, 460, 40)]  # a generated person
    scenario = next(s for s in bench.SCENARIOS if s.name == name)
    clips = bench.Clips(walks, walks, 30.0)
    outcomes = [bench.trial(scenario, clips, "standin", seed) for seed in range(4)]
    assert [outcome.all_kept for outcome in outcomes] == [True] * 4
    assert min(outcome.answered for outcome in outcomes) > 0.95
