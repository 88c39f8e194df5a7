"""Toes and heels for mocap that has only ankles and the bases of the toes.

They are set at fixed places in the foot's own frame. Its sole is known from the ground: it is level
while the foot stands flat, so how far the base of the toes then lies below the ankle tells the
angle between the sole and the line from ankle to toe base, once for each mocap skeleton (3 cm in
one release, 8 cm in another). Its axis across is that of the ankle's hinge, square to shin and
foot; where the toes point straight on from the shin that is no direction, and the line of the hips
is taken.
"""

from itertools import pairwise

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ..lifting.smpl.landmarks import ON_SOLE

_USUAL_DROP = 0.35  # toe base below the ankle of a flat foot, in the same lengths, if none is seen
_STILL_M = 0.01  # a foot that stands moves less from frame to frame ...
_LOW_M = 0.02  # ... its toe base is no higher than this over the lowest tenth of the clip ...
_UPRIGHT = 0.85  # ... and its shin's cosine to the vertical is more
_HIPS_WEIGHT = 0.2  # of the hips' line, beside the sine of the angle between shin and foot

_SIDES = {"left": 1.0, "right": -1.0}  # which way is outward
NEEDED = tuple(f"{side}_{j}" for side in _SIDES for j in ("hip", "knee", "ankle", "foot"))
ADDED = tuple(f"{side}_{j}" for side in _SIDES for j in ON_SOLE)

Positions = Float[NDArray, "n 3"]


def toes_and_heels(
    joints_m: dict[str, Positions], clip_start: NDArray[np.int64]
) -> dict[str, Positions]:
    """Positions of `ADDED`, by name and in that order.

    Args:
        joints_m: positions of `NEEDED` by name, metres in the world, z up.
        clip_start: (C + 1,) clip i is frames clip_start[i] : clip_start[i + 1].
    """
    across = joints_m["left_hip"] - joints_m["right_hip"]
    sin = _drops(joints_m, clip_start)[:, None]
    cos = np.sqrt(1.0 - sin**2)
    made = {}
    for side, outward in _SIDES.items():
        knee, ankle, foot = (joints_m[f"{side}_{j}"] for j in ("knee", "ankle", "foot"))
        line, length = _unit(foot - ankle), _length(foot - ankle)
        left = np.cross(_unit(knee - ankle), line) + _HIPS_WEIGHT * _unit(across)
        left = _unit(left - (left * line).sum(axis=1, keepdims=True) * line)
        square = np.cross(line, left)  # to the line, towards the shin
        forward, up = cos * line + sin * square, cos * square - sin * line
        on_sole = {"foot": foot, "ankle": ankle - sin * length * up}
        for joint, (base, ahead, out) in ON_SOLE.items():
            offset = length * (ahead * forward + out * outward * left)
            made[f"{side}_{joint}"] = (on_sole[base] + offset).astype(ankle.dtype)
    return made


def _drops(joints_m: dict[str, Positions], clip_start: NDArray[np.int64]) -> Float[NDArray, "n"]:
    """How far the toe base of a flat foot lies below the ankle, by their distance; every frame's.

    Clips whose feet are of one length, to the millimetre, are of one skeleton.
    """
    found: dict[int, list[NDArray]] = {}
    skeletons = []
    for start, end in pairwise(clip_start):
        clip = {name: positions[start:end] for name, positions in joints_m.items()}
        size_m = _length(clip["left_foot"] - clip["left_ankle"]).mean()
        skeletons.append(round(1000 * float(size_m)))
        found.setdefault(skeletons[-1], []).extend(
            _flat_drops(clip, side) / size_m for side in _SIDES
        )
    drop_of = {
        skeleton: float(np.median(flat)) if len(flat := np.concatenate(drops)) else _USUAL_DROP
        for skeleton, drops in found.items()
    }
    by_clip = np.clip([drop_of[skeleton] for skeleton in skeletons], 0.0, 0.9)
    return np.repeat(by_clip, np.diff(clip_start))


def _flat_drops(clip: dict[str, Positions], side: str) -> NDArray:
    """Ankle's height over the toe base in the frames in which this foot stands flat, metres."""
    knee, ankle, foot = (clip[f"{side}_{j}"] for j in ("knee", "ankle", "foot"))
    step = np.linalg.norm(np.diff(ankle, axis=0, prepend=ankle[:1] + 1.0), axis=1)
    stands = (step < _STILL_M) & (_unit(knee - ankle)[:, 2] > _UPRIGHT)
    stands &= foot[:, 2] < np.quantile(foot[:, 2], 0.1) + _LOW_M
    return (ankle - foot)[stands, 2]


def _length(vectors: Positions) -> Float[NDArray, "n 1"]:
    return np.linalg.norm(vectors, axis=1, keepdims=True)


def _unit(vectors: Positions) -> Positions:
    return vectors / np.maximum(_length(vectors), 1e-9)
