"""Kalibr's camchain YAML: pinhole cameras with radtan, equidistant or no distortion.

A camchain relates cameras to each other and to an IMU, not to a room: it gives lenses only.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ...core.errors import CameraFileError, valid_names
from ..camera import DistortionModel
from ..camera_files.camera_file import as_yaml
from ..camera_files.strict_yaml import load_yaml
from .foreign import Foreign, Unusable, attempted, foreign, key, values

MODELS: dict[str, DistortionModel] = {
    "radtan": "plumb_bob",
    "equidistant": "equidistant",
    "none": "plumb_bob",
}


def read(path: Path) -> list[Foreign | Unusable]:
    """The cameras of the chain."""
    content = load_yaml(path)
    if not isinstance(content, dict):
        raise CameraFileError("is no camchain: a mapping of cam0, cam1, ...")
    cameras = {name: part for name, part in content.items() if str(name).startswith("cam")}
    if not cameras or not all(isinstance(part, dict) for part in cameras.values()):
        raise CameraFileError(f"has no cam0: a camchain's keys are cam0, cam1, ..., not {content}")
    return [attempted(name, partial(_camera, name, part)) for name, part in cameras.items()]


def write(path: Path, item: Foreign) -> None:
    """A chain of one camera, cam0."""
    camera = item.camera
    model, coefficients = camera.distortion_model, camera.distortion
    if model == "rational_polynomial" or (model == "plumb_bob" and coefficients[4:].any()):
        raise CameraFileError(
            f"Kalibr's radtan has k1, k2, p1 and p2 only; this {model} lens has more "
            f"({', '.join(f'{value:g}' for value in coefficients)})"
        )
    K = camera.K
    keys = {
        "cam0": {
            "camera_model": "pinhole",
            "intrinsics": [float(K[i, j]) for i, j in ((0, 0), (1, 1), (0, 2), (1, 2))],
            "distortion_model": "equidistant" if model == "equidistant" else "radtan",
            "distortion_coeffs": coefficients[:4].tolist(),
            "resolution": [camera.width_px, camera.height_px],
            "rostopic": f"/{camera.name}/image_raw",
        }
    }
    path.write_text(as_yaml(keys), encoding="utf-8")


def _camera(name: str, part: Mapping[str, Any]) -> Foreign:
    projection = str(key(part, ("camera_model",), f"{name}: the projection"))
    if projection != "pinhole":
        raise CameraFileError(
            f"{name}: camera_model {projection!r} is not supported; pinhole is: calibrate with "
            "--models pinhole-radtan or pinhole-equi"
        )
    word = str(key(part, ("distortion_model",), f"{name}: the distortion model"))
    if word not in MODELS:
        raise CameraFileError(f"{name}: distortion_model {word!r}: {valid_names(word, MODELS)}")
    fx, fy, cx, cy = values(
        key(part, ("intrinsics",), f"{name}: fu, fv, pu, pv"), f"{name}: intrinsics", (4,)
    )
    coefficients = values(
        part.get("distortion_coeffs", []) if word == "none"
        else key(part, ("distortion_coeffs",), f"{name}: the distortion"),
        f"{name}: distortion_coeffs", (None,),
    )  # fmt: skip
    size = key(part, ("resolution",), f"{name}: the picture's size")
    if word != "none" and coefficients.size != 4:
        raise CameraFileError(
            f"{name}: distortion_coeffs has {coefficients.size} numbers; {word} has 4"
        )
    return foreign(name, size, [[fx, 0, cx], [0, fy, cy], [0, 0, 1]], coefficients, MODELS[word])
