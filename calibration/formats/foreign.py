"""A camera as another program's file has it, and the words of what can be wrong with it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ...core.errors import CameraFileError
from ..camera import Camera, DistortionModel
from ..camera_files.strict_yaml import shown

LARGEST = 1e6  # beyond any focal length in pixels or room in metres


@dataclass(frozen=True)
class Foreign:
    """One camera of a file."""

    camera: Camera  # at the origin if `placed` is False
    placed: bool  # the file says where it stands

    @property
    def name(self) -> str:
        """By which it is picked."""
        return self.camera.name


@dataclass(frozen=True)
class Unusable:
    """One camera of a file that cannot be used; the others may."""

    name: str
    error: CameraFileError


def attempted(name: object, read: Callable[[], Foreign]) -> Foreign | Unusable:
    """What `read` returns, or why it refuses."""
    try:
        return read()
    except CameraFileError as error:
        return Unusable(camera_name(str(name)), error)


def foreign(
    name: object,
    size: object,
    K: object,
    distortion: object,
    model: DistortionModel | None = None,
    place: tuple[NDArray, NDArray] | None = None,
) -> Foreign:
    """A camera from loose values, each checked for its shape.

    Args:
        model: plumb_bob or rational_polynomial by the number of coefficients if None.
        place: R (3, 3) and t (3,) of OpenCV's x_camera = R x_world + t, metres.

    Raises:
        CameraFileError: naming the value.
    """
    width, height = (round(float(side)) for side in values(size, "the picture's size", (2,)))
    coefficients = values(distortion, "distortion", (None,))
    if model is None and coefficients.size not in (0, 4, 5, 8, 12, 14):
        raise CameraFileError(
            f"distortion has {coefficients.size} coefficients; OpenCV's models have 4, 5, 8, 12 "
            "or 14 (k1 k2 p1 p2 k3 ...)"
        )
    R, t = place if place is not None else (np.eye(3), np.zeros(3))
    camera = Camera.from_opencv(
        camera_name(str(name)),
        (width, height),
        values(K, "camera matrix", (3, 3)),
        coefficients if coefficients.size else np.zeros(5),
        R,
        t,
    )
    if model is not None:
        camera = replace(camera, distortion_model=model)
    return Foreign(camera, place is not None)


def values(content: object, what: str, shape: Sequence[int | None]) -> Float[NDArray, "..."]:
    """`content` as finite numbers of that shape, None for any number of them; flat lists may do."""
    try:
        array = np.asarray(content, float)
    except (TypeError, ValueError):
        raise CameraFileError(f"{what} is {shown(content)}; it is made of numbers") from None
    if array.size and not (np.abs(array) < LARGEST).all():
        raise CameraFileError(f"{what} holds {array[~(np.abs(array) < LARGEST)].flat[0]:g}")
    if shape == (None,):
        return array.ravel()
    expected = [side for side in shape if side is not None]
    if array.size != np.prod(expected):
        raise CameraFileError(
            f"{what} has {array.size} numbers; it has {' x '.join(map(str, expected))}"
        )
    return array.reshape(expected)


def key(content: Any, names: Sequence[str], what: str) -> Any:
    """The value of the first of `names` that a mapping has."""
    for name in names:
        if name in content:
            return content[name]
    raise CameraFileError(
        f"lacks {what} ({' or '.join(names)}); it has {', '.join(map(str, content))}"
    )


def camera_name(text: str) -> str:
    """A name that can be part of a topic."""
    letters = [c if c.isascii() and (c.isalnum() or c in "_-") else "_" for c in text.strip()]
    return "".join(letters)[:64] or "cam0"


def rigid(R: object, t: object, what: str) -> tuple[NDArray, NDArray]:
    """A rotation matrix and a translation, checked.

    Raises:
        CameraFileError: the matrix is no rotation, or mirrors.
    """
    rotation, translation = values(R, f"{what}: rotation", (3, 3)), values(t, what, (3,))
    if not np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-3):
        raise CameraFileError(f"{what}: the rotation's rows are no unit vectors at right angles")
    if np.linalg.det(rotation) < 0:
        raise CameraFileError(
            f"{what}: the rotation mirrors (its determinant is -1): a left-handed world or camera; "
            "change the sign of one axis"
        )
    return rotation, translation
