"""The keypoints in a recording of the wire (MCAP): what a session lifted, to be lifted again."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int64
from numpy.typing import NDArray

from ..calibration.camera import DISTORTION_MODELS, Camera
from ..calibration.camera_checks import check_camera
from ..core.errors import CameraFileError, RecordingError, WireError, valid_names
from ..core.geometry import rotation_from_quaternion
from ..core.message_log import MessageLog
from ..core.messages import CameraModel, KeypointsFrame, SkeletonDefinition
from ..core.topics import DEFINITION, KEYPOINTS
from ..core.wire import unpack
from .frame_rate import frames_per_second
from .recording import Recording


@dataclass(frozen=True, eq=False)
class KeypointsLog:
    """T frames of one stream as they came, one or several sessions of the detector."""

    path: Path
    stream: str
    frames: tuple[KeypointsFrame, ...]
    t_receive_ns: Int64[NDArray, "T"]  # Unix, when the recorder received each; rising
    camera: Camera | None  # as the stream defined it; None if the recording has no definition

    @property
    def skeleton(self) -> str:
        """Name of the keypoint format of the first frame."""
        return self.frames[0].skeleton

    @property
    def image_size_px(self) -> tuple[int, int]:
        """Width and height of the first frame's picture."""
        return self.frames[0].image_size_px

    @property
    def t_capture_ns(self) -> Int64[NDArray, "T"]:
        """Capture times; every session of the detector has its own clock."""
        return np.array([frame.t_capture_ns for frame in self.frames])

    @property
    def fps(self) -> float:
        """Frames per second, by the capture times."""
        return frames_per_second(self.t_capture_ns)

    def recording(self) -> Recording:
        """The frames as arrays, for training and evaluation.

        Raises:
            RecordingError: several sessions or formats, or people whom nobody can tell apart.
        """
        frames = _rising(self.frames)
        if len({(frame.session, frame.skeleton, frame.image_size_px) for frame in frames}) > 1:
            raise RecordingError(
                f"{self.path}: has several sessions of the detector, or several formats; "
                "only `m2t3 lift` takes that"
            )
        if any([person.id for person in frame.people].count(None) > 1 for frame in frames):
            raise RecordingError(
                f"{self.path}: has several people without ids from the detector, who cannot be "
                "told apart; only `m2t3 lift` takes that"
            )
        people = max(1, *(len(frame.people) for frame in frames))
        joints = next((p.confidence.size for frame in frames for p in frame.people), 0)
        if not joints:
            raise RecordingError(f"{self.path}: has nobody in it")
        keypoints_px = np.full((len(frames), people, joints, 2), np.nan, np.float32)
        confidence = np.zeros((len(frames), people, joints), np.float32)
        person_id = np.full((len(frames), people), -1)
        known: dict[int | None, int] = {}  # by the detector's id: in order of appearance
        for t, frame in enumerate(frames):
            for place, person in enumerate(frame.people):
                found = np.isfinite(person.keypoints_px).all(-1) & (person.confidence > 0)
                keypoints_px[t, place, found] = person.keypoints_px[found]
                confidence[t, place, found] = np.minimum(person.confidence[found], 1)
                person_id[t, place] = known.setdefault(person.id, len(known))
        return Recording(
            keypoints_px=keypoints_px,
            confidence=confidence,
            person_id=person_id,
            t_capture_ns=np.array([frame.t_capture_ns for frame in frames]),
            fps=self.fps,
            image_size_px=self.image_size_px,
            skeleton=self.skeleton,
            camera=self.camera,
        )


def read_keypoints_log(path: Path, stream: str | None = None) -> KeypointsLog:
    """Read the keypoints of `stream`, or of the only stream that has any.

    Raises:
        RecordingError: the message begins with the path and names what is wrong with the file.
    """
    frames: defaultdict[str, list[tuple[int, KeypointsFrame]]] = defaultdict(list)
    cameras: dict[str, CameraModel] = {}
    for recorded in MessageLog(path):
        try:
            message = unpack((recorded.topic, recorded.payload), (KEYPOINTS, DEFINITION))
        except WireError:  # poses and status; and what the pipeline would not have got either
            continue
        if isinstance(message, KeypointsFrame):
            frames[message.stream].append((recorded.t_unix_ns, message))
        elif isinstance(message, SkeletonDefinition):
            cameras[message.stream] = message.camera
    if not frames:
        raise RecordingError(
            f"{path}: has no keypoints; `m2t3 record` records them from a running m2t3-stream"
        )
    if stream is None or stream not in frames:
        if len(frames) > 1:
            raise RecordingError(
                f"{path}: has keypoints of {', '.join(sorted(frames))}: "
                "give the camera file (--camera) of one of them"
            )
        (stream,) = frames
    try:
        camera = _camera(cameras[stream]) if stream in cameras else None
    except CameraFileError as error:
        raise RecordingError(f"{path}: {error}") from None
    t_receive_ns, of_stream = zip(*frames[stream], strict=True)
    return KeypointsLog(
        path=path,
        stream=stream,
        frames=of_stream,
        t_receive_ns=np.array(t_receive_ns),
        camera=camera,
    )


def _rising(frames: tuple[KeypointsFrame, ...]) -> list[KeypointsFrame]:
    """Without frames that came twice, or too late."""
    kept: list[KeypointsFrame] = []
    for frame in frames:
        if (
            not kept
            or frame.session != kept[-1].session
            or frame.t_capture_ns > kept[-1].t_capture_ns
        ):
            kept.append(frame)
    return kept


def _camera(model: CameraModel) -> Camera:
    if model.distortion_model not in DISTORTION_MODELS:
        raise CameraFileError(
            f"distortion_model {model.distortion_model!r} is not known; "
            f"{valid_names(model.distortion_model, DISTORTION_MODELS)}"
        )
    width_px, height_px = model.image_size_px
    camera = Camera(
        name=model.name,
        width_px=width_px,
        height_px=height_px,
        K=np.array(model.K).reshape(3, 3),
        distortion_model=model.distortion_model,
        distortion=np.array(model.distortion),
        R_world_camera=rotation_from_quaternion(np.array(model.quaternion_xyzw)),
        t_world_camera_m=np.array(model.translation_m),
    )
    check_camera(camera)
    return camera
