"""Every skeleton is whole: sides, bones and the joints that the method asks for."""

import pytest

from m2t3.core.errors import M2t3Error
from m2t3.core.skeletons import HALPE26, SKELETONS, SMPL24, part, skeleton

ALL = pytest.mark.parametrize("bones", SKELETONS.values(), ids=SKELETONS)


def test_an_unknown_skeleton_is_refused_with_those_there_are():
    with pytest.raises(M2t3Error, match=r"squid.*coco17, smpl24, h36m17, halpe26"):
        skeleton("squid")


@ALL
def test_a_mirror_image_of_a_mirror_image_is_the_thing_itself(bones):
    mirror = bones.mirror
    assert tuple(mirror[i] for i in mirror) == tuple(range(bones.joint_count))


@ALL
def test_a_mirror_exchanges_the_joints_that_are_named_left_and_right_and_no_others(bones):
    for here, there in enumerate(bones.mirror):
        a, b = bones.joint_names[here], bones.joint_names[there]
        assert {a, b} == ({f"left_{part(a)}", f"right_{part(a)}"} if part(a) != a else {a})
    assert all(bones.joint_names[left].startswith("left_") for left, _ in bones.left_right)


@ALL
def test_hips_and_ankles_are_what_they_are_called(bones):
    assert bones.hips == bones.index("left_hip", "right_hip")
    assert bones.ankles == bones.index("left_ankle", "right_ankle")


@ALL
def test_bones_are_alike_on_both_sides_and_join_every_joint(bones):
    pairs = {frozenset(bone) for bone in bones.bones}
    assert len(pairs) == len(bones.bones)
    assert {frozenset(bones.mirror[i] for i in pair) for pair in pairs} == pairs
    reached: set[int] = set(bones.hips)
    while more := {i for pair in pairs if pair & reached for i in pair} - reached:
        reached |= more
    face = {
        bones.joint_names.index(n) for n in bones.joint_names if part(n) in ("nose", "eye", "ear")
    }
    assert set(range(bones.joint_count)) - reached <= face  # COCO's face hangs in the air


def test_orders_are_those_of_the_field():
    assert HALPE26.index("left_ankle", "head_top", "neck", "pelvis", "right_heel") == (
        15, 17, 18, 19, 25,
    )  # fmt: skip
    assert SMPL24.index("pelvis", "spine3", "left_foot", "right_hand") == (0, 9, 10, 23)
    h36m = SKELETONS["h36m17"]
    assert h36m.index("right_hip", "left_hip", "thorax", "left_shoulder", "right_shoulder") == (
        1, 4, 8, 11, 14,
    )  # fmt: skip
