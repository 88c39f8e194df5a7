"""What a user gets: the shipped weights before the built-in camera."""

from pathlib import Path

import numpy as np

import m2t3
from m2t3.calibration.camera_file import read_camera_file
from m2t3.core.skeletons import COCO17
from m2t3.engines.loading import load_denoiser
from m2t3.lifting.lifter import Lifter, Observation
from m2t3.lifting.recording import read_recording
from m2t3.realtime.demo_person import demo_motion

CONFIGS = Path(m2t3.__file__).parent / "configs"
ABS_MM, MPJPE_MM = 120.0, 80.0  # 90 and 58 when these weights were made


def test_the_shipped_weights_lift_the_demo_walk():
    camera = read_camera_file(CONFIGS / "cam0.yaml").camera
    recording = read_recording(CONFIGS / "demo_walk.npz")
    seconds = 14  # waves, turns away, walks
    frames, truth = round(seconds * recording.fps), demo_motion(recording.fps).positions_world_m
    lifter = Lifter(camera, load_denoiser())
    found = np.stack([
        lifter.lift([
            Observation(0, ns / 1e9, px.astype(float), confidence.astype(float))
        ]).people[0].positions_world_m
        for ns, px, confidence in zip(
            recording.t_capture_ns[:frames], recording.keypoints_px[:frames, 0],
            recording.confidence[:frames, 0], strict=True,
        )
    ])  # fmt: skip
    assert np.isfinite(found).all()
    error_m = found - truth[:frames]
    relative_m = error_m - error_m[:, COCO17.hips].mean(axis=1, keepdims=True)
    assert 1e3 * np.linalg.norm(error_m, axis=-1).mean() < ABS_MM
    assert 1e3 * np.linalg.norm(relative_m, axis=-1).mean() < MPJPE_MM
