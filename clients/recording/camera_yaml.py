"""The camera of a definition as a camera file: what `m2t3-stream --camera` reads."""

from typing import Any

import yaml

from ...core.messages import CameraModel


def camera_yaml(camera: CameraModel, recording: str) -> str:
    """A camera file whose keypoints come from `recording`, in the same folder."""
    width_px, height_px = camera.image_size_px
    keys = {
        "camera_name": camera.name,
        "image_width": width_px,
        "image_height": height_px,
        "camera_matrix": _matrix(3, camera.K),
        "distortion_model": camera.distortion_model,
        "distortion_coefficients": _matrix(1, camera.distortion),
        "T_world_camera": {
            "translation_m": list(camera.translation_m),
            "quaternion_xyzw": list(camera.quaternion_xyzw),
        },
        "source": {"type": "replay", "recording": recording, "loop": False},
    }
    return yaml.safe_dump(keys, sort_keys=False, default_flow_style=None, width=100)


def _matrix(rows: int, data: tuple[float, ...]) -> dict[str, Any]:
    return {"rows": rows, "cols": len(data) // rows, "data": list(data)}
