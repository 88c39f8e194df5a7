"""2D keypoint recordings as training data: people's tracks, played as windows of V0.

A recording without a camera is taken to be seen by a level one, ASSUMED_HEIGHT_M over the ground
and ASSUMED_FIELD_RAD wide. What a detector missed is a hole: it is filled, so that there is
something to add noise to, and marked, so that nothing is learned from the filling.
"""

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy.typing import NDArray
from torch import Tensor

from ...calibration.camera import Camera
from ...core.conversions import conversion
from ...core.errors import M2t3Error, RecordingError
from ...core.skeletons import Skeleton
from ...lifting.anchor import canonical_body, guess_ground_position
from ...lifting.questions import MAX_UV
from ...lifting.recording import Recording, read_recording
from ...lifting.rig import Rig, view_axes
from ...lifting.sides import SideFilter

log = logging.getLogger(__name__)

ASSUMED_HEIGHT_M = 1.5
ASSUMED_FIELD_RAD = math.radians(60.0)  # across the picture's longer side
KNOWN_CONFIDENCE = 0.3  # a joint of less is a hole
KNOWN_SHARE = 0.5  # a frame with a smaller share of known joints is left out ...
GAP_S = 0.25  # ... and where frames are further apart than this, the track ends and another begins
SHORTEST_S = 0.5  # a shorter track shows no motion
_SPEEDS = 0.45  # width of the log-uniform speeds at which tracks are played, as mocap clips are


@dataclass(frozen=True)
class RecordedWindows:
    """R windows of T frames as V0 of their rigs saw them."""

    uv: Tensor  # (R, T, J, 2) normalised, in V0 turned to the gaze point; holes are filled
    confidence: Tensor  # (R, T, J) the detector's
    known: Tensor  # (R, T, J) bool
    distance_m: Tensor  # (R,) the rig's two numbers
    height_m: Tensor  # (R,)


@dataclass(frozen=True, eq=False)
class Track:
    """One person before one camera, F frames without a gap, holes filled."""

    t_s: Float[NDArray, "f"]  # rising
    rays_world: Float[NDArray, "f j 3"]  # from the camera to the joints, at depth 1
    confidence: Float[NDArray, "f j"]
    known: Bool[NDArray, "f j"]
    ground_world_m: Float[NDArray, "f 2"]  # where the person roughly stands
    camera_world_m: Float[NDArray, "3"]


class Tracks:
    """All tracks of a folder, laid end to end on one axis of time."""

    def __init__(self, tracks: list[Track]) -> None:
        self.tracks = tracks
        lengths = torch.tensor([len(track.t_s) for track in tracks])
        self.start = torch.cat([torch.zeros(1, dtype=torch.int64), lengths.cumsum(0)])
        self.duration_s = torch.tensor([t.t_s[-1] - t.t_s[0] for t in tracks], dtype=torch.float64)
        self.begin_s = (self.duration_s + 1.0).cumsum(0) - self.duration_s
        self.t_s = torch.cat(
            [torch.from_numpy(t.t_s - t.t_s[0]) + begin
             for t, begin in zip(tracks, self.begin_s, strict=True)]
        )  # fmt: skip
        self.rays_world = _joined([track.rays_world for track in tracks])
        self.confidence = _joined([track.confidence for track in tracks])
        self.known = torch.from_numpy(np.concatenate([track.known for track in tracks]))
        self.ground_world_m = _joined([track.ground_world_m for track in tracks])

    def draw(self, t_s: Tensor, generator: torch.Generator) -> RecordedWindows:
        """Windows with frames at times (R, T), from tracks drawn by their length.

        A track that is too short is played back and forth.
        """
        r = len(t_s)

        def rand() -> Tensor:
            return torch.rand(r, 1, generator=generator, dtype=torch.float64)

        track = torch.multinomial(self.duration_s, r, replacement=True, generator=generator)
        last = self.duration_s[track][:, None]
        at = (t_s - t_s[:, :1]) * torch.exp((rand() - 0.5) * _SPEEDS)
        at = at + (last - at[:, -1:]).clip(0.0) * rand()
        return self.windows(track, last - ((at % (2 * last)) - last).abs())

    def windows(self, track: Tensor, at_s: Tensor) -> RecordedWindows:
        """What tracks (R,) show at times (R, T) after their beginnings."""
        at = self.begin_s[track][:, None] + at_s
        first, end = self.start[track][:, None], self.start[track + 1][:, None]
        low = (torch.searchsorted(self.t_s, at, right=True) - 1).clamp(first, end - 2)
        share = ((at - self.t_s[low]) / (self.t_s[low + 1] - self.t_s[low])).float()[..., None]
        known = (self.known[low] | (share == 1)) & (self.known[low + 1] | (share == 0))
        rays_world = torch.lerp(self.rays_world[low], self.rays_world[low + 1], share[..., None])
        anchors = self.ground_world_m[low].median(dim=1).values.numpy()
        rigs = [
            Rig.facing(self.tracks[k].camera_world_m, anchor)
            for k, anchor in zip(track.tolist(), anchors, strict=True)
        ]
        distance_m = torch.tensor([rig.distance_m for rig in rigs])
        height_m = torch.tensor([rig.height_m for rig in rigs])
        turn = torch.from_numpy(np.stack([rig.R_rig_world for rig in rigs])).float()
        axes, _ = view_axes(distance_m, height_m)
        rays = rays_world @ (axes[:, 0] @ turn).mT[:, None]
        inside = rays[..., 2] > rays[..., :2].abs().amax(dim=-1) / MAX_UV
        depth = torch.where(inside, rays[..., 2], 1.0)[..., None]
        return RecordedWindows(
            uv=torch.where(inside[..., None], rays[..., :2] / depth, 0.0),
            confidence=torch.lerp(self.confidence[low], self.confidence[low + 1], share),
            known=known & inside,
            distance_m=distance_m,
            height_m=height_m,
        )


def assumed_camera(image_size_px: tuple[int, int]) -> Camera:
    """The camera that a recording without one is taken to be seen by; it looks along world y."""
    width, height = image_size_px
    focal = 0.5 * max(image_size_px) / math.tan(0.5 * ASSUMED_FIELD_RAD)
    return Camera(
        name="assumed",
        width_px=width,
        height_px=height,
        K=np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]]),
        distortion_model="plumb_bob",
        distortion=np.zeros(5),
        R_world_camera=np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
        t_world_camera_m=np.array([0.0, 0.0, ASSUMED_HEIGHT_M]),
    )


def read_tracks(folder: Path, skeleton: Skeleton) -> Tracks:
    """All recordings in a folder and those below it, as `skeleton`.

    Files that are no recordings are left out, in words.

    Raises:
        M2t3Error: no folder, nobody in it, or a recording of a format that does not convert.
    """
    if not folder.is_dir():
        raise M2t3Error(
            f"--recordings {folder} is no folder; it holds keypoint recordings (npz, mcap)"
        )
    tracks: list[Track] = []
    paths = sorted(path for path in folder.rglob("*") if path.suffix in (".npz", ".mcap"))
    for path in paths:
        try:
            recording = read_recording(path)
        except RecordingError as error:
            log.warning("left out: %s", error)
            continue
        try:
            tracks += _tracks(recording, skeleton)
        except M2t3Error as error:
            raise M2t3Error(f"{path}: {error}") from None
    if not tracks:
        raise M2t3Error(
            f"--recordings {folder}: {len(paths)} npz and mcap files, and nobody in them whom "
            f"half the joints are known of for {SHORTEST_S} s; `m2t3 demo-recording` writes one "
            "such file"
        )
    seconds = sum(track.t_s[-1] - track.t_s[0] for track in tracks)
    log.info("recordings: %d tracks, %.1f minutes", len(tracks), seconds / 60)
    return Tracks(tracks)


def _tracks(recording: Recording, skeleton: Skeleton) -> Iterator[Track]:
    """The people of a recording, each from gap to gap."""
    convert = conversion(recording.skeleton, skeleton.name)
    camera = recording.camera or assumed_camera(recording.image_size_px)
    trusted = recording.confidence >= KNOWN_CONFIDENCE
    px = convert.points(np.where(trusted[..., None], recording.keypoints_px, np.nan))
    uv = camera.undistort(px)
    known = np.isfinite(uv).all(axis=-1)
    confidence = convert.confidence(recording.confidence)
    usable = (recording.person_id >= 0) & (known.mean(axis=-1) >= KNOWN_SHARE)
    t_s = recording.t_capture_ns * 1e-9
    for person in np.unique(recording.person_id[usable]):
        frame, place = np.nonzero(usable & (recording.person_id == person))
        frame, once = np.unique(frame, return_index=True)  # nobody is twice in a frame
        place = place[once]
        ends = np.flatnonzero(np.diff(t_s[frame]) > GAP_S) + 1
        for at in zip(np.split(frame, ends), np.split(place, ends), strict=True):
            if t_s[at[0][-1]] - t_s[at[0][0]] >= SHORTEST_S:
                yield _track(camera, t_s[at[0]], uv[at], confidence[at], known[at], skeleton)


def _track(
    camera: Camera,
    t_s: Float[NDArray, "f"],
    uv: Float[NDArray, "f j 2"],
    confidence: Float[NDArray, "f j"],
    known: Bool[NDArray, "f j"],
    skeleton: Skeleton,
) -> Track:
    """A track of keypoints in the camera's normalised coordinates, NaN at holes."""
    body_m, center = canonical_body(skeleton), camera.t_world_camera_m
    rays = _rays_world(camera, uv)
    unit = rays / np.linalg.norm(rays, axis=-1, keepdims=True)
    sides = SideFilter(skeleton)
    order = np.stack([sides.order(*seen) for seen in zip(t_s, unit, known, strict=True)])
    ground = [
        guess_ground_position(*seen, center, body_m) for seen in zip(unit, known, strict=True)
    ]
    known = np.take_along_axis(known, order, axis=1)
    filled = _filled(t_s, np.take_along_axis(uv, order[..., None], axis=1), known)
    return Track(
        t_s=t_s,
        rays_world=_rays_world(camera, filled),
        confidence=np.take_along_axis(confidence, order, axis=1),
        known=known,
        ground_world_m=np.stack(ground),
        camera_world_m=center,
    )


def _filled(
    t_s: Float[NDArray, "f"], uv: Float[NDArray, "f j 2"], known: Bool[NDArray, "f j"]
) -> Float[NDArray, "f j 2"]:
    """Holes filled, so that they go where the body goes.

    A joint's offset from the middle of the frame's known joints is interpolated in time, and kept
    before the first and after the last; a joint that is never known lies in the middle.
    """
    middle = np.nanmean(np.where(known[..., None], uv, np.nan), axis=1, keepdims=True)
    offset = np.where(known[..., None], uv - middle, 0.0)
    for j in np.flatnonzero(known.any(axis=0) & ~known.all(axis=0)):
        there = known[:, j]
        for axis in range(2):
            offset[:, j, axis] = np.interp(t_s, t_s[there], offset[there, j, axis])
    return middle + offset


def _rays_world(camera: Camera, uv: Float[NDArray, "*n 2"]) -> Float[NDArray, "*n 3"]:
    """World directions of normalised coordinates, at depth 1 of the camera."""
    rays = np.concatenate([uv, np.ones_like(uv[..., :1])], axis=-1)
    return rays @ camera.R_world_camera.T


def _joined(arrays: list[NDArray]) -> Tensor:
    return torch.from_numpy(np.concatenate(arrays).astype(np.float32))
