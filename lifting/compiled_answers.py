"""What the network answers, compiled as in `compiled`: from its numbers to joints in the room."""

import math

import numpy as np
from numpy.typing import NDArray

from ..core.compiling import compiled
from .triangulation import triangulate_compiled


@compiled
def views(
    motion: NDArray,
    log_weight: NDArray,
    trust: NDArray,
    uv: NDArray,
    seen: NDArray,
    distances_m: NDArray,
    numbers: tuple[float, float, float, float, float, float],
) -> tuple[NDArray, NDArray]:
    """`diffusion.read_views` in float64; the views' distances are (B, V)."""
    local_std, tau_std_m, log_scale_std, log_scale_mean, global_std_m, max_log_weight = numbers
    people, frames, count, joints = log_weight.shape
    decoupled = motion.shape[3] % 2 == 1
    found = np.empty((people, frames, count, joints, 2))
    weight = np.empty((people, frames, count, joints))
    for b in range(people):
        for t in range(frames):
            for v in range(count):
                m, distance = motion[b, t, v], distances_m[b, v]
                scale, x, y = global_std_m, 0.0, 0.0
                if decoupled:
                    log_scale = m[2 * joints + 2] * log_scale_std + log_scale_mean
                    scale = local_std * math.exp(min(max(log_scale, -4.0), 3.0))
                    x, y = m[2 * joints] * tau_std_m, m[2 * joints + 1] * tau_std_m
                for j in range(joints):
                    found[b, t, v, j, 0] = (m[2 * j] * scale + x) / distance
                    found[b, t, v, j, 1] = (m[2 * j + 1] * scale + y) / distance
                    bounded = max_log_weight * math.tanh(log_weight[b, t, v, j] / max_log_weight)
                    weight[b, t, v, j] = math.exp(bounded)
            for j in range(joints):
                if seen[b, t, j]:
                    believed = 1.0 / (1.0 + math.exp(-trust[b, t, j]))
                    for i in range(2):
                        own = found[b, t, 0, j, i]
                        found[b, t, 0, j, i] = own + believed * (uv[b, t, j, i] - own)
    return found, weight


@compiled
def stand(
    points_m: NDArray,
    ankle_height_m: NDArray,
    ankle_log_error: NDArray,
    depth_log_error: NDArray,
    camera_m: NDArray,
    ankles: tuple[int, int],
    numbers: tuple[float, float, float],
) -> None:
    """`ground.stand`, in place; the cameras are (B, 3)."""
    min_drop_m, max_log_scale, max_log_precision = numbers
    people, frames, joints, _ = points_m.shape
    for b in range(people):
        height = camera_m[b, 2]
        for t in range(frames):
            total, moved = 1.0, 0.0
            for a, j in enumerate(ankles):
                told = max(height - ankle_height_m[b, t, a], min_drop_m)
                drop = max(height - points_m[b, t, j, 2], min_drop_m)
                log_scale = min(max(math.log(told / drop), -max_log_scale), max_log_scale)
                sure = depth_log_error[b, t, 0] - ankle_log_error[b, t, a] + math.log(drop)
                precision = math.exp(min(max(2.0 * sure, -max_log_precision), max_log_precision))
                total += precision
                moved += precision * log_scale
            scale = math.exp(moved / total)
            for j in range(joints):
                for i in range(3):
                    points_m[b, t, j, i] = (
                        camera_m[b, i] + (points_m[b, t, j, i] - camera_m[b, i]) * scale
                    )


@compiled
def points(
    motion: NDArray,
    log_weight: NDArray,
    trust: NDArray,
    ankle_height_m: NDArray,
    ankle_log_error: NDArray,
    depth_log_error: NDArray,
    uv: NDArray,
    seen: NDArray,
    axes: NDArray,
    centers_m: NDArray,
    distances_m: NDArray,
    ankles: tuple[int, int],
    view_numbers: tuple[float, float, float, float, float, float],
    ground_numbers: tuple[float, float, float],
) -> NDArray:
    """The points of `diffusion.answer_points` that stand, in float64; rigs are (B, V, ...)."""
    found, weight = views(motion, log_weight, trust, uv, seen, distances_m, view_numbers)
    people, frames, joints = seen.shape
    joints_m = np.empty((people, frames, joints, 3))
    for b in range(people):
        for t in range(frames):
            joints_m[b, t] = triangulate_compiled(
                found[b, t : t + 1], weight[b, t : t + 1], axes[b : b + 1], centers_m[b : b + 1]
            )[0]
    stand(
        joints_m, ankle_height_m, ankle_log_error, depth_log_error, centers_m[:, 0], ankles,
        ground_numbers,
    )  # fmt: skip
    return joints_m


@compiled
def placed(
    points_rig_m: NDArray,
    log_error: NDArray,
    contact_logit: NDArray,
    R_rig_world: NDArray,
    origin_world_m: NDArray,
    camera_world_m: NDArray,
) -> tuple[NDArray, NDArray, NDArray, NDArray, float, float]:
    """One person's joints (J, 3) taken from the rig to the room.

    Returns:
        Positions (J, 3) in float32; which of them and their errors are numbers (J,); expected
        errors (J,) in metres; chances (2,) in float32 that the feet stand; the mean expected error;
        the distance of the joints' mean from the camera.
    """
    joints = len(points_rig_m)
    points_m, valid = np.empty((joints, 3), np.float32), np.ones(joints, np.bool_)
    error_m, middle_m = np.empty(joints), np.zeros(3)
    for j in range(joints):
        error_m[j] = math.exp(log_error[j])
        for i in range(3):
            at = origin_world_m[i]
            for k in range(3):
                at += points_rig_m[j, k] * R_rig_world[k, i]
            points_m[j, i] = at
            middle_m[i] += at / joints
            valid[j] = valid[j] and math.isfinite(points_m[j, i])
        valid[j] = valid[j] and 0.0 < error_m[j] < math.inf
    contact = np.empty(len(contact_logit), np.float32)
    for foot, logit in enumerate(contact_logit):
        contact[foot] = 0.5 + 0.5 * math.tanh(0.5 * logit)
    away_m = math.sqrt(((middle_m - camera_world_m) ** 2).sum())
    return points_m, valid, error_m, contact, error_m.mean(), away_m
