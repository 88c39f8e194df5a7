"""Who is who from frame to frame.

A detector's own track id is believed. Everybody else is matched in the picture: the assignment that
moves joints the least, measured in body sizes, so that near and far people are treated alike.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from ..core.messages import MAX_PEOPLE, Float32Array, Keypoints

GONE_AFTER_S = 1.0  # capture time without a sighting until a person has left
GATE_SIZES = 0.5  # how far joints may move between frames on average, in body sizes,
GATE_SIZES_PER_S = 1.0  # and how much farther for each second out of sight
FAR = 1e6  # a cost beyond every gate


@dataclass(frozen=True)
class Assignment:
    """Who the people of one frame are."""

    ids: tuple[int, ...]  # one per person, in the order given
    left: tuple[int, ...]  # people who have left; told once


@dataclass
class Track:
    """Somebody in view, or out of sight for less than `GONE_AFTER_S`."""

    id: int
    detector_id: int | None
    keypoints_px: Float32Array  # (J, 2) as last seen
    t_s: float  # when last seen


class Tracker:
    """Gives ids that stay with people. No id is ever used twice."""

    def __init__(self) -> None:
        self._tracks: list[Track] = []
        self._new_ids = itertools.count(1)

    def update(self, t_s: float, people: Sequence[Keypoints]) -> Assignment:
        """Name the `people` seen at capture time `t_s` (rising, seconds)."""
        gone = [track for track in self._tracks if t_s - track.t_s >= GONE_AFTER_S]
        self._tracks = [track for track in self._tracks if t_s - track.t_s < GONE_AFTER_S]
        found: dict[int, Track] = {}  # by index into people
        self._follow_detector(people, found)
        self._follow_picture(t_s, people, found)
        for index, person in enumerate(people):
            track = found.get(index)
            if track is None:
                track = Track(next(self._new_ids), person.id, person.keypoints_px, t_s)
                found[index] = track
                self._tracks.append(track)
            track.keypoints_px, track.t_s = person.keypoints_px, t_s
        # A detector that names everybody anew in each picture must not fill the memory.
        self._tracks.sort(key=lambda track: track.t_s)
        gone += self._tracks[:-MAX_PEOPLE]
        del self._tracks[:-MAX_PEOPLE]
        ids = tuple(found[index].id for index in range(len(people)))
        return Assignment(ids, tuple(track.id for track in gone))

    def restart(self) -> tuple[int, ...]:
        """Forget everybody, for the source began anew; the ids of those who were here."""
        left = tuple(track.id for track in self._tracks)
        self._tracks.clear()
        return left

    def _follow_detector(self, people: Sequence[Keypoints], found: dict[int, Track]) -> None:
        by_detector_id = {t.detector_id: t for t in self._tracks if t.detector_id is not None}
        for index, person in enumerate(people):
            if person.id in by_detector_id:
                found[index] = by_detector_id.pop(person.id)

    def _follow_picture(
        self, t_s: float, people: Sequence[Keypoints], found: dict[int, Track]
    ) -> None:
        indices = [i for i, person in enumerate(people) if person.id is None]
        tracks = [track for track in self._tracks if track.detector_id is None]
        if not indices or not tracks:
            return
        cost = movement_sizes(
            np.stack([people[i].keypoints_px for i in indices]),
            np.stack([track.keypoints_px for track in tracks]),
        )
        gate = [GATE_SIZES + GATE_SIZES_PER_S * (t_s - track.t_s) for track in tracks]
        cost = np.where(cost < gate, cost, FAR)
        for row, column in zip(*linear_sum_assignment(cost), strict=True):
            if cost[row, column] < FAR:
                found[indices[row]] = tracks[column]


def movement_sizes(a_px: Float32Array, b_px: Float32Array) -> np.ndarray:
    """How far each pose of `a_px` is from each of `b_px`, in sizes of the larger of the two.

    Args:
        a_px: (N, J, 2), NaN where a joint is missing.
        b_px: (M, J, 2), likewise.

    Returns:
        (N, M) mean distance of the joints that both show; `FAR` where they share none.
    """
    distance = np.linalg.norm(a_px[:, None] - b_px[None], axis=-1)
    shared = np.isfinite(distance)
    total = np.where(shared, distance, 0.0).sum(-1)
    mean = np.where(shared.any(-1), total / np.maximum(shared.sum(-1), 1), np.inf)
    size = np.maximum(_size_px(a_px)[:, None], _size_px(b_px)[None])
    return np.minimum(mean / size, FAR)


def _size_px(keypoints_px: Float32Array) -> np.ndarray:
    """(N,) the longer side of the box around each of N poses, at least one pixel."""
    low = np.where(np.isnan(keypoints_px), np.inf, keypoints_px).min(-2)
    high = np.where(np.isnan(keypoints_px), -np.inf, keypoints_px).max(-2)
    return np.maximum((high - low).max(-1), 1.0)
