"""Conversions from richer keypoint formats to poorer ones, as data.

A joint of the target is the source's joint of that name, unless its recipe below makes it as a
weighted mean of others. The recipes are affine (weights add up to 1), so they hold in a picture as
they hold in space; a weight may be negative, then the joint lies beyond those it is made from.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from .errors import M2t3Error
from .skeletons import COCO17, SKELETONS, Skeleton

_FEET = ("big_toe", "small_toe", "heel")
_LEFT_RIGHT_FEET = tuple(f"{side}_{joint}" for side in ("left", "right") for joint in _FEET)

# Formats that detectors speak and nobody lifts to: joint names in wire order.
_DETECTOR_FORMATS: dict[str, tuple[str, ...]] = {
    # COCO-WholeBody: body, feet, 68 points of the face, 21 of each hand from the wrist on.
    "coco133": (
        *COCO17.joint_names,
        *_LEFT_RIGHT_FEET,
        *(f"face_{i}" for i in range(68)),
        *(f"{side}_hand_{i}" for side in ("left", "right") for i in range(21)),
    ),
    # OpenPose.
    "body25": (
        "nose", "neck", "right_shoulder", "right_elbow", "right_wrist",
        "left_shoulder", "left_elbow", "left_wrist", "pelvis",
        "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle",
        "right_eye", "left_eye", "right_ear", "left_ear",
        *_LEFT_RIGHT_FEET,
    ),
    # MediaPipe and BlazePose.
    "mediapipe33": (
        "nose", "left_eye_inner", "left_eye", "left_eye_outer",
        "right_eye_inner", "right_eye", "right_eye_outer", "left_ear", "right_ear",
        "left_mouth", "right_mouth", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow",
        "left_wrist", "right_wrist", "left_pinky", "right_pinky", "left_index", "right_index",
        "left_thumb", "right_thumb", "left_hip", "right_hip", "left_knee", "right_knee",
        "left_ankle", "right_ankle", "left_heel", "right_heel", "left_foot_index",
        "right_foot_index",
    ),
}  # fmt: skip

FORMATS: dict[str, tuple[str, ...]] = {
    **{name: skeleton.joint_names for name, skeleton in SKELETONS.items()},
    **_DETECTOR_FORMATS,
}  # every keypoint format on the wire and in recordings, by name

Recipe = dict[str, float]  # source joint -> weight


def _both(**parts: float) -> Recipe:
    """A recipe of parts that have two sides: each weight is halved between them."""
    return {f"{side}_{part}": w / 2 for part, w in parts.items() for side in ("left", "right")}


def _of_side(side: str) -> dict[str, tuple[Recipe, ...]]:
    """SMPL's collar, hand and foot, also from formats that have none."""
    collar, hand, foot, shoulder = (f"{side}_{p}" for p in ("collar", "hand", "foot", "shoulder"))
    neck = _both(shoulder=0.6)
    knuckles = {f"{hand}_{i}": 0.25 for i in (5, 9, 13, 17)}
    # Mocap's hands lie 8.5 cm beyond the wrist: at the knuckles, a third of a forearm further on.
    beyond = {f"{side}_wrist": 1.34, f"{side}_elbow": -0.34}
    # The base of the toes; training/feet.py tells where toes and heel lie from it.
    ball = {f"{side}_big_toe": 0.405, f"{side}_small_toe": 0.405, f"{side}_heel": 0.19}
    return {
        collar: ({collar: 1.0}, {**neck, shoulder: neck[shoulder] + 0.4}),
        hand: ({hand: 1.0}, knuckles, beyond),
        foot: ({foot: 1.0}, ball),
    }


_MID_HIP, _MID_SHOULDER = _both(hip=1.0), _both(shoulder=1.0)
# From the shoulders through the ears to the top: 0.62 of that way further on. Fitted to the CMU
# archive; it is 3 cm off in the median, for heads nod.
_HEAD_TOP = ({"head_top": 1.0}, _both(ear=1.62, shoulder=-0.62))

# By target and joint: recipes from the best on, of which the first is taken whose joints the source
# has. HALPE's and H36M's middle line is made from both sides even where a source has joints of the
# same names: SMPL's pelvis and neck are others, and mocap releases disagree by 5 cm about where a
# spine's joints are, a middle of hips and shoulders is one and the same in all of them and in 2D.
_RECIPES: dict[str, dict[str, tuple[Recipe, ...]]] = {
    "coco17": {},
    "halpe26": {"pelvis": (_MID_HIP,), "neck": (_MID_SHOULDER,), "head_top": _HEAD_TOP},
    "h36m17": {
        "pelvis": (_MID_HIP,),
        "thorax": (_MID_SHOULDER,),
        "spine": (_both(hip=0.5, shoulder=0.5),),
        "head_top": _HEAD_TOP,
    },
    "smpl24": {
        "pelvis": ({"pelvis": 1.0}, _MID_HIP),
        "spine1": ({"spine1": 1.0}, _both(hip=0.75, shoulder=0.25)),
        "spine2": ({"spine2": 1.0}, _both(hip=0.5, shoulder=0.5)),
        "spine3": ({"spine3": 1.0}, _both(hip=0.3, shoulder=0.7)),
        "neck": ({"neck": 1.0}, _MID_SHOULDER),
        "head": ({"head": 1.0}, _both(ear=0.67, shoulder=0.33)),
        **_of_side("left"),
        **_of_side("right"),
    },
}


@dataclass(frozen=True, eq=False)
class Conversion:
    """How each of K target joints is made from at most S of a source's J joints."""

    index: NDArray[np.intp]  # (K, S) source joints; a row of fewer repeats its first, at weight 0
    weight: NDArray[np.float64]  # (K, S), each row adds up to 1

    def points(self, points: Float[NDArray, "*n j d"]) -> Float[NDArray, "*n k d"]:
        """Pixels or positions of the target; NaN where a joint that is needed is NaN."""
        terms = (
            points[..., index, :] * weight[:, None].astype(points.dtype)
            for index, weight in zip(self.index.T, self.weight.T, strict=True)
        )
        return np.asarray(sum(terms))

    def confidence(self, confidence: Float[NDArray, "*n j"]) -> Float[NDArray, "*n k"]:
        """The target's confidence: the least of the joints that are needed."""
        return confidence[..., self.index].min(axis=-1)


def conversion_from(joint_names: Sequence[str], target: Skeleton) -> Conversion:
    """The conversion of joints of these names to `target`.

    Raises:
        M2t3Error: some joints of the target cannot be made; the message names them.
    """
    recipes = _recipes(joint_names, target)
    lacking = [name for name, recipe in recipes.items() if recipe is None]
    if lacking:
        raise M2t3Error(f"no joint {', '.join(lacking)} of {target.name}, nor what it is made from")
    chosen = [recipe for recipe in recipes.values() if recipe is not None]
    place = {name: i for i, name in enumerate(joint_names)}
    index = np.empty((len(chosen), max(map(len, chosen))), np.intp)
    weight = np.zeros(index.shape)
    for row, recipe in enumerate(chosen):
        index[row] = place[next(iter(recipe))]
        index[row, : len(recipe)] = [place[name] for name in recipe]
        weight[row, : len(recipe)] = list(recipe.values())
    return Conversion(index, weight)


@cache
def conversion(source: str, target: str) -> Conversion:
    """The conversion from one of `FORMATS` to one of `SKELETONS`, by name.

    Raises:
        M2t3Error: the source does not tell enough; the message lists the formats that do.
    """
    skeleton = SKELETONS[target]
    try:
        return conversion_from(FORMATS[source], skeleton)
    except M2t3Error as error:
        raise M2t3Error(
            f"keypoints of {source} cannot become {target} ({error}); "
            f"convertible: {', '.join(sources_of(skeleton))}"
        ) from None


def sources_of(target: Skeleton) -> tuple[str, ...]:
    """Names of the formats that convert to `target`, its own among them."""
    return tuple(
        name for name, joints in FORMATS.items() if None not in _recipes(joints, target).values()
    )


def _recipes(joint_names: Iterable[str], target: Skeleton) -> dict[str, Recipe | None]:
    """How each joint of the target is made from joints of these names; None where it cannot be."""
    there = set(joint_names)
    made = {} if there == set(target.joint_names) else _RECIPES[target.name]
    return {
        name: next((r for r in made.get(name, ({name: 1.0},)) if r.keys() <= there), None)
        for name in target.joint_names
    }
