"""Camera files: ROS camera_info keys, the camera's place, and where its keypoints come from.

    camera_name: cam0
    image_width: 1280
    image_height: 720
    camera_matrix: {rows: 3, cols: 3, data: [fx, 0, cx, 0, fy, cy, 0, 0, 1]}
    distortion_model: plumb_bob
    distortion_coefficients: {rows: 1, cols: 5, data: [k1, k2, p1, p2, k3]}
    T_world_camera: {translation_m: [x, y, z], quaternion_xyzw: [x, y, z, w]}
    source: {type: zmq, endpoint: "tcp://127.0.0.1:5570", bind: true, stream: cam0}

Reading is strict: what is unknown, missing or impossible is refused, with the mend. What
`m2t3 calibrate intrinsics` writes lacks the last two, which `m2t3 calibrate ground` adds; both
leave a record of what they did (calibration.camera_files.record).
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from jaxtyping import Float
from numpy.typing import NDArray

from ...core.errors import CameraFileError, valid_names
from ...core.geometry import quaternion_from_rotation, rotation_from_quaternion
from ..camera import DISTORTION_MODELS, Camera
from ..camera_checks import check_camera, check_lens
from .keypoint_source import SourceConfig, read_source, source_keys, valid_stream_name
from .record import CalibrationRecord, record_of
from .strict_yaml import load_yaml, mapping, numbers, shown, typed

LENS_KEYS = (
    "camera_name",
    "image_width",
    "image_height",
    "camera_matrix",
    "distortion_model",
    "distortion_coefficients",
)
PLACE_KEYS = ("T_world_camera", "source")
UNUSED_ROS_KEYS = ("rectification_matrix", "projection_matrix")  # keypoints are in raw pixels
OPTIONAL = ("calibration", *UNUSED_ROS_KEYS)


@dataclass(frozen=True)
class CameraFile:
    """All that a camera file says."""

    camera: Camera
    source: SourceConfig


@dataclass(frozen=True)
class LensFile:
    """What a camera file says that may lack the camera's place and source."""

    lens: Camera  # at the origin of its own frame, whatever the file says
    record: CalibrationRecord  # of both calibrations, as far as they were made
    has_source: bool


def read_camera_file(path: str | os.PathLike[str]) -> CameraFile:
    """Read and check a camera file.

    Raises:
        CameraFileError: the message begins with the path, names the value and says how to mend it.
    """
    path = Path(path)
    try:
        return _camera_file(load_yaml(path), path.parent)
    except CameraFileError as error:
        raise CameraFileError(f"{path}: {error}") from None


def read_unplaced_file(path: str | os.PathLike[str]) -> CameraFile:
    """Read a camera file for its lens and its source; it may lack the camera's place.

    The camera is at the origin of its own frame, whatever the file says.

    Raises:
        CameraFileError: as of `read_camera_file`.
    """
    path = Path(path)
    try:
        keys = mapping(
            load_yaml(path), "the file", (*LENS_KEYS, "source"), ("T_world_camera", *OPTIONAL)
        )
        lens = _unplaced(keys)
        return CameraFile(lens, read_source(keys["source"], path.parent, lens.name))
    except CameraFileError as error:
        raise CameraFileError(f"{path}: {error}") from None


def read_camera(path: str | os.PathLike[str]) -> tuple[Camera, bool]:
    """The camera of a file, and whether the file says where it stands; it may lack the source.

    The camera is at the origin of its own frame if it does not.

    Raises:
        CameraFileError: as of `read_camera_file`.
    """
    path = Path(path)
    try:
        keys = mapping(load_yaml(path), "the file", LENS_KEYS, optional=(*PLACE_KEYS, *OPTIONAL))
        placed = "T_world_camera" in keys
        return (_placed(keys) if placed else _unplaced(keys)), placed
    except CameraFileError as error:
        raise CameraFileError(f"{path}: {error}") from None


def read_lens_file(path: str | os.PathLike[str]) -> LensFile:
    """Read a camera file for its lens; it may lack the camera's place and the source.

    Raises:
        CameraFileError: as of `read_camera_file`.
    """
    path = Path(path)
    try:
        keys = mapping(load_yaml(path), "the file", LENS_KEYS, optional=(*PLACE_KEYS, *OPTIONAL))
        return LensFile(_unplaced(keys), record_of(keys.get("calibration", {})), "source" in keys)
    except CameraFileError as error:
        raise CameraFileError(f"{path}: {error}") from None


def write_camera_file(path: str | os.PathLike[str], file: CameraFile) -> None:
    """Write `file` so that `read_camera_file` gives it back."""
    path, camera = Path(path), file.camera
    keys = {
        **lens_keys(camera),
        "T_world_camera": place_keys(camera),
        "source": source_keys(file.source, path.parent),
    }
    path.write_text(as_yaml(keys))


def lens_keys(camera: Camera) -> dict[str, Any]:
    """The keys that ROS's camera_info has too."""
    return {
        "camera_name": camera.name,
        "image_width": camera.width_px,
        "image_height": camera.height_px,
        "camera_matrix": _matrix(camera.K),
        "distortion_model": camera.distortion_model,
        "distortion_coefficients": _matrix(camera.distortion[None]),
    }


def place_keys(camera: Camera) -> dict[str, Any]:
    """The value of `T_world_camera`."""
    return {
        "translation_m": camera.t_world_camera_m.tolist(),
        "quaternion_xyzw": quaternion_from_rotation(camera.R_world_camera).tolist(),
    }


def as_yaml(keys: Mapping[str, Any]) -> str:
    """Keys in their order, short lists and mappings on one line."""
    return "".join(
        yaml.safe_dump(
            {key: value},
            sort_keys=False,
            default_flow_style=None if isinstance(value, dict) else False,
            width=100,
        )
        for key, value in keys.items()
    )


def _matrix(values: Float[NDArray, "rows cols"]) -> dict[str, Any]:
    return {"rows": values.shape[0], "cols": values.shape[1], "data": values.ravel().tolist()}


def _camera_file(content: object, folder: Path) -> CameraFile:
    _say_what_a_lens_lacks(content)
    keys = mapping(content, "the file", (*LENS_KEYS, *PLACE_KEYS), optional=OPTIONAL)
    camera = _placed(keys)
    record_of(keys.get("calibration", {}))
    return CameraFile(camera, read_source(keys["source"], folder, camera.name))


def _placed(keys: Mapping[str, Any]) -> Camera:
    place = mapping(keys["T_world_camera"], "T_world_camera", ("translation_m", "quaternion_xyzw"))
    quaternion_xyzw = numbers(place["quaternion_xyzw"], "quaternion_xyzw", 4)
    norm = float(np.linalg.norm(quaternion_xyzw))
    if not abs(norm - 1) < 1e-3:
        raise CameraFileError(
            f"quaternion_xyzw {quaternion_xyzw.tolist()} has length {norm:.4g}, not 1; "
            "give x, y, z, w with at least four decimals (no rotation: [0, 0, 0, 1])"
        )
    camera = _camera(keys, quaternion_xyzw, numbers(place["translation_m"], "translation_m", 3))
    check_camera(camera)
    return camera


def _unplaced(keys: Mapping[str, Any]) -> Camera:
    lens = _camera(keys, np.array([0.0, 0, 0, 1]), np.zeros(3))
    check_lens(lens)
    return lens


def _say_what_a_lens_lacks(content: object) -> None:
    if isinstance(content, dict) and set(LENS_KEYS) <= content.keys():
        if "T_world_camera" not in content:
            raise CameraFileError(
                "the file lacks T_world_camera, the camera's place in the room; "
                "`m2t3 calibrate ground` finds it"
            )
        if "source" not in content:
            raise CameraFileError(
                "the file lacks source, where its keypoints come from; add the line\n"
                f"source: {{type: zmq, stream: {content['camera_name']}}}"
            )


def _camera(
    keys: Mapping[str, Any], quaternion_xyzw: Float[NDArray, "4"], t_m: Float[NDArray, "3"]
) -> Camera:
    """The camera of the lens keys, at that place."""
    model = keys["distortion_model"]
    if model not in DISTORTION_MODELS:
        raise CameraFileError(
            f"distortion_model {shown(model)} is not known; "
            f"{valid_names(str(model), DISTORTION_MODELS)}"
        )
    return Camera(
        name=valid_stream_name(keys["camera_name"], "camera_name"),
        width_px=typed(keys["image_width"], "image_width", int),
        height_px=typed(keys["image_height"], "image_height", int),
        K=_matrix_of(keys["camera_matrix"], "camera_matrix", (3, 3)),
        distortion_model=model,
        distortion=_matrix_of(
            keys["distortion_coefficients"], "distortion_coefficients", (1, None)
        ).ravel(),
        R_world_camera=rotation_from_quaternion(quaternion_xyzw),
        t_world_camera_m=t_m,
    )


def _matrix_of(content: object, where: str, shape: tuple[int, int | None]) -> Float[NDArray, "r c"]:
    keys = mapping(content, where, ("rows", "cols", "data"))
    rows, cols = (typed(keys[side], f"{where}: {side}", int) for side in ("rows", "cols"))
    if rows != shape[0] or shape[1] not in (None, cols):
        raise CameraFileError(
            f"{where} is {rows!r} x {cols!r}; it has {shape[0]} rows and {shape[1] or 'n'} columns"
        )
    return numbers(keys["data"], f"{where}: data", rows * cols).reshape(rows, cols)
