"""What a stream is called in all topics."""

from ..calibration.camera_files.camera_file import CameraFile
from ..calibration.camera_files.keypoint_source import ZmqSource, valid_stream_name


def stream_name(file: CameraFile, wanted: str | None) -> str:
    """The name that --stream gives, or else the camera file.

    Raises:
        CameraFileError: a name that cannot be part of a topic.
    """
    if wanted is not None:
        return valid_stream_name(wanted, "--stream")
    return file.source.stream if isinstance(file.source, ZmqSource) else file.camera.name
