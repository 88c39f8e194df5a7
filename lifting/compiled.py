"""The stream's small steps compiled: numpy would take longer to call them than to compute them.

Each is a twin of a function that training shares, written for float arrays of (B, T, ...), and a
test holds the two together. Numbers that have a name come as arguments: numba keeps what it has
compiled, and would not notice that another module's number has changed.
"""

import math

import numpy as np
from numpy.typing import NDArray

from ..core.compiling import compiled


@compiled
def phases(t_s: NDArray, angular: NDArray) -> NDArray:
    """`memory.phases` of times (B, T) in float32, for angular frequencies (F,)."""
    people, frames = t_s.shape
    found = np.empty((people, frames, 2, len(angular)), np.float32)
    for b in range(people):
        for t in range(frames):
            for f in range(len(angular)):
                angle = t_s[b, t] * angular[f]
                found[b, t, 0, f], found[b, t, 1, f] = math.cos(angle), math.sin(angle)
    return found


@compiled
def rays(
    normalised: NDArray, confidence: NDArray, R_world_camera: NDArray, min_confidence: float
) -> tuple[NDArray, NDArray, NDArray]:
    """What a camera saw, as rays of the room.

    Args:
        normalised: (J, 2) undistorted coordinates, not finite where there is no such joint.
        confidence: (J,) the detector's.

    Returns:
        Unit directions (J, 3), 0 where not seen; confidence (J,) from 0 to 1; and what is seen
        (J,): what is finite and has at least `min_confidence`.
    """
    joints = len(normalised)
    found, sure = np.zeros((joints, 3)), np.zeros(joints)
    seen = np.zeros(joints, np.bool_)
    for j in range(joints):
        if confidence[j] > 0.0:  # False for NaN
            sure[j] = min(confidence[j], 1.0)
        u, v = normalised[j]
        if sure[j] >= min_confidence and math.isfinite(u) and math.isfinite(v):
            seen[j] = True
            length = math.sqrt(u * u + v * v + 1.0)
            for i in range(3):
                R = R_world_camera[i]
                found[j, i] = (R[0] * u + R[1] * v + R[2]) / length
    return found, sure, seen


@compiled
def front_view(
    rays_world: NDArray, seen: NDArray, axes_world: NDArray, max_uv: float
) -> tuple[NDArray, NDArray]:
    """Rays (B, T, J, 3) in V0, whose axes (B, 3, 3) are rows of world directions.

    Returns:
        Normalised coordinates (B, T, J, 2), float32, 0 where not seen; and what is seen: not what
        is behind the camera or further than `max_uv` off its axis.
    """
    people, frames, joints = seen.shape
    uv = np.zeros((people, frames, joints, 2), np.float32)
    usable = np.zeros((people, frames, joints), np.bool_)
    for b in range(people):
        for t in range(frames):
            for j in range(joints):
                if not seen[b, t, j]:
                    continue
                at = np.zeros(3)
                for row in range(3):
                    for i in range(3):
                        at[row] += axes_world[b, row, i] * rays_world[b, t, j, i]
                if at[2] > max(abs(at[0]), abs(at[1])) / max_uv:
                    usable[b, t, j] = True
                    uv[b, t, j, 0], uv[b, t, j, 1] = at[0] / at[2], at[1] / at[2]
    return uv, usable


@compiled
def features(
    uv: NDArray,
    confidence: NDArray,
    seen: NDArray,
    distance_m: NDArray,
    height_m: NDArray,
    slant_m: NDArray,
    log_size: NDArray,
    size_sigma: NDArray,
    ankles: tuple[int, int],
    numbers: tuple[float, float, float, float, float],
) -> NDArray:
    """`features.observation_features` in float32; what belongs to a rig or body is (B,)."""
    gaze_m, ankle_m, hit_limit_m, min_spread_m, unknown = numbers
    people, frames, joints = seen.shape
    found = np.zeros((people, frames, 4 * joints + 3 + 4 * len(ankles) + 7), np.float32)
    for b in range(people):
        distance, height, slant = distance_m[b], height_m[b], slant_m[b]
        cos, sin = distance / slant, (height - gaze_m) / slant
        for t in range(frames):
            out = found[b, t]
            total, x, y = 0.0, 0.0, 0.0
            for j in range(joints):
                if seen[b, t, j]:
                    total += 1.0
                    x += uv[b, t, j, 0] * slant
                    y += uv[b, t, j, 1] * slant
            total = max(total, 1.0)
            x /= total
            y /= total
            square = 0.0
            for j in range(joints):
                if seen[b, t, j]:
                    square += (uv[b, t, j, 0] * slant - x) ** 2 + (uv[b, t, j, 1] * slant - y) ** 2
            spread = max(math.sqrt(square / total), min_spread_m)
            for j in range(joints):
                if seen[b, t, j]:
                    out[2 * j] = (uv[b, t, j, 0] * slant - x) / spread
                    out[2 * j + 1] = (uv[b, t, j, 1] * slant - y) / spread
                    out[2 * joints + j] = 1.0
                    out[3 * joints + j] = confidence[b, t, j]
            k = 4 * joints
            out[k], out[k + 1], out[k + 2] = x, y, math.log(spread / 0.45) * 2.0
            k += 3
            for j in ankles:
                if seen[b, t, j]:
                    v = uv[b, t, j, 1]
                    slope = (sin + v * cos) / max(cos - v * sin, 0.05)
                    hit = (height - ankle_m) / max(slope, 1e-3) - distance
                    hit = min(max(hit, -hit_limit_m), hit_limit_m)
                    out[k], out[k + 1] = math.tanh(hit / 0.3), math.tanh(hit)
                    out[k + 2], out[k + 3] = hit / 3.0, min(max(slope, -1.0), 3.0)
                k += 4
            out[k], out[k + 1] = math.log(distance / 4.0), math.log(height / 1.7)
            out[k + 2], out[k + 3] = sin, cos
            out[k + 4] = min(max(distance / height, 0.0), 10.0) / 5.0
            firm = max(math.log(unknown / size_sigma[b]), 0.0) / 2.0
            out[k + 5], out[k + 6] = firm, min(firm, 1.0) * log_size[b] / 0.05
    return found
