"""Recordings: both layouts are read exactly, and what is no recording is refused in words."""

import dataclasses
import io
from pathlib import Path

import cv2
import numpy as np
import pytest

from m2t3.core.errors import M2t3Error, RecordingError
from m2t3.core.skeletons import COCO17
from m2t3.lifting.recording import Recording, read_recording, write_recording

RNG = np.random.default_rng(5)
FRAMES, PEOPLE, JOINTS = 8, 2, COCO17.joint_count


def own_arrays() -> dict:
    keypoints_px = RNG.uniform(0, 700, (FRAMES, PEOPLE, JOINTS, 2)).astype(np.float32)
    keypoints_px[3, 1, 4] = np.nan
    person_id = np.tile([4, 7], (FRAMES, 1))
    person_id[5:, 1] = -1
    return {
        "keypoints_px": keypoints_px,
        "confidence": RNG.uniform(0, 1, (FRAMES, PEOPLE, JOINTS)).astype(np.float32),
        "person_id": person_id,
        "t_capture_ns": np.arange(FRAMES) * 33_333_333,
        "fps": np.float64(30),
        "image_size_px": np.array([1280, 720]),
        "skeleton": np.array("coco17"),
    }


def single_arrays() -> dict:
    R = cv2.Rodrigues(np.array([1.7, 0.0, 0.0]))[0]  # looks along world y, a little down
    return {
        "keypoints": RNG.uniform(0, 1, (FRAMES, JOINTS, 3)).astype(np.float32),
        "fps": np.float32(60),
        "image_size": np.array([1080, 1920]),
        "K": np.array([[1680.0, 0, 540], [0, 1680, 960], [0, 0, 1]]),
        "dist": np.array([-7e-4, 2e-3, 1e-5, 1e-5, 0]),
        "R": R,
        "t": -R @ np.array([0.5, -3, 1.8]),
    }


def read(arrays: dict, folder) -> Recording:
    np.savez(folder / "take 1.npz", **arrays)
    return read_recording(folder / "take 1.npz")


def test_write_then_read_gives_the_same(tmp_path):
    recording = read(own_arrays(), tmp_path)
    write_recording(tmp_path / "copy", recording)
    copy = read_recording(tmp_path / "copy")
    for field in dataclasses.fields(Recording):
        np.testing.assert_array_equal(getattr(copy, field.name), getattr(recording, field.name))


def test_one_person_and_the_camera_that_saw_them(tmp_path):
    arrays = single_arrays()
    recording = read(arrays, tmp_path)
    np.testing.assert_array_equal(recording.keypoints_px[:, 0], arrays["keypoints"][..., :2])
    np.testing.assert_array_equal(recording.confidence[:, 0], arrays["keypoints"][..., 2])
    assert (recording.fps, recording.image_size_px) == (60, (1080, 1920))
    assert recording.t_capture_ns[:3].tolist() == [0, 16_666_667, 33_333_333]
    assert recording.camera.name == "take_1"
    np.testing.assert_allclose(recording.camera.t_world_camera_m, [0.5, -3, 1.8])


def test_a_single_person_without_camera_is_a_recording(tmp_path):
    arrays = single_arrays()
    for key in ("K", "dist", "R", "t"):
        del arrays[key]
    assert read(arrays, tmp_path).camera is None


OWN_MISTAKES = {
    "no time": ("t_capture_ns", ..., "lacks t_capture_ns"),
    "time stands": ("t_capture_ns", np.zeros(FRAMES, int), "does not rise"),
    "time before 0": ("t_capture_ns", np.arange(FRAMES) - 3, "does not rise"),
    "time in seconds": ("t_capture_ns", np.arange(FRAMES) / 30, "it is whole numbers"),
    "joints": ("keypoints_px", np.zeros((FRAMES, PEOPLE, 16, 2)), "(8, 2, 16, 2)"),
    "frames": ("confidence", np.zeros((FRAMES - 1, PEOPLE, JOINTS)), "confidence has the shape"),
    "dimensions": ("person_id", np.zeros(FRAMES, int), "numbers in 2 dimensions"),
    "words": ("confidence", np.full((FRAMES, PEOPLE, JOINTS), "x"), "confidence is <U1"),
    "confidence": ("confidence", np.full((FRAMES, PEOPLE, JOINTS), 87.0), "confidence holds 87"),
    "no confidence": ("confidence", np.full((FRAMES, PEOPLE, JOINTS), np.nan), "holds nan"),
    "fps": ("fps", np.float64(0), "fps is 0"),
    "image size": ("image_size_px", np.array([720]), "image_size_px is [720]"),
    "skeleton": ("skeleton", np.array("coco_17"), "did you mean 'coco17'?"),
    "nobody": ("person_id", np.zeros((FRAMES, 0), int), "keypoints_px has the shape"),
    "pickle": ("fps", np.array({"a": 1}), "is no npz file of plain arrays"),
}
SINGLE_MISTAKES = {
    "joints": ("keypoints", np.zeros((FRAMES, 33, 3)), "(8, 33, 3); it is (frames, 17, 3)"),
    "fps": ("fps", np.nan, "fps is nan"),
    "half a camera": ("R", ..., "lacks R"),
    "K": ("K", np.eye(2), "they are (3, 3), (3, 3), (3,)"),
    "below ground": ("t", np.array([0, 0, -9.0]), "below the ground"),
    "mirror": ("R", -np.eye(3), "no rotation matrix"),
}


@pytest.mark.parametrize(
    ("arrays", "key", "value", "answer"),
    [(own_arrays, *m) for m in OWN_MISTAKES.values()]
    + [(single_arrays, *m) for m in SINGLE_MISTAKES.values()],
    ids=[*OWN_MISTAKES, *(f"single {name}" for name in SINGLE_MISTAKES)],
)
def test_a_mistake_is_named(arrays, key, value, answer, tmp_path):
    changed = {**arrays(), key: value}
    if value is ...:
        del changed[key]
    with pytest.raises(RecordingError) as refusal:
        read(changed, tmp_path)
    assert str(refusal.value).startswith(str(tmp_path / "take 1.npz"))
    assert answer in str(refusal.value)


def test_what_is_no_npz_is_refused(tmp_path):
    with pytest.raises(RecordingError, match="No such file"):
        read_recording(tmp_path / "nowhere.npz")
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(RecordingError, match="no npz file"):
        read_recording(tmp_path / "text.npz")
    (tmp_path / "poses.npz").write_bytes(b"\x89MCAP0\r\n")
    with pytest.raises(RecordingError, match=r"call it \.mcap"):
        read_recording(tmp_path / "poses.npz")
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(RecordingError, match="single array"):
        read_recording(tmp_path / "one.npy")


def test_broken_files_are_refused_and_nothing_else_happens(tmp_path):
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **own_arrays())
    whole, path = buffer.getvalue(), tmp_path / "broken.npz"
    refused = 0
    for _ in range(300):
        broken = bytearray(whole)
        broken[RNG.integers(len(broken))] ^= 1 << RNG.integers(8)
        path.write_bytes(broken[: RNG.integers(1, 2 * len(broken))])
        try:
            read_recording(path)
        except RecordingError:
            refused += 1
    assert refused > 150


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is full is Linux's")
def test_a_full_disk_is_told(tmp_path):
    recording = read(own_arrays(), tmp_path)
    with pytest.raises(M2t3Error, match="full: cannot be written"):
        write_recording("/dev/full", recording)


def test_a_recording_that_nobody_could_read_is_not_written(tmp_path):
    recording = read(own_arrays(), tmp_path)
    times = recording.t_capture_ns[::-1].copy()
    with pytest.raises(RecordingError, match="does not rise"):
        write_recording(tmp_path / "x.npz", dataclasses.replace(recording, t_capture_ns=times))
    assert not (tmp_path / "x.npz").exists()
