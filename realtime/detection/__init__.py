"""2D detectors behind one Protocol, the camera that they look at, and what is sent of it."""

from typing import Protocol, runtime_checkable

from jaxtyping import UInt8
from numpy.typing import NDArray

from ...core.messages import Keypoints


@runtime_checkable
class Detector(Protocol):
    """Finds people and their joints in a picture."""

    @property
    def skeleton(self) -> str:
        """The keypoint format, one of `core.conversions.FORMATS`."""

    @property
    def description(self) -> str:
        """Which detector with which models, in words."""

    def detect(
        self, picture_bgr: UInt8[NDArray, "h w 3"], t_capture_ns: int
    ) -> tuple[Keypoints, ...]:
        """Everybody in the picture, in its pixels; NaN and confidence 0 where a joint is missing.

        Args:
            picture_bgr: blue, green, red.
            t_capture_ns: when it was taken; rises from call to call.
        """

    def close(self) -> None:
        """Release the models."""
