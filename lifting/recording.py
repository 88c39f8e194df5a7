"""Keypoint recordings: npz files of what a detector saw, frame by frame.

m2t3's own layout has everybody in it: `keypoints_px` (T, P, J, 2), `confidence` (T, P, J),
`person_id` (T, P; -1 where nobody is), `t_capture_ns` (T,), `fps`, `image_size_px` [w, h] and
`skeleton`. The layout of one person and one OpenCV camera is read too: `keypoints` (T, J, 3: u, v,
confidence), `fps`, `image_size` [w, h] and, all or none, `K`, `dist`, `R`, `t`
(x_camera = R x_world + t). So are the keypoints in what `m2t3 record` writes (MCAP).
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Int64
from numpy.typing import NDArray

from ..calibration.camera import Camera
from ..calibration.camera_checks import check_camera
from ..core.conversions import FORMATS
from ..core.errors import CameraFileError, RecordingError, valid_names
from ..core.messages import MAX_PEOPLE
from ..core.out_file import writing
from ..core.skeletons import COCO17
from .recorded_arrays import Arrays, array_of, arrays_in, check_rising, frame_rate

OWN_KEYS = (
    "keypoints_px",
    "confidence",
    "person_id",
    "t_capture_ns",
    "fps",
    "image_size_px",
    "skeleton",
)
SINGLE_KEYS = ("keypoints", "fps", "image_size")
OPENCV_KEYS = ("K", "dist", "R", "t")


@dataclass(frozen=True, eq=False)
class Recording:
    """What one camera saw: T frames with room for P people of J joints."""

    keypoints_px: Float32[NDArray, "T P J 2"]  # NaN where a joint is missing
    confidence: Float32[NDArray, "T P J"]  # 0..1
    person_id: Int64[NDArray, "T P"]  # -1 where nobody is
    t_capture_ns: Int64[NDArray, "T"]  # rising
    fps: float
    image_size_px: tuple[int, int]  # width, height
    skeleton: str  # name of the keypoint format
    camera: Camera | None = None  # if the file tells


def read_recording(path: str | os.PathLike[str]) -> Recording:
    """Read a recording of any of these layouts.

    Raises:
        RecordingError: the message begins with the path and names what is wrong with the file.
    """
    path = Path(path)
    if path.suffix == ".mcap":
        from .keypoints_log import read_keypoints_log  # mcap, the extra "record"

        return read_keypoints_log(path).recording()
    try:
        arrays = arrays_in(path, "m2t3 demo-recording")
        recording = _single_person(arrays, path.stem) if "keypoints" in arrays else _own(arrays)
        _check(recording)
    except (RecordingError, CameraFileError) as error:
        raise RecordingError(f"{path}: {error}") from None
    return recording


def write_recording(path: str | os.PathLike[str], recording: Recording) -> None:
    """Write `recording` in m2t3's own layout; the camera goes into a camera file.

    Raises:
        M2t3Error: nobody could read it, or the file cannot be written.
    """
    _check(recording)
    arrays: dict[str, Any] = {key: np.asarray(getattr(recording, key)) for key in OWN_KEYS}
    path = Path(path)
    with writing(path), path.open("wb") as file:  # numpy would add .npz to another name
        np.savez_compressed(file, **arrays)


def _own(arrays: Arrays) -> Recording:
    _require(arrays, OWN_KEYS)
    skeleton = str(arrays["skeleton"])
    if skeleton not in FORMATS:
        raise RecordingError(
            f"skeleton {skeleton!r} is not known; {valid_names(skeleton, FORMATS)}"
        )
    keypoints_px = array_of(arrays, "keypoints_px", np.float32, 4)
    confidence = array_of(arrays, "confidence", np.float32, 3)
    person_id = array_of(arrays, "person_id", np.int64, 2)
    t_capture_ns = array_of(arrays, "t_capture_ns", np.int64, 1)
    joints = len(FORMATS[skeleton])
    for key, found, expected in (
        ("keypoints_px", keypoints_px.shape, (*person_id.shape, joints, 2)),
        ("confidence", confidence.shape, (*person_id.shape, joints)),
        ("t_capture_ns", t_capture_ns.shape, person_id.shape[:1]),
    ):
        if found != expected:
            raise RecordingError(
                f"{key} has the shape {found}; with person_id {person_id.shape} and {skeleton} "
                f"it is {expected}"
            )
    return Recording(
        keypoints_px=keypoints_px,
        confidence=confidence,
        person_id=person_id,
        t_capture_ns=t_capture_ns,
        fps=frame_rate(arrays),
        image_size_px=_image_size(arrays, "image_size_px"),
        skeleton=skeleton,
    )


def _single_person(arrays: Arrays, name: str) -> Recording:
    _require(arrays, SINGLE_KEYS)
    keypoints = array_of(arrays, "keypoints", np.float32, 3)
    if keypoints.shape[1:] != (COCO17.joint_count, 3):
        raise RecordingError(
            f"keypoints has the shape {keypoints.shape}; it is (frames, {COCO17.joint_count}, 3): "
            "u, v, confidence of coco17"
        )
    frames = len(keypoints)
    fps = frame_rate(arrays)
    image_size_px = _image_size(arrays, "image_size")
    return Recording(
        keypoints_px=keypoints[:, None, :, :2],
        confidence=keypoints[:, None, :, 2],
        person_id=np.zeros((frames, 1), np.int64),
        t_capture_ns=np.round(np.arange(frames) * (1e9 / fps)).astype(np.int64),
        fps=fps,
        image_size_px=image_size_px,
        skeleton=COCO17.name,
        camera=_camera(arrays, name, image_size_px),
    )


def _camera(arrays: Arrays, name: str, image_size_px: tuple[int, int]) -> Camera | None:
    if not any(key in arrays for key in OPENCV_KEYS):
        return None
    _require(arrays, OPENCV_KEYS)
    if (arrays["K"].shape, arrays["R"].shape, arrays["t"].size) != ((3, 3), (3, 3), 3):
        raise RecordingError(
            f"K, R, t have the shapes {arrays['K'].shape}, {arrays['R'].shape}, "
            f"{arrays['t'].shape}; they are (3, 3), (3, 3), (3,)"
        )
    camera = Camera.from_opencv(
        re.sub(r"[^A-Za-z0-9_-]", "_", name)[:64],
        image_size_px,
        *(array_of(arrays, key, np.float64, arrays[key].ndim) for key in OPENCV_KEYS),
    )
    check_camera(camera)
    return camera


def _check(recording: Recording) -> None:
    frames, people = recording.person_id.shape
    if frames == 0 or not 0 < people <= MAX_PEOPLE:
        raise RecordingError(
            f"has {frames} frames of {people} people; "
            f"it needs a frame at least, and room for 1 to {MAX_PEOPLE} people"
        )
    check_rising(recording.t_capture_ns)
    somebody = recording.person_id >= 0
    worst = recording.confidence[somebody]
    worst = worst[~((worst >= 0) & (worst <= 1))]
    if worst.size:
        raise RecordingError(f"confidence holds {worst[0]:g}; it is 0 to 1, for missing joints too")


def _require(arrays: Arrays, keys: tuple[str, ...]) -> None:
    missing = [key for key in keys if key not in arrays]
    if missing:
        raise RecordingError(f"lacks {', '.join(missing)}; it has {', '.join(arrays) or 'nothing'}")


def _image_size(arrays: Arrays, key: str) -> tuple[int, int]:
    size = array_of(arrays, key, np.int64, 1).tolist()
    if len(size) != 2 or not all(1 <= side <= 65536 for side in size):
        raise RecordingError(f"{key} is {size}; it is [width, height] in pixels")
    return size[0], size[1]
