"""Who is who from frame to frame.

Everybody in view has a place and a velocity in the room, learnt from the lifter's answers. They
say where in the picture, how large and in which pose a person should be seen now, also after
having been hidden; the assignment of seen to expected people that surprises least is taken. A
detector's own track id is a hint that weighs less than a body's place: detectors exchange ids where
people cross.
"""

import itertools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float
from msgspec import Struct
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from ..calibration.camera import Camera
from ..core.messages import MAX_PEOPLE, Keypoints
from ..core.skeletons import Skeleton
from ..lifting.anchor import canonical_body, guess_ground_position
from .likeness import LIMIT, NEVER, Expected, coincidence, likeness
from .motion import Motion

GONE_AFTER_S = 1.5  # capture time without a sighting until a person has left
NEW_FRAMES, NEW_S = 3, 0.06  # who comes is a person once seen in so many frames, over so long ...
DOUBTED_S = 0.15  # ... and was nobody when lost for longer than this before
NEW = 60.0  # the surprise at somebody new,
DOUBLE = 10.0  # at a second box around somebody,
MISSED, STILL_MISSED = 6.0, 1.0  # at not seeing somebody who was there, or was hidden already
HINT = 4.0  # what a detector's id takes from the surprise, or adds to it
HINTED_LIMIT = 2.0  # how many times farther off somebody of the right id may be
HIDDEN_S, SURE_S = 0.1, 0.15  # who was out of sight for so long is in doubt for so long after it
SAME = 0.12  # body sizes within which two bodies are boxes around one ...
SAME_S = 0.5  # ... and for how long two people may be so near before one of them is taken for a box
NEAREST_M, FARTHEST_M = 0.3, 100.0  # from the camera; an answer farther away is not believed, ...
OFF_M = 1.0  # ... nor is one so far beside where its hips are seen
NOWHERE_M = 1e5  # a coordinate beyond this is no place at all
STRETCHED = 8.0  # what is far off the axis of a lens is seen larger, but not more so than this
STANDING_ROOT_M = 0.9


@dataclass(frozen=True)
class Assignment:
    """Who the people of one frame are."""

    ids: tuple[int | None, ...]  # one per person, in the order given; None: nobody, see `refused`
    left: tuple[int, ...] = ()  # people who have left; told once
    refused: Counter[str] = field(default_factory=Counter)  # what was not believed, by kind


class Sighting(Struct, frozen=True, eq=False):
    """Somebody as last seen."""

    t_s: float
    keypoints_px: Float[NDArray, "j 2"]  # joints not seen then: where they would have been
    motion: Motion
    detector_id: int | None


@dataclass(eq=False)
class Track:
    """Somebody in view, or out of sight for less than `GONE_AFTER_S`."""

    id: int | None  # None as long as it may be nobody
    last: Sighting
    born_s: float
    sightings: int = 1
    doubted_s: float = 0.0  # when last found after an absence, or at the same place as another;
    before: Sighting | None = (
        None  # as last seen before that: it may be somebody else who was found
    )
    doubled_s: float = 0.0  # for how long, on balance, it has been where an older person is

    def older_than(self, other: "Track") -> bool:
        """Whether this one was here first."""
        return (self.born_s, self.id or math.inf) < (other.born_s, other.id or math.inf)


class Tracker:
    """Gives ids that stay with people. No id is ever used twice.

    Args:
        camera: where the keypoints are seen.
        skeleton: their format.
        at_once: give whoever is new an id in the first frame, not when they were seen for a while.
    """

    def __init__(self, camera: Camera, skeleton: Skeleton, *, at_once: bool = False) -> None:
        self._camera = camera
        self._at_once = at_once
        self._hips = list(skeleton.hips)
        self._mirror = np.array(skeleton.mirror)
        self._body_m = canonical_body(skeleton)
        self._tracks: list[Track] = []
        self._new_ids = itertools.count(1)
        self._before_s: float | None = None  # the frame before; None: the next is the first

    def update(self, t_s: float, people: Sequence[Keypoints]) -> Assignment:
        """Name the `people` seen at capture time `t_s` (rising, seconds)."""
        left = self._forget_lost(t_s)
        tracks: list[Track | None] = [None] * len(people)
        refused: Counter[str] = Counter()
        if people:
            seen_px = np.stack([person.keypoints_px for person in people]).astype(float)
            twins = _twins(seen_px)
            guesses = self._guesses()
            expected = self._expected(t_s, [sighting for _, sighting in guesses])
            found = self._match(people, seen_px, twins, guesses, expected)
            refused["swapped_ids"] += self._exchanged(people, guesses, found)
            whole_px = self._completed(seen_px, expected, found)
            for (i, k), px in zip(found.items(), whole_px, strict=True):
                close = any(j in found for j in twins[i])
                tracks[i] = self._seen_again(t_s, people[i].id, px, *guesses[k], close)
            for i, person in enumerate(people):
                if tracks[i] is None:
                    if any(tracks[j] for j in twins[i]):
                        refused["duplicate_people"] += 1
                    else:
                        tracks[i] = self._seen_first(t_s, person, seen_px[i])
            left += self._doubled(t_s, twins, tracks)
        self._before_s = t_s
        refused["unconfirmed_people"] += sum(t is not None and t.id is None for t in tracks)
        return Assignment(tuple(t.id if t else None for t in tracks), left, +refused)

    def learn(self, positions_world_m: Mapping[int, NDArray]) -> None:
        """Take note of where the people of the last frame are in the room: joints (J, 3) by id."""
        answered = [track for track in self._tracks if track.id in positions_world_m]
        if not answered:
            return
        joints_m = np.array([positions_world_m[track.id or 0] for track in answered], float)
        hips_m = joints_m[:, self._hips]
        roots_m = np.where(np.abs(hips_m) < NOWHERE_M, hips_m, np.nan).mean(axis=1)
        roots_px = self._camera.project(roots_m)
        away_m = np.sqrt(((roots_m - self._camera.t_world_camera_m) ** 2).sum(-1))
        seen_px = np.array([track.last.keypoints_px for track in answered])[:, self._hips].mean(1)
        off_m = np.hypot(*(roots_px - seen_px).T) * away_m / self._camera.K[0, 0]
        believed = np.isfinite(roots_px[:, 0]) & (away_m < FARTHEST_M) & ~(off_m > OFF_M)
        for track, root_m, good in zip(answered, roots_m.tolist(), believed, strict=True):
            if good:
                seen = track.last
                motion = seen.motion.corrected(tuple(root_m))
                track.last = Sighting(seen.t_s, seen.keypoints_px, motion, seen.detector_id)

    def restart(self) -> tuple[int, ...]:
        """Forget everybody, for the source began anew; the ids of those who were here."""
        left = tuple(track.id for track in self._tracks if track.id is not None)
        self._tracks.clear()
        self._before_s = None
        return left

    def _forget_lost(self, t_s: float) -> tuple[int, ...]:
        """Drop who is out of sight for too long, and whoever is too many; ids of the former."""

        def lost(track: Track) -> bool:
            unseen_s = t_s - track.last.t_s
            if track.id is not None:
                return unseen_s >= GONE_AFTER_S
            return unseen_s > DOUBTED_S and track.last.t_s != self._before_s

        gone = [track for track in self._tracks if lost(track)]
        kept = [track for track in self._tracks if not lost(track)]
        # A detector that sees new people all over the picture must not fill the memory.
        kept.sort(key=lambda track: (track.id is not None, track.last.t_s))
        gone += kept[:-MAX_PEOPLE]
        self._tracks = kept[-MAX_PEOPLE:]
        return tuple(track.id for track in gone if track.id is not None)

    def _guesses(self) -> list[tuple[Track, Sighting]]:
        """As what everybody may be seen: as last seen, or as before, where that is in doubt."""
        doubted = [(track, track.before) for track in self._tracks if track.before is not None]
        return [(track, track.last) for track in self._tracks] + doubted

    def _expected(self, t_s: float, sightings: Sequence[Sighting]) -> Expected:
        """Everybody as they should be seen now."""
        if not sightings:
            nothing = np.zeros(0)
            return Expected(np.zeros((0, len(self._body_m), 2)), nothing, nothing, nothing, nothing)
        roots_m = np.array([seen.motion.root_world_m for seen in sightings])
        ahead_m = np.array([seen.motion.place_m(t_s) for seen in sightings])
        from_camera_m = np.array([roots_m, ahead_m]) - self._camera.t_world_camera_m
        away_m = np.maximum(np.sqrt((from_camera_m**2).sum(-1)), NEAREST_M)
        before_m, distance_m = away_m
        across_m = 0.05 * distance_m
        aside_m = ahead_m + across_m[:, None] * self._camera.R_world_camera[:, 0]
        old_px, new_px, aside_px = self._camera.project(np.array([roots_m, ahead_m, aside_m]))
        size = (before_m / distance_m)[:, None, None]
        seen_px = np.array([seen.keypoints_px for seen in sightings])
        moved_px = new_px[:, None] + size * (seen_px - old_px[:, None])
        scale = np.hypot(*(aside_px - new_px).T) / across_m
        # Somebody expected behind or right beside the camera has no pixels; they are looked for
        # where they were.
        ahead = np.isfinite(old_px[:, 0])
        ahead &= scale < STRETCHED * self._camera.K[0, 0] / distance_m  # NaN is not
        return Expected(
            keypoints_px=np.where(ahead[:, None, None], moved_px, seen_px),
            pixels_per_m=np.where(ahead, scale, self._camera.K[0, 0] / before_m),
            distance_m=distance_m,
            moved_sigma_m=np.array(
                [math.sqrt(seen.motion.moved_variance_m2(t_s)) for seen in sightings]
            ),
            unseen_s=np.array([t_s - seen.t_s for seen in sightings]),
        )

    def _match(
        self,
        people: Sequence[Keypoints],
        seen_px: Float[NDArray, "n j 2"],
        twins: Sequence[Sequence[int]],
        guesses: Sequence[tuple[Track, Sighting]],
        expected: Expected,
    ) -> dict[int, int]:
        """The least surprising assignment: who has been seen before, and as which guess."""
        n, m = len(people), len(guesses)
        like = likeness(seen_px, expected, self._mirror)
        hint = np.array([[_hint(p.id, g.detector_id) for _, g in guesses] for p in people])
        hint = hint.reshape(n, m)
        limit = np.where(hint > 0, HINTED_LIMIT * LIMIT, LIMIT)
        missed = [MISSED if g.t_s == self._before_s else STILL_MISSED for _, g in guesses]
        cost = np.where(like.place < limit**2, like.surprise - HINT * hint - missed, NEVER)
        new = np.where(np.eye(n, dtype=bool), NEW, NEVER)
        pairs = zip(*linear_sum_assignment(np.hstack([cost, new])), strict=True)
        found = {int(i): int(k) for i, k in pairs if k < m}
        best: dict[int, int] = {}
        taken: list[Track] = []
        for i, k in sorted(found.items(), key=lambda pair: cost[pair]):
            doubled = cost[i, k] > DOUBLE and any(j in best for j in twins[i])
            # One person may have been found as both of two guesses.
            if not doubled and guesses[k][0] not in taken:
                taken.append(guesses[k][0])
                best[i] = k
        return best

    def _exchanged(
        self,
        people: Sequence[Keypoints],
        guesses: Sequence[tuple[Track, Sighting]],
        found: dict[int, int],
    ) -> int:
        """How many people bear the detector's id of somebody else; it is not followed."""
        owners: dict[int | None, Track | None] = {g.detector_id: track for track, g in guesses}
        owners[None] = None  # nobody's
        named = ((owners.get(people[i].id), guesses[k][0]) for i, k in found.items())
        return sum(owner is not None and owner is not track for owner, track in named)

    def _completed(
        self, seen_px: Float[NDArray, "n j 2"], expected: Expected, found: dict[int, int]
    ) -> Float[NDArray, "f j 2"]:
        """The people found, with joints that were not seen put where the others say they are."""
        seen, known = seen_px[list(found)], expected.keypoints_px[list(found.values())]
        off_px = seen - known
        shared = ~np.isnan(off_px)
        total_px = np.where(shared, off_px, 0.0).sum(1) / np.maximum(shared.sum(1), 1)
        return np.where(np.isnan(seen), known + total_px[:, None], seen)

    def _seen_again(
        self,
        t_s: float,
        detector_id: int | None,
        keypoints_px: Float[NDArray, "j 2"],
        track: Track,
        known: Sighting,
        close: bool,
    ) -> Track:
        if known is not track.last:
            track.before = None
        if close or (t_s - known.t_s > HIDDEN_S and known.t_s != self._before_s):
            track.doubted_s, track.before = t_s, track.before or known
        elif t_s - track.doubted_s > SURE_S:
            track.before = None
        track.last = Sighting(t_s, keypoints_px, known.motion.at(t_s), detector_id)
        track.sightings += 1
        if track.sightings >= NEW_FRAMES and t_s - track.born_s >= NEW_S:
            self._believe(track)
        return track

    def _seen_first(self, t_s: float, person: Keypoints, seen_px: Float[NDArray, "j 2"]) -> Track:
        rays = self._camera.rays_world(seen_px)
        seen = np.isfinite(rays).all(-1)
        ground_m = guess_ground_position(rays, seen, self._camera.t_world_camera_m, self._body_m)
        motion = Motion(t_s, (*ground_m.tolist(), STANDING_ROOT_M))
        track = Track(None, Sighting(t_s, seen_px, motion, person.id), t_s)
        self._tracks.append(track)
        if self._at_once or self._before_s is None:  # the first frame's people are believed
            self._believe(track)
        return track

    def _believe(self, track: Track) -> None:
        if track.id is None:
            track.id = next(self._new_ids)

    def _doubled(
        self, t_s: float, twins: Sequence[Sequence[int]], tracks: Sequence[Track | None]
    ) -> tuple[int, ...]:
        """Drop whoever has been where an older person is for long; their ids."""
        dt = 0.0 if self._before_s is None else t_s - self._before_s
        left: list[int] = []
        for i, track in enumerate(tracks):
            if track is None:
                continue
            older = any((twin := tracks[j]) and twin.older_than(track) for j in twins[i])
            track.doubled_s = max(0.0, track.doubled_s + (dt if older else -dt))
            if track.doubled_s > SAME_S:
                self._tracks.remove(track)
                left += [track.id] if track.id is not None else []
        return tuple(left)


def _twins(seen_px: Float[NDArray, "n j 2"]) -> list[list[int]]:
    """For each of the people, those who are seen at the same place in the same pose."""
    close = coincidence(seen_px) < SAME
    if not close.any():
        return [[]] * len(seen_px)
    return [np.flatnonzero(row).tolist() for row in close]


def _hint(seen: int | None, known: int | None) -> int:
    """What a detector's id says of a pair: 1 the same person, -1 another, 0 nothing."""
    return 0 if seen is None or known is None else 1 if seen == known else -1
