"""The standard body in the T-pose, and what its bones usually do: data, in metres and radians.

Offsets are those of a person of 1.74 m; whoever is seen gets their own (`lengths`). Ranges of
motion are the American Academy of Orthopaedic Surgeons' (Joint Motion, 1965), rounded up: a limit
that is too wide harms nobody.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import NDArray

from ...core.humanoid import humanoid
from ...core.messages import Vector3
from ...core.skeletons import SKELETONS, Skeleton, part
from .habits import Habits

TRUNK_M = 0.49  # middle of the hips to middle of the shoulders
SOLE_M = 0.08  # the ankle over the sole
_FAR = 1e3  # a limit that none reaches

# Each bone's origin in its parent's frame; of paired bones the left one's.
_OFFSETS_M = {
    "Hips": (0.0, 0.0, 0.0), "Spine": (-0.01, 0.0, 0.10), "Chest": (0.0, 0.0, 0.14),
    "UpperChest": (0.0, 0.0, 0.08), "Neck": (0.0, 0.0, 0.17), "Head": (0.01, 0.0, 0.11),
    "Shoulder": (0.0, 0.07, 0.11), "UpperArm": (0.0, 0.11, 0.03), "LowerArm": (0.0, 0.28, 0.0),
    "Hand": (0.0, 0.25, 0.0),
    "UpperLeg": (0.0, 0.10, 0.0), "LowerLeg": (0.0, 0.0, -0.42), "Foot": (0.0, 0.0, -0.41),
}  # fmt: skip
# Formats without a spine: the collar bones begin at the breastbone, so that a shrug as well as
# shoulders that are drawn forward keep them as long as they are.
_WITHOUT_SPINE_M = {
    "Neck": (0.0, 0.0, 0.25), "Shoulder": (0.04, 0.02, 0.20), "UpperArm": (-0.04, 0.16, 0.05),
}  # fmt: skip
# Joints that are not their bone's origin, in its frame; of paired joints the left one's.
_JOINTS_M = {
    "nose": (0.11, 0.0, 0.06), "eye": (0.09, 0.03, 0.10), "ear": (0.01, 0.07, 0.07),
    "head_top": (0.0, 0.0, 0.20), "hand": (0.0, 0.085, 0.0), "spine": (0.01, 0.0, 0.145),
    "foot": (0.12, 0.0, -0.07), "big_toe": (0.19, -0.02, -0.07), "small_toe": (0.15, 0.05, -0.07),
    "heel": (-0.05, 0.0, -0.07),
}  # fmt: skip
_SOLE = ("big_toe", "small_toe", "heel")
_SMPL_PELVIS_M = (0.0, 0.0, 0.01)  # in other formats it is the middle of the hips
# Joints that are made from others (core/conversions.py) and move as no bone does.
_MADE = {"coco17": (), "smpl24": (), "h36m17": ("pelvis", "spine", "thorax"),
         "halpe26": ("neck", "pelvis")}  # fmt: skip

_TENSE = 40.0
# By bone, what differs from "says nothing" (`_habits`); axes of the left side: x forward, y left,
# z up. Elbows bend about -z, knees about +y.
_SPINE: dict[str, Any] = {"damping": _TENSE, "rest": (20.0, 20.0, 20.0), "last": (4.0, 30.0, 4.0),
                          "limit_rad": (0.5, 0.9, 0.6)}  # fmt: skip
_NECK: dict[str, Any] = {"damping": _TENSE, "rest": (6.0, 6.0, 6.0), "last": (4.0, 4.0, 4.0),
                         "limit_rad": (0.6, 0.8, 0.8)}  # fmt: skip
_HABITS: dict[str, dict[str, Any]] = {
    "Hips": {"last": (1.0, 30.0, 1.0)}, "Spine": _SPINE, "Chest": _SPINE, "UpperChest": _SPINE,
    "Neck": _NECK, "Head": _NECK,
    "Shoulder": {"damping": _TENSE, "rest": (3.0, 100.0, 3.0), "last": (4.0, 4.0, 4.0),
                 "limit_rad": (0.6, 0.3, 0.6)},
    "UpperArm": {"last": (1.0, 40.0, 1.0), "twist": 1.0, "twist_limit_rad": 1.75},
    "LowerArm": {"hinge": (0.0, 0.0, -1.0), "hinged": 25.0, "flexion_rad": (-0.1, 2.7)},
    "Hand": {"rest": (4.0, 4.0, 4.0), "limit_rad": (1.4, 0.5, 0.6)},
    "UpperLeg": {"rest": (0.0, 0.3, 0.0), "last": (1.0, 1.0, 40.0), "twist": 3.0,
                 "twist_limit_rad": 1.0},
    "LowerLeg": {"hinge": (0.0, 1.0, 0.0), "hinged": 40.0, "flexion_rad": (-0.1, 2.7)},
    "Foot": {"rest": (4.0, 4.0, 4.0), "last": (40.0, 40.0, 40.0), "limit_rad": (0.9, 1.4, 0.9)},
}  # fmt: skip

# Nor does it hurry where only the floor and the shin tell of it.
_UNSEEN_FOOT: dict[str, Any] = {"last": (300.0, 300.0, 300.0), "limit": 100.0}
_LOOSE = {"damping": 40.0, "rest": (2.0, 2.0, 4.0), "last": (1.0, 1.0, 20.0)}
# A spine whose joints are seen needs few habits: its bones' turns about themselves are not seen.
_SEEN_SPINE: dict[str, dict[str, Any]] = {
    "Hips": {"last": (1.0, 1.0, 1.0)}, "Spine": _LOOSE, "Chest": _LOOSE, "UpperChest": _LOOSE,
    "Neck": _LOOSE, "Shoulder": {"damping": 0.0},
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Standard:
    """What the solver knows of a skeleton before it has seen anybody."""

    skeleton: Skeleton
    bone_names: tuple[str, ...]
    parents: Int[NDArray, "b"]
    offsets_m: Float[NDArray, "b 3"]
    joint_bones: Int[NDArray, "j"]
    joint_offsets_m: Float[NDArray, "j 3"]
    origins: Int[NDArray, "b"]  # the joint at each bone's origin; -1: none
    explained: NDArray[np.bool_]  # (J,) joints that pull; the others are made from these
    own_joints: Int[NDArray, "j"]  # 0 ... J - 1
    mirror_bones: Int[NDArray, "b"]  # the other side's bone, or the bone itself
    mirror_joints: Int[NDArray, "j"]
    soles_m: Float[NDArray, "2 3 3"]  # big toe, small toe, heel of the left and right foot, level
    habits: Habits

    def t_pose_m(self) -> Float[NDArray, "j 3"]:
        """The joints of a standard person who stands at the world's origin in the T-pose."""
        origins_m = np.zeros_like(self.offsets_m)
        for bone, parent in enumerate(self.parents[1:], start=1):
            origins_m[bone] = origins_m[parent] + self.offsets_m[bone]
        joints_m = origins_m[self.joint_bones] + self.joint_offsets_m
        return joints_m - (0.0, 0.0, joints_m[list(self.skeleton.ankles), 2].min() - SOLE_M)


@cache
def standard(name: str) -> Standard:
    """The standard body for one of `core.skeletons.SKELETONS`, by name."""
    skeleton, definition = SKELETONS[name], humanoid(name)
    bones, spine = definition.bone_names, "UpperChest" in definition.bone_names
    offsets = _OFFSETS_M if spine else _OFFSETS_M | _WITHOUT_SPINE_M
    origins = np.full(len(bones), -1)
    joint_offsets = np.zeros((skeleton.joint_count, 3))
    for j, (joint, bone) in enumerate(
        zip(skeleton.joint_names, definition.joint_bones, strict=True)
    ):
        if part(joint) in _JOINTS_M:
            joint_offsets[j] = _sided(_JOINTS_M[part(joint)], joint.startswith("right_"))
        elif joint not in _MADE[name]:
            origins[bone] = j
    on_foot = [bone for bone in definition.joint_bones if bones[bone] == "LeftFoot"]
    if spine:
        joint_offsets[skeleton.joint_names.index("pelvis")] = _SMPL_PELVIS_M
        origins[0] = -1
    return Standard(
        skeleton=skeleton,
        bone_names=bones,
        parents=np.array(definition.parents),
        offsets_m=np.array(
            [_sided(offsets[_bone_part(bone)], bone.startswith("Right")) for bone in bones]
        ),
        joint_bones=np.array(definition.joint_bones),
        joint_offsets_m=joint_offsets,
        origins=origins,
        explained=np.array([joint not in _MADE[name] for joint in skeleton.joint_names]),
        own_joints=np.arange(skeleton.joint_count),
        mirror_bones=np.array([bones.index(_other(bone)) for bone in bones]),
        mirror_joints=np.array(skeleton.mirror),
        soles_m=np.array(
            [
                [_sided((*_JOINTS_M[joint][:2], 0.0), right) for joint in _SOLE]
                for right in (False, True)
            ]
        ),
        habits=_habits(bones, np.array(definition.rest_directions), toes=len(on_foot) > 1),
    )


def _habits(bones: tuple[str, ...], directions: Float[NDArray, "b 3"], toes: bool) -> Habits:
    none: dict[str, Any] = {
        "rest": (0.0, 0.0, 0.0), "last": (1.0, 1.0, 1.0), "limit_rad": (_FAR, _FAR, _FAR),
        "limit": 400.0, "damping": 0.0, "twist": 0.0, "twist_limit_rad": _FAR,
        "hinge": (0.0, 0.0, 0.0), "hinged": 0.0, "flexion_rad": (-_FAR, _FAR),
    }  # fmt: skip
    rows = []
    for bone, direction in zip(bones, directions, strict=True):
        row = none | _HABITS[_bone_part(bone)]
        if bone.endswith("Foot") and not toes:
            row |= _UNSEEN_FOOT
        if "UpperChest" in bones and _bone_part(bone) in _SEEN_SPINE:
            row |= _SEEN_SPINE[_bone_part(bone)]
        if bone.startswith("Right"):  # a mirrored axis turns the other way round
            row["hinge"] = (-row["hinge"][0], row["hinge"][1], -row["hinge"][2])
        rows.append([direction if field == "direction" else row[field] for field in Habits._fields])
    return Habits(*(np.array(column, float) for column in zip(*rows, strict=True)))


def _bone_part(bone: str) -> str:
    return bone.removeprefix("Left").removeprefix("Right")


def _other(bone: str) -> str:
    if bone.startswith("Left"):
        return "Right" + _bone_part(bone)
    return "Left" + _bone_part(bone) if bone.startswith("Right") else bone


def _sided(left: Vector3, right: bool) -> Vector3:
    return (left[0], -left[1], left[2]) if right else left
