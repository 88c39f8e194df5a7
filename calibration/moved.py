"""Has a camera been turned since? Two pictures of the same room, compared by what stands still."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from .camera import Camera

MIN_MATCHES = 20
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
    share: float  # of all matches; little when the pictures differ in other ways


def turn_between(camera: Camera, before: NDArray, now: NDArray) -> Turn | None:
    """The turn from one grey picture to another, None if they have too little in common.

    SIFT features, matched, and the rotation on which most agree: whatever moved or changed in the
    room is left out.
    """
    points_px = _matches(before, now)
    if len(points_px) < MIN_MATCHES:
        return None
    a, b = camera.rays_camera(points_px[:, 0]), camera.rays_camera(points_px[:, 1])
    finite = np.isfinite(a).all(axis=1) & np.isfinite(b).all(axis=1)
    a, b, points_px = a[finite], b[finite], points_px[finite]
    limit = _INLIER_PX / camera.K[0, 0]
    rng, best = np.random.default_rng(0), np.zeros(len(a), bool)
    for _ in range(_TRIES if len(a) >= 2 else 0):
        pair = rng.choice(len(a), 2, replace=False)
        agree = np.linalg.norm(b - a @ _rotation(a[pair], b[pair]).T, axis=1) < limit
        if agree.sum() > best.sum():
            best = agree
    if best.sum() < MIN_MATCHES:
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
        share=float(best.mean()),
    )


def _matches(before: NDArray, now: NDArray) -> Float[NDArray, "n 2 2"]:
    sift = cv2.SIFT.create(_FEATURES)
    points_a, features_a = sift.detectAndCompute(before, None)
    points_b, features_b = sift.detectAndCompute(now, None)
    if len(points_a) < 2 or len(points_b) < 2:
        return np.zeros((0, 2, 2))
    pairs = cv2.BFMatcher().knnMatch(features_a, features_b, k=2)
    return np.array(
        [
            (points_a[first.queryIdx].pt, points_b[first.trainIdx].pt)
            for first, second in (pair for pair in pairs if len(pair) == 2)
            if first.distance < _RATIO * second.distance
        ]
    ).reshape(-1, 2, 2)


def _rotation(a: NDArray, b: NDArray) -> Float[NDArray, "3 3"]:
    """The rotation that takes directions a to b (Kabsch 1976)."""
    U, _, Vt = np.linalg.svd(b.T @ a)
    return U @ np.diag([1, 1, np.sign(np.linalg.det(U @ Vt))]) @ Vt
