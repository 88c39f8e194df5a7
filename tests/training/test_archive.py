"""Archives: read to the tenth of a millimetre, refused in words."""

from dataclasses import replace

import numpy as np
import pytest

from m2t3.core.errors import M2t3Error
from m2t3.core.skeletons import COCO17
from m2t3.training.archive import licence_of, read_archive, read_archives


def test_clips_are_read_in_the_skeletons_order(archive_path, clips):
    archive = read_archive(archive_path, COCO17)
    assert (archive.clip_names, archive.fps) == (("wave", "walk"), 30.0)
    for i, truth in enumerate(clips):
        np.testing.assert_allclose(archive.clip(i), truth, atol=6e-5)  # int16 of 0.1 mm


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({"clip_start": ..., "fps": ...}, "lacks clip_start, fps"),
        ({"joint_name": np.array(["pelvis"] * 19)}, "no joint nose, .*of coco17"),
    ],
)
def test_what_lacks_something_is_refused_by_name(make_archive, change, answer):
    path = make_archive(**change)
    with pytest.raises(M2t3Error, match=f"changed.npz: .*{answer}"):
        read_archive(path, COCO17)


def test_what_is_no_archive_is_refused_by_its_path(tmp_path):
    with pytest.raises(M2t3Error, match=r"nowhere\.npz"):
        read_archive(tmp_path / "nowhere.npz", COCO17)
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(M2t3Error, match=r"text\.npz"):
        read_archive(tmp_path / "text.npz", COCO17)
    (tmp_path / "empty.npz").touch()
    np.save(tmp_path / "array.npy", np.zeros((2, 3)))
    for name, answer in (("empty.npz", "not a mocap archive"), ("array.npy", "a single array")):
        with pytest.raises(M2t3Error, match=f"{name}: {answer}.*m2t3 import"):
            read_archive(tmp_path / name, COCO17)


def test_archives_of_different_rates_are_refused_with_both(archive_path, make_archive):
    other = make_archive(fps=np.float64(60.0))
    with pytest.raises(M2t3Error, match=r"demo\.npz has 30, .*changed\.npz has 60 .*m2t3 import"):
        read_archives([archive_path, other], COCO17)
    assert [a.fps for a in read_archives([archive_path, archive_path], COCO17)] == [30.0, 30.0]


def test_one_non_commercial_source_makes_the_weights_non_commercial():
    free = ["CMU, free for all uses", "ours, CC BY 4.0"]
    assert licence_of(free).startswith("free for all uses")
    assert "non-commercial" in licence_of([*free, "Bandai-Namco, CC BY-NC 4.0"])


@pytest.mark.parametrize(
    ("source", "licence"),
    [
        ("Motion lab at MIT, all rights reserved", "unknown"),
        ("not free for all uses", "unknown"),
        ("mine, no MIT licence", "unknown"),
        ("mine, CC BY-SA 4.0", "unknown"),
        ("mine, CC BY-NC-SA 4.0", "unknown"),
        ("mine", "unknown"),
        ("mine, CC BY 4.0, Non-Commercial use only", "non-commercial"),
        ("mine, noncommercial", "non-commercial"),
        ("mine, cc by-nc 4.0", "CC BY-NC"),
        ("Acme INC, CC BY 4.0", "free for all uses"),
        ("mine, CC-BY-4.0", "free for all uses"),
        ("mine, MIT license", "free for all uses"),
        ("theirs, free for all uses; retargeted in a/b, MIT", "free for all uses"),
    ],
)
def test_a_source_is_free_only_if_nothing_in_it_takes_that_back(source, licence):
    assert licence_of([source]).startswith(licence)


def test_a_share_of_the_clips_is_evenly_spread_and_keeps_their_sources(make_archive):
    joints = read_archive(make_archive(), COCO17)
    many = replace(
        joints,
        positions_world_m=np.arange(30.0, dtype=np.float32).repeat(51).reshape(30, 17, 3),
        clip_start=np.arange(0, 31, 3),
        clip_names=tuple("abcdefghij"),
        clip_sources=tuple("ABCDEFGHIJ"),
    )
    half = many.thinned(0.5)
    assert half.clip_names == ("a", "c", "e", "h", "j")
    assert half.clip_sources == ("A", "C", "E", "H", "J")
    for here, there in enumerate((0, 2, 4, 7, 9)):
        np.testing.assert_array_equal(half.clip(here), many.clip(there))
    assert many.thinned(0.01).clip_names == ("a",)
    assert many.thinned(1.0).clip_names == many.clip_names
