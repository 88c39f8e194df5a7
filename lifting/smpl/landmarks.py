"""Which points of an SMPL body the joints of our skeletons are.

Landmarks are the archive's points, those that networks are trained on: SMPL's 24 joints, points of
the face at fixed places in the head's frame, toes and heels on the sole. None is a vertex, so no
mesh is posed, and a landmark is where training put it. A skeleton's joints are weighted means of
landmarks, as core/conversions.py says: the middle of the hips is no joint of SMPL's.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray

from ...core.conversions import conversion_from
from ...core.skeletons import SMPL24, Skeleton, part
from .model_file import PARENTS

# Metres to the left, up and forward of SMPL's head joint, which lies between the ears and 7 cm
# below them: an average adult's, as in the project's archives.
FACE_M: dict[str, tuple[float, float, float]] = {
    "nose": (0.0, 0.0604, 0.1020),
    "left_eye": (0.032, 0.0943, 0.0802),
    "right_eye": (-0.032, 0.0943, 0.0802),
    "left_ear": (0.075, 0.0702, 0.0013),
    "right_ear": (-0.075, 0.0702, 0.0013),
    "head_top": (0.0, 0.1903, 0.0),
}
# Where toes and heels are on the sole, and from which joint: forward and outward, in lengths of the
# line from ankle to toe base (13.5 cm in a foot of 26.5 cm). The ankle's axis comes down a quarter
# of the foot in front of the heel; the little toe ends 4 cm before the big one.
ON_SOLE: dict[str, tuple[str, float, float]] = {
    "big_toe": ("foot", 0.45, -0.13),
    "small_toe": ("foot", 0.17, 0.37),
    "heel": ("ankle", -0.38, 0.0),
}
_SIDES = {"left": 1.0, "right": -1.0}  # which way is outward: x is left
LANDMARKS = (
    *SMPL24.joint_names,
    *FACE_M,
    *(f"{side}_{point}" for side in _SIDES for point in ON_SOLE),
)
JOINTS = len(PARENTS)
(_HEAD,) = SMPL24.index("head")
_ANKLES = SMPL24.index("left_ankle", "right_ankle")
CARRIERS = np.array(
    [*range(JOINTS), *[_HEAD] * len(FACE_M), *np.repeat(_ANKLES, len(ON_SOLE))]
)  # the joint in whose frame each landmark is at rest

# How well a joint of the skeletons tells a joint of SMPL, as a share of the usual error: mocap
# releases disagree about the spine, collars and hands, and hips are guessed under clothes.
_VAGUE = {
    "spine": 3.0, "spine1": 3.0, "spine2": 3.0, "spine3": 3.0, "collar": 3.0, "hand": 2.0,
    "head_top": 2.0, "hip": 1.5, "big_toe": 1.5, "small_toe": 1.5, "heel": 1.5,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Correspondence:
    """How each of a skeleton's K joints is a mean of at most S landmarks."""

    index: NDArray[np.int64]  # (K, S) landmarks
    weight: NDArray[np.float64]  # (K, S), each row adds up to 1
    vague: NDArray[np.float64]  # (K,) error as a share of the usual one
    moved_by: Bool[NDArray, "L 24"]  # whether turning a joint moves a landmark
    turning: NDArray[np.int64]  # (A,) joints, root first, that move any of the K when they turn


@cache
def correspondence(skeleton: Skeleton) -> Correspondence:
    """What the joints of this skeleton are on an SMPL body."""
    conversion = conversion_from(LANDMARKS, skeleton)
    moved_by = np.zeros((len(LANDMARKS), JOINTS), bool)
    for landmark, joint in enumerate(CARRIERS):
        # A joint that turns moves what hangs on it, not itself.
        above = int(joint) if landmark >= JOINTS else PARENTS[joint]
        while above >= 0:
            moved_by[landmark, above] = True
            above = PARENTS[above]
    used = np.unique(conversion.index[conversion.weight != 0])
    return Correspondence(
        index=conversion.index.astype(np.int64),
        weight=conversion.weight,
        vague=np.array([_VAGUE.get(part(name), 1.0) for name in skeleton.joint_names]),
        moved_by=moved_by,
        turning=np.flatnonzero(moved_by[used].any(axis=0)),
    )


def offsets_m(rest_m: Float[NDArray, "24 3"]) -> Float[NDArray, "L 3"]:
    """Where each landmark is from its carrier, in the carrier's frame.

    Args:
        rest_m: joints of the unposed body, whose soles are level.
    """
    offsets = np.zeros((len(LANDMARKS), 3))
    offsets[JOINTS : JOINTS + len(FACE_M)] = list(FACE_M.values())
    place = JOINTS + len(FACE_M)
    for side, outward in _SIDES.items():
        ankle, foot = rest_m[list(SMPL24.index(f"{side}_ankle", f"{side}_foot"))]
        line = foot - ankle
        length = np.linalg.norm(line)
        forward = np.array([line[0], 0.0, line[2]]) / np.hypot(line[0], line[2])
        out = outward * np.array([forward[2], 0.0, -forward[0]])
        for base, ahead, aside in ON_SOLE.values():
            on_sole = line if base == "foot" else np.array([0.0, line[1], 0.0])
            offsets[place] = on_sole + length * (ahead * forward + aside * out)
            place += 1
    return offsets
