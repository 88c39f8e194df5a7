"""The humanoid's tree is Unity's, its T-pose is the documented one, and FK composes."""

import numpy as np
import pytest

from m2t3.core.geometry import quaternion_from_rotation, rotation_from_quaternion
from m2t3.core.humanoid import bone_poses, humanoid, joint_positions
from m2t3.core.skeletons import SKELETONS

REQUIRED = {  # the bones without which Unity makes no humanoid
    "Hips", "Spine", "Head",
    *(f"{side}{bone}" for side in ("Left", "Right")
      for bone in ("UpperArm", "LowerArm", "Hand", "UpperLeg", "LowerLeg", "Foot")),
}  # fmt: skip


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=lambda skeleton: skeleton.name)
def test_every_format_has_the_bones_that_unity_requires(skeleton):
    definition = humanoid(skeleton.name)
    assert set(definition.bone_names) >= REQUIRED
    assert len(set(definition.bone_names)) == len(definition.bone_names)
    assert len(definition.joint_bones) == skeleton.joint_count


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=lambda skeleton: skeleton.name)
def test_a_joint_rides_on_a_bone_of_its_side(skeleton):
    definition = humanoid(skeleton.name)
    for joint, bone in zip(skeleton.joint_names, definition.joint_bones, strict=True):
        bone_name = definition.bone_names[bone]
        if bone_name != "Head" and joint.startswith(("left", "right")):
            assert bone_name.lower().startswith(joint[:4]), (joint, bone_name)
        else:
            assert not bone_name.startswith(("Left", "Right")), (joint, bone_name)


def test_in_the_t_pose_arms_point_to_the_sides_legs_down_and_feet_forward():
    definition = humanoid("coco17")
    points = dict(zip(definition.bone_names, definition.rest_directions, strict=True))
    assert points["LeftUpperArm"] == points["LeftHand"] == (0, 1, 0)
    assert points["RightLowerArm"] == (0, -1, 0)
    assert points["LeftUpperLeg"] == points["RightLowerLeg"] == (0, 0, -1)
    assert points["LeftFoot"] == (1, 0, 0)
    assert points["Spine"] == points["Head"] == (0, 0, 1)


def test_forward_kinematics_is_the_product_of_the_parents_transforms():
    definition = humanoid("halpe26")
    rng = np.random.default_rng(0)
    bones, joints = len(definition.bone_names), len(definition.joint_bones)
    turns = rng.normal(size=(bones, 4))
    turns /= np.linalg.norm(turns, axis=1, keepdims=True)
    offsets, root = rng.normal(size=(bones, 3)), rng.normal(size=3)
    joint_offsets = rng.normal(size=(joints, 3))

    placed = []
    for bone, parent in enumerate(definition.parents):
        local = np.eye(4)
        local[:3, :3] = rotation_from_quaternion(turns[bone])
        local[:3, 3] = offsets[bone] if bone else root
        placed.append(placed[parent] @ local if bone else local)
    origins, world = bone_poses(definition, root, turns, offsets)
    np.testing.assert_allclose(origins, [matrix[:3, 3] for matrix in placed], atol=1e-9)
    for found, matrix in zip(world, placed, strict=True):
        expected = quaternion_from_rotation(matrix[:3, :3])
        np.testing.assert_allclose(found * np.copysign(1, found @ expected), expected, atol=1e-9)
    np.testing.assert_allclose(
        joint_positions(definition, origins, world, joint_offsets),
        [
            placed[bone][:3] @ np.append(offset, 1)
            for bone, offset in zip(definition.joint_bones, joint_offsets, strict=True)
        ],
        atol=1e-9,
    )
