"""Where a thing of known shape is, from where a camera sees its points: perspective-n-point."""

import cv2
import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from .camera import Camera

MIN_POINTS = 5  # fewer leave a body's turn open


def place_body(
    camera: Camera, body_m: Float[NDArray, "j 3"], points_px: Float[NDArray, "j 2"]
) -> Float[NDArray, "j 3"]:
    """The body's points in the world, rigidly moved to where the pixels say, metres.

    All of it is placed, seen or not.

    Args:
        points_px: NaN where a point is not seen.

    Returns:
        NaN for all points when fewer than MIN_POINTS are seen, or no solution has them in front.
    """
    nowhere = np.full(body_m.shape, np.nan)
    normalised = camera.undistort(points_px)
    seen = np.isfinite(normalised).all(axis=-1) & np.isfinite(body_m).all(axis=-1)
    if seen.sum() < MIN_POINTS:
        return nowhere
    if (pose := pose_of(body_m[seen].astype(float), normalised[seen])) is None:
        return nowhere
    R, t = pose
    placed = body_m @ R.T + t
    if not (placed[seen, 2] > 0).all():
        return nowhere
    return placed @ camera.R_world_camera.T + camera.t_world_camera_m


def pose_of(
    points_m: Float[NDArray, "n 3"], normalised: Float[NDArray, "n 2"]
) -> tuple[Float[NDArray, "3 3"], Float[NDArray, "3"]] | None:
    """R and t of x_camera = R x + t of points seen there; None if they fix no pose.

    SQPnP (Terzakis and Lourakis, 2020) for the start, Levenberg-Marquardt for the rest.
    """
    lens = np.eye(3), None  # normalised coordinates are those of a camera without either
    try:
        solved, turns, moves, errors = cv2.solvePnPGeneric(
            points_m, normalised, *lens, flags=cv2.SOLVEPNP_SQPNP
        )
        if not solved:
            return None
        best = int(np.argmin(errors))
        turn, move = cv2.solvePnPRefineLM(points_m, normalised, *lens, turns[best], moves[best])
    except cv2.error:
        return None
    return cv2.Rodrigues(turn)[0], move.ravel()
