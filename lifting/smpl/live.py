"""SMPL bodies of people as they come: each frame begins where the last one ended.

A frame takes a few steps of the same solver that fits recordings. The shape is learned over a
person's first frames (shape.py) and then kept for the session. What joints do not tell, as the
twist of a straight arm, is held near the frame before, so that it does not flicker.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray

from ...core.skeletons import Skeleton
from .body import Body, Figure, body_of, chain_of, posed, skeleton_joints
from .cold_start import TRUNK, cold_start, start_of
from .evidence import Evidence, Rays, gather
from .frames import shape_evidence
from .landmarks import correspondence
from .model_file import BodyModel
from .motion import FORGIVING
from .prior import pose_prior
from .rotations import logarithm
from .shape import ShapeBelief
from .solver import ROBUST, fit_frame

TURN_SPEED = 20.0  # rad / s, usual of a joint, frame by frame at 30 fps
FORGET_AFTER_S = 1.0  # a pose so old is no place to begin
LOST_M = 0.1  # further from the joints than this, a fresh start is tried, too
_COLD_STEPS, _WARM_STEPS = 12, 6


@dataclass(frozen=True, eq=False)
class LiveBody:
    """One person's body in one frame, in SMPL's own terms."""

    betas: Float[NDArray, "B"]
    poses_rotvec: Float[NDArray, "24 3"]  # the root's in the world, others' from their parents
    trans_m: Float[NDArray, "3"]  # added to the posed body, as SMPL adds it
    residual_m: float  # mean distance from the joints given
    settled: bool  # whether the shape is final


@dataclass
class _Person:
    shape: ShapeBelief
    body: Body
    R: NDArray[np.float64]
    pelvis_m: NDArray[np.float64]
    t_s: float


class LiveFitter:
    """Fits one body model to the joints of everybody in view."""

    def __init__(self, model: BodyModel, skeleton: Skeleton) -> None:
        """For people whose joints are those of `skeleton`."""
        self.model = model
        self._correspondence = correspondence(skeleton)
        self._chain, self._prior = chain_of(self._correspondence), pose_prior()
        self._start = start_of(skeleton)
        self._trunk = list(skeleton.index(*TRUNK))
        self._people: dict[int, _Person] = {}

    def warm(self) -> None:
        """Compile what is compiled at first use, on a made-up person who is forgotten again."""
        body = body_of(self.model, np.zeros(0))
        still = np.tile(np.eye(3), (24, 1, 1))
        points, _ = posed(still, body.rest_m[0], body, self._chain.carriers)
        joints_m = skeleton_joints(points, self._chain)
        for t in range(2):
            self.fit(-1, t / 30, joints_m, np.ones(len(joints_m)), np.ones(len(joints_m), bool))
        self.forget(-1)

    def forget(self, person_id: int) -> None:
        """Drop what is remembered of somebody who has left."""
        self._people.pop(person_id, None)

    def fit(
        self,
        person_id: int,
        t_s: float,
        joints_m: Float[NDArray, "K 3"],
        confidence: Float[NDArray, "K"],
        valid: Bool[NDArray, "K"],
        rays: Rays | None = None,
    ) -> LiveBody | None:
        """The person's body; None if a hip or a shoulder is missing.

        Args:
            person_id: whose joints these are.
            t_s: when they were seen, seconds on a clock that rises.
            joints_m: in the world, z up.
            confidence, valid: of each joint.
            rays: what the camera saw, one frame of it.
        """
        valid = valid & np.isfinite(joints_m).all(axis=-1)
        if not valid[self._trunk].all():
            return None
        joints_m = np.where(valid[:, None], joints_m, np.nan).astype(np.float64)
        evidence = gather(joints_m[None], confidence[None], valid[None], self._correspondence, rays)
        person = self._people.get(person_id)
        if person is None:
            shape = ShapeBelief.of(self.model)
            body = body_of(self.model, shape.betas)
            person = _Person(shape, body, np.empty((24, 3, 3)), np.empty(3), -np.inf)
        fresh = t_s - person.t_s > FORGET_AFTER_S
        if not fresh:
            elapsed_s = max(t_s - person.t_s, 1e-3)
            tether = 30.0 / (TURN_SPEED**2 * elapsed_s)
            before = person.R.copy()
            self._descend(person, evidence, before, tether, ROBUST, _WARM_STEPS)
        off_m = np.inf if fresh else self._off_m(person, joints_m)
        if off_m > LOST_M:
            again = _Person(
                person.shape, person.body, person.R.copy(), person.pelvis_m.copy(), person.t_s
            )
            cold_start(joints_m, again.body, self._prior.mean, self._start, again.R, again.pelvis_m)
            for robust in (FORGIVING, ROBUST):
                self._descend(again, evidence, again.R, 0.0, robust, _COLD_STEPS)
            again_off_m = self._off_m(again, joints_m)
            if again_off_m < off_m:
                person, off_m = again, again_off_m
        if not np.isfinite(off_m):
            return None
        person.t_s = t_s
        self._people[person_id] = person
        answer = LiveBody(
            person.shape.betas,
            np.stack([logarithm(turn) for turn in person.R]),
            person.pelvis_m - person.body.rest_m[0],
            off_m,
            person.shape.settled,
        )
        if not person.shape.settled:
            self._learn(person, evidence)
        return answer

    def _descend(
        self,
        person: _Person,
        evidence: Evidence,
        before: NDArray[np.float64],
        tether: float,
        robust: float,
        steps: int,
    ) -> None:
        fit_frame(
            person.R, person.pelvis_m, self._figure(person.body), evidence.of(0), before,
            tether, robust, steps,
        )  # fmt: skip

    def _off_m(self, person: _Person, joints_m: NDArray[np.float64]) -> float:
        points, _ = posed(person.R, person.pelvis_m, person.body, self._chain.carriers)
        off = np.linalg.norm(skeleton_joints(points, self._chain) - joints_m, axis=-1)
        return float(np.nanmean(off))

    def _figure(self, body: Body) -> Figure:
        return Figure(body, self._chain, self._prior)

    def _learn(self, person: _Person, evidence: Evidence) -> None:
        """Let the frame just fitted tell of the shape; the next one is fitted with it."""
        free = body_of(self.model, person.shape.betas, free=True)
        precision, slope = shape_evidence(
            person.R[None], person.pelvis_m[None], self._figure(free), evidence, ROBUST
        )
        person.shape = person.shape.updated(precision, slope)
        person.body = body_of(self.model, person.shape.betas)
