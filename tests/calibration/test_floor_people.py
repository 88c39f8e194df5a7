"""The room from people who walk about: how exact, and what is refused."""

import numpy as np
import pytest
from floor_scene import SHARED, SURE, make_camera, seen, write_lens

from m2t3.__main__ import main
from m2t3.calibration.camera_files.camera_file import read_camera_file
from m2t3.calibration.floor.error import pitch_deg, pitch_sd_deg, roll_deg
from m2t3.calibration.floor.person import Walker, fit_floor_person
from m2t3.core.errors import CalibrationError
from m2t3.core.skeletons import COCO17
from m2t3.lifting.recording import Recording, write_recording
from m2t3.realtime.demo_person import demo_motion


def walk(motion_m, camera, rng, noise_px=1.0):
    keypoints_px = seen(camera, motion_m, rng, noise_px)
    size = np.array([camera.width_px, camera.height_px])
    outside = ~((keypoints_px > 0) & (keypoints_px < size)).all(axis=-1)
    keypoints_px[outside] = np.nan
    return keypoints_px


def mocap_walks() -> list[tuple[np.ndarray, float]]:
    """The walking people of the validation clips: COCO-17 joints around the origin, heights."""
    with np.load(SHARED / "mocap" / "val.npz") as file:
        names, starts = file["joint_name"].tolist(), file["clip_start"]
        joints = file["root"][:, None] + file["joints"] * 1e-4
        clips = file["clip_name"].tolist()
    coco = [names.index(name) for name in COCO17.joint_names]
    walks = []
    for i, name in enumerate(clips):
        if "walk" in name:
            clip = joints[starts[i] : starts[i + 1]]
            height_m = float(np.quantile(clip[:, names.index("head_top"), 2], 0.98))
            clip = clip - [*clip[:, 0].mean(axis=0)[:2], 0]
            walks.append((clip[:, coco], height_m))
    return walks


@pytest.mark.skipif(not SHARED.exists(), reason="the data is not part of the repository")
def test_walking_people_give_the_pitch_within_a_degree():
    walks, errors, sure = mocap_walks(), [], []
    for seed in range(2):
        rng = np.random.default_rng(seed)
        camera = make_camera(
            rng.uniform(8, 25), rng.uniform(-5, 5), (-5.5, 0, rng.uniform(1.3, 2.8))
        )
        people = [
            Walker(walk(motion, camera, rng), np.arange(len(motion)) / 30, height)
            for motion, height in (walks[i] for i in rng.choice(len(walks), 4, replace=False))
        ]
        fit = fit_floor_person(camera, COCO17.joint_names, people, SURE)
        errors.append(pitch_deg(fit.camera) - pitch_deg(camera))
        sure.append(pitch_sd_deg(fit.camera, fit.covariance))
        assert abs(roll_deg(fit.camera) - roll_deg(camera)) < 1.5
        assert fit.camera.t_world_camera_m[2] == pytest.approx(camera.t_world_camera_m[2], rel=0.06)
    assert np.abs(errors).max() < 1.0
    assert np.sqrt(np.mean(np.square(errors))) < 2 * np.mean(sure)


def test_a_recording_of_a_walking_person_places_the_camera(tmp_path, capsys):
    motion_m = demo_motion(15).positions_world_m
    camera = make_camera(pitch=15, position=(-5.2, 0.4, 2.2))
    file = write_lens(tmp_path / "cam0.yaml", camera)
    keypoints_px = walk(motion_m, camera, np.random.default_rng(0))[:, None].astype(np.float32)
    frames = len(motion_m)
    recording = Recording(
        keypoints_px=keypoints_px, confidence=np.ones((frames, 1, 17), np.float32),
        person_id=np.zeros((frames, 1), np.int64),
        t_capture_ns=(np.arange(frames) * 66_666_666).astype(np.int64), fps=15.0,
        image_size_px=(1280, 720), skeleton="coco17",
    )  # fmt: skip
    write_recording(tmp_path / "walk.npz", recording)
    arguments = ["--camera", str(file), "--keypoints", str(tmp_path / "walk.npz")]
    assert main(["calibrate", "ground", "person", *arguments, "--height", "1.75"]) == 0
    assert "warning: from a walking person" in capsys.readouterr().out
    found = read_camera_file(file).camera
    assert found.t_world_camera_m[:2] == pytest.approx([0, 0], abs=1e-9)
    assert pitch_deg(found) == pytest.approx(15, abs=2)
    assert main(["calibrate", "ground", "person", *arguments, "--height", "175"]) == 2
    assert "height 175 m is not a person's" in capsys.readouterr().err


def test_people_who_show_too_little_are_refused():
    camera, motion_m = make_camera(), demo_motion(30).positions_world_m[:30]
    walker = Walker(camera.project(motion_m), np.arange(30) / 30, 1.75)
    with pytest.raises(CalibrationError, match="are the least"):
        fit_floor_person(camera, COCO17.joint_names, [walker], SURE)
    with pytest.raises(CalibrationError, match="keypoints without ankle and hip"):
        fit_floor_person(camera, COCO17.joint_names[:7], [walker], SURE)
