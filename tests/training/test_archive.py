"""Archives: read to the tenth of a millimetre, refused in words."""

import numpy as np
import pytest

from m2t3.core.errors import M2t3Error
from m2t3.core.skeletons import COCO17
from m2t3.training.archive import licence_of, read_archive


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


def test_one_non_commercial_source_makes_the_weights_non_commercial():
    free = ["CMU, free for all uses", "ours, CC BY 4.0"]
    assert licence_of(free).startswith("free for all uses")
    assert "non-commercial" in licence_of([*free, "Bandai-Namco, CC BY-NC 4.0"])
