"""A video file to a keypoint recording: every picture, as fast as the detector goes."""

import dataclasses
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from ...calibration.camera import Camera
from ...core.clock import SECOND_NS
from ...core.conversions import FORMATS, conversion
from ...core.errors import CaptureError
from ...core.messages import ImageSize, Keypoints, KeypointsFrame
from ...core.skeletons import COCO17
from ...lifting.recording import Recording
from ..counts import Counts
from ..intake.picture_size import rescaled, scale_between, size_text
from ..tracking.tracker import Tracker
from . import Detector
from .video import Video


@dataclasses.dataclass(frozen=True, eq=False)
class Seen:
    """What a detector saw in one picture of a video file."""

    t_media_ns: int  # time in the file
    people: tuple[Keypoints, ...]  # in pixels of the calibrated size


def look_through(
    video: Video, detector: Detector, image_size_px: ImageSize, counts: Counts
) -> Iterator[Seen]:
    """Every picture of `video` that can be decoded; others are counted.

    Raises:
        CaptureError: the pictures have other proportions than `image_size_px`.
    """
    while (t_media_ns := video.grab()) is not None:
        picture = video.retrieve()
        if picture is None:
            counts.refused["corrupt"] += 1
            continue
        size_px = picture.shape[1], picture.shape[0]
        if scale_between(size_px, image_size_px) is None:
            raise CaptureError(
                f"the video has pictures of {size_text(size_px)}, the camera file is for "
                f"{size_text(image_size_px)}: other proportions; give the camera file that "
                "belongs to it"
            )
        frame = KeypointsFrame(
            stream="-",
            session="-",
            seq=0,
            t_capture_ns=t_media_ns,
            clock="media",
            skeleton=detector.skeleton,
            image_size_px=size_px,
            people=detector.detect(picture, t_media_ns),
        )
        scaled = rescaled(frame, image_size_px)
        assert scaled is not None
        yield Seen(t_media_ns, scaled.people)


def recording_of(seen: Sequence[Seen], skeleton: str, fps: float, camera: Camera) -> Recording:
    """A recording in which everybody is known by a number of their own.

    Second boxes around one body are left out.

    Raises:
        CaptureError: nothing was seen.
    """
    if not seen:
        raise CaptureError("the video has no picture that can be decoded")
    tracker, body = Tracker(camera, COCO17, at_once=True), conversion(skeleton, COCO17.name)
    ids = [
        tracker.update(
            s.t_media_ns / SECOND_NS,
            [
                msgspec.structs.replace(
                    person,
                    keypoints_px=body.points(person.keypoints_px),
                    confidence=body.confidence(person.confidence),
                )
                for person in s.people
            ],
        ).ids
        for s in seen
    ]
    columns = max(1, max(map(len, ids)))
    shape = len(seen), columns, len(FORMATS[skeleton])
    recording = Recording(
        keypoints_px=np.full((*shape, 2), np.nan, np.float32),
        confidence=np.zeros(shape, np.float32),
        person_id=np.full(shape[:2], -1),
        t_capture_ns=np.array([s.t_media_ns for s in seen], np.int64),
        fps=fps,
        image_size_px=(camera.width_px, camera.height_px),
        skeleton=skeleton,
    )
    for t, (picture, picture_ids) in enumerate(zip(seen, ids, strict=True)):
        for column, (person, person_id) in enumerate(zip(picture.people, picture_ids, strict=True)):
            if person_id is not None:
                recording.keypoints_px[t, column] = person.keypoints_px
                recording.confidence[t, column] = person.confidence
                recording.person_id[t, column] = person_id
    return recording
