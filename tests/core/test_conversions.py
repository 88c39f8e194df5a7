"""Conversions: data that names real joints, exact on a known body, honest about what is missing."""

import numpy as np
import pytest

from m2t3.core import conversions
from m2t3.core.conversions import FORMATS, conversion, conversion_from, sources_of
from m2t3.core.errors import M2t3Error
from m2t3.core.skeletons import COCO17, H36M17, HALPE26, SKELETONS, SMPL24

POSSIBLE = [(s, t) for t in SKELETONS for s in sources_of(SKELETONS[t])]
MOCAP = (*SMPL24.joint_names, *COCO17.joint_names[:5], "head_top")  # the archives' 30

# A body standing upright facing +x, left is +y, metres.
BODY = {
    "nose": (0.1, 0, 1.60), "left_eye": (0.08, 0.03, 1.64), "left_ear": (0, 0.07, 1.60),
    "left_shoulder": (0, 0.18, 1.40), "left_elbow": (0, 0.20, 1.10), "left_wrist": (0.1, 0.2, 0.9),
    "left_hip": (0, 0.10, 0.90), "left_knee": (0, 0.10, 0.50), "left_ankle": (0, 0.10, 0.08),
    "left_big_toe": (0.2, 0.08, 0.02), "left_small_toe": (0.15, 0.15, 0.02),
    "left_heel": (-0.05, 0.1, 0.02),
}  # fmt: skip


def points_of(names):
    """(J, 3) of the joints that BODY tells; others are NaN."""
    at = {name: np.array(xyz) for name, xyz in BODY.items()}
    at |= {f"right_{n[5:]}": xyz * [1, -1, 1] for n, xyz in at.items() if n.startswith("left_")}
    return np.array([at.get(name, np.full(3, np.nan)) for name in names])


def test_detectors_formats_have_their_published_sizes_and_no_name_twice():
    sizes = {name: len(joints) for name, joints in FORMATS.items() if name not in SKELETONS}
    assert sizes == {"coco133": 133, "body25": 25, "mediapipe33": 33}
    assert all(len(set(joints)) == len(joints) for joints in FORMATS.values())


def test_recipes_name_joints_that_exist_and_weights_add_up_to_one():
    known = {name for joints in FORMATS.values() for name in joints}
    for target, recipes in conversions._RECIPES.items():
        assert set(recipes) <= set(SKELETONS[target].joint_names)
        for recipe in (r for alternatives in recipes.values() for r in alternatives):
            assert set(recipe) <= known
            assert sum(recipe.values()) == pytest.approx(1)


def test_what_converts_to_what():
    assert set(sources_of(COCO17)) == {"coco17", "halpe26", "coco133", "body25", "mediapipe33"}
    assert set(sources_of(H36M17)) == {*sources_of(COCO17), "h36m17"}
    assert set(sources_of(HALPE26)) == {"halpe26", "coco133", "body25"}
    assert set(sources_of(SMPL24)) == {*sources_of(HALPE26), "smpl24"}
    for target in (COCO17, H36M17, SMPL24):
        assert len(conversion_from(MOCAP, target).index) == target.joint_count


@pytest.mark.parametrize("name", SKELETONS)
def test_a_format_converts_to_itself_unchanged(name):
    points = np.random.default_rng(0).normal(size=(3, SKELETONS[name].joint_count, 2))
    np.testing.assert_array_equal(conversion(name, name).points(points), points)


@pytest.mark.parametrize(("source", "target"), POSSIBLE)
def test_joints_of_one_name_and_place_are_taken_over_exactly(source, target):
    known = points_of(FORMATS[source])
    found = conversion(source, target).points(known)
    expected = points_of(SKELETONS[target].joint_names)
    told = np.isfinite(expected).all(axis=1) & np.isfinite(found).all(axis=1)
    assert told.sum() >= 12
    np.testing.assert_allclose(found[told], expected[told])


@pytest.mark.parametrize(
    ("source", "target", "joint", "expected"),
    [
        ("coco17", "h36m17", "pelvis", (0, 0, 0.9)),
        ("halpe26", "h36m17", "thorax", (0, 0, 1.4)),
        ("mediapipe33", "h36m17", "spine", (0, 0, 1.15)),
        ("body25", "halpe26", "neck", (0, 0, 1.4)),
        ("coco133", "halpe26", "head_top", (0, 0, 1.724)),
        ("coco133", "smpl24", "spine1", (0, 0, 1.025)),
        ("halpe26", "smpl24", "left_hand", (0.134, 0.2, 0.832)),
        ("body25", "smpl24", "right_collar", (0, -0.072, 1.4)),
        ("coco133", "smpl24", "left_foot", (0.13225, 0.11215, 0.02)),
    ],
)
def test_a_known_body_converts_to_exact_values(source, target, joint, expected):
    known = points_of(FORMATS[source])
    if source == "coco133":  # its knuckles are not part of the known body
        assert np.isnan(conversion(source, target).points(known)).any() == (target == "smpl24")
    (index,) = SKELETONS[target].index(joint)
    np.testing.assert_allclose(conversion(source, target).points(known)[index], expected, atol=1e-9)


def test_a_joint_is_missing_when_one_that_it_needs_is_missing_and_no_other_is():
    known = points_of(COCO17.joint_names)
    known[COCO17.index("left_hip")] = np.nan
    found = conversion("coco17", "h36m17").points(known[None, :, :2])[0]
    missing = {H36M17.joint_names[i] for i in np.flatnonzero(np.isnan(found).any(axis=1))}
    assert missing == {"left_hip", "pelvis", "spine"}


def test_confidence_is_the_least_of_the_joints_that_are_needed():
    confidence = np.full(17, 0.9, np.float32)
    confidence[list(COCO17.index("left_hip", "right_shoulder"))] = 0.2, 0.4
    found = conversion("coco17", "h36m17").confidence(confidence)
    told = dict(zip(H36M17.joint_names, found, strict=True))
    assert told["spine"] == told["pelvis"] == told["left_hip"] == np.float32(0.2)
    assert told["thorax"] == told["head_top"] == np.float32(0.4)
    assert told["right_hip"] == np.float32(0.9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_precision_stays(dtype):
    assert conversion("coco17", "h36m17").points(np.ones((2, 17, 2), dtype)).dtype == dtype


def test_what_cannot_be_converted_is_refused_with_what_lacks_and_what_converts():
    with pytest.raises(M2t3Error, match=r"h36m17 cannot become coco17 .*left_eye.*convertible: "):
        conversion("h36m17", "coco17")
    with pytest.raises(M2t3Error, match=r"left_small_toe.* halpe26.*convertible: .*body25"):
        conversion("mediapipe33", "halpe26")
