"""MediaPipe's pose landmarker (BlazePose): 33 joints, one bundle that also finds the people."""

import mediapipe
import numpy as np
from jaxtyping import UInt8
from mediapipe.tasks.python.core.base_options import BaseOptions
from mediapipe.tasks.python.vision import PoseLandmarker, PoseLandmarkerOptions, RunningMode
from numpy.typing import NDArray

from ...calibration.camera_files.capture_source import CaptureSource
from ...core.errors import DetectorError
from ...core.messages import Keypoints


class MediaPipe:
    """A pose landmarker that follows people from picture to picture."""

    skeleton = "mediapipe33"

    def __init__(self, source: CaptureSource, description: str) -> None:
        """Load the bundle.

        Raises:
            DetectorError: the file is no pose landmarker bundle.
        """
        self.description = description
        self._t_ms = -1
        options = PoseLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(source.model)),
            running_mode=RunningMode.VIDEO,
            num_poses=source.max_people,
        )
        try:
            self._landmarker = PoseLandmarker.create_from_options(options)
        except (OSError, RuntimeError, ValueError) as error:
            raise DetectorError(
                f"{source.model} cannot be loaded as a pose landmarker bundle (.task): {error}"
            ) from error

    def detect(
        self, picture_bgr: UInt8[NDArray, "h w 3"], t_capture_ns: int
    ) -> tuple[Keypoints, ...]:
        """Everybody in the picture; joints outside of it are guessed, with little confidence."""
        self._t_ms = max(self._t_ms + 1, t_capture_ns // 1_000_000)  # must rise by one at least
        picture = mediapipe.Image(
            image_format=mediapipe.ImageFormat.SRGB,
            data=np.ascontiguousarray(picture_bgr[..., ::-1]),
        )
        result = self._landmarker.detect_for_video(picture, self._t_ms)
        height, width = picture_bgr.shape[:2]
        return tuple(
            Keypoints(
                # From 0 at the picture's edge to 1; our (0, 0) is the middle of the first pixel.
                keypoints_px=np.array(
                    [(mark.x * width - 0.5, mark.y * height - 0.5) for mark in person], np.float32
                ),
                confidence=np.array([mark.visibility for mark in person], np.float32).clip(0, 1),
            )
            for person in result.pose_landmarks
        )

    def close(self) -> None:
        """Release the bundle."""
        self._landmarker.close()
