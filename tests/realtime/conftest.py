"""A lifter without a network, and streams of made-up keypoints."""

import time

import numpy as np
import pytest

from m2t3.calibration.camera import Camera
from m2t3.core.messages import Keypoints, KeypointsFrame, ModelInfo
from m2t3.core.skeletons import COCO17
from m2t3.lifting.people import Lifted, LiftedPerson
from m2t3.lifting.recording import Recording, write_recording
from m2t3.realtime.pipeline import Pipeline
from m2t3.realtime.tracking.tracker import Tracker

J = COCO17.joint_count
IMAGE_SIZE_PX = (640, 480)
FRAME_NS = 16_666_667
MODEL = ModelInfo(weights="none", licence="Apache-2.0", engine="fake", sha256="00")


class FakeLifter:
    """Puts (u, v, t) where the pose should be, so that every answer tells what it answers."""

    def __init__(self):
        self.forgotten = []

    def lift(self, observations):
        people = tuple(
            LiftedPerson(
                person_id=seen.person_id,
                positions_world_m=np.column_stack(
                    [seen.keypoints_px, np.full(len(seen.keypoints_px), seen.t_s)]
                ).astype(np.float32),
                expected_error_m=np.where(seen.confidence > 0, 1e-3, np.inf),
                valid=np.isfinite(seen.keypoints_px).all(-1),
                contact=np.array([0.25, np.nan], np.float32),
            )
            for seen in observations
        )
        return Lifted(people, {"denoise": 1000})

    def settled(self, person_id, t_s):
        """Tells when it was asked for."""
        return np.full((J, 3), 100 + t_s, np.float32)

    def forget(self, person_id):
        self.forgotten.append(person_id)

    def catch_up(self):
        """Has nothing to catch up with."""


def make_person(u=320.0, v=240.0, height_px=200.0, id=None):
    """Somebody standing upright in the picture, as a column of joints around (u, v)."""
    pixels = np.column_stack([np.full(J, u), v + np.linspace(-0.5, 0.5, J) * height_px])
    return Keypoints(
        keypoints_px=pixels.astype(np.float32), confidence=np.full(J, 0.9, np.float32), id=id
    )


def make_frame(seq, people=None, **changes):
    """Frame number `seq` of a source at 60 fps."""
    fields = {
        "stream": "cam0",
        "session": "source-1",
        "seq": seq,
        "t_capture_ns": 10**9 + seq * FRAME_NS,
        "clock": "media",
        "skeleton": "coco17",
        "image_size_px": IMAGE_SIZE_PX,
        "people": (make_person(),) if people is None else tuple(people),
    }
    return KeypointsFrame(**{**fields, **changes})


def make_pipeline(**options):
    return Pipeline(
        stream="cam0",
        session="pose-1",
        def_id="d",
        skeleton=COCO17,
        image_size_px=IMAGE_SIZE_PX,
        lifter=FakeLifter(),
        tracker=Tracker(make_camera(), COCO17),
        **options,
    )


@pytest.fixture
def pipeline():
    return make_pipeline()


@pytest.fixture
def new_pipeline():
    return make_pipeline


@pytest.fixture
def another_pipeline():
    return make_pipeline()


@pytest.fixture
def lifter(pipeline):
    return pipeline.lifter


def make_camera():
    """A 640 x 480 camera, 2 m up, that looks along world +y."""
    return Camera(
        name="cam0",
        width_px=IMAGE_SIZE_PX[0],
        height_px=IMAGE_SIZE_PX[1],
        K=np.array([[500.0, 0, 320], [0, 500, 240], [0, 0, 1]]),
        distortion_model="plumb_bob",
        distortion=np.zeros(5),
        R_world_camera=np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
        t_world_camera_m=np.array([0.0, 0, 2]),
    )


@pytest.fixture
def camera():
    return make_camera()


@pytest.fixture
def recording():
    """Two people, the second of them in the first half only."""
    pixels = np.random.default_rng(0).uniform(100, 400, (12, 2, 17, 2)).astype(np.float32)
    person_id = np.tile([3, 9], (12, 1))
    person_id[6:, 1] = -1
    return Recording(
        keypoints_px=pixels,
        confidence=np.ones((12, 2, 17), np.float32),
        person_id=person_id,
        t_capture_ns=np.arange(12) * 10_000_000 + 77,
        fps=100.0,
        image_size_px=IMAGE_SIZE_PX,
        skeleton="coco17",
    )


@pytest.fixture
def recording_path(recording, tmp_path):
    write_recording(tmp_path / "walk.npz", recording)
    return tmp_path / "walk.npz"


@pytest.fixture
def model():
    return MODEL


@pytest.fixture
def until():
    """Poll until a condition holds and return what it gave; fail after ten seconds."""

    def poll(condition, timeout_s=10.0):
        deadline = time.monotonic() + timeout_s
        while not (result := condition()):
            assert time.monotonic() < deadline, "timed out"
            time.sleep(0.005)
        return result

    return poll


@pytest.fixture
def person():
    return make_person


@pytest.fixture
def frame():
    return make_frame
