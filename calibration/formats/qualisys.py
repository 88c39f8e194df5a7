"""Qualisys Track Manager's calibration, .qca.txt: XML, millimetres, pixels in 64ths.

Its camera frame is x right, y up, z backwards, and r11 to r33 take world directions to it row by
row; OpenCV's has y down and z forwards. Radial and tangential distortion are OpenCV's as they are
(Pose2Sim up to 0.10 divides them by 64). A camera with `viewrotation` gives turned pictures while
its numbers are those of its sensor: it is turned so that it stands upright.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from ...core.errors import CameraFileError
from ..camera import Camera
from .foreign import Foreign, Unusable, attempted, foreign, rigid

_FLIP = np.diag([1.0, -1.0, -1.0])
_SUBPIXELS = 64
_LARGEST_SENSOR_PX = 16000  # above it, a sensor's size is in 64ths


def read(path: Path) -> list[Foreign | Unusable]:
    """The cameras of the file."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        raise CameraFileError(f"cannot be read ({reason})") from None
    if "<!ENTITY" in text or "<!DOCTYPE" in text:
        raise CameraFileError("has a document type declaration, which no calibration needs")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise CameraFileError(f"is no XML: {error}") from None
    elements = list(root.iter("camera"))
    if not elements:
        raise CameraFileError("has no <camera>; Qualisys exports it as calibration/cameras/camera")
    return [attempted(_name(element), partial(_camera, element)) for element in elements]


def write(path: Path, item: Foreign) -> None:
    """A file of one camera."""
    camera = item.camera
    if not item.placed:
        raise CameraFileError(
            "Qualisys' cameras stand somewhere, and the camera file does not say where: find the "
            "place first, with `m2t3 calibrate ground`"
        )
    if camera.distortion_model != "plumb_bob":
        raise CameraFileError(
            f"Qualisys knows radial and tangential distortion, not {camera.distortion_model}"
        )
    k1, k2, p1, p2, k3 = np.append(camera.distortion, np.zeros(5))[:5]
    width, height, K = camera.width_px, camera.height_px, camera.K * _SUBPIXELS
    M, (x, y, z) = _FLIP @ camera.R_world_camera.T, 1000 * camera.t_world_camera_m
    root = ElementTree.Element("calibration", {"type": "regular"})
    element = ElementTree.SubElement(
        ElementTree.SubElement(root, "cameras"),
        "camera",
        {"active": "1", "serial": camera.name, "model": "Miqus Video", "viewrotation": "0"},
    )
    fov = {"left": 0, "top": 0, "right": width - 1, "bottom": height - 1}
    _add(element, "fov_video", fov)
    turn = {f"r{i + 1}{j + 1}": M[i, j] for i in range(3) for j in range(3)}
    _add(element, "transform", {"x": x, "y": y, "z": z, **turn})
    intrinsic = {
        "sensorMinU": 0, "sensorMaxU": width * _SUBPIXELS - 1,
        "sensorMinV": 0, "sensorMaxV": height * _SUBPIXELS - 1,
        "focalLengthU": K[0, 0], "focalLengthV": K[1, 1],
        "centerPointU": K[0, 2], "centerPointV": K[1, 2], "skew": 0,
        "radialDistortion1": k1, "radialDistortion2": k2, "radialDistortion3": k3,
        "tangentalDistortion1": p1, "tangentalDistortion2": p2,
    }  # fmt: skip
    _add(element, "intrinsic", intrinsic)
    ElementTree.indent(root)
    path.write_text(ElementTree.tostring(root, encoding="unicode") + "\n", encoding="utf-8")


def turned(camera: Camera) -> Camera:
    """The camera whose picture is turned clockwise by a quarter."""
    p1, p2 = camera.distortion[2:4]
    distortion = camera.distortion.copy()
    distortion[2:4] = p2, -p1
    K = camera.K
    quarter = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1.0]])  # u' = height - 1 - v, v' = u
    return replace(
        camera,
        width_px=camera.height_px,
        height_px=camera.width_px,
        K=np.array(
            [[K[1, 1], 0, camera.height_px - 1 - K[1, 2]], [0, K[0, 0], K[0, 2]], [0, 0, 1]]
        ),
        distortion=distortion,
        R_world_camera=camera.R_world_camera @ quarter.T,
    )


def _name(element: ElementTree.Element) -> str:
    return element.get("serial") or element.get("name") or "camera"


def _camera(element: ElementTree.Element) -> Foreign:
    name = _name(element)
    try:
        intrinsic = _numbers(element, "intrinsic")
        transform = _numbers(element, "transform")
        units = _SUBPIXELS if intrinsic["sensorMaxU"] > _LARGEST_SENSOR_PX else 1
        fov = _fov(element, intrinsic, units)
        fx, fy, cx, cy = (
            intrinsic[key] / units
            for key in ("focalLengthU", "focalLengthV", "centerPointU", "centerPointV")
        )
        K = [[fx, 0, cx - fov[0]], [0, fy, cy - fov[1]], [0, 0, 1]]
        distortion = [
            intrinsic.get(key, 0.0)
            for key in (
                "radialDistortion1", "radialDistortion2", "tangentalDistortion1",
                "tangentalDistortion2", "radialDistortion3",
            )
        ]  # fmt: skip
        M = np.array([[transform[f"r{i}{j}"] for j in (1, 2, 3)] for i in (1, 2, 3)])
        centre_m = np.array([transform[axis] for axis in "xyz"]) / 1000
        R, _ = rigid(_FLIP @ M, centre_m, "transform")
        item = foreign(name, fov[2:], K, distortion, "plumb_bob", (R, -R @ centre_m))
    except KeyError as error:
        raise CameraFileError(f"camera {name} lacks {error.args[0]}") from None
    except CameraFileError as error:
        raise CameraFileError(f"camera {name}: {error}") from None
    camera = item.camera
    if element.get("viewrotation", "0") not in ("0", ""):
        for _ in range(4):  # the world's up is -y in an upright picture
            if -camera.R_world_camera[2, 1] >= np.abs(camera.R_world_camera[2, 0]):
                break
            camera = turned(camera)
    return replace(item, camera=camera)


def _fov(
    element: ElementTree.Element, intrinsic: Mapping[str, float], units: int
) -> tuple[float, float, float, float]:
    """Left, top, width and height of the video in the sensor, pixels."""
    if element.find("fov_video") is None:
        width, height = (
            (intrinsic[f"sensorMax{axis}"] - intrinsic.get(f"sensorMin{axis}", 0) + (units > 1))
            / units
            for axis in "UV"
        )
        return 0.0, 0.0, width, height
    fov = _numbers(element, "fov_video")
    width, height = fov["right"] - fov["left"] + 1, fov["bottom"] - fov["top"] + 1
    return fov["left"], fov["top"], width, height


def _numbers(element: ElementTree.Element, tag: str) -> dict[str, float]:
    """The attributes of a child that are numbers."""
    child = element.find(tag)
    if child is None:
        raise CameraFileError(f"lacks <{tag}>")
    found = {}
    for key, text in child.items():
        try:
            found[key] = float(text)
        except ValueError:
            raise CameraFileError(f"<{tag}> {key} is {text!r}; it is a number") from None
    return found


def _add(element: ElementTree.Element, tag: str, values: Mapping[str, float]) -> None:
    texts = {key: repr(float(value)) for key, value in values.items()}
    ElementTree.SubElement(element, tag, texts)
