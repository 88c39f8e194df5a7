"""The formats by name, and which one a file has."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from ...core.errors import CameraFileError, valid_names
from ..camera import Camera
from ..camera_checks import check_camera, check_lens, doubtful_height
from ..floor.place_fit import up_in_picture
from . import kalibr, opencv_storage, pose2sim, qualisys, ros_camera_info
from .foreign import Foreign, Unusable, camera_name

FormatName = Literal["opencv", "ros", "kalibr", "pose2sim", "qualisys"]


_UPRIGHT = 0.3  # how far up must point up in the picture


class Format(NamedTuple):
    """How a format is read and written."""

    read: Callable[[Path], Sequence[Foreign | Unusable]]
    write: Callable[[Path, Foreign], None]
    places: bool  # it says where cameras stand


FORMATS: dict[FormatName, Format] = {
    "opencv": Format(opencv_storage.read, opencv_storage.write, True),
    "ros": Format(ros_camera_info.read, ros_camera_info.write, False),
    "kalibr": Format(kalibr.read, kalibr.write, False),
    "pose2sim": Format(pose2sim.read, pose2sim.write, True),
    "qualisys": Format(qualisys.read, qualisys.write, True),
}


def format_of(path: Path) -> FormatName:
    """The format of a file, by its name and its first words.

    Raises:
        CameraFileError: it cannot be read, or looks like none of them.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")[:20000]
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        raise CameraFileError(f"{path}: cannot be read ({reason})") from None
    name = path.name.lower()
    if name.endswith(".toml"):
        return "pose2sim"
    if "<cameras" in text or name.endswith((".qca.txt", ".qca")):
        return "qualisys"
    if "opencv-matrix" in text or "%YAML" in text[:20] or name.endswith((".xml", ".json")):
        return "opencv"
    if "camera_model" in text or "distortion_coeffs" in text:
        return "kalibr"
    if "distortion_model" in text or "camera_matrix" in text:
        return "ros"
    raise CameraFileError(
        f"{path}: looks like none of {', '.join(FORMATS)}; name its format with --format"
    )


def read_foreign(
    path: Path, name: FormatName | None = None, pick: str | None = None, as_is: bool = False
) -> Foreign:
    """A camera of another program's file, checked.

    Args:
        pick: its name, where the file has several.
        as_is: what is hard to believe of it is true. Else cameras stand upright in their world,
            give or take 70 degrees: if one does not, and would by another convention, its file is
            taken to have that.

    Raises:
        CameraFileError: the message begins with the path; a wrong convention is explained.
    """
    form = FORMATS[name or format_of(path)]
    try:
        item = _picked(form.read(path), pick)
        _check(item, as_is)
    except CameraFileError as error:
        raise CameraFileError(f"{path}: {error}") from None
    return item


def _picked(found: Sequence[Foreign | Unusable], pick: str | None) -> Foreign:
    names = [item.name for item in found]
    if pick is None and len(found) > 1:
        raise CameraFileError(f"has {len(found)} cameras: --pick one of {', '.join(names)}")
    if pick is not None and camera_name(pick) not in names:
        raise CameraFileError(f"has no camera {pick!r}; {valid_names(pick, names)}")
    item = found[names.index(camera_name(pick)) if pick is not None else 0]
    if isinstance(item, Unusable):
        raise item.error
    return item


def _check(item: Foreign, as_is: bool) -> None:
    camera = item.camera
    try:
        if item.placed:
            check_camera(camera)
        else:
            check_lens(camera)
    except CameraFileError as error:
        explained = _explained(camera) if item.placed else None
        raise CameraFileError(f"{camera.name}: {error}{explained or ''}") from None
    if as_is or not item.placed:
        return
    if (doubt := doubtful_height(camera)) is not None:
        raise CameraFileError(f"{camera.name}: {doubt}. If it truly is: --as-is")
    if up_in_picture(camera) >= _UPRIGHT:
        return
    if (explained := _explained(camera)) is not None:
        raise CameraFileError(
            f"{camera.name}: the camera would be on its side or upside down{explained}. If it "
            "truly is turned like that: --as-is"
        )


def _explained(camera: Camera) -> str | None:
    """Which other convention would make the camera stand over the floor and look at it."""
    R, t = camera.R_world_camera.T, -camera.R_world_camera.T @ camera.t_world_camera_m
    swap = np.array([[0, 0, 1.0], [1, 0, 0], [0, 1, 0]])  # a world with y up, as z x y
    guesses = {
        "the rotation and translation are the camera's own pose (camera to world), not OpenCV's "
        "world to camera: give their inverse": (R, t),
        "z points down in this world: turn it about x by 180 degrees": (
            np.diag([1, -1, -1]) @ camera.R_world_camera,
            np.diag([1, -1, -1]) @ camera.t_world_camera_m,
        ),
        "y points up in this world: take its z, x, y for x, y, z": (
            swap @ camera.R_world_camera,
            swap @ camera.t_world_camera_m,
        ),
        "the camera's axes are those of OpenGL and Blender (y up, z backwards), not OpenCV's": (
            camera.R_world_camera @ np.diag([1.0, -1, -1]),
            camera.t_world_camera_m,
        ),
        "lengths are in millimetres: divide them by 1000": (
            camera.R_world_camera,
            camera.t_world_camera_m / 1000,
        ),
    }
    for words, (R_world_camera, t_world_camera_m) in guesses.items():
        other = replace(camera, R_world_camera=R_world_camera, t_world_camera_m=t_world_camera_m)
        try:
            check_camera(other)
        except CameraFileError:
            continue
        if up_in_picture(other) > 2 * _UPRIGHT:
            return f". It looks as if {words}"
    return None
