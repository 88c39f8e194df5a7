"""OpenCV's FileStorage (.yml, .yaml, .xml, .json), as its calibration samples write it.

`camera_matrix`, `distortion_coefficients`, `image_width`, `image_height`; where the camera stands
as `R` or `rvec` and `T` or `tvec` of x_camera = R x_world + T in metres, which this module adds.
"""

import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ...core.errors import CameraFileError
from ..camera import DistortionModel
from .foreign import Foreign, foreign, rigid, values
from .ros_camera_info import model_of

_K = ("camera_matrix", "cameraMatrix", "Camera_Matrix", "K", "M", "M1", "K1", "mtx")
_DISTORTION = (
    "distortion_coefficients", "Distortion_Coefficients", "distCoeffs", "dist_coeffs",
    "dist_coeff", "dist", "D", "D1",
)  # fmt: skip
_SIZE = ("image_size", "imageSize", "image_Size", "size")
_WIDTH = ("image_width", "image_Width", "width")
_HEIGHT = ("image_height", "image_Height", "height")
_R, _T = ("R", "rvec", "rotation"), ("T", "t", "tvec", "translation")


def read(path: Path) -> list[Foreign]:
    """The camera of the file."""
    try:
        storage = cv2.FileStorage()
        opened = storage.open(str(path), cv2.FILE_STORAGE_READ)
    except cv2.error as error:
        where = re.search(r"\((\d+)\): ([^']+)", str(error))  # "FILE(7): Incorrect indentation"
        what = f": line {where[1]}: {where[2].strip()}" if where else ""
        raise CameraFileError(f"is no file of OpenCV's FileStorage{what}") from None
    if not opened:
        raise CameraFileError("is no file of OpenCV's FileStorage")
    try:
        return [_camera(storage.root(), path)]
    except cv2.error as error:
        raise CameraFileError(f"cannot be read ({' '.join(str(error.err).split())})") from None
    finally:
        storage.release()


def write(path: Path, item: Foreign) -> None:
    """The camera as a file that `read` and OpenCV's samples read."""
    camera = item.camera
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    if not storage.isOpened():
        raise CameraFileError("cannot be written; it ends in .yml, .yaml, .xml or .json")
    storage.write("camera_name", camera.name)
    storage.write("image_width", camera.width_px)
    storage.write("image_height", camera.height_px)
    storage.write("fisheye_model", int(camera.distortion_model == "equidistant"))
    storage.write("camera_matrix", camera.K)
    storage.write("distortion_coefficients", camera.distortion.reshape(-1, 1))
    if item.placed:
        R = camera.R_world_camera.T
        storage.write("R", R)
        storage.write("T", (-R @ camera.t_world_camera_m).reshape(3, 1))
    storage.release()


def _camera(root: Any, path: Path) -> Foreign:
    K, distortion = _node(root, _K), _node(root, _DISTORTION)
    size = _node(root, _SIZE)
    sides = (_node(root, _WIDTH), _node(root, _HEIGHT)) if size is None else size
    for value, names in ((K, _K), (distortion, _DISTORTION)):
        if value is None:
            raise CameraFileError(f"lacks {names[0]}; it has {', '.join(root.keys())}")
    if sides is None or (isinstance(sides, tuple) and None in sides):
        raise CameraFileError("lacks image_width and image_height (or image_size)")
    place = None
    R, t = _node(root, _R), _node(root, _T)
    if R is not None and t is not None:
        turn = np.asarray(R, float)
        if turn.size == 3:
            turn = cv2.Rodrigues(values(turn, "rvec", (3,)))[0]
        place = rigid(turn, t, "R and T")
    name = _word(root, "camera_name") or path.name.split(".")[0]
    return foreign(name, np.ravel(sides), K, distortion, _model(root), place)


def _model(root: Any) -> DistortionModel | None:
    """As the file says, in OpenCV's or in ROS's words; None if it does not."""
    if (word := _word(root, "distortion_model")) is not None:
        return model_of(word)
    fisheye = _node(root, ("fisheye_model", "fisheye"))
    return "equidistant" if fisheye is not None and float(np.ravel(fisheye)[0]) else None


def _word(root: Any, name: str) -> str | None:
    node = root.getNode(name)
    return node.string() if not node.empty() and node.isString() else None


def _node(root: Any, names: tuple[str, ...]) -> Any:
    """The value of the first of `names` that is there."""
    for name in names:
        node = root.getNode(name)
        if node.empty():
            continue
        if node.isMap():
            matrix = node.mat()
            if matrix is None or matrix.size == 0:
                raise CameraFileError(f"{name} is no matrix and no number")
            return matrix
        return _numbers(node, name)
    return None


def _numbers(node: Any, name: str) -> Any:
    """A number, or lists of them however deep, as `json.dump(K.tolist())` writes a matrix."""
    if node.isSeq():
        return [_numbers(node.at(i), name) for i in range(node.size())]
    if not (node.isInt() or node.isReal()):
        raise CameraFileError(f"{name} is no matrix and no number")
    return node.real()
