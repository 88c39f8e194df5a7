"""RTMPose through the real rtmlib, on stand-in models."""

import numpy as np
import pytest

from m2t3.core.errors import DetectorError
from m2t3.realtime.detection import Detector
from m2t3.realtime.detection.loading import open_detector

TOLERANCE_PX = 8.0  # the radius of a dot, and a pixel of the small pictures that models take


@pytest.mark.parametrize(("joints", "skeleton"), [(17, "coco17"), (26, "halpe26")])
def test_the_number_of_joints_tells_body_from_body_with_feet(
    source, picture, joints_px, joints, skeleton
):
    detector = open_detector(source(joints=joints))
    assert isinstance(detector, Detector)
    assert detector.skeleton == skeleton
    (person,) = detector.detect(picture(0), 0)
    # Red, green and blue dots have joints of their own: a picture in the wrong order of colours
    # would exchange the first and the last.
    np.testing.assert_allclose(person.keypoints_px, joints_px(joints=joints), atol=TOLERANCE_PX)
    assert (person.confidence == 1).all()
    detector.close()


def test_several_people_are_seen_the_largest_first(source, picture, joints_px):
    detector = open_detector(source())
    people = detector.detect(picture(0, second=True), 0)
    assert len(people) == 2
    for half, person in enumerate(sorted(people, key=lambda person: person.keypoints_px[0, 0])):
        np.testing.assert_allclose(person.keypoints_px, joints_px(half=half), atol=TOLERANCE_PX)
    assert len(open_detector(source(max_people=1)).detect(picture(0, second=True), 0)) == 1


def test_an_empty_picture_has_nobody_in_it(source, picture):
    detector = open_detector(source(person_every=1))
    assert detector.detect(np.zeros_like(picture(0)), 0) == ()
    assert len(detector.detect(picture(0), 1)) == 1
    assert detector.detect(np.zeros_like(picture(0)), 2) == ()


def test_between_looks_of_the_person_detector_the_joints_lead_on(source, picture, joints_px):
    detector = open_detector(source(person_every=100))
    for n in range(40):  # 80 pixels: away from where the person detector's box would be
        (person,) = detector.detect(picture(n), n)
        np.testing.assert_allclose(person.keypoints_px, joints_px(n), atol=TOLERANCE_PX)
    assert detector.detect(np.zeros_like(picture(0)), 100) == ()


def test_a_joint_that_is_not_found_is_missing(source, picture):
    without_blue = picture(0)
    without_blue[..., 0] = 0
    (person,) = open_detector(source()).detect(without_blue, 0)
    blue = np.arange(17) % 3 == 2
    assert np.isnan(person.keypoints_px[blue]).all()
    assert (person.confidence[blue] == 0).all()
    assert np.isfinite(person.keypoints_px[~blue]).all()


def test_of_a_detector_of_80_classes_only_people_count(source, picture, constant_model):
    cells = np.zeros((1, 20 * 20 + 10 * 10 + 5 * 5, 85))
    for cell, klass in ((0, 0), (3, 16)):  # a person and a dog, 32 px large
        cells[0, cell, [4, 5 + klass]] = 1
        cells[0, cell, 2:4] = np.log(4)
    yolox = constant_model("yolox.onnx", (160, 160), cells)
    detector = open_detector(source(person_model=yolox))
    assert len(detector._people_boxes(picture(0))) == 1


def test_models_of_another_kind_are_refused_with_what_they_should_be(
    source, tmp_path, pose_model, constant_model
):
    size = width, height = 96, 128
    heatmaps = constant_model("h.onnx", size, np.zeros((1, 17, 32, 24)))
    axes = [np.zeros((1, 17, side)) for side in size]
    few_bins = constant_model("b.onnx", size, *axes)
    hands = [np.zeros((1, 21, 2 * side)) for side in size]
    nonsense = tmp_path / "nonsense.onnx"
    nonsense.write_bytes(b"\x08\x07no model")
    for changes, message in [
        ({"model": heatmaps}, "is no RTMPose: its outputs are"),
        ({"model": few_bins}, rf"they are \(1, J, {2 * width}\) and \(1, J, {2 * height}\)"),
        ({"model": constant_model("n.onnx", size, *hands)}, "has 21 joints; known are models"),
        ({"person_model": constant_model("d.onnx", size, np.zeros((1, 17)))}, "is no YOLOX"),
        ({"model": nonsense}, "cannot be loaded as ONNX"),
        ({"accelerator": "cuda"}, "ONNX Runtime cannot use a GPU here; put onnxruntime-gpu"),
    ]:
        with pytest.raises(DetectorError, match=message):
            open_detector(source(**changes))
