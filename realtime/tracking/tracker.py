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
from numpy.typing import NDArray

from ...calibration.camera import Camera
from ...core.messages import MAX_PEOPLE, Keypoints
from ...core.skeletons import Skeleton
from ...lifting.anchor import canonical_body, guess_ground_position
from .answered_places import believed_roots_m
from .expectation import Expected, Sighting, completed, expected
from .likeness import likeness
from .matching import match
from .motion import Motion
from .twins import twins_of

GONE_AFTER_S = 1.5  # capture time without a sighting until a person has left
NEW_FRAMES, NEW_S = 3, 0.06  # who comes is a person once seen in so many frames, over so long ...
DOUBTED_S = 0.15  # ... and was nobody when lost for longer than this before
DOUBLE = 10.0  # the surprise at a second box around somebody
HIDDEN_S, SURE_S = 0.1, 0.15  # who was out of sight for so long is in doubt for so long after it
SAME_S = 0.5  # for how long two people may be twins before one of them is taken for a box
STANDING_ROOT_M = 0.9


@dataclass(frozen=True)
class Assignment:
    """Who the people of one frame are."""

    ids: tuple[int | None, ...]  # one per person, in the order given; None: nobody, see `refused`
    left: tuple[int, ...] = ()  # people who have left; told once
    refused: Counter[str] = field(default_factory=Counter)  # what was not believed, by kind


@dataclass(eq=False)
class Track:
    """Somebody in view, or out of sight for less than `GONE_AFTER_S`."""

    id: int | None  # None as long as it may be nobody
    last: Sighting
    born_s: float
    sightings: int = 1
    doubted_s: float = 0.0  # when last found after an absence, or at the same place as another;
    before: Sighting | None = None  # as seen before that: it may be somebody else who was found
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
        self._hips, self._ankles = skeleton.hips, skeleton.ankles
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
            seen_px = np.array([person.keypoints_px for person in people], float)
            twins = twins_of(seen_px)
            guesses = self._guesses()
            sightings = [sighting for _, sighting in guesses]
            expected_now = expected(t_s, sightings, self._camera, seen_px.shape[1])
            found = self._match(people, seen_px, twins, guesses, expected_now)
            refused["swapped_ids"] += self._exchanged(people, guesses, found)
            whole_px = completed(
                seen_px[list(found)], expected_now.keypoints_px[list(found.values())]
            )
            for (i, k), px in zip(found.items(), whole_px, strict=True):
                close = any(j in found for j in twins[i])
                tracks[i] = self._seen_again(t_s, people[i].id, px, *guesses[k], close)
            for i, person in enumerate(people):
                if tracks[i] is None:
                    if any(tracks[j] for j in twins[i]):
                        refused["duplicate_people"] += 1
                    else:
                        tracks[i] = self._seen_first(t_s, person, seen_px[i])
            doubled = self._doubled(t_s, twins, tracks)
            refused["duplicate_people"] += len(doubled)
            left += tuple(track.id for track in doubled if track.id is not None)
        self._before_s = t_s
        refused["unconfirmed_people"] += sum(t is not None and t.id is None for t in tracks)
        return Assignment(tuple(t.id if t else None for t in tracks), left, +refused)

    def learn(self, positions_world_m: Mapping[int, NDArray]) -> None:
        """Take note of where the people of the last frame are in the room: joints (J, 3) by id."""
        answered = [track for track in self._tracks if track.id in positions_world_m]
        roots_m = believed_roots_m(
            [positions_world_m[track.id or 0] for track in answered],
            [track.last.keypoints_px for track in answered],
            self._hips,
            self._camera,
        )
        for track, root_m in zip(answered, roots_m, strict=True):
            if root_m is not None:
                seen = track.last
                motion = seen.motion.corrected(root_m)
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

    def _match(
        self,
        people: Sequence[Keypoints],
        seen_px: Float[NDArray, "n j 2"],
        twins: Sequence[Sequence[int]],
        guesses: Sequence[tuple[Track, Sighting]],
        expected_now: Expected,
    ) -> dict[int, int]:
        """Who has been seen before, and as which guess."""
        best: dict[int, int] = {}
        taken: list[Track] = []
        for pair in match(
            likeness(seen_px, expected_now, self._mirror),
            [person.id for person in people],
            [guess.detector_id for _, guess in guesses],
            [guess.t_s != self._before_s for _, guess in guesses],
        ):
            doubled = pair.surprise > DOUBLE and any(j in best for j in twins[pair.seen])
            # One person may have been found as both of two guesses.
            if not doubled and guesses[pair.guess][0] not in taken:
                taken.append(guesses[pair.guess][0])
                best[pair.seen] = pair.guess
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
        ground_m = guess_ground_position(
            rays, seen, self._camera.t_world_camera_m, self._body_m, self._ankles
        )
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
        self, t_s: float, twins: Sequence[Sequence[int]], tracks: list[Track | None]
    ) -> list[Track]:
        """Drop whoever has been where an older person is for long, of this frame's `tracks` too."""
        dt = 0.0 if self._before_s is None else t_s - self._before_s
        doubled: list[Track] = []
        for i, track in enumerate(tracks):
            if track is None:
                continue
            older = any((twin := tracks[j]) and twin.older_than(track) for j in twins[i])
            track.doubled_s = max(0.0, track.doubled_s + (dt if older else -dt))
            if track.doubled_s > SAME_S:
                self._tracks.remove(track)
                tracks[i] = None
                doubled.append(track)
        return doubled
