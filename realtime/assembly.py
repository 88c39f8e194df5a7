"""From a camera and weights to a warm pipeline and the definition of what it publishes."""

import secrets

import msgspec
import numpy as np

from ..calibration.camera import Camera
from ..core.geometry import quaternion_from_rotation
from ..core.humanoid import humanoid
from ..core.messages import CameraModel, ModelInfo, SkeletonDefinition
from ..core.skeletons import Skeleton
from ..core.wire import definition_id
from ..engines.loading import load_denoiser
from ..lifting.lifter import Lifter, Observation
from .pipeline import Pipeline

WARM_FRAMES = 20


def assemble(
    camera: Camera,
    stream: str,
    *,
    weights: str,
    engine: str,
    steps: int,
    height_m: float | None = None,
) -> tuple[SkeletonDefinition, Pipeline]:
    """A pipeline that is ready for its first frame, and its definition, in a new session.

    Raises:
        EngineError: the weights or the engine are missing or cannot run here.
        M2t3Error: steps or height are out of range.
    """
    denoiser = load_denoiser(weights, engine)
    _warm(Lifter(camera, denoiser, steps, height_m))
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
    pipeline = Pipeline(
        stream=stream,
        session=definition.session,
        def_id=definition.def_id,
        skeleton=skeleton,
        image_size_px=definition.camera.image_size_px,
        lifter=Lifter(camera, denoiser, steps, height_m),
    )
    return definition, pipeline


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
    return msgspec.structs.replace(definition, def_id=definition_id(definition))


def _warm(lifter: Lifter) -> None:
    """Lift two made-up people who grow and shrink, alone and together.

    That compiles what is compiled at first use and lets the engine see the shapes to come; the
    lifter is thrown away.
    """
    joints = lifter.denoiser.shape.skeleton.joint_count
    size_px = np.array([lifter.camera.width_px, lifter.camera.height_px])
    offsets_px = np.random.default_rng(0).uniform(-0.2, 0.2, (2, joints, 2)) * size_px
    for frame in range(WARM_FRAMES):
        scale = 1.0 if frame < WARM_FRAMES // 2 else 0.3
        people = [
            Observation(
                person, frame / 30, size_px / 2 + scale * offsets_px[person], np.ones(joints)
            )
            for person in range(1 + frame % 2)
        ]
        lifter.lift(people)
