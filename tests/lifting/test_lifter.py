"""The lifter as a live system uses it: frame by frame, several people, gaps, any rate."""

import dataclasses
import math
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from m2t3 import lifting
from m2t3.core.errors import M2t3Error
from m2t3.core.skeletons import COCO17
from m2t3.lifting.denoiser import NetworkOutputs
from m2t3.lifting.lifter import FORGET_AFTER_S, MIN_JOINTS, Lifter
from m2t3.lifting.memory import past_mask
from m2t3.lifting.people import Observation

J = COCO17.joint_count
CERTAIN = np.ones(J)
SAME = 2e-5  # metres: single precision, another order of the same sums


def observe(px, t_s, person_id=0, confidence=CERTAIN):
    return Observation(person_id, t_s, px, confidence)


def lift_one(lifter, px, fps, start=0, person_id=0):
    """All answers to one person's frames (T, J, 3)."""
    return np.stack([
        lifter.lift([observe(frame, (start + t) / fps, person_id)]).people[0].positions_world_m
        for t, frame in enumerate(px)
    ])  # fmt: skip


@pytest.fixture
def px(camera, motion):
    """A good second of standing and waving, 30 a second: no reason to move the rig."""
    return camera.project(motion(30, 2.0)[20:])


class TestExact:
    """With a network that is always right nothing is lost on the way to the room."""

    @pytest.mark.parametrize(("steps", "trust"), [(1, 0.0), (1, -20.0), (2, 0.0), (4, 20.0)])
    def test_a_true_answer_arrives_in_the_room(self, camera, motion, oracle, steps, trust):
        truth, fps = motion(10)[:120], 10  # waves, turns, walks: the rig follows
        lifter = Lifter(camera, oracle(np.arange(120) / fps, truth, camera, trust), steps)
        found = lift_one(lifter, camera.project(truth), fps)
        # 1 mm: the network speaks single precision and triangulation has a ridge
        np.testing.assert_allclose(found, truth, atol=1e-3)

    def test_the_answer_does_not_jump_when_the_rig_moves(self, camera, motion, oracle):
        truth = motion(30)[150:390]
        denoiser = oracle(np.arange(240) / 30, truth, camera)
        found = lift_one(Lifter(camera, denoiser), camera.project(truth), 30)
        assert denoiser.calls.count(denoiser.shape.memory_frames) >= 3
        assert set(denoiser.calls) == {1, denoiser.shape.memory_frames}
        np.testing.assert_allclose(np.diff(found, axis=0), np.diff(truth, axis=0), atol=1e-3)

    def test_missing_joints_are_the_networks_and_the_others_are_right(self, camera, motion, oracle):
        truth = motion(30)[:20]
        px = camera.project(truth)
        px[:, COCO17.index("left_ankle", "right_ankle", "left_hip", "nose")] = np.nan
        px[10:, 9:] = np.inf
        found = lift_one(Lifter(camera, oracle(np.arange(20) / 30, truth, camera, 20.0)), px, 30)
        np.testing.assert_allclose(found, truth, atol=1e-3)

    def test_swapped_sides_are_put_right(self, camera, motion, oracle):
        truth = motion(30)[:40]
        px = camera.project(truth)
        px[20:30] = px[20:30, COCO17.mirror]
        found = lift_one(Lifter(camera, oracle(np.arange(40) / 30, truth, camera, 20.0)), px, 30)
        np.testing.assert_allclose(found, truth, atol=1e-3)


def test_the_first_frame_is_answered_and_the_past_counts_from_the_second_on(camera, network, px):
    found = lift_one(Lifter(camera, network), px, 30)
    assert np.isfinite(found).all()
    alone = lift_one(Lifter(camera, network), px[-1:], 30)
    assert np.abs(found[-1] - alone[0]).max() > 1e-3


SLOW_FPS = 20  # every frame is remembered: COMMIT_INTERVAL_S is a little less than its interval


class Listener:
    """Keeps what a network was asked and what it answered."""

    def __init__(self, network):
        self.network, self.shape, self.calls = network, network.shape, []

    def ground(self, distance_m, height_m):
        return self.network.ground(distance_m, height_m)

    def __call__(self, inputs):
        self.calls.append((inputs, self.network(inputs)))
        return self.calls[-1][1]

    def last_call(self, frames):
        """The last call's inputs without memory, and its answers; newest `frames` only."""
        inputs, outputs = self.calls[-1]
        nothing = inputs.keys[..., :0, :]
        cut = {name: getattr(inputs, name)[:, -frames:] for name in ("noised", "features", "phase")}
        answers = outputs.denoised.motion[:, -frames:]
        return inputs._replace(**cut, keys=nothing, values=nothing), answers


def assert_is_one_window(network, parts):
    """What the network answered part by part is what it answers to all their frames at once."""
    inputs, answers = zip(*parts, strict=True)
    joined = {
        name: np.concatenate([getattr(part, name) for part in inputs], axis=1)
        for name in ("noised", "features", "phase")
    }
    mask = past_mask(joined["features"].shape[1], network.shape.memory_frames)[None]
    whole = network(inputs[0]._replace(**joined, mask=mask)).denoised.motion
    np.testing.assert_allclose(np.concatenate(answers, axis=1), whole, atol=2e-5)


def test_a_stream_is_the_whole_causal_window(camera, network, px):
    listener = Listener(network)
    lifter, parts = Lifter(camera, listener), []
    for t, frame in enumerate(px):
        lifter.lift([observe(frame, t / SLOW_FPS)])
        parts.append(listener.last_call(frames=1))
    told = [len(outputs.denoised.motion[0]) for _, outputs in listener.calls]
    assert set(told[-len(px) + 1 :]) == {1}  # the rig stands still after the first frame
    assert_is_one_window(network, parts)


@pytest.mark.parametrize("before", [3, 5, 12], ids=lambda n: f"after {n} frames")
@pytest.mark.parametrize("at_once", [1.0, np.inf], ids=["before the answer", "after it"])
def test_a_rig_that_moved_has_the_memory_of_one_that_always_stood_there(
    camera, network, px, before, at_once, monkeypatch
):
    monkeypatch.setattr("m2t3.lifting.lifter.REANCHOR_M", 0.6)  # what moves it is the jump alone
    monkeypatch.setattr("m2t3.lifting.lifter.AT_ONCE", at_once)
    listener = Listener(network)
    lifter = Lifter(camera, listener)
    px = px + np.random.default_rng(0).normal(0, 10, px.shape)  # every frame is another
    lift_one(lifter, px[:before], SLOW_FPS)
    px = px + np.array([600.0, 0])
    listener.calls.clear()
    lift_one(lifter, px[before : before + 1], SLOW_FPS, start=before)
    assert (len(listener.calls) == 1) == (at_once == np.inf)
    lifter.catch_up()
    assert len(listener.calls) > 1
    kept = network.shape.memory_frames - (at_once == np.inf)  # the new one besides, or among them
    parts = [listener.last_call(min(before + 1, kept))]
    for t in range(before + 1, before + 6):
        listener.calls.clear()
        lift_one(lifter, px[t : t + 1], SLOW_FPS, start=t)
        assert len(listener.calls) == 1
        parts.append(listener.last_call(frames=1))
    assert_is_one_window(network, parts)


def test_answers_are_the_same_whenever_a_lifter_catches_up(camera, network, px):
    px = px + np.linspace([-600.0, 0.0], [600.0, 0.0], len(px))[:, None]
    diligent, lazy = Listener(network), Listener(network)
    one, other = Lifter(camera, diligent), Lifter(camera, lazy)
    for t, frame in enumerate(px):
        (caught_up,) = lift_one(one, frame[None], 30, start=t)
        one.catch_up()
        one.catch_up()  # nothing is left to do
        np.testing.assert_array_equal(caught_up, lift_one(other, frame[None], 30, start=t)[0])
    other.catch_up()
    assert len(diligent.calls) == len(lazy.calls) > len(px) + 3  # rigs moved


def test_later_frames_change_no_earlier_answer(camera, network, px):
    other = px.copy()
    other[20:] += 40.0
    one, two = (lift_one(Lifter(camera, network), p, 30) for p in (px, other))
    np.testing.assert_array_equal(one[:20], two[:20])
    assert np.abs(one[20:] - two[20:]).max() > 1e-3


def test_people_do_not_influence_one_another(camera, motion, network, px):
    later = motion(30, 16.0)[-len(px) :] + np.array([0.5, 0, 0])
    others = [px + np.array([30.0, 5.0]), camera.project(later)]
    together, found = Lifter(camera, network), []
    for t, frame in enumerate(zip(px, *others, strict=True)):
        seen = [observe(p, t / 30, i) for i, p in enumerate(frame) if not (i == 1 and t < 7)]
        found.append({p.person_id: p.positions_world_m for p in together.lift(seen).people})
    for i, alone in enumerate([px, *others]):
        start = 7 if i == 1 else 0
        expected = lift_one(Lifter(camera, network), alone[start:], 30, start, i)
        np.testing.assert_allclose([f[i] for f in found[start:]], expected, atol=SAME)


def test_whoever_is_seen_together_remembers_what_they_would_alone(camera, network, px):
    """Everybody keeps their own memory while companies change from frame to frame."""
    rng = np.random.default_rng(5)
    moved = [px + np.array([25.0 * i, 3.0 * i]) for i in range(3)]
    together, alone = Lifter(camera, network), [Lifter(camera, network) for _ in moved]
    for t in range(len(px)):
        company = [i for i in rng.permutation(3).tolist() if rng.random() < 0.7]
        found = together.lift([observe(moved[i][t], t / 30, i) for i in company]).people
        for i, person in zip(company, found, strict=True):
            expected = alone[i].lift([observe(moved[i][t], t / 30, i)]).people[0]
            np.testing.assert_allclose(
                person.positions_world_m, expected.positions_world_m, atol=SAME
            )


def test_a_company_that_stays_together_is_not_put_together_again(camera, network, px):
    given = []

    class Listening:
        shape, ground = network.shape, network.ground

        def __call__(self, inputs):
            given.append(inputs.keys)
            return network(inputs)

    lifter = Lifter(camera, Listening())
    for t, frame in enumerate(px[:8]):
        lifter.lift([observe(frame, t / 30, 0), observe(frame + 40, t / 30, 1)])
    pairs = [keys for keys in given if len(keys) == 2]
    assert len(pairs) == 8
    assert all(keys is pairs[0] for keys in pairs)


def test_answers_come_in_the_order_of_the_observations(camera, network, px):
    nobody = np.full_like(px[0], np.nan)
    seen = [observe(px[0], 0.0, 8), observe(nobody, 0.0, 3), observe(px[0] + 50, 0.0, 5)]
    people = Lifter(camera, network).lift(seen).people
    assert [p.person_id for p in people] == [8, 3, 5]
    assert [p.valid.all() for p in people] == [True, False, True]


def test_nobody_in_view_is_an_answer_too(camera, network):
    assert Lifter(camera, network).lift([]).people == ()


@pytest.mark.parametrize("mistake", ["missing", "unsure", "confidence nan"])
def test_too_few_joints_are_no_answer_and_never_zero(camera, network, px, mistake):
    frame, confidence = px[0].copy(), CERTAIN.copy()
    rest = slice(MIN_JOINTS - 1, None)
    if mistake == "missing":
        frame[rest] = np.nan
    else:
        confidence[rest] = 0.01 if mistake == "unsure" else np.nan
    lifter = Lifter(camera, network)
    (person,) = lifter.lift([observe(frame, 0.0, confidence=confidence)]).people
    assert np.isnan(person.positions_world_m).all()
    assert not person.valid.any()
    assert not person.confidence.any()
    frame[: MIN_JOINTS + 1] = px[0, : MIN_JOINTS + 1]
    confidence[: MIN_JOINTS + 1] = 1.0
    (person,) = lifter.lift([observe(frame, 0.1, confidence=confidence)]).people
    assert person.valid.all()
    assert np.isfinite(person.positions_world_m).all()


class Doubting:
    """A network that, while told to, expects its answers to be off by far."""

    def __init__(self, network):
        self.network, self.shape, self.ground = network, network.shape, network.ground
        self.doubts, self.error_m, self.calls = False, 3.0, 0

    def __call__(self, inputs):
        self.calls += 1
        answer, keys, values = self.network(inputs)
        if self.doubts:
            log_error = np.full_like(answer.log_error, np.log(self.error_m))
            answer = dataclasses.replace(answer, log_error=log_error)
        return NetworkOutputs(answer, keys, values)


def test_an_answer_that_the_network_doubts_is_none_and_leaves_no_trace(camera, network, px):
    denoiser = Doubting(network)
    lifter, other = (Lifter(camera, d) for d in (denoiser, network))
    before = lift_one(lifter, px[:10], 30)
    denoiser.doubts = True
    (person,) = lifter.lift([observe(px[10], 10 / 30)]).people
    assert np.isnan(person.positions_world_m).all()
    assert not person.valid.any()
    denoiser.doubts = False
    after = lift_one(lifter, px[11:20], 30, start=11)
    np.testing.assert_array_equal(before, lift_one(other, px[:10], 30))
    np.testing.assert_array_equal(after, lift_one(other, px[11:20], 30, start=11))


def test_whoever_is_doubted_for_long_stays_who_they_are(camera, network, px):
    denoiser = Doubting(network)
    denoiser.doubts = True
    lifter = Lifter(camera, denoiser)
    lift_one(lifter, px[:1], 30)
    person = lifter._people[0]
    lift_one(lifter, np.repeat(px[:1], 44, axis=0), 30, start=1)
    assert lifter._people[0] is person
    assert denoiser.calls < 50


def test_what_was_remembered_before_a_long_doubt_says_nothing(camera, network, px):
    denoiser = Doubting(network)
    lifter = Lifter(camera, denoiser)
    lift_one(lifter, px[:6], 30)
    denoiser.doubts = True
    lift_one(lifter, px[6:40], 30, start=6)
    assert lifter._people[0].history.newest_s == -math.inf


@pytest.mark.parametrize("error_m", [np.nan, np.inf])
def test_an_error_that_is_no_number_is_no_answer(camera, network, px, error_m):
    denoiser = Doubting(network)
    denoiser.doubts, denoiser.error_m = True, error_m
    (person,) = Lifter(camera, denoiser).lift([observe(px[0], 0.0)]).people
    assert np.isnan(person.positions_world_m).all()
    assert not person.valid.any()


@pytest.mark.parametrize(
    "wreck", [lambda p: 0 * p, lambda p: 1e6 * p, lambda p: p - [3000.0, 0.0]],
    ids=["all in one place", "far outside", "beside the picture"],
)  # fmt: skip
def test_impossible_keypoints_do_no_harm_to_what_follows(camera, network, px, wreck):
    lifter = Lifter(camera, network)
    (person,) = lifter.lift([observe(wreck(px[0]), 0.0)]).people
    np.testing.assert_array_equal(person.valid, np.isfinite(person.positions_world_m).all(axis=1))
    assert np.isfinite(lift_one(lifter, px, 30, start=1)).all()


@pytest.mark.parametrize("fps", [40, 60])
def test_frames_between_the_remembered_ones_leave_no_trace(camera, motion, network, fps):
    every = fps // SLOW_FPS
    fast = camera.project(motion(fps, 2.0)[fps // 2 :])
    slow = lift_one(Lifter(camera, network), fast[::every], SLOW_FPS)
    np.testing.assert_allclose(
        lift_one(Lifter(camera, network), fast, fps)[::every], slow, atol=SAME
    )


def test_a_forgotten_person_is_somebody_new(camera, network, px):
    lifter = Lifter(camera, network)
    lift_one(lifter, px, 30)
    lifter.forget(0)
    lifter.forget(17)  # nobody
    fresh = Lifter(camera, network)
    np.testing.assert_array_equal(
        lift_one(lifter, px[:5], 30, start=60), lift_one(fresh, px[:5], 30, start=60)
    )


@pytest.mark.parametrize(("gap_s", "remembered"), [(0.5, True), (FORGET_AFTER_S + 0.1, False)])
def test_a_gap_is_bridged_unless_it_is_long(camera, network, px, gap_s, remembered):
    lifter, fresh = Lifter(camera, network), Lifter(camera, network)
    lift_one(lifter, px[:6], 30)  # too few to believe anything of their size, which would outlast
    t_s = 5 / 30 + gap_s
    (after,), (new,) = (one.lift([observe(px[30], t_s)]).people for one in (lifter, fresh))
    difference = np.abs(after.positions_world_m - new.positions_world_m).max()
    assert difference > 1e-3 if remembered else difference == 0


def test_memory_does_not_grow(camera, network, px):
    def held_bytes():
        ours = tracemalloc.Filter(True, str(Path(lifting.__file__).parent / "*"))
        traces = tracemalloc.take_snapshot().filter_traces([ours]).statistics("filename")
        return sum(trace.size for trace in traces)

    lifter = Lifter(camera, network)
    lift_one(lifter, px[:15], 30)
    tracemalloc.start()
    try:
        lift_one(lifter, px[:5], 30, start=15)
        before = held_bytes()
        lift_one(lifter, np.tile(px[:20], (3, 1, 1)), 30, start=20)
        grown = held_bytes() - before
    finally:
        tracemalloc.stop()
    assert grown < 10_000  # a remembered frame is more than a kilobyte, and 60 have passed


def test_the_wall_clock_time_of_a_session_does_not_matter(camera, network, px):
    """Rotary phases are relative: a week after the start the answers are the same."""
    now, week = (
        lift_one(Lifter(camera, network), px, 30, start=s) for s in (0, 30 * 7 * 24 * 3600)
    )
    np.testing.assert_allclose(week, now, atol=1e-4)


def test_confidence_is_the_chance_to_be_near_the_truth(camera, motion, oracle):
    truth = motion(30)[:1]
    lifter = Lifter(camera, oracle([0.0], truth, camera))
    (person,) = lifter.lift([observe(camera.project(truth)[0], 0.0)]).people
    # an exponential error of mean e^-2 m is under 15 cm so often
    np.testing.assert_allclose(person.confidence, 1 - np.exp(-0.15 * np.exp(2.0)), rtol=1e-5)


def test_the_stages_timing_is_told(camera, network, px):
    timing = Lifter(camera, network).lift([observe(px[0], 0.0)]).timing_ns
    assert set(timing) == {"prepare", "denoise", "place"}
    assert all(ns > 0 for ns in timing.values())


@pytest.mark.parametrize("steps", [0, 101])
def test_a_network_of_no_steps_or_far_too_many_is_refused(camera, network, steps):
    with pytest.raises(M2t3Error, match=f"steps must be 1 to 100, not {steps}"):
        Lifter(camera, network, steps=steps)
