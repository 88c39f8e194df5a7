"""Can this camera be? Each mistake that people make gets an answer that says how to mend it."""

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ..core.errors import CameraFileError
from .camera import Camera

COEFFICIENT_COUNTS = {
    "plumb_bob": (4, 5),
    "rational_polynomial": (8, 12, 14),
    "equidistant": (4,),
}

_FINE = 33  # pixels each way, of which one must see the ground
USUAL_HEIGHT_M = 50.0  # as high as the roof of a large hall


def check_camera(camera: Camera) -> None:
    """Refuse a camera that cannot exist or cannot see the ground.

    Raises:
        CameraFileError: naming the value that is wrong, and the mend.
    """
    check_lens(camera)
    for check in (_rotation, _place, _sees_the_ground):
        check(camera)


def doubtful_height(camera: Camera) -> str | None:
    """Why a camera that can exist is hard to believe, if it is: it hangs as high as a tower."""
    height_m = camera.t_world_camera_m[2]
    if height_m <= USUAL_HEIGHT_M:
        return None
    return (
        f"the camera would be {height_m:.0f} m above the floor: are lengths given in centimetres "
        "or millimetres? They are in metres"
    )


def check_lens(camera: Camera) -> None:
    """Refuse a lens that cannot exist, wherever it stands.

    Raises:
        CameraFileError: naming the value that is wrong, and the mend.
    """
    for check in (_image_size, _camera_matrix, _distortion):
        check(camera)


def _image_size(camera: Camera) -> None:
    for key, value in (("image_width", camera.width_px), ("image_height", camera.height_px)):
        if not 16 <= value <= 65536:
            raise CameraFileError(f"{key} is {value}; it is a number of pixels, 16 to 65536")


def _camera_matrix(camera: Camera) -> None:
    K, width, height = camera.K, camera.width_px, camera.height_px
    fx, fy = K[0, 0], K[1, 1]
    layout = "the matrix is [fx, 0, cx, 0, fy, cy, 0, 0, 1], row by row"
    if not np.isfinite(K).all():
        raise CameraFileError(f"camera_matrix holds a number that is not finite; {layout}")
    if K[0, 1] != 0:
        raise CameraFileError(f"camera_matrix has a skew of {K[0, 1]:g}; it must be 0: {layout}")
    if K[1, 0] != 0 or K[2].tolist() != [0, 0, 1]:
        raise CameraFileError(
            f"camera_matrix has {K[1, 0]:g} below fx and {K[2].tolist()} as its last row; {layout}"
        )
    for name, focal in (("fx", fx), ("fy", fy)):
        if focal <= 0:
            raise CameraFileError(
                f"camera_matrix has {name} = {focal:g}; a focal length is above 0 pixels; {layout}"
            )
        if not 0.05 * width < focal < 50 * width:
            raise CameraFileError(
                f"camera_matrix has {name} = {focal:g} for a picture {width} pixels wide; "
                "focal lengths are in pixels, not millimetres: "
                "width_px / (2 * tan(horizontal field of view / 2))"
            )
    if not 0.5 < fx / fy < 2:
        raise CameraFileError(
            f"camera_matrix has fx = {fx:g} and fy = {fy:g}; with square pixels they are nearly "
            f"equal; {layout}"
        )
    for name, centre, size in (("cx", K[0, 2], width), ("cy", K[1, 2], height)):
        if not -0.25 * size <= centre <= 1.25 * size:
            raise CameraFileError(
                f"camera_matrix has {name} = {centre:g}, far outside a picture of {width} x "
                f"{height} pixels; it is near the middle. Was the camera calibrated at another "
                "resolution, or are width and height exchanged?"
            )


def _distortion(camera: Camera) -> None:
    model, coefficients = camera.distortion_model, camera.distortion
    counts = COEFFICIENT_COUNTS[model]
    if coefficients.size not in counts:
        raise CameraFileError(
            f"distortion_coefficients has {coefficients.size} numbers; {model} has "
            f"{' or '.join(map(str, counts))} (all 0 for a lens without distortion)"
        )
    if not np.isfinite(coefficients).all():
        raise CameraFileError(f"distortion_coefficients {coefficients.tolist()} are not finite")
    if model == "equidistant":
        return  # what a fisheye's corners show may lie behind it, which `undistort` cannot say
    border_px = _pixels(camera, 3)
    shown_px = camera.project(_one_metre_ahead(camera, camera.undistort(border_px)))
    if not (np.abs(shown_px - border_px) < 1).all():
        raise CameraFileError(
            f"distortion_coefficients {coefficients.tolist()} fold the picture over itself; "
            f"is {model} the model they were estimated for, and are they in OpenCV's order?"
        )


def _rotation(camera: Camera) -> None:
    R = camera.R_world_camera
    if not np.allclose(R @ R.T, np.eye(3), atol=1e-3) or np.linalg.det(R) < 0:
        raise CameraFileError(
            f"the camera's rotation {R.round(3).tolist()} is no rotation matrix; "
            "its rows are unit vectors at right angles, right-handed"
        )


def _place(camera: Camera) -> None:
    x, y, z = camera.t_world_camera_m
    if not np.isfinite(camera.t_world_camera_m).all():
        raise CameraFileError(f"translation_m [{x:g}, {y:g}, {z:g}] is not finite")
    if z <= 0:
        raise CameraFileError(
            f"translation_m puts the camera below the ground, at z = {z:g} m; world z points up "
            "and the ground is z = 0. T_world_camera takes camera points to world points: "
            "from OpenCV's x_camera = R x_world + t, the translation is -R^T t"
        )
    if max(abs(x), abs(y), z) > 1000:
        raise CameraFileError(
            f"translation_m [{x:g}, {y:g}, {z:g}] is more than a kilometre away; "
            "it is in metres: divide millimetres by 1000"
        )


def _sees_the_ground(camera: Camera) -> None:
    rays = camera.rays_world(_pixels(camera, _FINE))
    up = rays[np.isfinite(rays).all(axis=-1), 2]
    if not up.size:
        raise CameraFileError(
            f"distortion_coefficients {camera.distortion.tolist()}: there is no pixel of which "
            f"{camera.distortion_model} says what it sees; are they in OpenCV's order?"
        )
    if (up < 0).any():
        return
    elevation_deg = np.degrees(np.arcsin(np.clip(camera.R_world_camera[2, 2], -1, 1)))
    raise CameraFileError(
        f"the camera looks at the sky: its axis points {elevation_deg:.0f} degrees above the "
        "horizon and no pixel sees the ground. The camera frame is x right, y down, z forward; "
        "quaternion_xyzw has w last and takes camera directions to world directions "
        "(for OpenCV's R, from R^T)"
    )


def _pixels(camera: Camera, count: int) -> Float[NDArray, "n 2"]:
    """So many pixels each way; of three, the picture's middle, corners and middles of edges."""
    u, v = np.meshgrid(
        np.linspace(0, camera.width_px - 1, count), np.linspace(0, camera.height_px - 1, count)
    )
    return np.stack([u.ravel(), v.ravel()], axis=-1)


def _one_metre_ahead(camera: Camera, normalised: Float[NDArray, "n 2"]) -> Float[NDArray, "n 3"]:
    """World points at z = 1 m in the camera frame."""
    points_camera_m = np.concatenate([normalised, np.ones((len(normalised), 1))], axis=-1)
    return points_camera_m @ camera.R_world_camera.T + camera.t_world_camera_m
