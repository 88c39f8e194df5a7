"""From 2D keypoints to joints in the room, frame by frame: the method as a live system runs it.

A `Lifter` answers each frame when it comes, from the first on, at the time it was taken. Frames
are committed to a person's memory at the model's rate; those in between are answered from the same
memory and leave no trace, so any input rate costs the same a frame. The same object serves the
live stream, replay and evaluation.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray

from ..calibration.camera import Camera
from ..core.errors import M2t3Error
from . import compiled
from .anchor import canonical_body, guess_ground_position
from .body_size import UNKNOWN, SizeBelief
from .denoiser import Denoiser, Ground
from .features import ANKLE_HEIGHT_M, HIT_LIMIT_M, MIN_SPREAD_M
from .history import History, Together
from .memory import ANGULAR_PER_S, HIDDEN, past_mask
from .people import Lifted, LiftedPerson, Observation
from .rays import Rays
from .rig import GAZE_HEIGHT_M, Rig, Views
from .sampler import Frames, NoiseKey, Sample, sample
from .sides import SideFilter

COMMIT_INTERVAL_S = 1 / 22  # frames nearer to the last remembered one are answered, not remembered
FORGET_AFTER_S = 1.0  # a person unseen for longer starts anew
MIN_JOINTS = 4  # fewer seen joints than this say nothing
DOUBT_M, DOUBT_SHARE = 0.5, 0.12  # nor does an answer that expects to be off by more than both
REANCHOR_M = 0.35  # the rig follows a person who is further than this from its anchor ...
REANCHOR_SHARE = 0.06  # ... and further than this share of its distance
ENCODE_ANEW = 10  # newest frames that a memory keeps when its rig moves; all would cost too long
MAX_ANCHORS = 3  # how often a frame may move the rig: a first anchor is rough
MAX_UV = 5.0  # beyond this a ray is seen too far off V0's axis to mean anything
_FEATURE_NUMBERS = GAZE_HEIGHT_M, ANKLE_HEIGHT_M, HIT_LIMIT_M, MIN_SPREAD_M, UNKNOWN


@dataclass
class _Person:
    """What lives from frame to frame."""

    person_id: int
    sides: SideFilter
    history: History
    rig: Rig
    ground: Ground | None  # the rig's, as the network sees it
    size: SizeBelief
    frame: int = 0  # counts answered frames; with the id the key of their noise
    committed: int = 0  # frames remembered since the belief in the size was made


class Lifter:
    """Lifts the people seen by one calibrated camera.

    Args:
        camera: where the keypoints were seen.
        denoiser: the network on some engine.
        steps: network passes a frame; 1 is the trained one-step answer.
        height_m: the height of whoever is seen, if the user knows it.
    """

    def __init__(
        self,
        camera: Camera,
        denoiser: Denoiser,
        steps: int = 1,
        height_m: float | None = None,
    ) -> None:
        if steps < 1:
            raise M2t3Error(f"steps must be 1 or more, not {steps}")
        self.camera, self.denoiser, self.steps = camera, denoiser, steps
        self._first_size = SizeBelief() if height_m is None else SizeBelief.of_height(height_m)
        self._skeleton = denoiser.shape.skeleton
        self._body_m = canonical_body(self._skeleton)
        self._people: dict[int, _Person] = {}
        self._together = Together()

    def forget(self, person_id: int) -> None:
        """Drops all that is remembered of a person; the id may come back as somebody new."""
        self._people.pop(person_id, None)

    def lift(self, observations: Sequence[Observation]) -> Lifted:
        """Answers one frame with one network call for all its people.

        A person whose rig has to move costs one more call that encodes their memory anew.
        """
        clock = time.perf_counter_ns
        stamps = [clock()]
        rays = [Rays.of(observation, self.camera) for observation in observations]
        usable = [i for i, r in enumerate(rays) if r.seen.sum() >= MIN_JOINTS]
        answers: dict[int, LiftedPerson] = {}
        stamps.append(clock())
        if usable:
            people = [self._person(observations[i].person_id, rays[i]) for i in usable]
            ordered = [rays[i].sided(p.sides) for i, p in zip(usable, people, strict=True)]
            together = self._step(people, ordered)
            stamps.append(clock())
            for k, i in enumerate(usable):
                answers[i] = self._settle(people[k], ordered[k], together, k)
        stamps.append(clock())
        return Lifted(
            tuple(
                answers.get(i) or LiftedPerson.unseen(of.person_id, self._skeleton.joint_count)
                for i, of in enumerate(observations)
            ),
            dict(zip(("prepare", "denoise", "place"), np.diff(stamps).tolist(), strict=False)),
        )

    def _person(self, person_id: int, rays: Rays) -> _Person:
        """The person's state; anew when they were never seen or too long ago."""
        person = self._people.get(person_id)
        if person is None or rays.t_s - person.history.newest_s > FORGET_AFTER_S:
            center = self.camera.t_world_camera_m
            anchor = guess_ground_position(
                rays.rays_world, rays.seen, center, self._body_m, self._skeleton.ankles
            )
            history = History(self.denoiser.shape, self.steps)
            sides = SideFilter(self._skeleton)
            size = self._first_size if person is None else person.size  # outlasts an absence
            rig, ground = self._rig(anchor)
            person = _Person(person_id, sides, history, rig, ground, size)
            self._people[person_id] = person
        return person

    def _rig(self, anchor_world_m: Float[NDArray, "2"]) -> tuple[Rig, Ground | None]:
        """The rig around an anchor, and what depends on nothing else."""
        rig = Rig.facing(self.camera.t_world_camera_m, anchor_world_m)
        ground = self.denoiser.ground(np.array([rig.distance_m]), np.array([rig.height_m]))
        return rig, ground

    def _settle(self, person: _Person, rays: Rays, answer: Sample, b: int) -> LiftedPerson:
        """Makes answer `b` final: moves the person's rig after them, and remembers the frame."""
        left, right = self._skeleton.hips
        for _ in range(MAX_ANCHORS):
            hips = 0.5 * (answer.points_rig_m[b, -1, left] + answer.points_rig_m[b, -1, right])
            hips[2] = 0.0
            off_m = math.hypot(*hips.tolist())
            if not off_m > max(REANCHOR_M, REANCHOR_SHARE * person.rig.distance_m):
                break  # near enough, or no number at all
            person.rig, person.ground = self._rig(person.rig.to_world(hips)[:2])
            answer, b = self._encode_anew(person, rays), 0
        points = person.rig.to_world(answer.points_rig_m[b, -1]).astype(np.float32)
        error_m = np.exp(answer.denoised.log_error[b, -1])
        away_m = math.dist(points.mean(axis=0).tolist(), self.camera.t_world_camera_m.tolist())
        if error_m.mean() > max(DOUBT_M, DOUBT_SHARE * away_m):
            return LiftedPerson.unseen(person.person_id, len(points))
        valid = np.asarray(np.isfinite(points).all(axis=-1))
        if valid.all() and rays.t_s - person.history.newest_s >= COMMIT_INTERVAL_S:
            person.history.commit(
                rays.t_s, person.frame, rays.rays_world, rays.confidence, rays.seen,
                answer.memories, b,
            )  # fmt: skip
            person.committed += 1
            if person.committed == self.denoiser.shape.memory_frames:  # all of it new evidence
                log_size, log_error = answer.denoised.size[b, -1].tolist()
                person.size = person.size.updated(log_size, math.exp(log_error))
                person.committed = 0
        person.frame += 1
        contact = _logistic(answer.denoised.contact[b, -1])
        return LiftedPerson(person.person_id, points, error_m, valid, contact)

    def _step(self, people: Sequence[_Person], rays: Sequence[Rays]) -> Sample:
        """One new frame each, with what they remember."""
        mask = np.zeros((len(people), 1, self.denoiser.shape.memory_frames), np.float32)
        for b, person in enumerate(people):
            mask[b, 0, :-1] = person.history.mask
        frames = self._frames(
            people,
            np.array([[r.t_s] for r in rays]),
            np.stack([r.rays_world for r in rays])[:, None],
            np.stack([r.confidence for r in rays])[:, None],
            np.stack([r.seen for r in rays])[:, None],
            mask,
            [[(p.person_id, p.frame)] for p in people],
        )
        memories = self._together.memories([p.history for p in people])
        return sample(self.denoiser, frames, memories, self._skeleton)

    def _encode_anew(self, person: _Person, rays: Rays) -> Sample:
        """The person's newest frames and the new one under a rig that has moved.

        Always the same number of frames, so that engines see one shape; the first may be empty.
        """
        history = person.history
        t = min(ENCODE_ANEW, self.denoiser.shape.memory_frames)
        history.keep_newest(t - 1)
        places = history.order()
        if not len(places):
            return self._step([person], [rays])
        empty = t - 1 - len(places)

        def row(remembered: NDArray, new: NDArray | float | int) -> NDArray:
            filled = np.concatenate([remembered[places], np.asarray(new)[None]])
            return np.concatenate([np.zeros((empty, *filled.shape[1:]), filled.dtype), filled])[
                None
            ]

        mask = past_mask(t, t)
        mask[empty:, :empty] = HIDDEN
        stale = np.full((t, len(history.t_s)), HIDDEN, np.float32)  # the old memory
        frames = self._frames(
            [person],
            row(history.t_s, rays.t_s),
            row(history.rays_world, rays.rays_world),
            row(history.confidence, rays.confidence),
            row(history.seen, rays.seen),
            np.concatenate([stale, mask], axis=1)[None],
            [[(person.person_id, int(f)) for f in row(history.frame, person.frame)[0]]],
        )
        answer = sample(self.denoiser, frames, history.memories, self._skeleton)
        history.replace_memory(places, [m.between(empty, t - 1) for m in answer.memories])
        return answer

    def _frames(
        self,
        people: Sequence[_Person],
        t_s: Float[NDArray, "b t"],
        rays_world: Float[NDArray, "b t j 3"],
        confidence: Float[NDArray, "b t j"],
        seen: Bool[NDArray, "b t j"],
        mask: Float[NDArray, "b t n"],
        noise_keys: Sequence[Sequence[NoiseKey]],
    ) -> Frames:
        """Observations under their people's rigs, with what is believed of their size."""
        uv, seen = compiled.front_view(
            rays_world, seen, np.stack([p.rig.front_axes_world for p in people]), MAX_UV
        )
        views = Views.joined([p.rig.views for p in people])
        features = compiled.features(
            uv,
            confidence,
            seen,
            np.array([p.rig.distance_m for p in people]),
            np.array([p.rig.height_m for p in people]),
            views.distances_m[:, 0],
            np.array([p.size.log_size for p in people]),
            np.array([p.size.sigma for p in people]),
            self._skeleton.ankles,
            _FEATURE_NUMBERS,
        )
        grounds = [p.ground for p in people if p.ground is not None]  # all have one, or none
        return Frames(
            uv, seen, features, compiled.phases(t_s, ANGULAR_PER_S), mask, views, noise_keys,
            Ground(*map(np.concatenate, zip(*grounds, strict=True))) if grounds else None,
        )  # fmt: skip


def _logistic(logit: NDArray) -> NDArray[np.float32]:
    return (0.5 + 0.5 * np.tanh(0.5 * logit)).astype(np.float32)
