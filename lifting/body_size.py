"""How large a person is: a belief that lasts until they leave, and its place among the conditions.

Size is the logarithm of leg and trunk length over that of a standard body. The network is told what
is believed so far and how firmly, and answers with what it believes after its memory; after a
memory's length of new frames that answer becomes the belief. A height the user gave is what is
believed from the first frame to the last: answer after answer would wear it down, as all of them
share the errors of one view.
"""

import math
from dataclasses import dataclass

from array_api_compat import array_namespace
from jaxtyping import Float

from ..core.errors import M2t3Error
from ..core.skeletons import Skeleton
from .arrays import Array

STANDARD_M = 1.32  # thigh, shin and trunk of the canonical body of lifting.anchor ...
STANDARD_HEIGHT_M = 1.74  # ... and its height
UNKNOWN = 0.08  # spread of log size among people: knowing less than this is knowing nothing
_FROM_HEIGHT = 0.025  # what proportions leave open when the height is known
_FIRMEST = 0.012  # evidence of one view is never independent enough to be surer
_OVERLAP = 1.3  # successive answers share their errors
_HEIGHTS_M = (0.8, 2.4)


@dataclass(frozen=True)
class SizeBelief:
    """What is known of one person's size."""

    log_size: float = 0.0  # expected logarithm of size, 0 is the standard body
    sigma: float = UNKNOWN  # its standard deviation
    told: bool = False  # by the user, and so it stays

    @staticmethod
    def of_height(height_m: float) -> "SizeBelief":
        """What a person's height in metres says.

        Raises:
            M2t3Error: not a person's height in metres.
        """
        low, high = _HEIGHTS_M
        if not low <= height_m <= high:
            raise M2t3Error(
                f"height {height_m} is not a person's in metres: valid is {low} to {high}"
            )
        return SizeBelief(math.log(height_m / STANDARD_HEIGHT_M), _FROM_HEIGHT, told=True)

    def updated(self, log_size: float, sigma: float) -> "SizeBelief":
        """The belief after the network's answer to it."""
        if self.told or not (math.isfinite(log_size) and math.isfinite(sigma)):
            return self
        return SizeBelief(log_size, min(self.sigma, max(_OVERLAP * sigma, _FIRMEST)))


def size_features(log_size: Float[Array, "*b"], sigma: Float[Array, "*b"]) -> Float[Array, "*b 2"]:
    """The belief as conditions of the network; both vanish when nothing is known."""
    xp = array_namespace(sigma)
    firm = xp.log(UNKNOWN / sigma).clip(0.0, None) / 2.0
    return xp.stack([firm, firm.clip(None, 1.0) * log_size / 0.05], axis=-1)


def log_size(points_m: Float[Array, "*b j 3"], skeleton: Skeleton) -> Float[Array, "*b"]:
    """Logarithm of a body's thigh, shin and trunk over the standard body's; sides averaged."""
    xp = array_namespace(points_m)
    hips, ankles = skeleton.hips, skeleton.ankles
    knees = skeleton.index("left_knee", "right_knee")
    shoulders = skeleton.index("left_shoulder", "right_shoulder")

    def length(a: Array, b: Array) -> Array:
        return xp.sqrt(xp.sum((a - b) ** 2, axis=-1))

    def at(pair: tuple[int, ...]) -> Array:
        return 0.5 * (points_m[..., pair[0], :] + points_m[..., pair[1], :])

    legs = [
        length(points_m[..., hip, :], points_m[..., knee, :])
        + length(points_m[..., knee, :], points_m[..., ankle, :])
        for hip, knee, ankle in zip(hips, knees, ankles, strict=True)
    ]
    return xp.log((0.5 * (legs[0] + legs[1]) + length(at(hips), at(shoulders))) / STANDARD_M)
