"""The archive's 30 joints, and what is put where a data set has none.

Proportions are those of SMPL's mean body. Limbs, hips, neck and head are never made up.
"""

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ...core.errors import M2t3Error
from ..archive import JOINT_NAMES

HAND_M = 0.085  # the hand lies this far beyond the wrist, along the forearm
# Where SMPL's spine joints lie on their way from the pelvis to the neck.
SPINE = {"pelvis": 0.0, "spine1": 0.21, "spine2": 0.47, "spine3": 0.58, "neck": 1.0}
COLLAR = {"neck": 0.27, "spine3": 0.27, "shoulder": 0.46}  # weights of a collar's neighbours
TOE_M = (0.119, 0.056)  # a flat foot's toe from the ankle: forward, and down along the shin

Named = dict[str, NDArray[np.float64]]  # joint name: (T, 3) metres


def complete(known: Named) -> Float[NDArray, "T 30 3"]:
    """All 30 joints, from at least limbs, feet, pelvis, neck, head and face.

    Raises:
        M2t3Error: a joint is lacking that is not made up; the message names it.
    """
    at = dict(known)
    if {"pelvis", "neck"} <= at.keys():
        _fill_spine(at)
    for side in ("left", "right"):
        collar, hand, wrist = f"{side}_collar", f"{side}_hand", f"{side}_wrist"
        if collar not in at and {"spine3", "neck", f"{side}_shoulder"} <= at.keys():
            at[collar] = (
                COLLAR["neck"] * at["neck"]
                + COLLAR["spine3"] * at["spine3"]
                + COLLAR["shoulder"] * at[f"{side}_shoulder"]
            )
        if hand not in at and {wrist, f"{side}_elbow"} <= at.keys():
            forearm = at[wrist] - at[f"{side}_elbow"]
            at[hand] = at[wrist] + HAND_M * forearm / np.linalg.norm(forearm, axis=-1)[:, None]
    missing = [name for name in JOINT_NAMES if name not in at]
    if missing:
        raise M2t3Error(f"has no {', '.join(missing)}, which nothing else tells")
    return np.stack([at[name] for name in JOINT_NAMES], axis=1)


def guessed_toes(at: Named) -> Named:
    """Toes of feet held at right angles to the shin, for formats that end at the ankle."""
    across = at["left_hip"] - at["right_hip"]
    toes = {}
    for side in ("left", "right"):
        shin = at[f"{side}_ankle"] - at[f"{side}_knee"]
        shin = shin / np.linalg.norm(shin, axis=-1, keepdims=True)
        forward = np.cross(shin, across)
        forward = forward / np.linalg.norm(forward, axis=-1, keepdims=True)
        toes[f"{side}_foot"] = at[f"{side}_ankle"] + TOE_M[0] * forward + TOE_M[1] * shin
    return toes


def _fill_spine(at: Named) -> None:
    """Put lacking spine joints on the line between their neighbours that are there."""
    there = [name for name in SPINE if name in at]
    for name in SPINE.keys() - at.keys():
        below = max((n for n in there if SPINE[n] < SPINE[name]), key=SPINE.__getitem__)
        above = min((n for n in there if SPINE[n] > SPINE[name]), key=SPINE.__getitem__)
        share = (SPINE[name] - SPINE[below]) / (SPINE[above] - SPINE[below])
        at[name] = at[below] + share * (at[above] - at[below])
