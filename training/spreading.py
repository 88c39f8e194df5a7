"""A few of many, evenly spread."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


def evenly_spread(many: Sequence[T], count: int) -> list[T]:
    """Up to `count` of them in their order, the first and the last among them (one: the first)."""
    picked = np.linspace(0, len(many) - 1, min(count, len(many))).round().astype(int)
    return [many[i] for i in picked]
