"""Good messages of every subscribed topic, small ones: two joints, the second one not valid."""

from typing import Any

import msgspec
import numpy as np

from ...core import messages, topics


def examples() -> dict[topics.Topic[Any], list[messages.Message]]:
    """By topic; the first of each is the plain one."""
    stream, session = "cam0", "5f3a91c2e07b4d68"
    model = messages.ModelInfo(
        weights="coco17-nc", licence="non-commercial — ask", engine="onnxruntime", sha256="9c1e"
    )
    definition = messages.SkeletonDefinition(
        stream=stream,
        session=session,
        def_id="9c1e4b7a2d5f8036",
        t_publish_ns=3_000_000_000,
        unix_minus_monotonic_ns=-5,
        skeleton="coco17",
        joint_names=("nose", "left_wrist"),
        bones=((0, 1),),
        left_right=(),
        camera=messages.CameraModel(
            name="cam0",
            image_size_px=(1280, 720),
            K=(1108.5, 0.0, 643.2, 0.0, 1109.1, 356.8, 0.0, 0.0, 1.0),
            distortion_model="plumb_bob",
            distortion=(-0.08, 0.025, 0.0004, -0.0003, 0.0),
            translation_m=(-5.2, 0.4, 2.2),
            quaternion_xyzw=(-0.5, 0.5, -0.5, 0.5),
        ),
        model=model,
    )
    humanoid = messages.Humanoid(
        bone_names=("Hips", "Spine"),
        parents=(-1, 0),
        rest_directions=((0.0, 0.0, 1.0), (0.0, 0.0, 1.0)),
        joint_bones=(1, 0),
    )
    person = messages.Pose(
        id=1,
        state="tracked",
        positions_world_m=np.array([(1.5, -0.25, 0.875), (np.nan,) * 3], np.float32),
        confidence=np.array([0.75, 0], np.float32),
        valid=np.array([True, False]),
    )
    bodily = msgspec.structs.replace(
        person,
        contact=np.array([0.75, np.nan], np.float32),
        body=messages.Body(
            root_world_m=np.array([1, 2, 0.9], np.float32),
            heading_rad=-1.25,
            rotations_xyzw=np.array([(0, 0, 0, 1), (0.5, -0.5, 0.5, -0.5)], np.float32),
            offsets_m=np.array([(0, 0, 0), (0, 0, 0.3)], np.float32),
            joint_offsets_m=np.array([(0.1, 0, 0.2), (np.nan,) * 3], np.float32),
        ),
    )
    strange = np.array([(-0.0, 1e-45, 3.4e38), (np.inf, -np.inf, np.pi)], np.float32)
    gone = msgspec.structs.replace(
        person,
        id=-(2**63),
        state="left",
        positions_world_m=strange,
        valid=np.array([False, False]),
    )
    frame = messages.PoseFrame(
        stream=stream,
        session=session,
        seq=7,
        def_id="9c1e4b7a2d5f8036",
        source_session="a1b2c3",
        source_seq=12,
        t_capture_ns=3_000_000_000,
        capture_clock="monotonic",
        t_receive_ns=3_001_000_000,
        t_publish_ns=3_005_000_000,
        timing_ns={"network": 2_500_000},
        people=(person,),
    )
    status = messages.Status(
        stream=stream,
        session=session,
        t_publish_ns=3_000_000_000,
        unix_minus_monotonic_ns=1_700_000_000_000_000_000,
        state="running",
        uptime_s=1.5,
        input_rate_hz=59.94,
        output_rate_hz=60.0,
        frames_in=90,
        frames_out=89,
        people_in_view=1,
        latency_ms={"total": messages.Percentiles(p50=4.5, p95=6.25, p99=1e-300)},
        refused={"version": 1, "schema": 2},
        dropped={},
        model=model,
        warnings=('"über"\n\\', ""),
    )
    replace = msgspec.structs.replace
    extremes = {"seq": 2**64 - 1, "source_seq": 2**63, "t_publish_ns": 2**63 - 1}
    return {
        topics.POSE: [
            frame,
            replace(frame, people=()),
            replace(frame, people=(person, gone), capture_clock="media", **extremes),
            replace(frame, people=(bodily,)),
            replace(frame, stream="A-Z_09", timing_ns={"b": -1, "a": 2**40}),
        ],
        topics.DEFINITION: [
            definition,
            replace(definition, humanoid=humanoid),
            replace(definition, joint_names=(), bones=(), left_right=((0, 2**64 - 1),)),
        ],
        topics.STATUS: [status, replace(status, state="stopping", latency_ms={}, warnings=())],
    }
