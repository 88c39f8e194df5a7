"""Unity's and Unreal's axes: front is front, left is left, up is up, and bodies turn as they do."""

import msgspec
import numpy as np
import pytest

from m2t3.clients.schema.examples import examples
from m2t3.core import topics, wire
from m2t3.core.geometry import multiply, rotate
from m2t3.core.humanoid import bone_poses, humanoid
from m2t3.core.messages import Body

FORWARD, LEFT, UP = np.eye(3)
# What the engines' own documents call forward, left and up, and one metre.
ENGINES = {
    "unity": (np.array([[0, 0, 1], [-1, 0, 0], [0, 1, 0]], float), 1.0),
    "unreal": (np.array([[1, 0, 0], [0, -1, 0], [0, 0, 1]], float), 100.0),
}


def convert(client, positions: np.ndarray, quaternions: np.ndarray) -> tuple:
    """Positions (N, 3) and quaternions (N, 4) in the engine's axes."""
    rows = np.hstack([positions, quaternions])
    lines = "".join(" ".join(map(str, row)) + "\n" for row in rows)
    values = np.array([line.split() for line in client.answer("convert", lines)], float)
    return values[:, :3], values[:, 3:]


def rotations(count: int, seed: int = 3) -> np.ndarray:
    q = np.random.default_rng(seed).normal(size=(count, 4))
    return q / np.linalg.norm(q, axis=1, keepdims=True)


@pytest.mark.parametrize(("direction", "index"), [(FORWARD, 0), (LEFT, 1), (UP, 2)])
def test_front_is_front_left_is_left_up_is_up(client, direction, index):
    axes, metre = ENGINES[client.name]
    at, _ = convert(client, 2.5 * direction[None], np.array([[0, 0, 0, 1]]))
    np.testing.assert_allclose(at[0], 2.5 * metre * axes[index])


def test_turning_and_converting_may_change_places(client):
    axes, metre = ENGINES[client.name]
    points = np.random.default_rng(1).normal(size=(100, 3))
    at, turns = convert(client, rotate(rotations(100), points), rotations(100))
    # Both engines turn vectors by the same formula as everybody, in their mirrored axes.
    np.testing.assert_allclose(rotate(turns, metre * (points @ axes)), at, atol=1e-5 * metre)


@pytest.fixture
def body():
    """A COCO body in any pose, somewhere in the room."""
    definition = humanoid("coco17")
    bones, joints = len(definition.bone_names), len(definition.joint_bones)
    draw = np.random.default_rng(5)
    offsets_m = draw.normal(size=(bones, 3), scale=0.3)
    offsets_m[0] = 0
    return definition, Body(
        root_world_m=np.array([1.5, -2.0, 0.9], np.float32),
        heading_rad=0.0,
        rotations_xyzw=rotations(bones).astype(np.float32),
        offsets_m=offsets_m.astype(np.float32),
        joint_offsets_m=np.zeros((joints, 3), np.float32),
    )


def asked(definition_of_bones, body) -> str:
    """The two messages that bring the body, for the harness's `bones`."""
    joints = len(definition_of_bones.joint_bones)
    definition = msgspec.structs.replace(
        examples()[topics.DEFINITION][0],
        joint_names=tuple(f"joint{i}" for i in range(joints)),
        humanoid=definition_of_bones,
    )
    frame = examples()[topics.POSE][0]
    person = msgspec.structs.replace(
        frame.people[0],
        positions_world_m=np.zeros((joints, 3), np.float32),
        confidence=np.ones(joints, np.float32),
        valid=np.ones(joints, np.bool_),
        body=body,
    )
    frame = msgspec.structs.replace(frame, people=(person,))
    messages = (wire.pack(topics.DEFINITION, definition), wire.pack(topics.POSE, frame))
    return "".join(f"{topic.hex()} {payload.hex()}\n" for topic, payload in messages)


def test_a_body_has_its_bones_where_python_has_them(client, body):
    definition, said = body
    axes, metre = ENGINES[client.name]
    answer = [line.split() for line in client.answer("bones", asked(definition, said))]
    bones = {name: np.array(values, float) for name, *values in answer}
    origins, turns = bone_poses(definition, said.root_world_m, said.rotations_xyzw, said.offsets_m)
    at = {}
    for bone, name in enumerate(definition.bone_names):
        position, turn = bones[name][:3], bones[name][3:]
        if client.name == "unreal" and bone:  # Live Link wants bones against their parents
            parent_position, parent_turn = at[definition.parents[bone]]
            position = parent_position + rotate(parent_turn, position)
            turn = multiply(parent_turn, turn)
        at[bone] = position, turn
        np.testing.assert_allclose(position, metre * (origins[bone] @ axes), atol=1e-4 * metre)
        for direction in np.eye(3):
            expected = rotate(turns[bone], direction) @ axes
            np.testing.assert_allclose(rotate(turn, direction @ axes), expected, atol=1e-4)


@pytest.mark.parametrize("client", ["unity"], indirect=True)
def test_unity_knows_how_long_the_legs_are(client, body):
    definition, said = body
    shin, foot = (definition.bone_names.index(name) for name in ("LeftLowerLeg", "LeftFoot"))
    expected = np.linalg.norm(said.offsets_m[[shin, foot]], axis=1).sum()
    *_, (_, length) = (line.split() for line in client.answer("bones", asked(definition, said)))
    assert float(length) == pytest.approx(expected, rel=1e-5)
