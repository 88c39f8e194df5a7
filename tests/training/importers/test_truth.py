"""Every data set comes out where it was: to the tenth of a millimetre, the right way round."""

import numpy as np
import pytest

from m2t3.training.archive import licence_of

# What a data set does not tell is made up, and not compared with the truth here.
MADE_UP = {
    "human36m": ("spine1", "spine3", "left_collar", "right_collar"),
    "aist_keypoints": (
        "pelvis", "spine1", "spine2", "spine3", "neck", "left_collar", "right_collar",
        "left_foot", "right_foot", "left_hand", "right_hand",
    ),
    "bvh": ("spine3", "left_hand", "right_hand"),
}  # fmt: skip
FORMATS = ("amass", "bedlam", "humanml3d", "human36m", "aist", "aist_keypoints", "rich", "bvh")
NEARLY_M = 1.01e-4


@pytest.mark.parametrize("name", FORMATS)
def test_joints_are_where_they_were(name, publish, imported, tools):
    published = publish(name)
    archive = imported(published.importer)
    told = [j for n, j in tools.I.items() if n not in MADE_UP.get(name, ())]
    clip = archive.clip(0)
    assert (archive.fps, clip.shape) == (30.0, published.truth_m.shape)
    np.testing.assert_allclose(clip[:, told], published.truth_m[:, told], atol=NEARLY_M)


@pytest.mark.parametrize("name", FORMATS)
def test_up_is_up_left_is_left_forward_is_forward(name, publish, imported, tools):
    at = dict(zip(tools.I, imported(publish(name).importer).clip(0)[0], strict=True))
    assert at["head_top"][2] > at["neck"][2] > at["pelvis"][2] > at["left_ankle"][2] > 0
    for part in ("hip", "knee", "shoulder", "wrist", "ear", "foot", "hand", "collar"):
        assert at[f"left_{part}"][0] > at[f"right_{part}"][0]
    assert at["nose"][1] < at["left_ear"][1]
    assert at["left_foot"][1] < at["left_ankle"][1]


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_made_up_lies_within_a_few_centimetres(name, publish, imported, tools):
    published = publish(name)
    clip = imported(published.importer).clip(0)
    error_m = np.linalg.norm(clip - published.truth_m, axis=-1).max(axis=0)
    assert error_m.max() < 0.12, dict(zip(tools.I, error_m.round(3), strict=True))


@pytest.mark.parametrize("name", FORMATS)
def test_people_are_put_on_the_floor(name, publish, imported, tools):
    published = publish(name)
    clip = imported(published.importer, keep_floor=False).clip(0)
    toes = clip[:, [tools.I["left_foot"], tools.I["right_foot"]], 2].min(axis=1)
    assert np.percentile(toes, 2) == pytest.approx(0.015, abs=NEARLY_M)


@pytest.mark.parametrize(
    ("name", "licence"),
    [
        ("amass", "non-commercial scientific research"),
        ("bedlam", "non-commercial scientific research"),
        ("humanml3d", "non-commercial scientific research"),
        ("human36m", "non-commercial scientific research"),
        ("aist", "non-commercial scientific research"),  # through the body model
        ("aist_keypoints", "free for all uses"),
        ("rich", "non-commercial scientific research"),
        ("bvh", "free for all uses"),
    ],
)
def test_licences_travel_with_the_clips(name, licence, publish, imported):
    assert licence in licence_of(imported(publish(name).importer).clip_sources)
