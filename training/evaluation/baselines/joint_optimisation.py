"""SMPLify without SMPL: joints of a whole clip that explain its 2D best, by L-BFGS.

Unknown are all joints of all frames, one body size and one length for each bone and its mirror
image. The energy is that of SMPLify (Bogo et al., 2016) and its heirs as far as joints allow:
robust re-projection, bone lengths, knees that bend one way, small accelerations, feet that do not
sink and, where they are low, stand. It sees the clip's future and only its 2D, camera and floor.
"""

import math
import warnings
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from ....core.skeletons import Skeleton
from ....lifting.anchor import canonical_body, guess_ground_position
from ....lifting.lifter import MIN_JOINTS
from ..cases import Case
from .standing_body import seen_px, standing_body, turned

_HEADINGS = 16  # ways a standing body may face in the first guess
_TURN_COST = 0.3  # of the first guess's heading from frame to frame, a step of 1 / _HEADINGS
_STAGES = ((3.0, 60), (1.0, 80))  # softness of bones and floor, iterations
_DEPTH_M = 0.2  # of a joint against its body, a likely step
_FULL_PERCENT = 90.0  # of a bone's frames show it shorter
# What a term takes for one standard deviation; lengths are of an average body, so that a smaller
# one in the foreground is no cheaper.
_PIXELS = 0.012  # of the body's height in the image
_BONE_M = 0.01  # of a bone, from frame to frame
_LENGTH = 0.08  # log, of a bone against the body's size
_POSE_M = 0.25  # of a joint's depth against the standing body's: no limb points at the camera
_SIZE = 0.06  # log, of the body against the average
_ACCELERATION = 12.0  # m/s2
_SINK_M, _HEIGHT_M, _SLIP_M_S = 0.03, 0.03, 0.3  # of ankles: below, off the floor, moving there


@dataclass(frozen=True)
class _Problem:
    """One clip as tensors, float64, camera frame unless said."""

    seen_uv: Tensor  # (T, J, 2) normalised coordinates; anything where the weight is 0
    weight: Tensor  # (T, J) confidence, 0 where not seen
    height_uv: float  # the body's height in the image
    R_world_camera: Tensor
    t_world_camera_m: Tensor
    fps: float
    bones: Tensor  # (B, 2) joints
    mirror_bone: Tensor  # (B,) index of the length that a bone shares with its mirror image
    lengths_m: Tensor  # (B,) of the average body
    knees: tuple[tuple[int, int, int], ...]  # hip, knee, ankle
    hips: tuple[int, int]
    ankles: tuple[int, int]
    ankle_height_m: float


def optimise_joints(case: Case, skeleton: Skeleton) -> Float[NDArray, "t j 3"]:
    """Joints in the room for all frames; NaN for all when no frame shows MIN_JOINTS joints."""
    px = seen_px(case)
    seen = np.isfinite(px).all(axis=-1)
    enough = seen.sum(axis=1) >= MIN_JOINTS
    if not enough.any():
        return np.full((*seen.shape, 3), np.nan)
    guess = _first_guess(case, skeleton, enough)
    points_camera = (guess - case.camera.t_world_camera_m) @ case.camera.R_world_camera
    problem = _problem(case, skeleton, px, points_camera)
    solved = _solve(problem, torch.from_numpy(points_camera))
    return solved.numpy() @ case.camera.R_world_camera.T + case.camera.t_world_camera_m


def _first_guess(
    case: Case, skeleton: Skeleton, enough: NDArray[np.bool_]
) -> Float[NDArray, "t j 3"]:
    """A standing body where size says, with the headings that fit the 2D best (Viterbi)."""
    camera, body, flat = case.camera, standing_body(skeleton), canonical_body(skeleton)
    rays = camera.rays_world(seen_px(case))
    seen = np.isfinite(rays).all(axis=-1)
    frames = np.arange(len(rays))
    usable = frames[enough]
    ground = np.stack([
        guess_ground_position(rays[t], seen[t], camera.t_world_camera_m, flat) for t in usable
    ])  # fmt: skip
    ground = np.column_stack([np.interp(frames, usable, ground[:, k]) for k in (0, 1)])
    yaws = np.arange(_HEADINGS) * 2 * math.pi / _HEADINGS
    floor = np.column_stack([ground, np.zeros(len(ground))])
    standing = np.stack([turned(body, yaw) for yaw in yaws]) + floor[:, None, None]  # t h j 3
    offset = standing - camera.t_world_camera_m
    cosine = (offset * np.where(seen[..., None], rays, 0.0)[:, None]).sum(axis=-1)
    apart = np.where(seen[:, None], 1 - cosine / np.linalg.norm(offset, axis=-1), 0.0)
    cost = apart.sum(axis=-1) / np.maximum(apart.mean(), 1e-9) / seen.shape[1]
    steps = np.abs(np.arange(_HEADINGS)[:, None] - np.arange(_HEADINGS))
    turning = _TURN_COST * np.minimum(steps, _HEADINGS - steps) ** 2
    best, back = cost[0], []
    for t in frames[1:]:
        paths = best[:, None] + turning
        back.append(paths.argmin(axis=0))
        best = paths.min(axis=0) + cost[t]
    heading = [int(best.argmin())]
    for choice in reversed(back):
        heading.append(int(choice[heading[-1]]))
    guess = standing[frames, heading[::-1]]
    # Every bone is now and then seen at its full length: that says how far the body may be.
    depth = (guess - camera.t_world_camera_m) @ camera.R_world_camera[:, 2]
    flat_m = np.where(seen, depth, np.nan)[..., None] * camera.undistort(seen_px(case))
    i, j = np.transpose(skeleton.bones)
    lengths = np.linalg.norm(flat_m[:, i] - flat_m[:, j], axis=-1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of bones that are never seen
        full_m = np.nanpercentile(lengths, _FULL_PERCENT, axis=0)
    nearer = np.nanmedian(np.linalg.norm(body[i] - body[j], axis=-1) / full_m)
    return camera.t_world_camera_m + nearer * (guess - camera.t_world_camera_m)


def _problem(
    case: Case,
    skeleton: Skeleton,
    px: Float[NDArray, "t j 2"],
    points_camera: Float[NDArray, "t j 3"],
) -> _Problem:
    uv = case.camera.undistort(px)
    seen = np.isfinite(uv).all(axis=-1)
    body = standing_body(skeleton)
    bones = [*skeleton.bones, *_necks(skeleton)]
    mirror = skeleton.mirror
    pairs = [frozenset(bone) for bone in bones]
    shared = [
        min(i, pairs.index(m)) if (m := frozenset(mirror[j] for j in bone)) in pairs else i
        for i, bone in enumerate(bones)
    ]
    (left_hip, right_hip), (left_ankle, right_ankle) = skeleton.hips, skeleton.ankles
    left_knee, right_knee = skeleton.index("left_knee", "right_knee")
    extent_m = np.ptp(body[:, 2])
    return _Problem(
        seen_uv=torch.from_numpy(np.where(seen[..., None], uv, 0.0)),
        weight=torch.from_numpy(np.where(seen, case.confidence, 0.0)),
        height_uv=float(extent_m / np.median(points_camera[..., 2])),
        R_world_camera=torch.from_numpy(case.camera.R_world_camera),
        t_world_camera_m=torch.from_numpy(case.camera.t_world_camera_m),
        fps=case.fps,
        bones=torch.tensor(bones),
        mirror_bone=torch.tensor(shared),
        lengths_m=torch.tensor([np.linalg.norm(body[i] - body[j]) for i, j in bones]),
        knees=((left_hip, left_knee, left_ankle), (right_hip, right_knee, right_ankle)),
        hips=skeleton.hips,
        ankles=skeleton.ankles,
        ankle_height_m=float(body[left_ankle, 2]),
    )


def _necks(skeleton: Skeleton) -> list[tuple[int, int]]:
    """Bones that hold the head where a format has none: each ear to both shoulders."""
    at = {name: j for j, name in enumerate(skeleton.joint_names)}
    ears, shoulders = (
        [at[f"{side}_{part}"] for side in ("left", "right") if f"{side}_{part}" in at]
        for part in ("ear", "shoulder")
    )
    return [(ear, shoulder) for ear in ears for shoulder in shoulders]


def _solve(problem: _Problem, start_m: Tensor) -> Tensor:
    """The joints (T, J, 3) of least energy that L-BFGS finds from a first guess."""
    t, j, _ = start_m.shape
    seen = (problem.weight > 0)[..., None]
    depth = start_m[..., 2].clamp(min=0.3)
    start_uv = torch.where(seen, problem.seen_uv, start_m[..., :2] / depth[..., None])
    shapes = {"far": (1,), "path": (t, 1), "depth": (t, j), "uv": (t, j, 2)}
    unknown = {k: torch.zeros(shape, dtype=start_m.dtype) for k, shape in shapes.items()}
    unknown["size"] = torch.zeros(1, dtype=start_m.dtype)
    unknown["length"] = torch.zeros(len(problem.bones), dtype=start_m.dtype)
    for value in unknown.values():
        value.requires_grad_()

    def points() -> Tensor:
        # Scaled so that a step of 1 is a likely one in every unknown.
        log_depth = 0.1 * (unknown["far"] + unknown["path"]) + _DEPTH_M * unknown["depth"] / depth
        uv = start_uv + 0.05 * problem.height_uv * unknown["uv"]
        d = depth * log_depth.exp()
        return torch.cat([uv * d[..., None], d[..., None]], dim=-1)

    for soft, iterations in _STAGES:
        optimiser = torch.optim.LBFGS(
            list(unknown.values()), max_iter=iterations, history_size=20,
            line_search_fn="strong_wolfe",
        )  # fmt: skip

        def closure(optimiser: torch.optim.LBFGS = optimiser, soft: float = soft) -> Tensor:
            optimiser.zero_grad()
            energy = _energy(problem, points(), unknown["size"], unknown["length"], soft)
            energy = energy + (unknown["depth"] * (_DEPTH_M / _POSE_M)).square().sum()
            energy.backward()
            return energy

        optimiser.step(closure)
    return points().detach()


def _energy(problem: _Problem, points: Tensor, size: Tensor, length: Tensor, soft: float) -> Tensor:
    """All terms, each a sum of squared standard deviations, robust where data may be wrong."""
    p = problem
    uv = points[..., :2] / points[..., 2:].clamp(min=0.1)
    off = (uv - p.seen_uv).square().sum(dim=-1) / (_PIXELS * p.height_uv) ** 2
    energy = (p.weight * _linear(off)).sum()

    world = points @ p.R_world_camera.T + p.t_world_camera_m
    body = world / torch.exp(_SIZE * size)  # as large as the average one
    ends = body[:, p.bones]
    found = (ends[:, :, 0] - ends[:, :, 1]).square().sum(dim=-1).add(1e-8).sqrt()
    wanted = p.lengths_m * torch.exp(_LENGTH * length[p.mirror_bone])
    energy = energy + ((found - wanted) / (soft * _BONE_M)).square().sum()
    energy = energy + len(points) * (size.square().sum() + length.square().sum() / 4)

    acceleration = (body[2:] - 2 * body[1:-1] + body[:-2]) * p.fps**2
    energy = energy + _linear((acceleration / _ACCELERATION).square().sum(dim=-1)).sum()

    left = body[:, p.hips[0]] - body[:, p.hips[1]]
    left = left / left.norm(dim=-1, keepdim=True).clamp(min=0.05)
    for hip, knee, ankle in p.knees:
        thigh, shin = body[:, knee] - body[:, hip], body[:, ankle] - body[:, knee]
        bent = (torch.linalg.cross(thigh, shin) * left).sum(dim=-1) / 0.16  # sine, roughly
        energy = energy + (torch.relu(-bent) / 0.1).square().sum()

    ankles = world[:, list(p.ankles)]
    above = (ankles[..., 2] - p.ankle_height_m) / (soft * _HEIGHT_M)
    energy = energy + _robust(above.square(), 25.0).sum()
    energy = energy + _linear((torch.relu(-above) * (_HEIGHT_M / _SINK_M)).square()).sum()
    low = torch.exp(-above.detach().square() / 4)[1:]
    slip = (ankles[1:] - ankles[:-1]).square().sum(dim=-1) * p.fps**2 / _SLIP_M_S**2
    return energy + (low * _robust(slip, 4.0)).sum()


def _linear(squared: Tensor) -> Tensor:
    """Charbonnier: the square up to three standard deviations, a straight line beyond."""
    return 18 * ((1 + squared / 9).sqrt() - 1)


def _robust(squared: Tensor, limit: float) -> Tensor:
    """Geman-McClure: the square while it is small, never more than the limit."""
    return squared * limit / (squared + limit)
