"""The wire carries every message unharmed and turns everything else away, by kind."""

import msgpack
import msgspec
import numpy as np
import pytest

from m2t3.core import wire
from m2t3.core.errors import WireError
from m2t3.core.messages import CameraModel, Keypoints, KeypointsFrame
from m2t3.core.topics import DEFINITION, KEYPOINTS, POSE, TOPICS


def plain(value):
    """`value` as nested dicts with arrays as lists, for comparison (NaN equals NaN)."""
    return repr(msgspec.to_builtins(value, enc_hook=lambda array: array.tolist()))


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.prefix)
def test_every_message_survives_the_round_trip(topic, examples):
    message = examples[topic]
    decoded = wire.unpack(wire.pack(topic, message), TOPICS)
    assert type(decoded) is topic.message_type
    assert plain(decoded) == plain(message)


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.prefix)
def test_any_messagepack_library_reads_and_writes_our_bytes(topic, examples):
    message = examples[topic]
    fields = msgpack.unpackb(wire.encode(message))
    assert list(fields) == list(msgspec.structs.asdict(message))
    assert plain(wire.decode(topic, msgpack.packb(fields))) == plain(message)


def test_joints_are_little_endian_float32_row_by_row(examples):
    (pose,) = msgpack.unpackb(wire.encode(examples[POSE]))["people"]
    joints = np.frombuffer(pose["positions_world_m"], "<f4").reshape(-1, 3)
    np.testing.assert_array_equal(joints, examples[POSE].people[0].positions_world_m)
    assert pose["valid"] == bytes(examples[POSE].people[0].valid.tolist())


def test_decoded_arrays_have_their_shape_and_are_read_only(keypoints_frame):
    person = wire.decode(KEYPOINTS, wire.encode(keypoints_frame)).people[0]
    assert person.keypoints_px.shape == (17, 2)
    assert not person.keypoints_px.flags.writeable


def test_definition_id_follows_the_content_and_not_the_sender(examples):
    definition = next(m for t, m in examples.items() if t.prefix == "m2t3.def")
    later = msgspec.structs.replace(definition, session="other", t_publish_ns=99, def_id="x")
    moved = msgspec.structs.replace(
        definition, camera=msgspec.structs.replace(definition.camera, translation_m=(0, 0, 1.0))
    )
    assert isinstance(moved.camera, CameraModel)
    assert wire.definition_id(later) == wire.definition_id(definition)
    assert wire.definition_id(moved) != wire.definition_id(definition)


@pytest.fixture
def fields(keypoints_frame):
    return msgpack.unpackb(wire.encode(keypoints_frame))


def refusal(payload: bytes) -> str:
    with pytest.raises(WireError) as caught:
        wire.decode(KEYPOINTS, payload)
    return caught.value.kind


def test_keys_from_a_later_version_are_ignored(fields):
    assert wire.decode(KEYPOINTS, msgpack.packb({**fields, "mood": {"good": [1]}})).seq == 7


def test_truncated_at_any_byte_is_refused(fields):
    payload = msgpack.packb(fields)
    assert {refusal(payload[:n]) for n in range(len(payload))} == {"malformed"}


def test_oversize_is_refused_unread():
    assert refusal(b"\xc1" * (KEYPOINTS.max_payload_bytes + 1)) == "oversize"


def test_another_version_is_refused_as_such_whatever_else_it_holds(fields):
    assert refusal(msgpack.packb({**fields, "v": 2})) == "version"
    assert refusal(msgpack.packb({"v": 2, "stream": 5})) == "version"


@pytest.mark.parametrize("key", ["v", "stream", "session", "seq", "t_capture_ns", "people"])
def test_a_missing_key_is_refused(fields, key):
    del fields[key]
    assert refusal(msgpack.packb(fields)) == "schema"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("v", "1"),
        ("stream", "a/b"),
        ("stream", "cam0\n"),
        ("session", ""),
        ("session", "5f3a91c2\n"),
        ("seq", -1),
        ("seq", 1.5),
        ("t_capture_ns", 2**63),
        ("clock", "sundial"),
        ("image_size_px", [1920]),
        ("image_size_px", [0, 1080]),
        ("people", {}),
        ("people", [1]),
        ("people", [{"keypoints_px": [1.0, 2.0], "confidence": b""}]),
        ("people", [{"keypoints_px": b"123", "confidence": b""}]),
    ],
)
def test_an_ill_typed_value_is_refused(fields, key, value):
    assert refusal(msgpack.packb({**fields, key: value})) == "schema"


def test_too_many_people_are_refused(fields):
    assert refusal(msgpack.packb({**fields, "people": fields["people"][:1] * 33})) == "schema"


def test_nesting_bombs_are_refused():
    assert refusal(b"\x91" * 60_000) in {"malformed", "schema"}
    assert refusal(b"\x82\xa1v\x01\xa1x" + b"\x91" * 60_000) == "malformed"


def test_an_unknown_skeleton_is_refused(fields):
    assert refusal(msgpack.packb({**fields, "skeleton": "squid"})) == "skeleton"


@pytest.mark.parametrize(("pixels", "confidences"), [(16, 16), (17, 16), (18, 17), (0, 0)])
def test_a_wrong_number_of_joints_is_refused(fields, pixels, confidences):
    fields["people"] = [{"keypoints_px": bytes(8 * pixels), "confidence": bytes(4 * confidences)}]
    assert refusal(msgpack.packb(fields)) == "joint_count"


def test_a_message_of_the_wrong_shape_cannot_even_be_made():
    with pytest.raises(WireError, match="34 numbers where 3 joints need 6"):
        Keypoints(keypoints_px=np.zeros((17, 2), np.float32), confidence=np.ones(3, np.float32))


def test_parts_and_topics_must_fit(keypoints_frame):
    topic, payload = wire.pack(KEYPOINTS, keypoints_frame)
    assert isinstance(wire.unpack([topic, payload], TOPICS), KeypointsFrame)
    for parts, kind in [
        ([], "parts"),
        ([topic], "parts"),
        ([topic, payload, b""], "parts"),
        ([b"m2t3.keypoints.cam1", payload], "topic"),
        ([b"\xff\xfe", payload], "topic"),
        ([b"m2t3.keypoints", payload], "topic"),
    ]:
        with pytest.raises(WireError) as caught:
            wire.unpack(parts, TOPICS)
        assert caught.value.kind == kind
    with pytest.raises(WireError, match=r"valid: m2t3.pose.\*"):
        wire.unpack([topic, payload], [POSE])


def test_a_pose_of_an_older_publisher_has_no_body_and_unknown_contact(examples):
    fields = msgpack.unpackb(wire.encode(examples[POSE]))
    del fields["people"][0]["body"], fields["people"][0]["contact"]
    (pose,) = wire.decode(POSE, msgpack.packb(fields)).people
    assert pose.body is None
    assert np.isnan(pose.contact).tolist() == [True, True]


@pytest.mark.parametrize(
    ("key", "value", "kind"),
    [
        ("root_world_m", bytes(8), "schema"),
        ("offsets_m", bytes(12), "bone_count"),
        ("rotations_xyzw", bytes(17 * 4), "bone_count"),
        ("joint_offsets_m", bytes(12), "joint_count"),
        ("heading_rad", "north", "schema"),
    ],
)
def test_a_body_whose_arrays_do_not_fit_is_refused(examples, key, value, kind):
    fields = msgpack.unpackb(wire.encode(examples[POSE]))
    fields["people"][0]["body"][key] = value
    with pytest.raises(WireError) as caught:
        wire.decode(POSE, msgpack.packb(fields))
    assert caught.value.kind == kind


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("parents", [-1]),
        ("parents", [0] * 19),
        ("joint_bones", [19]),
        ("bone_names", ["Hips"] * 65),
    ],
)
def test_a_humanoid_that_is_no_tree_is_refused(examples, key, value):
    fields = msgpack.unpackb(wire.encode(examples[DEFINITION]))
    fields["humanoid"][key] = value
    with pytest.raises(WireError):
        wire.decode(DEFINITION, msgpack.packb(fields))
