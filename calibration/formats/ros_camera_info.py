"""ROS's camera_info: camera_calibration's YAML, and the message as `ros2 topic echo` prints it.

It says nothing of where the camera stands.
"""

from pathlib import Path
from typing import Any

import numpy as np

from ...core.errors import CameraFileError, valid_names
from ..camera import DistortionModel
from ..camera_files.camera_file import as_yaml, lens_keys
from ..camera_files.strict_yaml import load_yaml
from .foreign import Foreign, foreign, key

MODELS: dict[str, DistortionModel] = {
    "plumb_bob": "plumb_bob",
    "rational_polynomial": "rational_polynomial",
    "equidistant": "equidistant",
    "fisheye": "equidistant",
}


def read(path: Path) -> list[Foreign]:
    """The camera of the file."""
    content = load_yaml(path, first_of_several=True)  # `ros2 topic echo` ends each with ---
    if not isinstance(content, dict):
        raise CameraFileError("is no mapping of keys like image_width and camera_matrix")
    word = str(key(content, ("distortion_model",), "the distortion model")) or "plumb_bob"
    model = model_of(word)
    size = [
        key(content, (f"image_{side}", side), f"the picture's {side}")
        for side in ("width", "height")
    ]
    K = _data(key(content, ("camera_matrix", "k", "K"), "the camera matrix"))
    distortion = _data(key(content, ("distortion_coefficients", "d", "D"), "the distortion"))
    if not np.size(distortion):
        distortion = [0.0] * (4 if model == "equidistant" else 5)
    name = content.get("camera_name") or path.name.split(".")[0]
    return [foreign(name, size, K, distortion, model)]


def model_of(word: str) -> DistortionModel:
    """What ROS calls so.

    Raises:
        CameraFileError: it calls nothing so.
    """
    if word not in MODELS:
        raise CameraFileError(f"distortion_model {word!r}: {valid_names(word, MODELS)}")
    return MODELS[word]


def write(path: Path, item: Foreign) -> None:
    """The lens, unrectified: rectification is the identity, the projection that of K."""
    camera = item.camera
    projection = np.column_stack([camera.K, np.zeros(3)])
    keys = {
        **lens_keys(camera),
        "rectification_matrix": {"rows": 3, "cols": 3, "data": np.eye(3).ravel().tolist()},
        "projection_matrix": {"rows": 3, "cols": 4, "data": projection.ravel().tolist()},
    }
    path.write_text(as_yaml(keys), encoding="utf-8")


def _data(content: Any) -> Any:
    return content.get("data", content) if isinstance(content, dict) else content
