"""A square tag's corners to a part of a pixel: where its edges cross.

A tag's corner is no saddle point but the end of two edges, and blur draws it inwards; its edges
stay where they are.
"""

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from numpy.typing import NDArray

_SAMPLES = 24  # along each side
_ENDS = 0.12  # of a side, left out at both ends, where blur bends the edge
_MIN_SIDE_PX = 8.0
_ROUNDS = 3
_CURVED_SIDE_PX = 24.0  # shorter sides are straight enough in any lens


def edge_crossings(
    picture: UInt8[NDArray, "height width"], corners_px: Float[NDArray, "4 2"], cell_px: float
) -> Float[NDArray, "4 2"]:
    """The corners refined, those of a tag that is too small or unclear as they were.

    Args:
        corners_px: in order around the tag, black inside and white outside.
        cell_px: how far around an edge there is nothing but this edge.
    """
    for _ in range(_ROUNDS):  # an edge beside the middle of its profile is drawn towards it
        corners_px = _once(picture, corners_px, cell_px)
    return corners_px


def _once(picture: NDArray, corners_px: NDArray, cell_px: float) -> Float[NDArray, "4 2"]:
    ends_px = np.roll(corners_px, -1, axis=0)
    along = ends_px - corners_px
    lengths = np.linalg.norm(along, axis=1)
    if lengths.min() < _MIN_SIDE_PX:
        return corners_px
    reach = float(np.clip(0.45 * cell_px, 1.5, 6.0))
    offsets = np.linspace(-reach, reach, 2 * round(4 * reach) + 1)
    outward = np.stack([along[:, 1], -along[:, 0]], axis=1) / lengths[:, None]
    if np.dot(outward[0], corners_px[0] - corners_px.mean(axis=0)) < 0:
        outward = -outward
    shares = np.linspace(_ENDS, 1 - _ENDS, _SAMPLES)
    feet_px = corners_px[:, None] + shares[:, None] * along[:, None]  # side, sample, xy
    lines = feet_px[:, :, None] + offsets[:, None] * outward[:, None, None]
    profiles = cv2.remap(  # type: ignore[call-overload]  # OpenCV 5 knows no None here
        picture.astype(np.float32),
        lines.reshape(4 * _SAMPLES, -1, 2).astype(np.float32),
        None,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    ).reshape(4, _SAMPLES, -1)
    slopes = np.diff(profiles, axis=-1)
    slopes = np.maximum(slopes - 0.15 * slopes.max(axis=-1, keepdims=True), 0)  # noise aside
    weight = slopes.sum(axis=-1)
    middles = (offsets[1:] + offsets[:-1]) / 2
    with np.errstate(invalid="ignore"):
        shift = (slopes * middles).sum(axis=-1) / weight
    curves = [_curve(shares, shift[side], lengths[side]) for side in range(4)]
    if any(curve is None for curve in curves):
        return corners_px
    # Distortion bends a side: its tangents at both ends are what meets in the corners.
    starts, ends = (
        np.array([_tangent(curve, share) for curve in curves if curve is not None])
        for share in (0.0, 1.0)
    )
    lines_at = [
        np.array([_through(corners_px[i], along[i], outward[i], *tangents[i]) for i in range(4)])
        for tangents in (starts, ends)
    ]
    crossings = np.cross(np.roll(lines_at[1], 1, axis=0), lines_at[0])
    with np.errstate(divide="ignore", invalid="ignore"):
        refined = crossings[:, :2] / crossings[:, 2:]
    if not (np.linalg.norm(refined - corners_px, axis=1) < reach + 1).all():
        return corners_px
    return refined


def _curve(
    shares: Float[NDArray, "n"], shift_px: Float[NDArray, "n"], length_px: float
) -> Float[NDArray, "k"] | None:
    """The edge's distance from the straight side, a polynomial of the share along it."""
    degree = 2 if length_px > _CURVED_SIDE_PX else 1
    used = np.isfinite(shift_px)
    for _ in range(2):
        if used.sum() < _SAMPLES // 3:
            return None
        curve = np.polyfit(shares[used], shift_px[used], degree)
        off = np.abs(shift_px - np.polyval(curve, shares))
        used = np.isfinite(off) & (off <= max(2.5 * float(np.nanmedian(off)), 0.02))
    return curve


def _tangent(curve: Float[NDArray, "k"], share: float) -> tuple[float, float]:
    """A curve's tangent at `share`: its value at share 0, and its slope."""
    slope = float(np.polyval(np.polyder(curve), share))
    return float(np.polyval(curve, share)) - slope * share, slope


def _through(
    corner_px: NDArray, along: NDArray, outward: NDArray, value: float, slope: float
) -> Float[NDArray, "3"]:
    """a, b, c of the line a x + b y + c = 0 that lies value + slope * share outside of a side."""
    first = corner_px + value * outward
    second = corner_px + along + (value + slope) * outward
    return np.cross([*first, 1.0], [*second, 1.0])
