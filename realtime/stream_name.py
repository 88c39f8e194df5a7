"""What a stream is called in all topics."""

from ..calibration.camera_file import CameraFile
from ..calibration.keypoint_source import STREAM_NAME, ZmqSource
from ..core.errors import M2t3Error


def stream_name(file: CameraFile, wanted: str | None) -> str:
    """The name that --stream gives, or else the camera file.

    Raises:
        M2t3Error: a name that cannot be part of a topic.
    """
    if wanted is None:
        return file.source.stream if isinstance(file.source, ZmqSource) else file.camera.name
    if not STREAM_NAME.fullmatch(wanted):
        raise M2t3Error(
            f"--stream {wanted!r} cannot be part of a topic: 1 to 64 of A-Z a-z 0-9 _ -"
        )
    return wanted
