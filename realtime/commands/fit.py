"""`m2t3 fit`: SMPL bodies of lifted poses, one AMASS-like file a person."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro
from jaxtyping import Float
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress

from ...calibration.camera import Camera
from ...calibration.camera_files.camera_file import read_camera_file
from ...core.clock import SECOND_NS, monotonic_ns
from ...core.conversions import conversion
from ...core.errors import M2t3Error, RecordingError
from ...lifting.recording import Recording, read_recording
from ...lifting.smpl.amass_file import write_amass
from ...lifting.smpl.evidence import Rays
from ...lifting.smpl.model_file import BodyModel, read_body_model
from ...lifting.smpl.motion import fit_motion
from ..export.poses import Poses, read_poses
from ..export.take import Presence, take_of

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
    stream: str | None = None
    """Of a recording with several streams: the one whose poses to fit."""
    session: str | None = None
    """Of a recording over a restart of the stream: the session whose poses to fit."""

    def run(self) -> int:
        """Write the bodies and return the exit code (1: some people could not be fitted).

        Raises:
            M2t3Error: no model file, or poses, recording and camera do not fit together.
        """
        console = Console(stderr=True)
        model = read_body_model(self.model)
        poses = read_poses(self.poses, self.stream, self.session)
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
        take = take_of(poses, person)
        joints_m, confidence = take.positions_world_m, np.nan_to_num(take.confidence)
        rays = None if picture is None else picture.rays(poses, take.presence)
        with Progress(console=console, transient=True) as progress:
            task = progress.add_task(f"fitting person {person}", total=len(joints_m))
            motion = fit_motion(
                model, poses.skeleton, poses.fps, joints_m, confidence, rays, self.smoothness,
                lambda count: progress.advance(task, count),
            )  # fmt: skip
        path = self.out / f"{self.poses.stem}_person{person}_poses.npz"
        t_capture_ns = poses.t_ns[0] + np.round(take.presence.t_s * SECOND_NS).astype(np.int64)
        write_amass(path, model, motion, poses.fps, t_capture_ns)
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
        if not np.isin(poses.t_ns, recording.t_capture_ns).all():
            raise RecordingError(
                f"{self.poses} was not lifted from {self.keypoints}: their frames' times differ"
            )
        try:
            conversion(recording.skeleton, poses.skeleton.name)
        except M2t3Error as error:
            raise RecordingError(f"{self.keypoints}: {error}") from None
        return _Picture(camera, recording)


@dataclass(frozen=True, eq=False)
class _Picture:
    """What was seen, to be found again for each person."""

    camera: Camera
    recording: Recording

    def rays(self, poses: Poses, presence: Presence) -> Rays:
        """Rays of the detection nearest to where the person's joints are in the picture.

        The detector's ids are not the tracker's, so places decide.
        """
        seen = np.searchsorted(self.recording.t_capture_ns, poses.t_ns[presence.frame])
        convert = conversion(self.recording.skeleton, poses.skeleton.name)
        keypoints_px = convert.points(self.recording.keypoints_px[seen])
        confidence = convert.confidence(np.nan_to_num(self.recording.confidence[seen]))
        keypoints_px = np.where(confidence[..., None] > 0, keypoints_px, np.nan).astype(float)
        expected_px = self.camera.project(poses.positions_world_m[presence.frame, presence.column])
        size_px = np.linalg.norm(_extent(expected_px), axis=-1)
        apart_px = np.linalg.norm(keypoints_px - expected_px[:, None], axis=-1)
        off = np.where(np.isnan(apart_px).all(-1), np.inf, _mean(apart_px)) / size_px[:, None]
        nearest = np.nan_to_num(off, nan=np.inf).argmin(axis=1)
        t = np.arange(len(seen))
        mine = off[t, nearest] < SAME_PERSON
        mine_px = np.where(mine[:, None, None], keypoints_px[t, nearest], np.nan)
        return Rays(
            self.camera.t_world_camera_m,
            self.camera.rays_world(presence.steady(mine_px)),
            np.nan_to_num(presence.steady(confidence[t, nearest])),
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
