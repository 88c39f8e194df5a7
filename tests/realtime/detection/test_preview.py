"""Previews are small, within their bounds, and show people."""

import cv2
import msgspec
import numpy as np
import pytest

from m2t3.core import topics, wire
from m2t3.core.conversions import FORMATS
from m2t3.core.errors import WireError
from m2t3.core.messages import MAX_PREVIEW_BYTES, Keypoints, KeypointsFrame
from m2t3.realtime.detection.preview import preview


@pytest.fixture
def seen():
    """A frame of one person whose joints are all at a place."""

    def make(skeleton="coco17", place=(300.0, 200.0), size_px=(640, 480)) -> KeypointsFrame:
        joints = len(FORMATS[skeleton])
        person = Keypoints(
            keypoints_px=np.full((joints, 2), place, np.float32),
            confidence=np.ones(joints, np.float32),
        )
        return KeypointsFrame(
            stream="cam0", session="s", seq=4, t_capture_ns=9, clock="monotonic",
            skeleton=skeleton, image_size_px=size_px, people=(person,),
        )  # fmt: skip

    return make


def decoded(message):
    return cv2.imdecode(np.frombuffer(message.jpeg, np.uint8), cv2.IMREAD_COLOR)


def test_a_large_picture_becomes_small_and_its_people_are_where_they_were(seen):
    small = preview(
        np.zeros((1920, 1080, 3), np.uint8), seen(place=(540, 960), size_px=(1080, 1920))
    )
    assert small.image_size_px == (360, 640)
    picture = decoded(small)
    assert picture.shape == (640, 360, 3)
    v, u = np.argwhere(picture.max(2) > 128).mean(0)
    np.testing.assert_allclose((u, v), (180, 320), atol=1)
    assert (small.stream, small.session, small.seq, small.t_capture_ns) == ("cam0", "s", 4, 9)


@pytest.mark.parametrize("skeleton", FORMATS)
def test_people_of_every_detectors_format_are_drawn(seen, skeleton):
    assert decoded(preview(np.zeros((480, 640, 3), np.uint8), seen(skeleton))).max() > 128


@pytest.mark.parametrize("place", [(np.nan, np.nan), (1e30, -1e30), (np.inf, 0), (-5e3, 9e3)])
def test_joints_that_cannot_be_drawn_are_left_out(seen, place):
    assert decoded(preview(np.zeros((480, 640, 3), np.uint8), seen(place=place))).max() < 32


def test_a_picture_that_does_not_compress_still_keeps_the_bound(seen):
    noise = np.random.default_rng(0).integers(0, 255, (640, 640, 3), np.uint8)
    small = preview(noise, seen(size_px=(640, 640)))
    assert len(small.jpeg) <= MAX_PREVIEW_BYTES
    assert len(wire.encode(small)) <= topics.PREVIEW.max_payload_bytes


def test_previews_beyond_the_bounds_are_refused(seen):
    small = preview(np.zeros((480, 640, 3), np.uint8), seen())
    for changes, kind in [
        ({"image_size_px": (1281, 720)}, "schema"),
        ({"image_size_px": (0, 720)}, "schema"),
        ({"jpeg": b""}, "schema"),
        ({"jpeg": bytes(MAX_PREVIEW_BYTES + 1)}, "schema"),
        ({"jpeg": bytes(topics.PREVIEW.max_payload_bytes)}, "oversize"),
    ]:
        payload = wire.encode(msgspec.structs.replace(small, **changes))
        with pytest.raises(WireError) as refusal:
            wire.decode(topics.PREVIEW, payload)
        assert refusal.value.kind == kind
