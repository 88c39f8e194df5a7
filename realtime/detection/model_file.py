"""Model files: there, whole, and the ones that were meant. Nothing is ever downloaded."""

import hashlib
import zipfile
from pathlib import Path

from ...core.errors import DetectorError

WHERE_FROM = {
    "rtmpose": (
        "an RTMPose model in ONNX: 17 joints (body) or 26 (body with feet), for example "
        "rtmpose-m_simcc-body7_pt-body7-halpe26_700e-256x192-4d3e73dd_20230605.zip from "
        "https://download.openmmlab.com/mmpose/v1/projects/rtmposev1/onnx_sdk/ or its mirror "
        "https://huggingface.co/Tau-J/RTMPose; unpack end2end.onnx and give its path"
    ),
    "person": (
        "a person detector in ONNX, for example yolox_m_8xb8-300e_humanart-c2c7a14a.zip from "
        "https://download.openmmlab.com/mmpose/v1/projects/rtmposev1/onnx_sdk/ or its mirror "
        "https://huggingface.co/Tau-J/RTMPose; unpack end2end.onnx and give its path"
    ),
    "mediapipe": (
        "a pose landmarker bundle, for example pose_landmarker_full.task from "
        "https://ai.google.dev/edge/mediapipe/solutions/vision/pose_landmarker"
    ),
}


def checked(path: Path, sha256: str | None, what: str) -> str:
    """The sha256 of the model file at `path`, which must be there and, if given, hash to `sha256`.

    Args:
        path: the file.
        sha256: 64 hex digits, or None if nothing is known of it.
        what: key of WHERE_FROM.

    Raises:
        DetectorError: what is wrong, and where such a file comes from.
    """
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DetectorError(
            f"model file {path} cannot be read ({error.strerror}). What is needed is "
            f"{WHERE_FROM[what]}. m2t3 downloads nothing by itself"
        ) from None
    if path.suffix == ".zip" and zipfile.is_zipfile(path):
        raise DetectorError(
            f"model file {path} is the packed one: unzip it and give the path of its end2end.onnx"
        )
    if sha256 not in (None, found):
        raise DetectorError(
            f"model file {path} has the sha256 {found}, the camera file says {sha256}: it is "
            "another file, or was cut off on the way; fetch it again, or correct the camera file"
        )
    return found
