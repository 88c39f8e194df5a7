"""Who is seen again: the assignment of seen to expected people that surprises least."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from ...core.compiling import compiled
from .likeness import NEVER, Likeness

LIMIT = 4.0  # standard deviations of place at which somebody is somebody else
NEW = 60.0  # the surprise at somebody new,
MISSED, STILL_MISSED = 6.0, 1.0  # at not seeing somebody who was there, or was hidden already
HINT = 4.0  # what a detector's id takes from the surprise, or adds to it
HINTED_LIMIT = 2.0  # how many times farther off somebody of the right id may be


@dataclass(frozen=True)
class Matched:
    """One of the people seen, and as which guess."""

    seen: int
    guess: int
    surprise: float  # at this pair


def match(
    like: Likeness,
    seen_ids: Sequence[int | None],
    guess_ids: Sequence[int | None],
    hidden: Sequence[bool],
) -> list[Matched]:
    """Pairs of the N people seen and the M guesses, the least surprising first.

    Args:
        like: how well they fit.
        seen_ids, guess_ids: the detector's ids now and when the guess was last seen.
        hidden: whether a guess was not seen in the frame before.
    """
    n, m = len(seen_ids), len(guess_ids)
    hint = np.zeros((n, m))
    for i, seen in enumerate(seen_ids):
        for k, known in enumerate(guess_ids):
            if seen is not None and known is not None:
                hint[i, k] = 1.0 if seen == known else -1.0
    cost = _costs(like.surprise, like.place, hint, np.array(hidden, bool), NEVER)
    pairs = zip(*(side.tolist() for side in linear_sum_assignment(cost)), strict=True)
    found = [Matched(i, k, float(cost[i, k])) for i, k in pairs if k < m]
    return sorted(found, key=lambda pair: pair.surprise)


@compiled
def _costs(
    surprise: NDArray, place: NDArray, hint: NDArray, hidden: NDArray, never: float
) -> NDArray:
    """(N, M + N) every seen person as every guess, or as somebody new."""
    n, m = hint.shape
    cost = np.full((n, m + n), never)
    for i in range(n):
        cost[i, m + i] = NEW
        for k in range(m):
            limit = LIMIT * (HINTED_LIMIT if hint[i, k] > 0 else 1.0)
            if place[i, k] < limit**2:
                missed = STILL_MISSED if hidden[k] else MISSED
                cost[i, k] = surprise[i, k] - HINT * hint[i, k] - missed
    return cost
