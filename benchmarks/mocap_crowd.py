"""Several people of mocap before one random camera, and what a detector makes of them.

People cross, hide one another and leave; joints behind somebody nearer are missing or wrong; the
detector adds training's noise, shuffles people in every frame, and may give ids that are wrong,
box somebody twice, or see people who are not there. Everything follows from a seed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray

from m2t3.calibration.camera import Camera
from m2t3.core.errors import M2t3Error
from m2t3.core.messages import Keypoints
from m2t3.core.skeletons import COCO17
from m2t3.training.evaluation.cases import exact_case, with_detector_noise
from m2t3.training.evaluation.unseen_cameras import camera_that_sees

MOVING_M = 2.0  # a clip whose root travels this far can cross
LIMB_M = 0.10  # half the thickness of what hides a joint behind it
LOST_SHARE = 0.7  # of the joints; who has so many hidden is not detected
WRONG_SHARE = 0.5  # of hidden joints that a detector puts somewhere all the same
POSTER = -1  # truth of a detection that is no person
GHOST = -2

Ids = Literal["none", "right", "flicker", "swap"]
"""A detector's own track ids: none; right; wrong or new in a fifth of the frames; exchanged for
good at the crossing."""


@dataclass(frozen=True)
class Quirks:
    """What a detector does besides noise."""

    ids: Ids = "none"
    noise: bool = True  # training's detector noise
    duplicates: float = (
        0.0  # chance that a second box on somebody appears in a frame, lasting 0.3 s
    )
    ghosts: float = 0.0  # a frame: somebody who is not there, for one frame
    poster: bool = False  # a picture of a person on the wall, always there
    missed: float = 0.0  # a person and frame: not detected


@dataclass(frozen=True, eq=False)
class Scene:
    """P people in T frames before a camera."""

    camera: Camera
    fps: float
    truth_world_m: Float[NDArray, "p t 17 3"]
    present: Bool[NDArray, "p t"]  # in the room, to be detected unless somebody hides them
    crossing: int  # frame

    @property
    def t_s(self) -> Float[NDArray, "t"]:
        """Capture times."""
        return np.arange(self.present.shape[1]) / self.fps


@dataclass(frozen=True)
class Picture:
    """What the detector says of one frame."""

    t_s: float
    people: tuple[Keypoints, ...]
    truth: tuple[int, ...]  # whom each of them shows: index in the scene, POSTER or GHOST


def resampled(clip: Float[NDArray, "t 17 3"], fps: float, to_fps: float) -> NDArray:
    """A clip at another frame rate."""
    if fps == to_fps:
        return clip
    old, new = np.arange(len(clip)) / fps, np.arange(0, (len(clip) - 1) / fps, 1 / to_fps)
    flat = clip.reshape(len(clip), -1)
    return np.stack([np.interp(new, old, c) for c in flat.T], axis=1).reshape(-1, *clip.shape[1:])


def travels(clip: Float[NDArray, "t 17 3"]) -> bool:
    """Whether this is somebody who goes somewhere."""
    roots = _root(clip)
    return bool(np.linalg.norm(roots[-1] - roots[0]) > MOVING_M)


def crossing(
    clips: Sequence[NDArray], clip_fps: float, fps: float, hidden_s: float, rng: np.random.Generator
) -> Scene:
    """Two people whose ways cross in the picture; the farther one is hidden for `hidden_s`."""
    for _ in range(200):
        pair = [clips[i] for i in rng.choice(len(clips), 2, replace=False)]
        frames = min(min(map(len, pair)), round(4 * clip_fps))
        middle = frames // 2
        near, far = (_placed(clip, frames, rng) for clip in pair)
        try:
            camera = camera_that_sees(np.concatenate([near, far]), rng)
        except M2t3Error:
            continue
        sight = _root(near)[middle] - camera.t_world_camera_m[:2]
        away_m = rng.uniform(0.5, 1.5)
        far[..., :2] += sight / np.linalg.norm(sight) * away_m
        truth = np.stack([resampled(near, clip_fps, fps), resampled(far, clip_fps, fps)])
        if _in_view(camera, truth) > 0.9 and _opposed(camera, near, far, middle):
            hidden = np.abs(np.arange(truth.shape[1]) / fps - middle / clip_fps) < hidden_s / 2
            present = np.stack([np.ones_like(hidden), ~hidden])
            return Scene(camera, fps, truth, present, round(middle / clip_fps * fps))
    raise M2t3Error("no crossing found")


def party(
    clips: Sequence[NDArray],
    clip_fps: float,
    fps: float,
    people: int,
    rng: np.random.Generator,
    seconds: float = 4.0,
    visits: bool = False,
) -> Scene:
    """People going about in one room; with `visits` half of them come later or leave early."""
    frames = round(seconds * clip_fps)
    side_m = 2.0 + 0.5 * people
    for _ in range(500):
        placed: list[NDArray] = []
        for _ in range(200):
            clip = clips[rng.integers(len(clips))]
            body = _placed(_looped(clip, frames, rng), frames, rng)
            body[..., :2] += rng.uniform(-side_m / 2, side_m / 2, 2)
            apart = [np.linalg.norm(_root(body) - _root(b), axis=-1).min() for b in placed]
            if min(apart, default=1.0) > 0.6 and np.abs(_root(body)).max() < side_m:
                placed.append(body)
            if len(placed) == people:
                break
        else:
            continue
        try:
            camera = camera_that_sees(np.concatenate(placed), rng)
        except M2t3Error:
            continue
        truth = np.stack([resampled(body, clip_fps, fps) for body in placed])
        present = np.ones(truth.shape[:2], bool)
        if visits:
            t = truth.shape[1]
            for k in range(0, people, 2):
                cut = rng.integers(t // 5, t // 2)
                present[k, : cut if k % 4 else 0] = False
                present[k, t if k % 4 else t - cut :] = False
        return Scene(camera, fps, truth, present, truth.shape[1] // 2)
    raise M2t3Error("no room for so many people")


def pictures(scene: Scene, quirks: Quirks, rng: np.random.Generator) -> list[Picture]:
    """The scene as the detector sees it, frame by frame."""
    people, frames = scene.present.shape
    px, confidence = _detected(scene, quirks, rng)
    detector_ids = _detector_ids(scene, quirks, rng)
    twins = _spells(rng, (people, frames), quirks.duplicates, 0.3 * scene.fps)
    twin_offset = rng.normal(0, 0.03, (people, 1, 2))
    poster_px = _poster(scene, rng)
    result = []
    for t in range(frames):
        found: list[tuple[int, NDArray, NDArray, int | None]] = []
        for p in range(people):
            if np.isnan(px[p, t, :, 0]).mean() > LOST_SHARE or rng.random() < quirks.missed:
                continue
            found.append((p, px[p, t], confidence[p, t], detector_ids[p][t]))
            if twins[p, t]:
                size = np.nanmax(np.ptp(px[p, t][~np.isnan(px[p, t, :, 0])], axis=0))
                again = px[p, t] + size * (twin_offset[p] + rng.normal(0, 0.015, (17, 2)))
                id_ = None if detector_ids[p][t] is None else 900 + p
                found.append((p, again, 0.9 * confidence[p, t], id_))
        if quirks.poster:
            size = np.ptp(poster_px, axis=0).max()
            at = poster_px + rng.normal(0, 0.004 * size, (17, 2))
            found.append((POSTER, at, np.full(17, 0.8), None if quirks.ids == "none" else 800))
        if rng.random() < quirks.ghosts:
            found.append((GHOST, _ghost(scene, px, t, rng), np.full(17, 0.6), None))
        order = rng.permutation(len(found))
        result.append(
            Picture(
                float(scene.t_s[t]),
                tuple(
                    Keypoints(
                        keypoints_px=found[i][1].astype(np.float32),
                        confidence=np.nan_to_num(found[i][2]).astype(np.float32),
                        id=found[i][3],
                    )
                    for i in order
                ),
                tuple(found[i][0] for i in order),
            )
        )
    return result


def _root(clip: NDArray) -> NDArray:
    return clip[..., list(COCO17.hips), :2].mean(axis=-2)


def _placed(clip: NDArray, frames: int, rng: np.random.Generator) -> NDArray:
    """A piece of a clip, turned at random about where it is in its middle, which is the origin."""
    start = rng.integers(len(clip) - frames + 1)
    piece = clip[start : start + frames].astype(np.float64)
    angle = rng.uniform(0, 2 * np.pi)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    piece[..., :2] = (piece[..., :2] - _root(piece)[frames // 2]) @ turn.T
    return piece


def _looped(clip: NDArray, frames: int, rng: np.random.Generator) -> NDArray:
    """A clip that is long enough: it runs back and forth."""
    there_and_back = np.concatenate([clip, clip[-2:0:-1]])
    start = rng.integers(len(there_and_back))
    return there_and_back[(start + np.arange(frames)) % len(there_and_back)]


def _in_view(camera: Camera, truth: NDArray) -> float:
    px = camera.project(truth)
    with np.errstate(invalid="ignore"):
        return float(((px >= 0) & (px < [camera.width_px, camera.height_px])).all(-1).mean())


def _opposed(camera: Camera, near: NDArray, far: NDArray, middle: int) -> bool:
    """Whether the two change sides in the picture, and overlap amid the clip."""
    apart = camera.project(near).mean(axis=1) - camera.project(far).mean(axis=1)
    height = np.ptp(camera.project(near[middle])[:, 1])
    ends, amid = apart[[0, -1]] / height, apart[middle] / height
    crossed = (ends[0] @ ends[1]) < 0  # on the other side of each other afterwards
    return bool(crossed and np.linalg.norm(ends, axis=1).min() > 0.4 and np.linalg.norm(amid) < 0.4)


def _detected(scene: Scene, quirks: Quirks, rng: np.random.Generator) -> tuple[NDArray, NDArray]:
    """Pixels (P, T, 17, 2), NaN where not detected, and confidences (P, T, 17)."""
    px, confidence = [], []
    for p, truth in enumerate(scene.truth_world_m):
        case = exact_case("exact 2D", f"{p}", scene.camera, truth, scene.fps, "")
        if quirks.noise:
            case = with_detector_noise(case, COCO17, int(rng.integers(2**31)))
        px.append(np.where(scene.present[p, :, None, None], case.keypoints_px, np.nan))
        confidence.append(case.confidence)
    all_px, all_confidence = np.stack(px), np.stack(confidence)
    covered = _covered(scene)
    lost = covered.mean(axis=-1) > LOST_SHARE
    size = np.nanmax(np.ptp(scene.camera.project(scene.truth_world_m), axis=2), axis=-1)
    astray = all_px + 0.08 * size[..., None, None] * rng.standard_normal(all_px.shape)
    wrong = rng.random(covered.shape) < WRONG_SHARE
    all_px = np.where((covered & wrong)[..., None], astray, all_px)
    all_px[(covered & ~wrong) | lost[..., None]] = np.nan
    all_confidence = np.where(covered, 0.4 * all_confidence, all_confidence)
    return all_px, np.where(np.isnan(all_px[..., 0]), 0.0, all_confidence)


def _covered(scene: Scene) -> NDArray:
    """(P, T, 17) joints behind a limb of somebody nearer."""
    px = scene.camera.project(scene.truth_world_m)
    offset = scene.truth_world_m - scene.camera.t_world_camera_m
    depth = np.linalg.norm(offset, axis=-1)
    bones = np.array([*COCO17.bones, (5, 12), (6, 11)])  # the trunk is filled by its diagonals
    covered = np.zeros(px.shape[:3], bool)
    people = len(px)
    for p in range(people):
        for q in range(people):
            if p == q:
                continue
            a, b = px[q][:, bones[:, 0]], px[q][:, bones[:, 1]]  # (T, B, 2)
            along = b - a
            place = ((px[p][:, :, None] - a[:, None]) * along[:, None]).sum(-1) / np.maximum(
                (along**2).sum(-1), 1e-9
            )[:, None]
            nearest = a[:, None] + place.clip(0, 1)[..., None] * along[:, None]
            gap_px = np.linalg.norm(px[p][:, :, None] - nearest, axis=-1)
            thick_px = LIMB_M * scene.camera.K[0, 0] / depth[q].mean(axis=-1)
            hit = (gap_px < thick_px[:, None, None]).any(-1) & scene.present[q][:, None]
            covered[p] |= hit & (depth[q].mean(-1) < depth[p].mean(-1))[:, None]
    return covered


def _detector_ids(scene: Scene, quirks: Quirks, rng: np.random.Generator) -> list[list[int | None]]:
    people, frames = scene.present.shape
    if quirks.ids == "none":
        return [[None] * frames for _ in range(people)]
    ids = np.tile(np.arange(people)[:, None] + 1, (1, frames))
    if quirks.ids == "swap":
        after = np.arange(frames) > scene.crossing
        ids[:2] = np.where(after, ids[1::-1], ids[:2])
    if quirks.ids == "flicker":
        wrong = rng.random((people, frames)) < 0.2
        other = np.where(
            rng.random((people, frames)) < 0.5,
            rng.integers(1, people + 1, (people, frames)),  # somebody else's
            rng.integers(100, 10000, (people, frames)),  # one that was never seen
        )
        ids = np.where(wrong, other, ids)
    return [list(map(int, row)) for row in ids]


def _spells(
    rng: np.random.Generator, shape: tuple[int, int], chance: float, length: float
) -> NDArray:
    """(P, T) whether something that comes by chance and lasts is on."""
    on = np.zeros(shape, bool)
    lasting = max(1, round(length))
    for p, t in zip(*np.nonzero(rng.random(shape) < chance), strict=True):
        on[p, t : t + lasting] = True
    return on


def _poster(scene: Scene, rng: np.random.Generator) -> NDArray:
    """(17, 2) somebody's first pose, smaller and elsewhere in the picture."""
    camera = scene.camera
    px = camera.project(scene.truth_world_m[0, 0])
    middle = px.mean(axis=0)
    at = rng.uniform(0.15, 0.85, 2) * [camera.width_px, 0.6 * camera.height_px]
    return at + 0.6 * (px - middle)


def _ghost(scene: Scene, px: NDArray, t: int, rng: np.random.Generator) -> NDArray:
    """(17, 2) a pose of the scene, at a random place of the picture."""
    p, other = rng.integers(len(px)), rng.integers(px.shape[1])
    pose = scene.camera.project(scene.truth_world_m[p, other])
    at = rng.uniform(0.1, 0.9, 2) * [scene.camera.width_px, scene.camera.height_px]
    return at + rng.uniform(0.7, 1.3) * (pose - pose.mean(axis=0))
