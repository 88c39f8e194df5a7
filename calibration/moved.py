"""Has a camera been turned since? Two pictures of the same room, compared by what stands still."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from .camera import Camera

MIN_MATCHES = 20
_MIN_SHARE = 0.03  # of the features, that agree; fewer do by chance or are burnt into the picture
_CELLS = 6  # the picture is divided into _CELLS x _CELLS ...
_ENOUGH = 5  # ... of which each has at most so many votes ...
_MIN_ROWS = 3  # ... and in so many rows and columns of which points must agree
_FEATURES = 3000
_RATIO = 0.75  # of the second-best match's distance (Lowe 2004)
_TRIES = 500
_INLIER_PX = 2.0


@dataclass(frozen=True)
class Turn:
    """By how much the camera has turned; small moves look like turns too."""

    angle_deg: float
    pitch_deg: float  # positive: the camera looks lower now
    pixels: float  # median shift of what stands still
    matches: int  # points that agree


def turn_between(camera: Camera, before: NDArray, now: NDArray) -> Turn | None:
    """The turn from one grey picture to another, None if they have too little in common.

    SIFT features, matched, and the rotation on which most parts of the picture agree: whatever
    moved or changed in the room is left out. A time or a name that the camera burns into its
    pictures lies in few of these parts, and tells nothing of the room.
    """
    points_px, features = _matches(before, now)
    if len(points_px) < MIN_MATCHES:
        return None
    a, b = camera.rays_camera(points_px[:, 0]), camera.rays_camera(points_px[:, 1])
    finite = np.isfinite(a).all(axis=1) & np.isfinite(b).all(axis=1)
    a, b, points_px = a[finite], b[finite], points_px[finite]
    limit = _INLIER_PX / camera.K[0, 0]
    size = np.array([camera.width_px, camera.height_px])
    columns, rows = np.clip(points_px[:, 0] / size * _CELLS, 0, _CELLS - 1).astype(int).T
    rng, best, most = np.random.default_rng(0), np.zeros(len(a), bool), (0, 0)
    for _ in range(_TRIES if len(a) >= 2 else 0):
        pair = rng.choice(len(a), 2, replace=False)
        agree = np.linalg.norm(b - a @ _rotation(a[pair], b[pair]).T, axis=1) < limit
        votes = np.bincount(_CELLS * rows[agree] + columns[agree]).clip(max=_ENOUGH).sum()
        if (score := (int(votes), int(agree.sum()))) > most:
            best, most = agree, score
    spread = min(len(set(rows[best])), len(set(columns[best])))
    if best.sum() < max(MIN_MATCHES, _MIN_SHARE * features) or spread < _MIN_ROWS:
        return None
    R = _rotation(a[best], b[best])  # from directions before to directions now
    shift_px = np.linalg.norm(points_px[best, 1] - points_px[best, 0], axis=1)
    turn = Rotation.from_matrix(R).as_rotvec()
    # When the camera is turned down, what stands still moves up in its picture: about its x.
    return Turn(
        angle_deg=float(np.degrees(np.linalg.norm(turn))),
        pitch_deg=float(np.degrees(turn[0])),
        pixels=float(np.median(shift_px)),
        matches=int(best.sum()),
    )


def _matches(before: NDArray, now: NDArray) -> tuple[Float[NDArray, "n 2 2"], int]:
    """Pixels before and now, and how many features the poorer picture has."""
    sift = cv2.SIFT.create(_FEATURES)
    points_a, features_a = sift.detectAndCompute(before, None)
    points_b, features_b = sift.detectAndCompute(now, None)
    if len(points_a) < 2 or len(points_b) < 2:
        return np.zeros((0, 2, 2)), 0
    pairs = cv2.BFMatcher().knnMatch(features_a, features_b, k=2)
    matches = [
        (points_a[first.queryIdx].pt, points_b[first.trainIdx].pt)
        for first, second in (pair for pair in pairs if len(pair) == 2)
        if first.distance < _RATIO * second.distance
    ]
    return np.array(matches).reshape(-1, 2, 2), min(len(points_a), len(points_b))


def _rotation(a: NDArray, b: NDArray) -> Float[NDArray, "3 3"]:
    """The rotation that takes directions a to b (Kabsch 1976)."""
    U, _, Vt = np.linalg.svd(b.T @ a)
    return U @ np.diag([1, 1, np.sign(np.linalg.det(U @ Vt))]) @ Vt
