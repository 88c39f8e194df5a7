"""`m2t3 demo-recording`: what a 2D detector would see of the demo person through a camera."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ...calibration.camera import Camera
from ...calibration.camera_files.camera_file import read_camera_file
from ...core.errors import RecordingError
from ...core.out_file import check_out
from ...core.skeletons import COCO17
from ...lifting.recording import Recording, write_recording
from ..demo_person import demo_motion

JITTER = 0.006  # of the person's height in the picture: standard deviation where all is well seen
BIAS = 0.006  # of the same: what a detector gets wrong in the same way for a second or two
MISSED = 0.15  # a joint of lower confidence is not reported
DROPOUT = 2.5  # standard deviations: beyond it a joint is lost for a few frames for no reason

_FACE = COCO17.index("nose", "left_eye", "right_eye", "left_ear", "right_ear")
_FACE_SIDES_DEG = np.array([0, 25, -25, 80, -80])  # where each looks, left of the nose
_SHOULDERS_HIPS = COCO17.index("left_shoulder", "right_shoulder", "left_hip", "right_hip")


@dataclass(frozen=True)
class DemoRecording:
    """Write a recording of a person who waves and walks about the world's origin: 22 s, a loop."""

    camera: Path
    """camera file of the camera that sees the person"""
    out: Path
    """npz file to write"""
    fps: float = 30.0
    """frames per second"""

    def run(self) -> int:
        """Make the recording.

        Raises:
            M2t3Error: no camera file, or `out` cannot be written.
        """
        check_out(self.out, self.camera)
        recording = demo_recording(read_camera_file(self.camera).camera, self.fps)
        write_recording(self.out, recording)
        seconds = len(recording.t_capture_ns) / recording.fps
        print(f"{self.out}: one person, {seconds:g} s at {recording.fps:g} frames per second")
        return 0


def demo_recording(camera: Camera, fps: float = 30.0, seed: int = 0) -> Recording:
    """The demo person as a detector sees them through `camera`; the same seed gives the same.

    Raises:
        RecordingError: the camera does not see where the person walks, or the rate is impossible.
    """
    if not 5 <= fps <= 500:
        raise RecordingError(f"fps is {fps:g}; the demo person walks at 5 to 500 frames per second")
    positions_world_m = demo_motion(fps).positions_world_m
    points_px = camera.project(positions_world_m)
    size_px = np.array([camera.width_px, camera.height_px])
    inside = ((points_px >= 0) & (points_px < size_px)).all(axis=-1)  # False for NaN
    if inside.mean() < 0.5:
        raise RecordingError(
            f"camera {camera.name} sees too little of the demo person, who walks about the world's "
            "origin; T_world_camera says where the camera stands and looks"
        )
    rng = np.random.default_rng(seed)
    confidence = 0.93 - 0.7 * _hidden(camera, positions_world_m)
    confidence += 0.05 * _wander(rng, confidence.shape, 0.2 * fps)
    lost = _wander(rng, confidence.shape, 0.1 * fps) > DROPOUT
    confidence = np.where(inside & ~lost, np.clip(confidence, 0.02, 0.99), 0)

    height_px = np.nanmax(points_px[..., 1], axis=1) - np.nanmin(points_px[..., 1], axis=1)
    noise = JITTER * _wander(rng, points_px.shape, 0.05 * fps)
    noise += BIAS * _wander(rng, points_px.shape, 1.5 * fps)
    noise *= (height_px[:, None] * (1 + 3 * np.maximum(0.8 - confidence, 0)))[..., None]
    keypoints_px = np.where((confidence > MISSED)[..., None], points_px + noise, np.nan)

    frames = len(keypoints_px)
    return Recording(
        keypoints_px=keypoints_px[:, None].astype(np.float32),
        confidence=confidence[:, None].astype(np.float32),
        person_id=np.zeros((frames, 1), np.int64),
        t_capture_ns=np.round(np.arange(frames) * (1e9 / fps)).astype(np.int64),
        fps=fps,
        image_size_px=(camera.width_px, camera.height_px),
        skeleton=COCO17.name,
        camera=camera,
    )


def _hidden(camera: Camera, positions_world_m: Float[NDArray, "t j 3"]) -> Float[NDArray, "t j"]:
    """How much the body hides each joint from the camera: 0 not at all, 1 wholly."""
    to_camera = (camera.t_world_camera_m - positions_world_m)[..., :2]  # over the ground
    to_camera /= np.linalg.norm(to_camera, axis=-1, keepdims=True)
    left_shoulder, right_shoulder, *_ = _SHOULDERS_HIPS
    left = (positions_world_m[:, left_shoulder] - positions_world_m[:, right_shoulder])[:, :2]
    left /= np.linalg.norm(left, axis=-1, keepdims=True)

    # a joint on the far side of the trunk, as seen in profile
    middle_m = positions_world_m[:, _SHOULDERS_HIPS].mean(axis=1, keepdims=True)
    behind_m = -np.sum((positions_world_m - middle_m)[..., :2] * to_camera, axis=-1)
    profile = np.abs(np.sum(left * to_camera[:, left_shoulder], axis=-1))
    hidden = np.clip((behind_m - 0.04) / 0.12, 0, 1) * (profile[:, None] ** 2)

    # a part of the face on the other side of the head
    forward = np.stack([left[:, 1], -left[:, 0]], axis=-1)
    facing = np.arctan2(forward[:, 1], forward[:, 0])[:, None] + np.radians(_FACE_SIDES_DEG)
    outward = np.stack([np.cos(facing), np.sin(facing)], axis=-1)
    cosine = np.sum(outward * to_camera[:, _FACE], axis=-1)
    hidden[:, _FACE] = np.clip(0.6 - 1.2 * cosine, 0, 1.2)
    return hidden


def _wander(rng: np.random.Generator, shape: tuple[int, ...], frames: float) -> NDArray:
    """Noise of variance 1 that keeps its value for about so many frames and closes on itself."""
    frequency = np.fft.rfftfreq(shape[0]).reshape(-1, *[1] * (len(shape) - 1))
    gain = np.exp(-0.5 * (2 * np.pi * frequency * frames) ** 2)
    noise = np.fft.irfft(gain * np.fft.rfft(rng.standard_normal(shape), axis=0), shape[0], axis=0)
    return noise / noise.std()
