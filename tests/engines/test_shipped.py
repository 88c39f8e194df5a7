"""What a user gets: the shipped weights before the built-in camera."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import m2t3
from m2t3.core.skeletons import COCO17
from m2t3.engines.loading import load_denoiser
from m2t3.lifting.recording import read_recording
from m2t3.realtime.demo_person import demo_motion

CONFIGS = Path(m2t3.__file__).parent / "configs"
ABS_MM, MPJPE_MM = 120.0, 80.0  # 90 and 58 when these weights were made


def test_the_shipped_weights_lift_the_demo_walk(lifted_demo):
    fps, seconds = read_recording(CONFIGS / "demo_walk.npz").fps, 14  # waves, turns away, walks
    frames, truth = round(seconds * fps), demo_motion(fps).positions_world_m
    found = lifted_demo(load_denoiser(), frames)
    assert np.isfinite(found).all()
    error_m = found - truth[:frames]
    relative_m = error_m - error_m[:, COCO17.hips].mean(axis=1, keepdims=True)
    assert 1e3 * np.linalg.norm(error_m, axis=-1).mean() < ABS_MM
    assert 1e3 * np.linalg.norm(relative_m, axis=-1).mean() < MPJPE_MM


@pytest.mark.parametrize("engine", ["openvino", "torch"])
def test_engines_agree_on_the_joints_to_a_tenth_of_a_millimetre(lifted_demo, engine):
    if not find_spec(engine):
        pytest.skip("not here")
    found, expected = (lifted_demo(load_denoiser(engine=e), 60) for e in (engine, "onnxruntime"))
    np.testing.assert_allclose(found, expected, atol=1e-4)
