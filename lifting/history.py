"""What is remembered of one person: their last observations, and the network's keys and values.

Both are rings of the same length, so the memory can be made anew from the observations when the
rig moves. The order of the ring does not matter to the network: times are in the rotary phases.
"""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray

from .denoiser import DenoiserShape
from .memory import HIDDEN
from .rig import VIEWS
from .sampler import Memory


class History:
    """One person's ring of M = memory_frames - 1 committed frames."""

    def __init__(self, shape: DenoiserShape, steps: int) -> None:
        m, joints = shape.memory_frames - 1, shape.skeleton.joint_count
        self.t_s = np.full(m, -np.inf)  # -inf: this place is empty
        self.frame = np.zeros(m, np.int64)  # the person's frame counter, the key of its noise
        self.rays_world = np.zeros((m, joints, 3))
        self.confidence = np.zeros((m, joints))
        self.seen = np.zeros((m, joints), bool)
        size = (1, shape.layers, VIEWS, shape.heads, m, shape.head_width)
        self.memories = [
            Memory(np.zeros(size, np.float32), np.zeros(size, np.float32)) for _ in range(steps)
        ]
        # Added to scores of remembered frames: hides the places that are empty.
        self.mask = np.full(m, HIDDEN, np.float32)
        self.newest_s = -math.inf  # time of the last committed frame
        self._next = 0

    def order(self) -> NDArray[np.intp]:
        """Places of the ring that hold a frame, oldest first."""
        places = np.argsort(self.t_s, kind="stable")
        return places[np.isfinite(self.t_s[places])]

    def keep_newest(self, frames: int) -> None:
        """Forgets all but the newest `frames`."""
        too_old = self.order()[:-frames]
        self.t_s[too_old], self.mask[too_old] = -np.inf, HIDDEN

    def commit(
        self,
        t_s: float,
        frame: int,
        rays_world: Float[NDArray, "j 3"],
        confidence: Float[NDArray, "j"],
        seen: Bool[NDArray, "j"],
        new: list[Memory],
        person: int,
    ) -> None:
        """Remembers a frame in the place of the oldest; it is `new`'s last frame of that person."""
        i = self._next
        self._next = (i + 1) % len(self.t_s)
        self.t_s[i], self.frame[i] = t_s, frame
        self.mask[i], self.newest_s = 0.0, t_s
        self.rays_world[i], self.confidence[i], self.seen[i] = rays_world, confidence, seen
        for kept, fresh in zip(self.memories, new, strict=True):
            kept.keys[0, ..., i, :] = fresh.keys[person, ..., -1, :]
            kept.values[0, ..., i, :] = fresh.values[person, ..., -1, :]

    def replace_memory(self, places: NDArray[np.intp], new: list[Memory]) -> None:
        """Puts re-encoded keys and values (T = len(places)) where their frames are."""
        for kept, fresh in zip(self.memories, new, strict=True):
            kept.keys[..., places, :] = fresh.keys
            kept.values[..., places, :] = fresh.values


class Together:
    """The memories of several people as one, which a frame finds where the last one left it.

    The people's own memories become parts of the joined one, so whatever is remembered of anybody
    is in it at once. It is put together anew only when others are seen together.
    """

    def __init__(self) -> None:
        self._histories: list[History] = []
        self._joined: list[Memory] = []

    def memories(self, histories: Sequence[History]) -> list[Memory]:
        """One memory a step, of all people in this order."""
        if len(histories) == 1:
            return histories[0].memories
        if [id(h) for h in histories] != [id(h) for h in self._histories]:
            steps = zip(*(history.memories for history in histories), strict=True)
            self._joined = [Memory.joined(parts) for parts in steps]
            self._histories = list(histories)
            for i, history in enumerate(histories):
                history.memories = [memory.person(i) for memory in self._joined]
        return self._joined
