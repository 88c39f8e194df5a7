"""The demo person is a body that walks, and the shipped recording is what the generator makes."""

from pathlib import Path

import numpy as np
import pytest

import m2t3
from m2t3.__main__ import main
from m2t3.calibration.camera_files.camera_file import read_camera_file
from m2t3.calibration.camera_files.keypoint_source import ReplaySource
from m2t3.core.skeletons import COCO17
from m2t3.lifting.recording import read_recording
from m2t3.realtime.commands.demo_recording import demo_recording
from m2t3.realtime.demo_person import ANKLE_HEIGHT_M, demo_motion

CONFIGS = Path(m2t3.__file__).parent / "configs"
CAMERA_FILE = CONFIGS / "cam0.yaml"
RIGID = [
    ("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"), ("eye", "ear"),
]  # fmt: skip


@pytest.fixture(scope="module", params=[30, 100])
def motion(request):
    return demo_motion(request.param)


@pytest.fixture(scope="module")
def camera():
    return read_camera_file(CAMERA_FILE).camera


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("bone", RIGID, ids="-".join)
def test_bones_keep_their_length(motion, bone, side):
    a, b = COCO17.index(*(f"{side}_{end}" for end in bone))
    joints = motion.positions_world_m
    assert np.ptp(np.linalg.norm(joints[:, a] - joints[:, b], axis=-1)) < 1e-9


def test_feet_do_not_slide_and_one_is_always_down(motion):
    ankles_m = motion.positions_world_m[:, COCO17.ankles]
    stands = motion.stance[1:] & motion.stance[:-1]
    assert np.abs(np.diff(ankles_m, axis=0))[stands].max() < 1e-9
    np.testing.assert_allclose(ankles_m[..., 2][motion.stance], ANKLE_HEIGHT_M)
    assert (ankles_m[..., 2] >= ANKLE_HEIGHT_M).all()
    assert motion.stance.any(axis=1).all()
    assert not motion.stance.all()


def test_the_loop_ends_where_it_begins(motion):
    joints = motion.positions_world_m
    step_m = np.linalg.norm(np.diff(joints, axis=0, append=joints[:1]), axis=-1)
    assert step_m[-1].max() < 0.002
    assert step_m.max() < 4.5 / (len(joints) / 22)  # nothing moves at more than 4.5 m/s


def test_the_person_goes_places_and_turns_both_ways(motion):
    hips_m = motion.positions_world_m[:, COCO17.hips]
    assert (np.ptp(hips_m.mean(axis=1), axis=0) > [1.5, 2.8, 0.03]).all()
    left = hips_m[:, 0] - hips_m[:, 1]
    turned = np.diff(np.unwrap(np.arctan2(left[:, 1], left[:, 0])))
    assert np.clip(turned, 0, None).sum() > 1.5 * np.pi
    assert np.clip(turned, None, 0).sum() < -1.5 * np.pi


def test_the_shipped_recording_is_what_the_generator_makes(camera):
    shipped, made = read_recording(CONFIGS / "demo_walk.npz"), demo_recording(camera)
    np.testing.assert_allclose(shipped.keypoints_px, made.keypoints_px, atol=0.02)
    np.testing.assert_allclose(shipped.confidence, made.confidence, atol=1e-4)
    np.testing.assert_array_equal(shipped.t_capture_ns, made.t_capture_ns)
    assert (CONFIGS / "demo_walk.npz").stat().st_size < 300_000
    assert read_camera_file(CAMERA_FILE).source == ReplaySource(CONFIGS / "demo_walk.npz")


def test_the_detector_errs_as_detectors_do(camera):
    recording, motion = demo_recording(camera), demo_motion()
    points_px = camera.project(motion.positions_world_m)
    height_px = np.ptp(points_px[..., 1], axis=1)[:, None]
    error = np.linalg.norm(recording.keypoints_px[:, 0] - points_px, axis=-1) / height_px
    confidence = recording.confidence[:, 0]
    missing = np.isnan(error)
    assert 0.005 < missing.mean() < 0.15
    assert 0.005 < error[~missing].mean() < 0.03
    unsure = confidence < 0.6
    assert error[unsure & ~missing].mean() > error[~unsure & ~missing].mean()
    assert confidence[missing].max() < 0.2


def test_another_rate_gives_the_same_person(camera):
    slow, fast = demo_recording(camera, 30), demo_recording(camera, 60)
    assert len(fast.t_capture_ns) == 2 * len(slow.t_capture_ns)
    assert np.nanmax(np.abs(fast.keypoints_px[::2] - slow.keypoints_px)) < 60


def test_the_command_writes_a_recording(tmp_path, capsys):
    out = tmp_path / "walk.npz"
    assert main(["demo-recording", "--camera", str(CAMERA_FILE), "--out", str(out)]) == 0
    assert len(read_recording(out).t_capture_ns) == 660
    assert "22 s at 30 frames per second" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "answer"),
    [(["-5.2", "55.2"], "sees too little of the demo person"), (["--fps=0"], "fps is 0")],
)
def test_a_recording_that_cannot_be_made_is_refused(change, answer, tmp_path, capsys):
    camera_file = tmp_path / "cam.yaml"
    text = CAMERA_FILE.read_text()
    options = change
    if len(change) == 2:
        text, options = text.replace(*change), []
    camera_file.write_text(text)
    out = tmp_path / "walk.npz"
    assert main(["demo-recording", f"--camera={camera_file}", f"--out={out}", *options]) == 2
    assert answer in capsys.readouterr().err
    assert not out.exists()


def test_a_recording_for_which_there_is_no_folder_is_not_made(tmp_path, capsys):
    out = tmp_path / "none" / "walk.npz"
    assert main(["demo-recording", "--camera", str(CAMERA_FILE), "--out", str(out)]) == 2
    assert "there is no folder" in capsys.readouterr().err
