"""Smoothing: steady where the input is noisy, the input where it is exact, never a lag or a jam."""

import numpy as np
import pytest
from scipy.linalg import expm

from m2t3.core.skeletons import Skeleton
from m2t3.lifting import kalman
from m2t3.lifting.smoothing import Smoother

FPS = 30.0
CENTER_M = np.array([0.0, 0.0, 2.0])
SKELETON = Skeleton(
    "five",
    ("left_hip", "right_hip", "left_wrist", "nose", "left_ankle"),
    bones=(), left_right=((0, 1),), hips=(0, 1), ankles=(4, 4),
)  # fmt: skip
BODY_M = np.array([[0, 0.1, 0.9], [0, -0.1, 0.9], [0.1, 0.2, 1.4], [0, 0, 1.7], [0.2, 0, 0.1]])


def walk(frames, speed_m_s=1.0):
    """Somebody 5 m away who walks past the camera and swings a joint."""
    t_s = np.arange(frames) / FPS
    path = np.stack([5 + 0.3 * speed_m_s * t_s, speed_m_s * t_s, 0 * t_s], axis=-1)
    motion = BODY_M + path[:, None]
    motion[:, 2, 0] += 0.3 * np.sin(2 * np.pi * t_s)
    return motion


def noisy(motion, along_m, across_m, seed=0):
    rng = np.random.default_rng(seed)
    offset = motion - CENTER_M
    directions = offset / np.linalg.norm(offset, axis=-1, keepdims=True)
    along = directions * rng.normal(0, along_m, (len(motion), 1, 1))
    return motion + along + rng.normal(0, across_m, motion.shape)


def smoothed(points, look_ahead=0):
    smoother = Smoother(CENTER_M, SKELETON, look_ahead)
    answers = []
    for t, frame in enumerate(points):
        newest = smoother.update(t / FPS, frame)
        answers.append(newest)
        if t >= look_ahead:
            answers[t - look_ahead] = smoother.settled((t - look_ahead) / FPS)
    return np.stack(answers)


def error_m(found, truth):
    return np.sqrt(np.square(found - truth)[30:].sum(-1).mean())


def shaking(found, truth):
    return np.linalg.norm(np.diff(found - truth, n=2, axis=0)[30:], axis=-1).mean() * FPS**2


def test_exact_motion_stays_as_it_is_but_for_some_millimetres():
    motion = walk(150)
    assert error_m(smoothed(motion), motion) < 0.008


def test_noise_along_the_ray_is_taken_out():
    motion = walk(300)
    seen = noisy(motion, 0.03, 0.001)
    found = smoothed(seen)
    assert shaking(found, motion) < 0.35 * shaking(seen, motion)
    assert error_m(found, motion) < 0.8 * error_m(seen, motion)


def test_noise_across_the_ray_is_taken_out_where_there_is_some():
    motion = walk(300)
    seen = noisy(motion, 0.001, 0.015)
    assert shaking(smoothed(seen), motion) < 0.5 * shaking(seen, motion)


def test_each_frame_waited_for_makes_it_steadier():
    motion = walk(300)
    seen = noisy(motion, 0.03, 0.005)
    by_look_ahead = [shaking(smoothed(seen, n), motion) for n in (0, 2, 8)]
    assert by_look_ahead[1] < 0.6 * by_look_ahead[0]
    assert by_look_ahead[2] < by_look_ahead[1]


def test_somebody_who_walks_steadily_is_followed_without_lag():
    motion = walk(300, speed_m_s=2.0)
    found = smoothed(noisy(motion, 0.03, 0.003))
    lag_m = (motion - found)[60:, :, 1].mean()
    assert abs(lag_m) < 0.005  # 2.5 ms


def test_a_single_jump_is_passed_over():
    motion = walk(150)
    seen = motion.copy()
    seen[100] += [0.5, 0.0, 0.0]
    assert np.abs(smoothed(seen) - motion)[100].max() < 0.15


def test_a_lasting_jump_is_followed_at_once_and_for_good():
    """Somebody turns out to be a metre farther away."""
    motion = walk(150)
    motion[75:, :, 0] += 1.0
    found = smoothed(motion)
    assert np.abs(found - motion)[75 + round(0.2 * FPS) :].max() < 0.05


def test_a_foot_that_stands_is_held_and_one_that_goes_is_not():
    motion = walk(120)
    motion[:, 4] = motion[0, 4]  # a foot stands while the body goes on
    seen = noisy(motion, 0.02, 0.004)
    smoother, told = Smoother(CENTER_M, SKELETON), Smoother(CENTER_M, SKELETON)
    free = np.stack([smoother.update(t / FPS, frame) for t, frame in enumerate(seen)])
    held = np.stack([told.update(t / FPS, frame, np.ones(2)) for t, frame in enumerate(seen)])
    slides = [np.linalg.norm(np.diff(p[30:, 4], axis=0), axis=-1).mean() for p in (held, free)]
    assert slides[0] < 0.8 * slides[1]
    np.testing.assert_array_equal(held[:, :4], free[:, :4])
    gone = seen[-1].copy()
    gone[4] += [0.0, 0.3, 0.0]
    found = [told.update((120 + t) / FPS, gone, np.ones(2))[4] for t in range(12)]
    np.testing.assert_allclose(found[-1], gone[4], atol=0.03)


def test_the_pose_of_a_frame_that_was_never_seen_is_not_made_up():
    smoother = Smoother(CENTER_M, SKELETON, 2)
    assert smoother.settled(0.0) is None
    for t in range(5):
        smoother.update(t / FPS, BODY_M)
    assert smoother.settled(0.5 / FPS) is None
    assert smoother.settled(1 / FPS) is None  # too long ago
    np.testing.assert_allclose(smoother.settled(2 / FPS), BODY_M, atol=1e-6)


@pytest.mark.parametrize("fps", [15.0, 240.0])
def test_other_rates_and_gaps_do_no_harm(fps):
    rng = np.random.default_rng(1)
    t_s = np.cumsum(rng.uniform(0.2, 1.8, 400) / fps)
    t_s[200:] += 0.9
    motion = BODY_M + np.stack([5 + 0.2 * t_s, t_s, 0 * t_s], axis=-1)[:, None]
    smoother = Smoother(CENTER_M, SKELETON)
    found = np.stack([smoother.update(t, m) for t, m in zip(t_s, motion, strict=True)])
    assert np.abs(found - motion).max() < 0.03


class Plain:
    """The filter as its theory has it, a matrix for each coordinate; no compiler, no look-ahead."""

    def __init__(self, points):
        z = self.coordinates(points)
        self.metres = np.where(np.arange(len(z)) > points.shape[0], z[0], 1.0)
        self.variance = (kalman.FIRST_NOISE_M / self.metres) ** 2
        self.surprise, self.astray_s = np.zeros(len(z)), np.zeros(len(z))
        self.state = np.stack([z, np.zeros(len(z))], axis=-1)
        self.covariance = np.zeros((len(z), 2, 2))
        self.covariance[:, 0, 0] = self.variance
        self.covariance[:, 1, 1] = kalman.FIRST_VELOCITY_VARIANCE / self.metres**2
        self.past, self.pulls = [], []
        self.calm = np.where(
            np.arange(len(z)) > points.shape[0], kalman.CALM_ACROSS, kalman.CALM_ALONG
        )

    @staticmethod
    def coordinates(points):
        offset = points - CENTER_M
        root = np.linalg.norm(offset[list(SKELETON.hips)].mean(axis=0))
        distance = np.linalg.norm(offset, axis=1)
        return np.concatenate([[root], distance - root, (offset / distance[:, None]).ravel()])

    @staticmethod
    def points(z):
        joints = (len(z) - 1) // 4
        directions = z[1 + joints :].reshape(joints, 3)
        directions = directions / np.linalg.norm(directions, axis=1, keepdims=True)
        return CENTER_M + (z[0] + z[1 : 1 + joints, None]) * directions

    def update(self, dt_s, points):
        before = self.state, self.covariance
        z = self.coordinates(points)
        self.metres[1 + len(points) :] = self.state[0, 0]
        step = np.array([[1.0, dt_s], [0.0, 1.0]])
        driven = np.array([[dt_s**3 / 3, dt_s**2 / 2], [dt_s**2 / 2, dt_s]])
        state, covariance = self.state @ step.T, step @ self.covariance @ step.T
        covariance += (kalman.POWER / self.metres**2)[:, None, None] * driven
        self.past.append((*before, step, state.copy(), covariance.copy()))
        surprise = z - state[:, 0]
        expected = covariance[:, 0, 0] + self.variance
        together = np.clip(surprise * self.surprise / expected, -1, 1)
        told = np.exp(kalman.LEARNING_PER_S * dt_s * (kalman.TOGETHER - together))
        low, high = kalman.NOISE_RANGE_M
        low, high = (low / self.metres) ** 2, (high / self.metres) ** 2
        self.surprise, self.variance = surprise, np.clip(self.variance * told, low, high)
        far = surprise**2 > kalman.GATE**2 * expected
        self.astray_s = np.where(far, self.astray_s + dt_s, 0.0)
        state[far, 1] *= np.exp(-dt_s / kalman.FORGET_VELOCITY_S)
        doubt = np.where(far, surprise**2 / (kalman.GATE**2 * expected), 1.0)
        gain = covariance[:, 0, 0] / (covariance[:, 0, 0] + self.variance)
        rate_per_s = -self.calm * np.log1p(-gain) / dt_s
        for k in np.flatnonzero(self.astray_s > kalman.PATIENCE_S):
            own = kalman.FIRST_VELOCITY_VARIANCE / self.metres[k] ** 2
            covariance[k] = np.diag([surprise[k] ** 2, own])
            self.astray_s[k], doubt[k] = 0.0, 1.0
        gain = covariance[:, :, 0] / (covariance[:, 0, 0] + self.variance * doubt)[:, None]
        self.state = state + gain * surprise[:, None]
        self.covariance = covariance - gain[:, :, None] * covariance[:, None, 0]
        springs = np.zeros((len(z), 2, 2))
        springs[:, 0, 1] = 1.0
        springs[:, 1] = np.stack([-(rate_per_s**2), -2 * rate_per_s], axis=-1)
        self.pulls.append(expm(springs * dt_s))

    def smoothed(self, frames):
        """Places and velocities so many frames ago."""
        smoothed = self.state
        for state, covariance, step, predicted, uncertain in self.past[: -frames - 1 : -1]:
            gain = covariance @ step.T @ np.linalg.inv(uncertain)
            smoothed = state + (gain @ (smoothed - predicted)[:, :, None])[:, :, 0]
        return smoothed

    def shown(self, frames, before):
        """What is shown so many frames ago, on from what was shown of the frame before that."""
        followed, step = self.smoothed(frames), self.past[-1 - frames][2]
        behind = before - followed @ np.linalg.inv(step).T
        return followed + (self.pulls[-1 - frames] @ behind[:, :, None])[:, :, 0]


@pytest.mark.parametrize("look_ahead", [0, 4])
def test_the_compiled_filter_is_the_one_of_the_theory(look_ahead):
    """Frames that come irregularly, noise, a single jump, and one for good."""
    motion = walk(120)
    motion[60:, :, 0] += 1.0
    seen = noisy(motion, 0.03, 0.005)
    seen[30] += 0.5
    t_s = np.cumsum(np.random.default_rng(2).uniform(0.5, 1.5, 120)) / FPS
    smoother, plain = Smoother(CENTER_M, SKELETON, look_ahead), Plain(seen[0])
    smoother.update(t_s[0], seen[0])
    shown = plain.smoothed(0)
    for t in range(1, 120):
        found = smoother.update(t_s[t], seen[t])
        plain.update(t_s[t] - t_s[t - 1], seen[t])
        due = t - look_ahead
        if due == 0:
            shown = plain.smoothed(look_ahead)
        elif due > 0:
            shown = plain.shown(look_ahead, shown)
            np.testing.assert_allclose(
                smoother.settled(t_s[due]), plain.points(shown[:, 0]), atol=1e-9
            )
            if look_ahead == 0:
                np.testing.assert_array_equal(found, smoother.settled(t_s[t]))
