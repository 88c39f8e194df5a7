"""A small picture of what the camera sees, with the keypoints drawn in, for viewers."""

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import UInt8
from numpy.typing import NDArray

from ...core.conversions import conversion
from ...core.messages import MAX_PREVIEW_BYTES, Keypoints, KeypointsFrame, Preview
from ...core.skeletons import COCO17, SKELETONS, Skeleton

LONGEST_PX = 640  # the longer side
QUALITIES = (75, 50, 25)  # of the JPEG; the first that is small enough
CLEAR = 0.3  # confidence from which on a joint is drawn
# Blue, green, red: the person's left, right, and middle.
LEFT, RIGHT, MIDDLE = (255, 200, 60), (70, 140, 255), (230, 230, 230)


def preview(picture_bgr: UInt8[NDArray, "h w 3"], frame: KeypointsFrame) -> Preview | None:
    """The preview of `frame`, whose picture this is; None if it cannot be made small enough."""
    height, width = picture_bgr.shape[:2]
    scale = min(1.0, LONGEST_PX / max(width, height))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(picture_bgr, size, interpolation=cv2.INTER_AREA)
    draw(small, frame.people, frame.skeleton, scale)
    for quality in QUALITIES:
        encoded, jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if encoded and jpeg.size <= MAX_PREVIEW_BYTES:
            return Preview(
                stream=frame.stream,
                session=frame.session,
                seq=frame.seq,
                t_capture_ns=frame.t_capture_ns,
                clock=frame.clock,
                image_size_px=size,
                jpeg=jpeg.tobytes(),
            )
    return None


def draw(
    picture_bgr: UInt8[NDArray, "h w 3"],
    people: Sequence[Keypoints],
    skeleton_name: str,
    scale: float = 1.0,
) -> None:
    """Draw the clear joints of `people` into a picture that was scaled by `scale`."""
    skeleton = SKELETONS.get(skeleton_name, COCO17)
    convert = conversion(skeleton_name, skeleton.name)
    for person in people:
        points = (convert.points(person.keypoints_px) + 0.5) * scale - 0.5
        clear = (convert.confidence(person.confidence) >= CLEAR) & np.isfinite(points).all(-1)
        # Far outside the picture there is nothing to see, and OpenCV's integers end.
        clear &= (np.abs(np.nan_to_num(points)) < 10_000).all(-1)
        # OpenCV takes sixteenths of a pixel.
        fixed = np.where(clear[:, None], points * 16, 0).round().astype(int)
        for a, b in skeleton.bones:
            if clear[a] and clear[b]:
                colour = _colour(skeleton, a, b)
                cv2.line(picture_bgr, fixed[a], fixed[b], colour, 2, cv2.LINE_AA, 4)
        for joint in np.flatnonzero(clear).tolist():
            colour = _colour(skeleton, joint, joint)
            cv2.circle(picture_bgr, fixed[joint], 3 * 16, colour, -1, cv2.LINE_AA, 4)


def _colour(skeleton: Skeleton, a: int, b: int) -> tuple[int, int, int]:
    sides = {skeleton.joint_names[joint].partition("_")[0] for joint in (a, b)}
    if sides == {"left"}:
        return LEFT
    return RIGHT if sides == {"right"} else MIDDLE
