"""`m2t3 fit`: SMPL bodies of lifted poses, one AMASS-like file a person."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro
from jaxtyping import Float, Float32
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress

from ..calibration.camera import Camera
from ..calibration.camera_file import read_camera_file
from ..core.clock import SECOND_NS, monotonic_ns
from ..core.conversions import conversion
from ..core.errors import M2t3Error, RecordingError
from ..lifting.recording import Recording, read_recording
from ..lifting.smpl.amass_file import write_amass
from ..lifting.smpl.evidence import Rays
from ..lifting.smpl.model_file import BodyModel, read_body_model
from ..lifting.smpl.motion import fit_motion
from .export.poses import Poses, read_poses

SAME_PERSON = 0.25  # of a person's size in the picture: a detection further off is somebody else


@dataclass(frozen=True)
class Fit:
    """Fit SMPL, SMPL-H or SMPL-X bodies to the joints that `m2t3 lift` has found."""

    poses: Annotated[Path, tyro.conf.Positional]
    """What `m2t3 lift --out` wrote (npz), or a recording of `m2t3 record` (mcap)."""
    out: Path
    """Folder to write to: NAME_personID_poses.npz for everybody, in AMASS's layout."""
    model: Path | None = None
    """Body model file, e.g. SMPLX_NEUTRAL.npz; get it from Max Planck under their licence."""
    keypoints: Path | None = None
    """The recording that was lifted; then bodies fit the picture, too."""
    camera: Path | None = None
    """Its camera file; not needed if the recording itself holds K, dist, R, t and image_size."""
    smoothness: float = 1.0
    """How much limbs dislike to accelerate; 0: every frame for itself."""

    def run(self) -> int:
        """Write the bodies and return the exit code (1: some people could not be fitted).

        Raises:
            M2t3Error: no model file, or poses, recording and camera do not fit together.
        """
        console = Console(stderr=True)
        model = read_body_model(self.model)
        poses = read_poses(self.poses)
        picture = self._picture(poses)
        if not (np.isfinite(self.smoothness) and self.smoothness >= 0):
            raise M2t3Error(f"--smoothness is 0 or more, not {self.smoothness:g}")
        self.out.mkdir(parents=True, exist_ok=True)
        left_out = 0
        for person in poses.people:
            try:
                self._fit(person, poses, model, picture, console)
            except M2t3Error as error:
                console.print(f"[yellow]person {person} left out: {error}", highlight=False)
                left_out += 1
        return 1 if left_out else 0

    def _fit(
        self,
        person: int,
        poses: Poses,
        model: BodyModel,
        picture: "_Picture | None",
        console: Console,
    ) -> None:
        t_start_ns = monotonic_ns()
        frames, joints_m, confidence = _of(person, poses)
        rays = None if picture is None else picture.rays(joints_m, frames)
        with Progress(console=console, transient=True) as progress:
            task = progress.add_task(f"fitting person {person}", total=len(joints_m))
            motion = fit_motion(
                model, poses.skeleton, poses.fps, joints_m, confidence, rays, self.smoothness,
                lambda count: progress.advance(task, count),
            )  # fmt: skip
        path = self.out / f"{self.poses.stem}_person{person}_poses.npz"
        write_amass(path, model, motion, poses.fps, poses.t_ns[frames])
        seconds = (monotonic_ns() - t_start_ns) / SECOND_NS
        console.print(
            f"{path}: {len(joints_m)} frames, {model.gender} {model.kind.upper()}, "
            f"{1000 * np.nanmean(motion.residual_m):.0f} mm from the joints, "
            f"{len(joints_m) / seconds:.0f} frames per second",
            highlight=False,
            soft_wrap=True,
        )

    def _picture(self, poses: Poses) -> "_Picture | None":
        if self.keypoints is None:
            if self.camera is not None:
                raise M2t3Error("--camera goes with --keypoints, the recording that it took")
            return None
        recording = read_recording(self.keypoints)
        camera = read_camera_file(self.camera).camera if self.camera else recording.camera
        if camera is None:
            raise RecordingError(
                f"{self.keypoints} holds no camera (K, dist, R, t): give one with --camera FILE"
            )
        if not np.array_equal(recording.t_capture_ns, poses.t_ns):
            raise RecordingError(
                f"{self.poses} was not lifted from {self.keypoints}: their frames' times differ"
            )
        try:
            conversion(recording.skeleton, poses.skeleton.name)
        except M2t3Error as error:
            raise RecordingError(f"{self.keypoints}: {error}") from None
        return _Picture(camera, recording, poses.skeleton.name)


def _of(
    person: int, poses: Poses
) -> tuple[slice, Float32[NDArray, "N K 3"], Float32[NDArray, "N K"]]:
    """The frames from a person's first to their last; positions and confidence in these.

    Positions are NaN, and confidence is 0, in frames between in which they were not there.
    """
    t, column = np.nonzero(poses.person_id == person)
    frames = slice(int(t[0]), int(t[-1]) + 1)
    joints_m = np.full(
        (frames.stop - frames.start, *poses.positions_world_m.shape[2:]), np.nan, np.float32
    )
    confidence = np.zeros(joints_m.shape[:2], np.float32)
    joints_m[t - t[0]] = poses.positions_world_m[t, column]
    confidence[t - t[0]] = poses.confidence[t, column]
    return frames, joints_m, confidence


@dataclass(frozen=True, eq=False)
class _Picture:
    """What was seen, to be found again for each person."""

    camera: Camera
    recording: Recording
    skeleton: str

    def rays(self, joints_m: Float[NDArray, "T K 3"], frames: slice) -> Rays:
        """Rays of the detection nearest to where the person's joints are in the picture.

        The detector's ids are not the tracker's, so places decide.
        """
        convert = conversion(self.recording.skeleton, self.skeleton)
        keypoints_px = convert.points(self.recording.keypoints_px[frames])
        confidence = convert.confidence(np.nan_to_num(self.recording.confidence[frames]))
        keypoints_px = np.where(confidence[..., None] > 0, keypoints_px, np.nan).astype(float)
        expected_px = self.camera.project(joints_m)
        size_px = np.linalg.norm(_extent(expected_px), axis=-1)
        apart_px = np.linalg.norm(keypoints_px - expected_px[:, None], axis=-1)
        off = np.where(np.isnan(apart_px).all(-1), np.inf, _mean(apart_px)) / size_px[:, None]
        nearest = np.nan_to_num(off, nan=np.inf).argmin(axis=1)
        t = np.arange(len(joints_m))
        mine = off[t, nearest] < SAME_PERSON
        seen_px = np.where(mine[:, None, None], keypoints_px[t, nearest], np.nan)
        return Rays(
            self.camera.t_world_camera_m, self.camera.rays_world(seen_px), confidence[t, nearest]
        )


def _extent(points_px: Float[NDArray, "T K 2"]) -> Float[NDArray, "T 2"]:
    """Width and height of the box around points; 0 where there is none."""
    low = np.where(np.isnan(points_px), np.inf, points_px).min(axis=1)
    high = np.where(np.isnan(points_px), -np.inf, points_px).max(axis=1)
    return np.maximum(high - low, 0.0)


def _mean(values: Float[NDArray, "*n k"]) -> Float[NDArray, "*n"]:
    """The mean without NaN, 0 of nothing."""
    there = np.isfinite(values)
    return np.where(there, values, 0.0).sum(axis=-1) / np.maximum(there.sum(axis=-1), 1)
