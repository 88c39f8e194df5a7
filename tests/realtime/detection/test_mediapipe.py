"""MediaPipe's adapter; a bundle cannot be made here, so its answers are made up."""

from types import SimpleNamespace

import numpy as np
import pytest

from m2t3.core.conversions import FORMATS
from m2t3.core.errors import DetectorError
from m2t3.realtime.detection import Detector
from m2t3.realtime.detection.loading import open_detector
from m2t3.realtime.detection.mediapipe import MediaPipe, PoseLandmarker


def test_what_is_no_bundle_is_refused_by_the_real_library(source, tmp_path):
    bundle = tmp_path / "pose.task"
    bundle.write_bytes(b"PK no bundle")
    with pytest.raises(DetectorError, match=r"pose\.task cannot be loaded as a pose landmarker"):
        open_detector(source(detector="mediapipe", model=bundle, person_model=None))


@pytest.fixture
def landmarker(monkeypatch):
    """What the library is asked, and a landmarker that answers with two people."""
    asked = SimpleNamespace(options=None, pictures=[], closed=False)

    class Landmarker:
        def detect_for_video(self, picture, t_ms):
            asked.pictures.append((picture.numpy_view().copy(), t_ms))
            marks = [
                SimpleNamespace(x=j / 32, y=0.5, visibility=1.2 - j / 16, presence=1)
                for j in range(33)
            ]
            return SimpleNamespace(pose_landmarks=[marks, marks])

        def close(self):
            asked.closed = True

    def create(options):
        asked.options = options
        return Landmarker()

    monkeypatch.setattr(PoseLandmarker, "create_from_options", create)
    return asked


def test_landmarks_become_pixels_and_visibilities_confidence(source, landmarker, picture):
    config = source(detector="mediapipe", person_model=None, max_people=2)
    detector = MediaPipe(config, "mediapipe")
    assert isinstance(detector, Detector)
    assert len(FORMATS[detector.skeleton]) == 33
    assert landmarker.options.num_poses == 2
    assert landmarker.options.base_options.model_asset_path == str(config.model)
    people = detector.detect(picture(0), 5_000_000)
    assert len(people) == 2
    # The picture's edges are half a pixel outside of the first and the last pixel's middle.
    np.testing.assert_allclose(people[0].keypoints_px[[0, 32], 0], [-0.5, 639.5])
    np.testing.assert_allclose(people[0].keypoints_px[:, 1], 239.5)
    assert people[0].confidence.min() == 0
    assert people[0].confidence.max() == 1
    detector.close()
    assert landmarker.closed


def test_pictures_go_in_as_red_green_blue_with_rising_times(source, landmarker, picture):
    detector = MediaPipe(source(detector="mediapipe", person_model=None), "mediapipe")
    for t_capture_ns in (7_000_000, 7_300_000, 40_000_000):
        detector.detect(picture(0), t_capture_ns)
    assert [t_ms for _, t_ms in landmarker.pictures] == [7, 8, 40]
    np.testing.assert_array_equal(landmarker.pictures[0][0][120, 150], (255, 0, 0))
