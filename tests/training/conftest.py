"""A mocap archive of the demo person, and the smallest training run."""

import numpy as np
import pytest

from m2t3.core.skeletons import COCO17
from m2t3.engines.network import NetworkConfig
from m2t3.realtime.demo_person import demo_motion
from m2t3.training.config import TrainConfig
from m2t3.training.windows.batches import WindowConfig

FPS = 30.0
CLIP_S = ((0.0, 2.0), (7.0, 9.0))  # waving, walking
EXTRA_JOINTS = ("pelvis", "left_toe")  # that the skeleton does not ask for


def write_archive(path, **changes):
    """Two clips in the archive's format; `...` leaves a key out."""
    positions = demo_motion(FPS).positions_world_m
    clips = [positions[round(a * FPS) : round(b * FPS)] for a, b in CLIP_S]
    positions = np.concatenate(clips)
    root = positions[:, COCO17.hips].mean(axis=1)
    extra = np.repeat(root[:, None], len(EXTRA_JOINTS), axis=1)
    joints = np.concatenate([extra, positions], axis=1) - root[:, None]
    arrays = {
        "root": root.astype(np.float32),
        "joints": np.round(joints * 1e4).astype(np.int16),
        "clip_start": np.cumsum([0, *map(len, clips)]),
        "clip_name": np.array(["wave", "walk"]),
        "clip_source": np.array(["made of sines, CC0", "made of sines, CC BY-NC 4.0"]),
        "joint_name": np.array([*EXTRA_JOINTS, *COCO17.joint_names]),
        "fps": np.float64(FPS),
        **changes,
    }
    np.savez(path, **{key: value for key, value in arrays.items() if value is not ...})
    return path


@pytest.fixture(scope="session")
def archive_path(tmp_path_factory):
    return write_archive(tmp_path_factory.mktemp("mocap") / "demo.npz")


@pytest.fixture
def make_archive(tmp_path):
    return lambda **changes: write_archive(tmp_path / "changed.npz", **changes)


@pytest.fixture(scope="session")
def clips():
    """The truth in the archive, (T, J, 3) each."""
    positions = demo_motion(FPS).positions_world_m
    return [positions[round(a * FPS) : round(b * FPS)] for a, b in CLIP_S]


@pytest.fixture(scope="session")
def tiny_config(archive_path):
    """Makes the configuration of a run of a few small steps."""

    def config(out, steps, **changes):
        return TrainConfig(
            archives=(archive_path,), shares=(), out=out, steps=steps, warmup_steps=2,
            compile=False, network=NetworkConfig(width=32, heads=1, layers=1, memory_frames=8),
            window=WindowConfig(batch=4, frames=10), **changes,
        )  # fmt: skip

    return config
