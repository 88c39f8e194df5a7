"""From 2D keypoints to joints in the room, frame by frame: the method as a live system runs it.

A `Lifter` answers each frame when it comes, from the first on, at the time it was taken. Frames
are committed to a person's memory at the model's rate; those in between are answered from the same
memory and leave no trace, so any input rate costs the same a frame. The same object serves the
live stream, replay and evaluation.
"""

import math
import time
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ..calibration.camera import Camera
from ..core.errors import M2t3Error
from .anchor import canonical_body, guess_ground_position
from .body_size import SizeBelief
from .compiled_answers import placed
from .denoiser import Denoiser, Ground
from .history import History, Together
from .people import Lifted, LiftedPerson, Observation
from .questions import Person, ask_new, encode_anew
from .rays import Rays
from .rig import Rig
from .sampler import Sample
from .sides import SideFilter

COMMIT_INTERVAL_S = 1 / 22  # frames nearer to the last remembered one are answered, not remembered
FORGET_AFTER_S = 1.0  # a person unseen for longer starts anew; older memories say nothing
MIN_JOINTS = 4  # fewer seen joints than this say nothing
DOUBT_M, DOUBT_SHARE = 0.5, 0.12  # nor does an answer that expects to be off by more than both
REANCHOR_M = 0.35  # the rig follows a person who is further than this from its anchor ...
REANCHOR_SHARE = 0.06  # ... and further than this share of its distance,
AT_ONCE = 4.0  # ... before the answer if so many times further, else after it
MAX_ANCHORS = 3  # how often a frame may move the rig: a first anchor is rough


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
        if not 1 <= steps <= 100:
            raise M2t3Error(f"steps must be 1 to 100, not {steps}")
        self.camera, self.denoiser, self.steps = camera, denoiser, steps
        self._first_size = SizeBelief() if height_m is None else SizeBelief.of_height(height_m)
        self._skeleton = denoiser.shape.skeleton
        self._body_m = canonical_body(self._skeleton)
        self._people: dict[int, Person] = {}
        self._together = Together()

    def forget(self, person_id: int) -> None:
        """Drops all that is remembered of a person; the id may come back as somebody new."""
        self._people.pop(person_id, None)

    def lift(self, observations: Sequence[Observation]) -> Lifted:
        """Answers one frame with one network call for all its people.

        A person whose rig has to move costs one more call that encodes their memory anew: now if
        they are far from it, else when there is time, see `catch_up`.
        """
        self.catch_up()
        clock = time.perf_counter_ns
        t_began_ns = clock()
        rays = [Rays.of(observation, self.camera) for observation in observations]
        usable = [i for i, r in enumerate(rays) if r.seen.sum() >= MIN_JOINTS]
        answers: dict[int, LiftedPerson] = {}
        t_prepared_ns = t_denoised_ns = clock()
        if usable:
            people = [self._person(observations[i].person_id, rays[i]) for i in usable]
            ordered = [rays[i].sided(p.sides) for i, p in zip(usable, people, strict=True)]
            memories = self._together.memories([person.history for person in people])
            together = ask_new(self.denoiser, people, ordered, memories)
            t_denoised_ns = clock()
            for k, i in enumerate(usable):
                answers[i] = self._settle(people[k], ordered[k], together, k)
        people_answered = tuple(
            answers.get(i) or LiftedPerson.unseen(of.person_id, self._skeleton.joint_count)
            for i, of in enumerate(observations)
        )
        timing_ns = {
            "prepare": t_prepared_ns - t_began_ns,
            "denoise": t_denoised_ns - t_prepared_ns,
            "place": clock() - t_denoised_ns,
        }
        return Lifted(people_answered, timing_ns)

    def catch_up(self) -> None:
        """Does what no answer had to wait for: moves rigs after their people.

        Best called when an answer has been sent. Otherwise the next frame does it; the answers are
        the same.
        """
        for person in self._people.values():
            if person.next_anchor_rig_m is not None:
                self._move(person, person.next_anchor_rig_m)

    def _person(self, person_id: int, rays: Rays) -> Person:
        """The person's state; anew when they were never seen or too long ago."""
        person = self._people.get(person_id)
        if person is None or rays.t_s - person.seen_s > FORGET_AFTER_S:
            sides = SideFilter(self._skeleton)
            size = self._first_size if person is None else person.size  # outlasts an absence
            person = Person(person_id, sides, self._history(), *self._guessed_rig(rays), size)
            self._people[person_id] = person
        elif rays.t_s - person.history.newest_s > FORGET_AFTER_S:  # in doubt since then, or always
            if person.history.newest_s > -math.inf:
                person.history = self._history()
            person.rig, person.ground = self._guessed_rig(rays)
        person.seen_s = rays.t_s
        return person

    def _history(self) -> History:
        return History(self.denoiser.shape, self.steps)

    def _guessed_rig(self, rays: Rays) -> tuple[Rig, Ground | None]:
        """The rig where somebody seen like this most likely stands."""
        center = self.camera.t_world_camera_m
        anchor = guess_ground_position(
            rays.rays_world, rays.seen, center, self._body_m, self._skeleton.ankles
        )
        return self._rig(anchor)

    def _rig(self, anchor_world_m: Float[NDArray, "2"]) -> tuple[Rig, Ground | None]:
        """The rig around an anchor, and what depends on nothing else."""
        rig = Rig.facing(self.camera.t_world_camera_m, anchor_world_m)
        ground = self.denoiser.ground(np.array([rig.distance_m]), np.array([rig.height_m]))
        return rig, ground

    def _move(
        self, person: Person, anchor_rig_m: Float[NDArray, "3"], new: Rays | None = None
    ) -> Sample:
        """Puts the person's rig elsewhere and makes their memory anew; answers as encode_anew."""
        person.rig, person.ground = self._rig(person.rig.to_world(anchor_rig_m)[:2])
        person.next_anchor_rig_m = None
        return encode_anew(self.denoiser, person, new)

    def _off_anchor(
        self, rig: Rig, points_rig_m: Float[NDArray, "j 3"]
    ) -> tuple[Float[NDArray, "3"], float]:
        """Where an anchor would be below somebody, and how far from this one; above 1 it moves."""
        left, right = self._skeleton.hips
        below = rig.nearest_anchor(0.5 * (points_rig_m[left] + points_rig_m[right]))
        return below, math.hypot(*below.tolist()) / max(REANCHOR_M, REANCHOR_SHARE * rig.distance_m)

    def _settle(self, person: Person, rays: Rays, answer: Sample, b: int) -> LiftedPerson:
        """Makes answer `b` final, and remembers the frame."""
        for moves in range(MAX_ANCHORS + 1):
            anchor_rig_m, off = self._off_anchor(person.rig, answer.points_rig_m[b, -1])
            if moves == MAX_ANCHORS or not off > AT_ONCE:
                break  # near enough, or no number at all
            answer, b = self._move(person, anchor_rig_m, rays), 0
        points, valid, error_m, contact, expected_m, away_m = placed(
            answer.points_rig_m[b, -1], answer.denoised.log_error[b, -1],
            answer.denoised.contact[b, -1], person.rig.R_rig_world, person.rig.origin_world_m,
            self.camera.t_world_camera_m,
        )  # fmt: skip
        if not expected_m <= max(DOUBT_M, DOUBT_SHARE * away_m):  # or is no number
            return LiftedPerson.unseen(person.person_id, len(points))
        believed = bool(valid.all())
        if believed and rays.t_s - person.history.newest_s >= COMMIT_INTERVAL_S:
            person.history.commit(
                rays.t_s, person.frame, rays.rays_world, rays.confidence, rays.seen,
                answer.memories, b,
            )  # fmt: skip
            person.committed += 1
            if person.committed == self.denoiser.shape.memory_frames:  # all of it new evidence
                log_size, log_error = answer.denoised.size[b, -1].tolist()
                person.size = person.size.updated(log_size, math.exp(log_error))
                person.committed = 0
        if believed and off > 1.0:
            person.next_anchor_rig_m = anchor_rig_m
        person.frame += 1
        return LiftedPerson(person.person_id, points, error_m, valid, contact)
