"""The sampler: one step ignores noise, more steps keep what is exact, noise belongs to a frame."""

import numpy as np
import pytest

from m2t3.core.skeletons import COCO17
from m2t3.lifting import representation
from m2t3.lifting.body_size import UNKNOWN
from m2t3.lifting.denoiser import DenoiserShape, NetworkOutputs
from m2t3.lifting.diffusion import Denoised, alpha_sigma, answer_points, network_input
from m2t3.lifting.features import observation_features
from m2t3.lifting.memory import ROTARY_FREQUENCIES, past_mask
from m2t3.lifting.rig import VIEWS, Views, project, view_axes, view_distances
from m2t3.lifting.sampler import Frames, Memory, levels, sample

J, B, T = COCO17.joint_count, 2, 3
RNG = np.random.default_rng(7)
DISTANCE_M, HEIGHT_M = np.array([4.0, 6.5]), np.array([2.2, 1.1])
AXES, CENTERS_M = (a[:, None] for a in view_axes(DISTANCE_M, HEIGHT_M))
DISTANCES_M = view_distances(DISTANCE_M, HEIGHT_M)[:, None]
POINTS_M = RNG.normal(0, 0.4, (B, T, J, 3)) + np.array([0, 0, 1])
VIEWS_UV = project(POINTS_M, AXES, CENTERS_M)


class Echo:
    """Answers with the truth plus `share` of the noise it was shown."""

    def __init__(self, share=0.0, trust=0.0, decoupled=True):
        self.share, self.trust = share, trust
        self.shape = DenoiserShape(COCO17, 1, 1, 2, 4, decoupled)
        self.levels = []

    def ground(self, distance_m, height_m):
        return None

    def __call__(self, inputs):
        self.levels.append(float(inputs.level[0]))
        b, t = inputs.features.shape[:2]
        motion = representation.encode(VIEWS_UV, DISTANCES_M, COCO17, self.shape.decoupled)
        nothing = np.zeros((b, 1, VIEWS, 1, t, 2), np.float32)
        return NetworkOutputs(
            Denoised(
                motion=(motion + self.share * inputs.noised).astype(np.float32),
                log_weight=np.zeros((b, t, VIEWS, J), np.float32),
                trust=np.full((b, t, J), self.trust, np.float32),
                log_error=np.zeros((b, t, J), np.float32),
                contact=np.zeros((b, t, 2), np.float32),
                depth_log_error=np.full((b, t, 1), -15.0, np.float32),
                ankle_height_m=np.zeros((b, t, 2), np.float32),
                ankle_log_error=np.zeros((b, t, 2), np.float32),
                size=np.zeros((b, t, 2), np.float32),
            ),
            nothing,
            nothing,
        )


def frames(keys=None):
    uv = VIEWS_UV[:, :, 0].astype(np.float32)
    seen = np.ones((B, T, J), bool)
    wide = [np.repeat(a[:, None], T, axis=1) for a in (DISTANCE_M, HEIGHT_M)]
    size = np.zeros((B, T)), np.full((B, T), UNKNOWN)
    features = observation_features(uv, np.ones((B, T, J)), seen, *wide, *size, COCO17)
    return Frames(
        uv=uv,
        seen=seen,
        features=features.astype(np.float32),
        phase=np.zeros((B, T, 2, ROTARY_FREQUENCIES), np.float32),
        mask=np.tile(past_mask(T, 4), (B, 1, 1)),
        views=Views.of(DISTANCE_M, HEIGHT_M),
        noise_keys=keys or [[(b, t) for t in range(T)] for b in range(B)],
    )


def memories(steps):
    empty = np.zeros((B, 1, VIEWS, 1, 0, 2), np.float32)
    return [Memory(empty, empty)] * steps


def points(denoiser, steps, keys=None):
    return sample(denoiser, frames(keys), memories(steps), COCO17).points_rig_m


@pytest.mark.parametrize("steps", [1, 2, 4])
@pytest.mark.parametrize("trust", [-20.0, 0.0, 20.0])
@pytest.mark.parametrize("decoupled", [True, False])
def test_exact_views_stay_exact_through_any_number_of_steps(steps, trust, decoupled):
    denoiser = Echo(trust=trust, decoupled=decoupled)
    # 2e-4 m: single precision, and triangulation's ridge
    np.testing.assert_allclose(points(denoiser, steps), POINTS_M, atol=2e-4)
    np.testing.assert_allclose(denoiser.levels, levels(steps), rtol=1e-6)


def test_one_step_is_the_networks_answer_and_shows_it_no_noise():
    denoiser = Echo(share=0.5)
    found = sample(denoiser, frames(), memories(1), COCO17)
    seen = frames()
    _, expected = answer_points(
        found.denoised, seen.uv, seen.seen, AXES, CENTERS_M, DISTANCES_M, COCO17.ankles
    )
    np.testing.assert_allclose(found.points_rig_m, expected, atol=1e-5)
    others = [[(5, 5)] * T] * B
    np.testing.assert_array_equal(found.points_rig_m, points(denoiser, 1, others))


def test_noise_belongs_to_a_person_and_a_frame_and_to_nothing_else():
    denoiser = Echo(share=0.5)
    keys = [[(1, 10), (1, 11), (1, 12)], [(2, 10), (2, 11), (2, 12)]]
    one = points(denoiser, 2, keys)
    np.testing.assert_array_equal(one, points(denoiser, 2, keys))
    keys[0][1] = (1, 99)
    changed = np.abs(points(denoiser, 2, keys) - one).max(axis=(2, 3))
    assert changed[0, 1] > 1e-3
    changed[0, 1] = 0
    assert not changed.any()


def test_noise_shown_at_a_level_is_that_of_the_schedule():
    """x_t = alpha x_0 + sigma noise: with exact views the noise is kept from step to step."""
    shown = []

    class Listener(Echo):
        def __call__(self, inputs):
            shown.append(inputs.noised.astype(float) / max(alpha_sigma(inputs.level[0])[0], 1e-9))
            return super().__call__(inputs)

    points(Listener(trust=-20.0), 4)
    clean = representation.encode(VIEWS_UV, DISTANCES_M, COCO17)
    noise = [
        (x - a * clean) / s
        for x, (a, s) in zip(shown[1:], map(alpha_sigma, levels(4)[1:]), strict=True)
    ]
    assert 0.9 < noise[0].std() < 1.1
    np.testing.assert_allclose(noise[1], noise[0], atol=5e-3)
    np.testing.assert_allclose(noise[2], noise[0], atol=5e-3)


@pytest.mark.parametrize("level", [0.0, 0.3, 1.0])
def test_the_schedule_keeps_variance_and_hides_everything_at_pure_noise(level):
    at = np.array([level])
    alpha, sigma = alpha_sigma(at)
    np.testing.assert_allclose(alpha**2 + sigma**2, 1)
    x_t = RNG.normal(size=(1, 2, VIEWS, 37))
    np.testing.assert_allclose(network_input(x_t, at), np.cos(level * np.pi / 2) * x_t, atol=1e-12)
