"""What weights are measured on: clips seen by unseen cameras, and recordings with a reference."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray

from ...calibration.camera import Camera
from ...core.conversions import conversion
from ...core.errors import M2t3Error
from ...core.skeletons import Skeleton
from ...lifting.body_size import log_size
from ...lifting.people import Observation
from ...lifting.recording import read_recording
from ..archive import read_archive
from ..windows.noise import STATURE_M, DetectorNoise, observe
from .actions import action_of
from .unseen_cameras import camera_that_sees

PIECE_S = 5.0  # length of the pieces that results are quoted for


@dataclass(frozen=True)
class Case:
    """One person before one camera, and the truth."""

    group: str  # the table row it counts for
    name: str  # clip or recording
    camera: Camera
    fps: float
    keypoints_px: Float[NDArray, "t j 2"]  # NaN where missing
    confidence: Float[NDArray, "t j"]
    truth_world_m: Float[NDArray, "t j 3"]  # NaN where unknown
    action: str | None = None  # what the person does (actions.ACTIONS), where the name tells

    def observations(self) -> Iterator[Observation]:
        """What a lifter is asked, frame by frame, of person 0."""
        for t, (px, confidence) in enumerate(zip(self.keypoints_px, self.confidence, strict=True)):
            yield Observation(0, t / self.fps, px, confidence)

    @property
    def distance_m(self) -> float:
        """From the camera to the person, on average."""
        offset = self.truth_world_m.mean(axis=1) - self.camera.t_world_camera_m
        return float(np.nanmean(np.linalg.norm(offset, axis=-1)))

    @property
    def camera_height_m(self) -> float:
        """Over the floor."""
        return float(self.camera.t_world_camera_m[2])

    @property
    def camera_pitch_deg(self) -> float:
        """Below zero where the camera looks down."""
        return float(np.degrees(np.arcsin(self.camera.R_world_camera[2, 2])))


def mocap_cases(
    path: Path, skeleton: Skeleton, piece_s: float = PIECE_S, cameras: int = 1, seed: int = 0
) -> Iterator[Case]:
    """Every clip of an archive in pieces of `piece_s`, each before seeded cameras of its own.

    A camera need not see all of a long clip, and more cameras say more. The 2D is exact; a joint
    outside the picture is missing, as it would be for a detector.
    """
    archive = read_archive(path, skeleton)
    for i, name in enumerate(archive.clip_names):
        clip = archive.clip(i).astype(np.float64)
        pieces = max(1, round(len(clip) / archive.fps / piece_s))
        rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
        for part, truth in enumerate(np.array_split(clip, pieces)):
            for _ in range(cameras):
                yield exact_case(
                    "mocap, exact 2D", f"{name}/{part}", camera_that_sees(truth, rng), truth,
                    archive.fps, action_of(name),
                )  # fmt: skip


def exact_case(
    group: str,
    name: str,
    camera: Camera,
    truth_world_m: Float[NDArray, "t j 3"],
    fps: float,
    action: str,
) -> Case:
    """A person seen without error; joints outside the picture are missing."""
    px = camera.project(truth_world_m)
    with np.errstate(invalid="ignore"):
        inside = (px >= 0) & (px < [camera.width_px, camera.height_px])
    return Case(
        group=group,
        name=name,
        camera=camera,
        fps=fps,
        keypoints_px=np.where(inside.all(axis=-1, keepdims=True), px, np.nan),
        confidence=np.ones(px.shape[:-1]),
        truth_world_m=truth_world_m,
        action=action,
    )


def with_detector_noise(case: Case, skeleton: Skeleton, seed: int = 0) -> Case:
    """The same case as a detector might see it: the noise that training has without a recipe.

    The whole case is one window: a level of its own; of each joint's error a part that stays, one
    that drifts over eight frames and more, and one that is new in every frame; jumps, swapped
    sides, limbs and single joints missing, a cut-off by an edge. It has no exact windows, no error
    of the camera's pitch, no desk, and no wander: nothing that comes and goes over a few frames,
    as a real detector's errors do. The recipes in configs/ train with wander, so this is milder;
    it stays as it is, so that numbers can be compared.
    """
    place = case.camera.t_world_camera_m.round(3).tolist()  # other noise before another camera
    generator = torch.Generator().manual_seed(zlib.crc32(f"{seed}{case.name}{place}".encode()))
    noise = DetectorNoise(exact=0.0, pitch_rad=0.0)
    size = np.exp(np.nanmedian(log_size(case.truth_world_m, skeleton)))
    stature_px = float(case.camera.K[0, 0]) * STATURE_M * size / case.distance_m
    middle_px = np.nanmedian(case.keypoints_px, axis=(0, 1))  # stands in where nothing is seen
    filled_px = np.where(np.isnan(case.keypoints_px), middle_px, case.keypoints_px)
    px = torch.from_numpy(filled_px).float()[None]
    noisy, confidence, seen = observe(
        px, torch.tensor([stature_px]).float(), skeleton, noise, generator
    )
    missing = np.isnan(case.keypoints_px[..., :1]) | ~seen[0].numpy()[..., None]
    return replace(
        case,
        group=case.group.replace("exact 2D", "detector-like 2D"),
        keypoints_px=np.where(missing, np.nan, noisy[0].double().numpy()),
        confidence=confidence[0].double().numpy(),
    )


def recording_case(path: Path, reference: Path, skeleton: Skeleton) -> Case:
    """One person's recording that holds its camera, against reference joints of the same frames.

    Recording and reference are of one format, which is converted to `skeleton`.

    Raises:
        M2t3Error: a recording without camera, or a reference of other frames.
    """
    recording = read_recording(path)
    if recording.camera is None:
        raise M2t3Error(f"{path} holds no camera (K, dist, R, t), so nothing can be measured")
    with np.load(reference) as data:
        truth = data["joints"].astype(np.float64)
    if len(truth) != len(recording.keypoints_px):
        raise M2t3Error(
            f"{reference} has {len(truth)} frames, {path} has {len(recording.keypoints_px)}"
        )
    converted = conversion(recording.skeleton, skeleton.name)
    return Case(
        group=path.stem,
        name=path.stem,
        camera=recording.camera,
        fps=recording.fps,
        keypoints_px=converted.points(recording.keypoints_px[:, 0].astype(np.float64)),
        confidence=converted.confidence(recording.confidence[:, 0].astype(np.float64)),
        truth_world_m=converted.points(truth),
    )
