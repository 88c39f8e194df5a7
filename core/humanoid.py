"""The humanoid as data: Unity's HumanBodyBones that a keypoint format tells, in their T-pose.

T-pose: the person stands upright, faces +x, their left is +y, up is +z; arms level to the sides,
palms down, legs straight, feet forward. In it every rotation is the identity, so each bone's frame
has these same axes, and nothing need be known of anybody's rig. A bone's rotation is relative to
its parent's, that of the hips to the world:

    R_world[bone] = R_world[parent] @ R[bone]
    origin_world[bone] = origin_world[parent] + R_world[parent] @ offset[bone]
    joint_world[joint] = origin_world[its bone] + R_world[its bone] @ joint_offset[joint]
"""

from functools import cache

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from .geometry import multiply, rotate
from .messages import Humanoid, Vector3
from .skeletons import SKELETONS, part

_UP, _DOWN, _FORWARD = (0.0, 0.0, 1.0), (0.0, 0.0, -1.0), (1.0, 0.0, 0.0)
# The trunk of a format that has SMPL's spine, and of one that tells only its two ends.
_SPINES = {"smpl24": ("Spine", "Chest", "UpperChest")}
_SPINE = ("Spine", "Chest")
_ARM = ("Shoulder", "UpperArm", "LowerArm", "Hand")
_LEG = ("UpperLeg", "LowerLeg", "Foot")

# The bone that carries a joint, by the joint's part of the body; the limbs' have their side's name.
_CARRIER = {
    "pelvis": "Hips", "spine": "Spine", "spine1": "Spine", "spine2": "Chest",
    "spine3": "UpperChest", "thorax": "Neck", "neck": "Neck",
    "head": "Head", "nose": "Head", "eye": "Head", "ear": "Head", "head_top": "Head",
    "collar": "Shoulder", "shoulder": "UpperArm", "elbow": "LowerArm", "wrist": "Hand",
    "hand": "Hand", "hip": "UpperLeg", "knee": "LowerLeg", "ankle": "Foot", "foot": "Foot",
    "big_toe": "Foot", "small_toe": "Foot", "heel": "Foot",
}  # fmt: skip


@cache
def humanoid(skeleton: str) -> Humanoid:
    """The humanoid of one of `SKELETONS`, by name. Parents come before their children."""
    bones: dict[str, tuple[str | None, Vector3]] = {"Hips": (None, _UP)}
    parent = "Hips"
    for name in (*_SPINES.get(skeleton, _SPINE), "Neck", "Head"):
        bones[name] = (parent, _UP)
        parent = name
    top = _SPINES.get(skeleton, _SPINE)[-1]
    for side, left in (("Left", 1.0), ("Right", -1.0)):
        for root, limb, direction in ((top, _ARM, (0.0, left, 0.0)), ("Hips", _LEG, _DOWN)):
            parent = root
            for name in limb:
                bones[side + name] = (parent, _FORWARD if name == "Foot" else direction)
                parent = side + name
    names = tuple(bones)
    return Humanoid(
        bone_names=names,
        parents=tuple(names.index(parent) if parent else -1 for parent, _ in bones.values()),
        rest_directions=tuple(direction for _, direction in bones.values()),
        joint_bones=tuple(
            names.index(_carrier(joint)) for joint in SKELETONS[skeleton].joint_names
        ),
    )


def _carrier(joint_name: str) -> str:
    bone = _CARRIER[part(joint_name)]
    for side in ("left", "right"):
        if joint_name.startswith(side) and bone != "Head":
            return side.capitalize() + bone
    return bone


def bone_poses(
    definition: Humanoid,
    root_world_m: Float[NDArray, "*n 3"],
    rotations_xyzw: Float[NDArray, "b *n 4"],
    offsets_m: Float[NDArray, "b *n 3"],
) -> tuple[Float[NDArray, "b *n 3"], Float[NDArray, "b *n 4"]]:
    """Forward kinematics: each bone's origin and its rotation, x y z w, in the world.

    Bones come first; behind them there may be frames.
    """
    origins_m, turns = np.empty_like(offsets_m), np.empty_like(rotations_xyzw)
    origins_m[0], turns[0] = root_world_m, rotations_xyzw[0]
    for bone, parent in enumerate(definition.parents[1:], start=1):
        origins_m[bone] = origins_m[parent] + rotate(turns[parent], offsets_m[bone])
        turns[bone] = multiply(turns[parent], rotations_xyzw[bone])
    return origins_m, turns


def joint_positions(
    definition: Humanoid,
    origins_world_m: Float[NDArray, "b *n 3"],
    turns_world_xyzw: Float[NDArray, "b *n 4"],
    joint_offsets_m: Float[NDArray, "j *n 3"],
) -> Float[NDArray, "j *n 3"]:
    """Where a body's bones have the joints, in the world; NaN where its offset is not known."""
    bones = list(definition.joint_bones)
    return origins_world_m[bones] + rotate(turns_world_xyzw[bones], joint_offsets_m)
