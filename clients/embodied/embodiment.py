"""Who is followed, and how well: frames in, physics up to the clock, a line of status out."""

from collections import Counter

import numpy as np

from ...core.clock import SECOND_NS, monotonic_ns
from ...core.errors import WireError
from ..python import Frame, HumanoidBody, Person
from .follower import Follower
from .model import STEP_S

STEP_NS = round(STEP_S * SECOND_NS)
BEHIND_NS = SECOND_NS // 10  # time that the machine cannot make up for is given up


class Embodiment:
    """A humanoid and the person it follows; there is none before a body has been streamed.

    Attributes:
        follower: the humanoid.
        followed: the person, as last seen.
        refused: bodies that cannot be, by kind.
    """

    def __init__(self, person: int | None, mass_kg: float, hand: float) -> None:
        self.follower: Follower | None = None
        self.followed: Person | None = None
        self.refused: Counter[str] = Counter()
        self._wanted, self._mass_kg, self._hand = person, mass_kg, hand
        self._in_view = False
        self._session = ""
        self._simulated_ns = self._given_up_ns = 0  # of the clock: up to when; since the status
        self._begin_period(0)

    def take(self, frame: Frame) -> None:
        """Follow the person of this frame; if they are not in it, be as they were last."""
        if frame.message.session != self._session:  # ids begin anew
            self._session, self.followed = frame.message.session, None
        person = self._choose([person for person in frame.people if person.body is not None])
        self._in_view = person is not None
        if person is None:
            return
        try:
            self._follow(frame, person)
        except WireError as error:
            self.refused[error.kind] += 1
            return
        self.followed = person

    def run_until(self, now_ns: int) -> None:
        """Let physics go on up to now, a time of the same clock as before."""
        if self.follower is None:
            self._begin_period(now_ns)
            self._simulated_ns = now_ns
            return
        if now_ns - self._simulated_ns > BEHIND_NS:
            self._given_up_ns += now_ns - BEHIND_NS - self._simulated_ns
            self._simulated_ns = now_ns - BEHIND_NS
        before_ns = monotonic_ns()
        while self._simulated_ns + STEP_NS <= now_ns:
            self.follower.step()
            self._simulated_ns += STEP_NS
            self._hand_shares.append(self.follower.hand_share)
        self._worked_ns += monotonic_ns() - before_ns

    def status(self, silence: str | None) -> str:
        """What happened since the last status, in one line; `silence` is why no frames come."""
        if self.follower is None:
            return silence or "nobody in view whose body is known"
        what = f"following {self.followed.id}" if self.followed else "following nobody yet"
        if silence is not None:
            what = f"holding still: {silence}"
        elif not self._in_view:
            what = f"holding still: {self._who()} not in view"
        passed_ns = max(self._simulated_ns - self._since_ns, 1)
        real_time = 1 - self._given_up_ns / passed_ns
        told = [what]
        if self._joint_errors_m:
            joints_mm = np.mean(self._joint_errors_m) * 1e3
            told.append(
                f"joints {joints_mm:.0f} mm off, hips {np.mean(self._hip_errors_m) * 1e3:.0f} mm"
            )
        told.append(f"held by {np.mean(self._hand_shares or [0.0]):.0%} of its weight")
        told.append(f"{real_time:.2f} x real time, physics busy {self._worked_ns / passed_ns:.0%}")
        if self.follower.placed > 1:
            told.append(f"put in place {self.follower.placed - 1} times")
        told += [f"refused {count} {kind}" for kind, count in self.refused.items()]
        self._begin_period(self._simulated_ns)
        return "; ".join(told)

    def _begin_period(self, now_ns: int) -> None:
        self._since_ns, self._worked_ns, self._given_up_ns = now_ns, 0, 0
        self._joint_errors_m: list[float] = []
        self._hip_errors_m: list[float] = []
        self._hand_shares: list[float] = []

    def _choose(self, people: list[Person]) -> Person | None:
        """The one asked for; otherwise the one followed so far, or the first if they are gone."""
        wanted = self._wanted
        if wanted is None and self.followed is not None:
            wanted = self.followed.id
        same = [person for person in people if person.id == wanted]
        if same or self._wanted is not None:
            return same[0] if same else None
        return people[0] if people else None

    def _who(self) -> str:
        if self._wanted is not None:
            return f"person {self._wanted} is"
        return f"person {self.followed.id} is" if self.followed else "the person is"

    def _follow(self, frame: Frame, person: Person) -> None:
        assert person.body is not None  # as chosen
        follower = self.follower
        if follower is None or follower.definition != person.body.definition:
            self.follower = Follower(
                person.body, person.contact, mass_kg=self._mass_kg, hand=self._hand
            )
            return
        self._measure(follower, person, person.body)
        follower.aim(person.body, person.contact, frame.message.t_receive_ns)

    def _measure(self, follower: Follower, person: Person, body: HumanoidBody) -> None:
        """How far the humanoid is from where the person was found, before it learns of that."""
        joints_m = follower.joints_world_m(body.message.joint_offsets_m)
        off_m = np.linalg.norm(joints_m - person.positions_world_m, axis=1)
        if np.isfinite(off_m).any():
            self._joint_errors_m.append(float(np.nanmean(off_m)))
            hips_m = follower.data.qpos[:3] - body.root_world_m
            self._hip_errors_m.append(float(np.linalg.norm(hips_m)))
