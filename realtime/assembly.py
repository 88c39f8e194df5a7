"""From a camera and weights to a warm pipeline and the definition of what it publishes."""

import secrets

import msgspec
import numpy as np

from ..calibration.camera import Camera
from ..core import topics, wire
from ..core.clock import SECOND_NS
from ..core.geometry import quaternion_from_rotation
from ..core.humanoid import humanoid
from ..core.messages import (
    CameraModel,
    Keypoints,
    KeypointsFrame,
    ModelInfo,
    SkeletonDefinition,
)
from ..core.skeletons import Skeleton
from ..engines.loading import load_denoiser
from ..engines.registry import LoadedDenoiser
from ..lifting.lifter import Lifter
from ..lifting.steady import SteadyLifter
from .pipeline import Pipeline
from .tracking.tracker import Tracker

WARM_FRAMES = 20  # of one person
WARM_PEOPLE = 8  # at most; more make the first frame that has them slower


def assemble(
    camera: Camera,
    stream: str,
    *,
    weights: str,
    engine: str,
    steps: int,
    height_m: float | None = None,
    look_ahead: int = 0,
) -> tuple[SkeletonDefinition, Pipeline]:
    """A pipeline that is ready for its first frame, and its definition, in a new session.

    Raises:
        EngineError: the weights or the engine are missing or cannot run here.
        M2t3Error: steps, height or look-ahead are out of range.
    """
    denoiser = load_denoiser(weights, engine)
    return assemble_around(
        denoiser, camera, stream, steps=steps, height_m=height_m, look_ahead=look_ahead
    )


def assemble_around(
    denoiser: LoadedDenoiser,
    camera: Camera,
    stream: str,
    *,
    steps: int,
    height_m: float | None = None,
    look_ahead: int = 0,
) -> tuple[SkeletonDefinition, Pipeline]:
    """The same with a denoiser that is loaded already."""
    skeleton = denoiser.shape.skeleton
    definition = define(
        stream=stream,
        session=secrets.token_hex(8),
        skeleton=skeleton,
        camera=camera,
        model=ModelInfo(
            weights=denoiser.weights.name,
            licence=denoiser.weights.licence,
            engine=denoiser.name,
            sha256=denoiser.weights.sha256,
        ),
    )

    def pipeline() -> Pipeline:
        return Pipeline(
            stream=stream,
            session=definition.session,
            def_id=definition.def_id,
            skeleton=skeleton,
            image_size_px=definition.camera.image_size_px,
            lifter=SteadyLifter(Lifter(camera, denoiser, steps, height_m), look_ahead),
            look_ahead=look_ahead,
            tracker=Tracker(camera, skeleton),
        )

    warm(pipeline(), definition)
    return definition, pipeline()


def define(
    *, stream: str, session: str, skeleton: Skeleton, camera: Camera, model: ModelInfo
) -> SkeletonDefinition:
    """The definition of one stream, without its two times."""
    definition = SkeletonDefinition(
        stream=stream,
        session=session,
        def_id="-",
        t_publish_ns=0,
        unix_minus_monotonic_ns=0,
        skeleton=skeleton.name,
        joint_names=skeleton.joint_names,
        bones=skeleton.bones,
        left_right=skeleton.left_right,
        camera=CameraModel(
            name=camera.name,
            image_size_px=(camera.width_px, camera.height_px),
            K=tuple(camera.K.ravel().tolist()),
            distortion_model=camera.distortion_model,
            distortion=tuple(camera.distortion.tolist()),
            translation_m=tuple(camera.t_world_camera_m.tolist()),
            quaternion_xyzw=tuple(quaternion_from_rotation(camera.R_world_camera).tolist()),
        ),
        model=model,
        humanoid=humanoid(skeleton.name),
    )
    return msgspec.structs.replace(definition, def_id=wire.definition_id(definition))


def warm(pipeline: Pipeline, definition: SkeletonDefinition) -> None:
    """Answers made-up frames from the wire to the wire; the pipeline is to be thrown away.

    One person who shrinks as if walking away, then more and more people, in sessions of their own
    because whoever is there when a session begins is lifted at once. That compiles what is compiled
    at first use, lets the engine see the shapes to come, and touches what they are computed in.
    """
    joints, size_px = len(definition.joint_names), np.array(definition.camera.image_size_px)
    offsets_px = np.random.default_rng(0).uniform(-0.2, 0.2, (WARM_PEOPLE, joints, 2)) * size_px
    counts = [1] * WARM_FRAMES + [n for n in range(1, WARM_PEOPLE + 1) for _ in range(2)]
    for seq, people in enumerate(counts):
        scale = 0.3 ** min(seq / WARM_FRAMES, 1.0)
        frame = KeypointsFrame(
            stream=definition.stream,
            session=f"warm-{people}",
            seq=seq,
            t_capture_ns=seq * SECOND_NS // 30,
            clock="media",
            skeleton=definition.skeleton,
            image_size_px=definition.camera.image_size_px,
            people=tuple(
                Keypoints(
                    keypoints_px=(size_px / 2 + scale * offset_px).astype(np.float32),
                    confidence=np.ones(joints, np.float32),
                    id=person,
                )
                for person, offset_px in enumerate(offsets_px[:people])
            ),
        )
        received = wire.decode(topics.KEYPOINTS, wire.encode(frame))
        answer = pipeline.process(received, received.t_capture_ns)
        if answer is not None:
            wire.encode(answer)
