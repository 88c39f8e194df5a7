"""The detector that a camera file describes."""

from importlib.util import find_spec

from ...calibration.camera_files.capture_source import CaptureSource
from ...core.errors import DetectorError
from . import Detector
from .model_file import checked

LIBRARIES = {"rtmpose": "rtmlib", "mediapipe": "mediapipe"}  # detector: the library that runs it
EXTRAS = {"rtmpose": "detect", "mediapipe": "mediapipe"}  # detector: the extra that brings it


def check_detector(source: CaptureSource) -> dict[str, str]:
    """Whether library and model files are there, without loading them; sha256 by file name.

    Raises:
        DetectorError: what is missing, and how to get it.
    """
    library = LIBRARIES[source.detector]
    if find_spec(library) is None:
        raise DetectorError(
            f"the detector {source.detector} needs {library}, which is not installed: "
            f'pip install "m2t3[{EXTRAS[source.detector]}]"; or let another program publish '
            "keypoints (docs/detectors.md)"
        )
    hashes = {source.model.name: checked(source.model, source.model_sha256, source.detector)}
    if source.person_model is not None:
        digest = checked(source.person_model, source.person_model_sha256, "person")
        hashes[source.person_model.name] = digest
    return hashes


def open_detector(source: CaptureSource) -> Detector:
    """Load the detector.

    Raises:
        DetectorError: its library or a model is missing, or the model is not of its kind.
    """
    hashes = check_detector(source)
    files = ", ".join(f"{name} (sha256 {digest[:12]})" for name, digest in hashes.items())
    description = f"{source.detector}: {files}"
    if source.detector == "mediapipe":
        from .mediapipe import MediaPipe

        return MediaPipe(source, description)
    from .rtmpose import RtmPose

    return RtmPose(source, description)
