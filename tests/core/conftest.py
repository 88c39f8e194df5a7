"""One example of each message."""

import numpy as np
import pytest

from m2t3.core.humanoid import humanoid
from m2t3.core.messages import (
    Body,
    CameraModel,
    DetectorStatus,
    Keypoints,
    KeypointsFrame,
    Message,
    ModelInfo,
    Percentiles,
    Pose,
    PoseFrame,
    Preview,
    SkeletonDefinition,
    SmplBody,
    SmplFrame,
    Status,
)
from m2t3.core.skeletons import COCO17
from m2t3.core.topics import DEFINITION, DETECTOR, KEYPOINTS, POSE, PREVIEW, SMPL, STATUS, Topic

J = COCO17.joint_count
BONES = len(humanoid("coco17").bone_names)
HEAD = {"stream": "cam0", "session": "5e55"}
MODEL = ModelInfo(weights="tiny", licence="Apache-2.0", engine="onnxruntime", sha256="00")


@pytest.fixture
def keypoints_frame() -> KeypointsFrame:
    pixels = np.arange(2 * J, dtype=np.float32).reshape(J, 2)
    pixels[3] = np.nan
    person = Keypoints(keypoints_px=pixels, confidence=np.linspace(0, 1, J, dtype=np.float32))
    return KeypointsFrame(
        **HEAD,
        seq=7,
        t_capture_ns=123,
        clock="media",
        skeleton="coco17",
        image_size_px=(1920, 1080),
        people=(person, person),
    )


@pytest.fixture
def examples(keypoints_frame: KeypointsFrame) -> dict[Topic, Message]:
    camera = CameraModel(
        name="cam0",
        image_size_px=(1920, 1080),
        K=(1.0, 0.0, 0.5, 0.0, 1.0, 0.5, 0.0, 0.0, 1.0),
        distortion_model="plumb_bob",
        distortion=(0.1, 0.0, 0.0, 0.0, 0.0),
        translation_m=(0.0, 0.0, 2.0),
        quaternion_xyzw=(0.0, 0.0, 0.0, 1.0),
    )
    pose = Pose(
        id=4,
        state="tracked",
        positions_world_m=np.full((J, 3), 0.25, np.float32),
        confidence=np.ones(J, np.float32),
        valid=np.arange(J) % 2 == 0,
        contact=np.array([0.75, np.nan], np.float32),
        body=Body(
            root_world_m=np.array([0.5, 0, 1], np.float32),
            heading_rad=0.25,
            rotations_xyzw=np.tile(np.array([0, 0, 0, 1], np.float32), (BONES, 1)),
            offsets_m=np.full((BONES, 3), 0.125, np.float32),
            joint_offsets_m=np.full((J, 3), np.nan, np.float32),
        ),
    )
    return {
        KEYPOINTS: keypoints_frame,
        DETECTOR: DetectorStatus(
            **HEAD,
            state="lost",
            detector="rtmpose: m.onnx",
            pictures_in=9,
            frames_out=8,
            refused={"corrupt": 1},
            dropped={},
            latency_ms={"detect": Percentiles(p50=20.0, p95=30.0, p99=40.0)},
            warnings=("camera 0 is lost for 3 s",),
        ),
        SMPL: SmplFrame(
            **HEAD,
            seq=8,
            t_capture_ns=123,
            capture_clock="media",
            t_publish_ns=2,
            kind="smplx",
            gender="neutral",
            people=(
                SmplBody(
                    id=3,
                    betas=np.arange(10, dtype=np.float32),
                    poses_rotvec=np.full((24, 3), 0.25, np.float32),
                    trans_m=np.array([1, 2, 3], np.float32),
                    residual_mm=12.5,
                    settled=False,
                ),
            ),
        ),
        PREVIEW: Preview(
            **HEAD,
            seq=7,
            t_capture_ns=123,
            clock="media",
            image_size_px=(640, 360),
            jpeg=b"\xff\xd8\xff\xd9",
        ),
        DEFINITION: SkeletonDefinition(
            **HEAD,
            def_id="d",
            t_publish_ns=1,
            unix_minus_monotonic_ns=-5,
            skeleton="coco17",
            joint_names=COCO17.joint_names,
            bones=COCO17.bones,
            left_right=COCO17.left_right,
            camera=camera,
            model=MODEL,
            humanoid=humanoid("coco17"),
        ),
        POSE: PoseFrame(
            **HEAD,
            seq=9,
            def_id="d",
            source_session="ab",
            source_seq=7,
            t_capture_ns=123,
            capture_clock="media",
            t_receive_ns=200,
            t_publish_ns=300,
            timing_ns={"denoise": 50},
            people=(pose,),
        ),
        STATUS: Status(
            **HEAD,
            t_publish_ns=1,
            unix_minus_monotonic_ns=-5,
            state="running",
            uptime_s=1.5,
            input_rate_hz=60.0,
            output_rate_hz=60.0,
            frames_in=90,
            frames_out=90,
            people_in_view=1,
            latency_ms={"total": Percentiles(p50=1.0, p95=2.0, p99=3.0)},
            refused={"version": 1},
            dropped={},
            model=MODEL,
            warnings=("mind the gap",),
        ),
    }
