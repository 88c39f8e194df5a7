"""Joints that can be used, in one compiled pass: as the conversions make them, or not at all."""

import numpy as np
import pytest

from m2t3.core.conversions import FORMATS, conversion, sources_of
from m2t3.core.skeletons import SKELETONS
from m2t3.realtime.intake.usable import usable_joints

WIDTH_PX, HEIGHT_PX = 640, 480


@pytest.mark.parametrize(
    ("source", "target"),
    [(source, t) for t in ("coco17", "halpe26", "h36m17") for source in sources_of(SKELETONS[t])],
)
def test_joints_are_converted_where_all_that_they_are_made_of_can_be_used(source, target):
    convert = conversion(source, target)
    rng = np.random.default_rng(0)
    joints = len(FORMATS[source])
    px = rng.uniform(-1.4, 2.4, (joints, 2)).astype(np.float32) * np.float32([WIDTH_PX, HEIGHT_PX])
    confidence = rng.uniform(-0.1, 1.3, joints).astype(np.float32)
    px[1], confidence[2] = np.nan, np.nan
    inside = (np.abs(px / [WIDTH_PX, HEIGHT_PX] - 0.5) <= 1.5).all(axis=-1)
    usable = inside & (confidence > 0)
    expected_px = convert.points(np.where(usable[:, None], px, np.float32(np.nan)))
    expected = convert.confidence(np.where(usable, confidence.clip(None, 1), np.float32(0)))
    found_px, found, nonfinite, distant, anything = usable_joints(
        px, confidence, WIDTH_PX, HEIGHT_PX, convert.index, convert.weight
    )
    assert found_px.dtype == found.dtype == np.float32
    np.testing.assert_array_equal(found_px, expected_px)
    np.testing.assert_array_equal(found, expected)
    finite = np.isfinite(px).all(axis=-1) & np.isfinite(confidence)
    claimed = ~(confidence <= 0)
    assert nonfinite == np.count_nonzero(claimed & ~finite)
    assert distant == np.count_nonzero(claimed & finite & ~inside)
    assert anything == (not np.isnan(expected_px).all())


def test_nobody_is_left_of_a_person_without_a_joint():
    convert = conversion("coco17", "coco17")
    px, confidence = np.full((17, 2), np.nan, np.float32), np.ones(17, np.float32)
    *_, nonfinite, distant, anything = usable_joints(
        px, confidence, WIDTH_PX, HEIGHT_PX, convert.index, convert.weight
    )
    assert (nonfinite, distant, anything) == (17, 0, False)
