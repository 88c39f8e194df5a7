"""Pictures of another size than the camera was calibrated at.

A camera that delivers smaller pictures of the same proportions has, as a rule, scaled them down:
their pixels can be scaled back up, and the calibration holds. Other proportions mean that something
was cut off somewhere, nobody knows where: no scaling mends that.
"""

import msgspec
import numpy as np

from ...core.messages import ImageSize, KeypointsFrame


def scale_between(from_px: ImageSize, to_px: ImageSize) -> tuple[float, float] | None:
    """Factors (x, y) that take a picture of one (width, height) to the other.

    None where the proportions differ by more than the rounding of sizes to whole pixels.
    """
    (width, height), (to_width, to_height) = from_px, to_px
    rounded = (
        height == round(width * to_height / to_width),
        width == round(height * to_width / to_height),
    )
    scale = to_width / width, to_height / height
    tiny = abs(scale[0] / scale[1] - 1) > 0.01  # so that rounding hides any proportions
    return scale if any(rounded) and not tiny else None


def rescaled(frame: KeypointsFrame, image_size_px: ImageSize) -> KeypointsFrame | None:
    """`frame` as if its pictures had `image_size_px`; None where the proportions differ."""
    if frame.image_size_px == image_size_px:
        return frame
    scale = scale_between(frame.image_size_px, image_size_px)
    if scale is None:
        return None
    # Pixel (0, 0) is the centre of a pixel: the picture begins half a pixel before it.
    factor = np.array(scale, np.float32)
    half = np.float32(0.5)
    return msgspec.structs.replace(
        frame,
        image_size_px=image_size_px,
        people=tuple(
            msgspec.structs.replace(
                person, keypoints_px=(person.keypoints_px + half) * factor - half
            )
            for person in frame.people
        ),
    )


def size_text(size_px: ImageSize) -> str:
    """A size in words."""
    return f"{size_px[0]} x {size_px[1]}"
