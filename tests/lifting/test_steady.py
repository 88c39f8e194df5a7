"""The steady lifter: true answers pass, and what is known of a body outlasts an absence."""

from dataclasses import replace

import numpy as np

from m2t3.core.skeletons import COCO17
from m2t3.lifting.lifter import FORGET_AFTER_S, Lifter
from m2t3.lifting.people import CONFIDENT_M, LiftedPerson, Observation
from m2t3.lifting.steady import SteadyLifter

FPS = 30
CERTAIN = np.ones(COCO17.joint_count)
FOOT = COCO17.index("left_ankle")[0]


def lifted(lifter, times_s, px):
    return np.stack([
        lifter.lift([Observation(0, t_s, frame, CERTAIN)]).people[0].positions_world_m
        for t_s, frame in zip(times_s, px, strict=True)
    ])  # fmt: skip


def test_true_answers_stay_true(camera, motion, oracle):
    truth = motion(FPS)[:90]
    times_s = np.arange(len(truth)) / FPS
    lifter = SteadyLifter(Lifter(camera, oracle(times_s, truth, camera)))
    found = lifted(lifter, times_s, camera.project(truth))
    assert np.linalg.norm(found - truth, axis=-1)[15:].mean() < 0.01


def test_frames_that_come_nearly_at_once_throw_nobody_out_of_the_room(camera, motion, oracle):
    truth = motion(FPS)[:90]
    times_s = np.arange(len(truth)) / FPS
    times_s[1::3] = times_s[:-1:3] + 1e-9
    lifter = SteadyLifter(Lifter(camera, oracle(times_s, truth, camera)))
    found = lifted(lifter, times_s, camera.project(truth))
    assert np.linalg.norm(found - truth, axis=-1).max() < 0.3


def test_a_body_outlasts_an_absence(camera, motion, oracle):
    """A foot that the network puts too far away is brought back by a leg that is known."""
    truth = motion(FPS)[:90]
    answers = truth.copy()
    ray = truth[-1, FOOT] - camera.t_world_camera_m
    answers[-1, FOOT] += 0.3 * ray / np.linalg.norm(ray)
    times_s = np.arange(len(truth)) / FPS
    times_s[-1] += FORGET_AFTER_S + 0.5
    px = camera.project(truth)
    known, new = (SteadyLifter(Lifter(camera, oracle(times_s, answers, camera))) for _ in range(2))
    lifted(known, times_s[:-1], px[:-1])
    off_m = [
        np.linalg.norm(lifted(lifter, times_s[-1:], px[-1:])[0, FOOT] - truth[-1, FOOT])
        for lifter in (known, new)
    ]
    assert off_m[0] < 0.8 * off_m[1]


def test_frames_that_wait_are_settled_though_their_person_has_been_away(camera, motion, oracle):
    truth = motion(FPS)[:60]
    times_s = np.arange(len(truth)) / FPS
    times_s[30:] += FORGET_AFTER_S + 0.5
    lifter = SteadyLifter(Lifter(camera, oracle(times_s, truth, camera)), look_ahead=4)
    lifted(lifter, times_s[:31], camera.project(truth[:31]))
    for n in range(27, 31):
        assert np.linalg.norm(lifter.settled(0, times_s[n]) - truth[n], axis=-1).mean() < 0.02


def test_confidence_is_the_chance_that_a_joint_is_near_to_where_it_is_said_to_be():
    rng = np.random.default_rng(0)
    nobody = LiftedPerson.unseen(0, 3)
    person = replace(nobody, expected_error_m=np.array([0.02, 0.1, 1.0]))
    off_m = np.abs(rng.laplace(0.0, person.expected_error_m, (100_000, 3)))
    np.testing.assert_allclose(person.confidence, (off_m < CONFIDENT_M).mean(axis=0), atol=0.01)
    assert (nobody.confidence == 0).all()
