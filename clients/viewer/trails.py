"""The way that each person has gone over the floor in the last seconds."""

from collections import deque
from collections.abc import Sequence

import numpy as np

from ..python import Person
from .figure import palette
from .floor import NO_LINES

TRAIL_S = 10.0
STEP_M = 0.03  # a trail grows when its person has moved so far
FADED = (34, 40, 66)  # nearly the colour of the floor


class Trails:
    """Collects where people are; fades and forgets what is old."""

    def __init__(self) -> None:
        self._points: dict[int, deque[tuple[float, float, float]]] = {}  # id: (t_s, x_m, y_m)
        self._now_s = 0.0

    def add(self, people: Sequence[Person], now_s: float) -> None:
        """Extend the trails of `people`; those of all others end."""
        self._now_s = now_s
        self._points = {person.id: self._points.get(person.id, deque()) for person in people}
        for person in people:
            points, (x, y, _) = self._points[person.id], person.root_world_m.tolist()
            moved_m = np.hypot(x - points[-1][1], y - points[-1][2]) if points else np.inf
            if moved_m > STEP_M and np.isfinite(x):
                points.append((now_s, x, y))
            while points and now_s - points[0][0] > TRAIL_S:
                points.popleft()

    def segments(self) -> tuple[np.ndarray, np.ndarray]:
        """Segments on the floor, (N, 2, 3) metres, and their ends' colours, (N, 2, 3) uint8."""
        ends, colours = [NO_LINES], [NO_LINES]
        for person_id, points in self._points.items():
            t_s, x, y = np.array(points).reshape(-1, 3).T
            fade = ((self._now_s - t_s) / TRAIL_S)[:, None]
            colour = fade * FADED + (1 - fade) * palette(person_id).left
            line = np.stack([x, y, np.zeros_like(x)], axis=1)
            ends.append(np.stack([line[:-1], line[1:]], axis=1))
            colours.append(np.stack([colour[:-1], colour[1:]], axis=1))
        return np.concatenate(ends), np.concatenate(colours).astype(np.uint8)
