"""A person whose bones are known, turned and moved as a test wants."""

import numpy as np
import pytest

from m2t3.clients import Frame
from m2t3.core.geometry import multiply
from m2t3.core.humanoid import bone_poses, humanoid, joint_positions
from m2t3.core.messages import Body, Pose

HUMANOID = humanoid("coco17")
LENGTHS_M = {"Hips": 0, "Spine": 0.1, "Chest": 0.25, "Neck": 0.25, "Head": 0.1}
ACROSS_M = {"Shoulder": 0.05, "UpperArm": 0.15, "LowerArm": 0.3, "Hand": 0.25}
LEGS_M = {"UpperLeg": 0.1, "LowerLeg": 0.42, "Foot": 0.42}


def about(axis, degrees):
    """The quaternion of a turn about a world axis."""
    half = np.radians(degrees) / 2
    return np.array([*(np.sin(half) * np.eye(3)["xyz".index(axis)]), np.cos(half)])


def offsets_m():
    """Bones of a person of some 1.7 m: each one's origin in its parent's frame."""
    offsets = []
    for name in HUMANOID.bone_names:
        side = {"L": 1.0, "R": -1.0}[name[0]] if name.startswith(("Left", "Right")) else 0.0
        bone = name.removeprefix("Left").removeprefix("Right")
        if bone in LENGTHS_M:
            offsets.append((0.0, 0.0, LENGTHS_M[bone]))
        elif bone in ACROSS_M:
            offsets.append((0.0, side * ACROSS_M[bone], 0.2 if bone == "Shoulder" else 0.0))
        elif bone == "UpperLeg":
            offsets.append((0.0, side * LEGS_M[bone], 0.0))
        else:
            offsets.append((0.0, 0.0, -LEGS_M[bone]))
    return np.array(offsets, np.float32)


def pose(person_id=7, root=(0.0, 0.0, 0.9), heading_deg=0.0, **turns):
    """Somebody in T-pose at `root`, facing `heading_deg`, but with these bones turned."""
    rotations = np.tile([0.0, 0.0, 0.0, 1.0], (len(HUMANOID.bone_names), 1))
    for bone, quaternion in turns.items():
        rotations[HUMANOID.bone_names.index(bone)] = quaternion
    rotations[0] = multiply(about("z", heading_deg), rotations[0])
    joint_offsets = np.zeros((17, 3), np.float32)
    for joint in range(5):  # the face is in front of the head
        joint_offsets[joint] = 0.1, 0, 0.1
    for joint in (11, 12):  # a hip is where its leg begins
        joint_offsets[joint] = 0
    body = Body(
        root_world_m=np.array(root, np.float32),
        heading_rad=float(np.radians(heading_deg)),
        rotations_xyzw=rotations.astype(np.float32),
        offsets_m=offsets_m(),
        joint_offsets_m=joint_offsets,
    )
    poses = bone_poses(HUMANOID, *(np.asarray(a, float) for a in (root, rotations, offsets_m())))
    positions = joint_positions(HUMANOID, *poses, joint_offsets.astype(float)).astype(np.float32)
    return Pose(
        id=person_id,
        state="tracked",
        positions_world_m=positions,
        confidence=np.full(17, 0.9, np.float32),
        valid=np.ones(17, np.bool_),
        body=body,
    )


@pytest.fixture
def frame(publisher):
    """Makes a frame of people whose definition has a humanoid."""
    from msgspec.structs import replace

    def make(*people, **changes):
        definition = replace(publisher.definition(), humanoid=HUMANOID)
        message = publisher.frame(*people)
        publisher.seq += 1
        return Frame(replace(message, **changes), definition)

    return make
