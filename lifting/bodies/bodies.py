"""The bodies of everybody in view, frame by frame."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...core.messages import Body
from ...core.skeletons import Skeleton
from ..people import LiftedPerson
from .follower import Follower
from .standard import standard


@dataclass(frozen=True)
class Followed:
    """All bodies of one frame."""

    bodies: tuple[Body | None, ...]  # in the order of the people; None where too little is known
    timing_ns: dict[str, int]  # time spent


class Bodies:
    """Follows the people of one stream. Each has a body of their own, as long as they are there."""

    def __init__(self, skeleton: Skeleton) -> None:
        """Make ready, which compiles what is compiled at first use."""
        self._standard = standard(skeleton.name)
        self._followers: dict[int, Follower] = {}
        joints_m = self._standard.t_pose_m()
        unknown = np.full(2, np.nan)
        Follower(self._standard).follow(0.0, joints_m, np.ones(len(joints_m)), unknown)

    def follow(self, t_s: float, people: Sequence[LiftedPerson]) -> Followed:
        """The bodies of the people of one frame, taken at `t_s`."""
        t_start_ns = time.perf_counter_ns()
        bodies = tuple(self._body(t_s, person) for person in people)
        return Followed(bodies, {"bodies": time.perf_counter_ns() - t_start_ns})

    def forget(self, person_id: int) -> None:
        """Drop what is known of somebody who has left."""
        self._followers.pop(person_id, None)

    def _body(self, t_s: float, person: LiftedPerson) -> Body | None:
        if person.person_id not in self._followers:
            self._followers[person.person_id] = Follower(self._standard)
        return self._followers[person.person_id].follow(
            t_s, person.positions_world_m, person.confidence, person.contact
        )
