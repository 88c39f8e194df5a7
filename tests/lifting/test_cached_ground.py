"""A rig's pointmaps are looked at once a rig, and that is as good as every frame."""

import numpy as np
import pytest

from m2t3.lifting.denoiser import NetworkInputs
from m2t3.lifting.lifter import Lifter
from m2t3.lifting.people import Observation

FPS, J = 15, 17


class Fresh:
    """Ignores the ground that it is given: makes it anew in every call, from the features."""

    def __init__(self, network):
        self.network, self.shape = network, network.shape
        self.asked = []  # rigs whose ground was asked for
        self.used = []  # rigs that each call was made with

    def ground(self, distance_m, height_m):
        self.asked.append((*distance_m, *height_m))
        return self.network.ground(distance_m, height_m)

    def __call__(self, inputs):
        log_distance, log_height = np.moveaxis(inputs.features[:, -1, -7:-5], -1, 0)
        distance_m, height_m = 4.0 * np.exp(log_distance), 1.7 * np.exp(log_height)
        self.used += zip(distance_m, height_m, strict=True)
        fresh = self.network.ground(distance_m, height_m)
        return self.network(inputs._replace(ground_keys=fresh.keys, ground_values=fresh.values))


def lift(lifter, px):
    """Answers (T, people, J, 3) to people's frames (T, people, J, 2)."""
    return np.array([
        [p.positions_world_m for p in lifter.lift([
            Observation(i, t / FPS, px, np.ones(J)) for i, px in enumerate(people)
        ]).people]
        for t, people in enumerate(px)
    ])  # fmt: skip


@pytest.fixture(autouse=True)
def restless_rigs(monkeypatch):
    """A random network does not follow people: rigs move at the least excuse."""
    monkeypatch.setattr("m2t3.lifting.lifter.REANCHOR_M", 0.15)
    monkeypatch.setattr("m2t3.lifting.lifter.REANCHOR_SHARE", 0.0)


@pytest.fixture(scope="module")
def px(camera, motion):
    """Two people who walk."""
    there = motion(FPS)[120:180]
    return np.stack(
        [camera.project(there), camera.project(there[::-1] + np.array([1.0, -1.0, 0.0]))], axis=1
    )


def test_answers_are_those_of_a_network_that_looks_anew_in_every_frame(camera, ground_network, px):
    cached = lift(Lifter(camera, ground_network), px)
    fresh = lift(Lifter(camera, Fresh(ground_network)), px)
    # 1 mm: the features' logarithms of the rig's numbers are in single precision
    np.testing.assert_allclose(cached, fresh, atol=1e-3)


def test_the_ground_is_asked_for_once_a_rig(camera, ground_network, px):
    listener = Fresh(ground_network)
    lift(Lifter(camera, listener), px)
    assert len(listener.asked) > 2  # rigs moved
    assert len(set(listener.asked)) == len(listener.asked) < len(listener.used)
    asked = np.array(listener.asked)
    for rig in listener.used:
        assert np.abs(asked / rig - 1).max(axis=1).min() < 1e-5


def test_the_ground_counts(camera, ground_network, px):
    class Elsewhere(Fresh):
        def ground(self, distance_m, height_m):
            return self.network.ground(2.0 * distance_m, height_m)

        def __call__(self, inputs: NetworkInputs):
            return self.network(inputs)

    first = px[:1]
    one, other = (
        lift(Lifter(camera, network), first)
        for network in (ground_network, Elsewhere(ground_network))
    )
    assert np.abs(one - other).max() > 1e-2
