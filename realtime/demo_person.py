"""A person made of sines: waves, turns, walks a figure of eight, turns back, for ever.

Everything follows from three clocks: where on the path, how far turned, and how many steps done.
Feet are put down first and stay where they are put; hips follow the path; knees are solved for.
No recorded motion is in it. World: metres, z up, ground z = 0; the person faces -x to wave.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from ..core.skeletons import COCO17

LOOP_S = 22.0
WAVE_S = (0.5, 5.0)  # from, to
TURN_AWAY_S = (5.0, 7.2)
WALK_S = (6.6, 19.2)
TURN_BACK_S = (18.6, 20.8)
STEPS = 28  # even, so that the loop ends on the foot it began with
DOUBLE_SUPPORT = 0.22  # of a step: both feet are down
PATH_SIDEWAYS_M, PATH_DEPTH_M = 1.5, 0.85  # half the size of the figure of eight

THIGH_M, SHANK_M, ANKLE_HEIGHT_M = 0.43, 0.425, 0.085
HIP_HEIGHT_M = 0.92
UPPER_ARM_M, FOREARM_M = 0.285, 0.255
HIPS_M = np.array([[0, 0.09, 0], [0, -0.09, 0]])  # left, right; x forward, y left, z up
SHOULDERS_M = np.array([[0, 0.175, 0], [0, -0.175, 0]])  # from the middle of the shoulders
SPINE_M = np.array([0.0, 0, 0.5])  # middle of the hips to middle of the shoulders
FACE_M = np.array(  # nose, eyes, ears, from the middle of the shoulders
    [
        [0.115, 0, 0.185],
        [0.09, 0.032, 0.22],
        [0.09, -0.032, 0.22],
        [0.0, 0.075, 0.2],
        [0.0, -0.075, 0.2],
    ]
)

_GRID_S = np.linspace(0, LOOP_S, 4401)
_SIDES = np.array([1, -1])  # left, right


@dataclass(frozen=True, eq=False)
class DemoMotion:
    """The truth behind the demo recording, T frames of one loop."""

    t_s: Float[NDArray, "T"]
    positions_world_m: Float[NDArray, "T 17 3"]  # coco17
    stance: Bool[NDArray, "T 2"]  # is the left, the right foot on the ground


def demo_motion(fps: float = 30.0) -> DemoMotion:
    """One loop at `fps` frames per second; the frame after the last is the first."""
    t = np.arange(round(LOOP_S * fps)) / fps
    steps = _steps(t)
    gait = _active(t, TURN_AWAY_S[0], TURN_BACK_S[1])  # 0 standing, 1 walking
    swing = gait * np.cos(np.pi * steps)  # 1 when the left foot is behind, -1 when ahead
    wave = _active(t, *WAVE_S)

    pelvis_m = _path(t)
    heading = _heading(t)
    sway_m = -0.02 * gait * np.sin(np.pi * steps) + 0.006 * np.sin(4 * np.pi * t / LOOP_S)
    pelvis_m += sway_m[:, None] * np.stack([-np.sin(heading), np.cos(heading)], axis=-1)
    height_m = HIP_HEIGHT_M - gait * (0.044 + 0.018 * np.cos(2 * np.pi * steps))
    pelvis_m = np.concatenate([pelvis_m, height_m[:, None]], axis=-1)

    R_pelvis = _rotation(heading + np.radians(5) * swing)
    lean = np.radians(1.5) + np.radians(3) * gait
    R_chest = _rotation(heading - np.radians(6) * swing, lean)
    glance = 0.35 * gait * np.sin(6 * np.pi * t / LOOP_S)
    R_head = _rotation(heading + glance, np.radians(4) + 0 * t)

    hips_m = pelvis_m[:, None] + _turned(R_pelvis, HIPS_M)
    neck_m = pelvis_m + _turned(_rotation(heading, lean), SPINE_M[None])[:, 0]
    shoulders_m = neck_m[:, None] + _turned(R_chest, SHOULDERS_M)
    ankles_m, stance = _feet(t)
    knees_m = _knees(hips_m, ankles_m, _turned(R_pelvis, np.eye(3)[:1]))
    elbows_m, wrists_m = _arms(t, shoulders_m, R_chest, swing, wave)
    face_m = neck_m[:, None] + _turned(R_head, FACE_M)

    joints_m = [face_m, shoulders_m, elbows_m, wrists_m, hips_m, knees_m, ankles_m]
    positions_world_m = np.concatenate(joints_m, axis=1)
    assert positions_world_m.shape[1] == COCO17.joint_count
    return DemoMotion(t, positions_world_m, stance)


def _ramp(t: NDArray, start: float, end: float) -> NDArray:
    """0 before `start`, 1 after `end`, with no jump in speed or acceleration."""
    x = np.clip((t - start) / (end - start), 0, 1)
    return x**3 * (10 + x * (6 * x - 15))


def _active(t: NDArray, start: float, end: float, ramp_s: float = 0.8) -> NDArray:
    """0 before `start` and after `end`, 1 in between."""
    return _ramp(t, start, start + ramp_s) - _ramp(t, end - ramp_s, end)


def _progress(t: NDArray, start: float, end: float) -> NDArray:
    """From 0 to 1 between `start` and `end`, at an even pace but for its beginning and end."""
    total = np.cumsum(_active(_GRID_S, start, end))
    return np.interp(t, _GRID_S, total / total[-1])


def _path(t: NDArray) -> NDArray:
    """Where the middle of the hips is, (..., 2) in the world."""
    angle = 2 * np.pi * np.linspace(0, 1, 2001)
    points = np.stack([PATH_DEPTH_M * np.sin(2 * angle), PATH_SIDEWAYS_M * np.sin(angle)])
    length = np.append(0, np.cumsum(np.linalg.norm(np.diff(points), axis=0)))
    travelled = _progress(t, *WALK_S) * length[-1]
    return np.stack([np.interp(travelled, length, xy) for xy in points], axis=-1)


def _heading(t: NDArray) -> NDArray:
    """Which way the hips face: radians from world x towards world y."""
    angle = 2 * np.pi * np.linspace(0, 1, 2001)
    velocity = 2 * PATH_DEPTH_M * np.cos(2 * angle), PATH_SIDEWAYS_M * np.cos(angle)
    tangent = np.unwrap(np.arctan2(velocity[1], velocity[0]))
    length = np.append(0, np.cumsum(np.hypot(*velocity)[1:]))
    along = np.interp(_progress(t, *WALK_S), length / length[-1], tangent)
    away = _ramp(t, *TURN_AWAY_S) - _ramp(t, *TURN_BACK_S)
    return along + (np.pi - tangent[0]) * (1 - away)


def _steps(t: NDArray) -> NDArray:
    """Steps done. In the step from 2k to 2k + 1 the left foot swings, then the right one.

    The clock is at a whole number when both feet are down, and there it stands still.
    """
    laps, t = np.divmod(t, LOOP_S)
    return STEPS * (laps + _progress(t, TURN_AWAY_S[0], TURN_BACK_S[1]))


def _time_of_step(steps: NDArray) -> NDArray:
    """When the clock of steps shows this, t may be outside the loop."""
    laps, steps = np.divmod(steps, STEPS)
    return laps * LOOP_S + np.interp(steps, _steps(_GRID_S[:-1]), _GRID_S[:-1])


def _feet(t: NDArray) -> tuple[NDArray, NDArray]:
    """Ankles (T, 2, 3), and whether the foot stands, (T, 2)."""
    steps = _steps(t)
    ankles_m = np.empty((len(t), 2, 3))
    stance = np.empty((len(t), 2), bool)
    for foot in (0, 1):
        begin = DOUBLE_SUPPORT / 2  # of the swing, within a step
        swing_of = 2 * np.floor((steps - begin - foot) / 2) + foot  # when it last took off
        progress = np.clip((steps - begin - swing_of) / (1 - 2 * begin), 0, 1)
        before_m, after_m = _foothold(swing_of - 2, foot), _foothold(swing_of, foot)
        stride_m = np.linalg.norm(after_m - before_m, axis=-1)
        moved = (progress**2 * (3 - 2 * progress))[:, None]
        ankles_m[:, foot, :2] = before_m + moved * (after_m - before_m)
        lift = progress**2 * (1 - progress) ** 3 / (0.4**2 * 0.6**3)  # the heel goes up early
        ankles_m[:, foot, 2] = ANKLE_HEIGHT_M + (0.04 + 0.1 * np.minimum(stride_m, 1)) * lift
        stance[:, foot] = (progress <= 0) | (progress >= 1)
    return ankles_m, stance


def _foothold(step: NDArray, foot: int) -> NDArray:
    """Where the foot stands after swinging in this step: under the hips halfway through."""
    landing, takeoff = (
        _time_of_step(step + 1 - DOUBLE_SUPPORT / 2),
        _time_of_step(step + 2 + DOUBLE_SUPPORT / 2),
    )
    t = (landing + takeoff) / 2 % LOOP_S
    heading = _heading(t)
    left = np.stack([-np.sin(heading), np.cos(heading)], axis=-1)
    return _path(t) + 0.085 * _SIDES[foot] * left


def _knees(hips_m: NDArray, ankles_m: NDArray, forward: NDArray) -> NDArray:
    """Two-link legs that bend forward, (T, 2, 3)."""
    leg_m = ankles_m - hips_m
    length_m = np.linalg.norm(leg_m, axis=-1, keepdims=True)
    down = leg_m / length_m
    along_m = (length_m**2 + THIGH_M**2 - SHANK_M**2) / (2 * length_m)
    bend = forward - np.sum(forward * down, axis=-1, keepdims=True) * down
    bend /= np.linalg.norm(bend, axis=-1, keepdims=True)
    return hips_m + along_m * down + np.sqrt(np.maximum(THIGH_M**2 - along_m**2, 0)) * bend


def _arms(
    t: NDArray, shoulders_m: NDArray, R_chest: NDArray, swing: NDArray, wave: NDArray
) -> tuple[NDArray, NDArray]:
    """Elbows and wrists, (T, 2, 3) each: hanging and swinging, the right one waving too."""
    down = np.array([0.0, 0, -1])
    elbows_m, wrists_m = np.empty_like(shoulders_m), np.empty_like(shoulders_m)
    for arm, side in enumerate(_SIDES):
        raised = wave * (side < 0)
        forward = np.radians(22) * side * swing * (1 - raised)
        sideways = side * (np.radians(9) + np.radians(88) * raised)
        twist = side * np.radians(90) * raised
        bend = np.radians(20) + 0.5 * np.maximum(forward, 0)
        bend += raised * (np.radians(55) + np.radians(28) * np.sin(2 * np.pi * 1.5 * t))
        upper = Rotation.from_euler("XYZ", np.stack([sideways, -forward, twist], -1)).as_matrix()
        fore = upper @ Rotation.from_euler("y", -bend[:, None]).as_matrix()
        elbows_m[:, arm] = shoulders_m[:, arm] + UPPER_ARM_M * (R_chest @ upper @ down)
        wrists_m[:, arm] = elbows_m[:, arm] + FOREARM_M * (R_chest @ fore @ down)
    return elbows_m, wrists_m


def _rotation(heading: NDArray, lean: NDArray | float = 0.0) -> NDArray:
    """Rotation matrices (T, 3, 3) of body axes (x forward, y left, z up) that lean forward."""
    angles = np.stack(np.broadcast_arrays(heading, lean), axis=-1)
    return Rotation.from_euler("ZY", angles).as_matrix()


def _turned(R: NDArray, points_m: NDArray) -> NDArray:
    """Points (P, 3) turned by each of the matrices (T, 3, 3): (T, P, 3)."""
    return np.einsum("tij,pj->tpi", R, points_m)
