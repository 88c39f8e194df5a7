"""What no run can do with: numbers that are none, shares beyond 1, ranges that are empty."""

import math
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from ..core.errors import M2t3Error

# Steps from frame to frame need two frames, and so does the memory of a live stream: one is new.
_LEAST = {
    "network.memory_frames": 2, "network.layers": 1, "network.heads": 1,
    "network.feed_forward": 1, "network.pointmap_channels": 8,
    "window.batch": 1, "window.frames": 2,
}  # fmt: skip
_SHARES = {
    "": ("decay", "one_step", "ema", "recordings_share"),
    "window.": ("size_told",),
    "window.mixing.": ("share", "arms"),
    "window.tumbling.": ("share", "still", "ease", "once_round", "along", "lying"),
    "window.body.": ("platform", "mirror", "bent"),
    "window.noise.": ("exact", "jump", "swap_window", "limb_window", "cut_window", "desk_window",
                      "missing", "certain"),
}  # fmt: skip
_IS_SHARE = {group + name for group, names in _SHARES.items() for name in names}
_RANGES = ("window.camera.height_m", "window.camera.distance_m", "window.noise.sigma",
           "window.tumbling.tip_deg", "window.tumbling.ease_s")  # fmt: skip
_ABOVE_0 = {  # divided by, or the logarithm of which is taken
    "window.camera.distance_m", "window.noise.sigma", "window.tumbling.turns_s",
    "window.tumbling.travel_m_s", "window.tumbling.landing_s", "window.tumbling.pushing_s",
}  # fmt: skip
_NEVER_EMPTY = ("window.camera.anchor_error", "window.body.soles_m")


def check_numbers(config: object) -> None:
    """Checks every number of a (nested) training configuration.

    Raises:
        M2t3Error: one that can only fail or teach nothing; names its option and what is valid.
    """
    for name, value in _leaves(config, ""):
        numbers = value if isinstance(value, tuple) else (value,)
        if name in _NEVER_EMPTY and not numbers:
            raise M2t3Error(f"{_option(name)} is empty: give one number or more")
        if not all(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers):
            continue
        told = f"{_option(name)} {' '.join(f'{n:g}' for n in numbers)}"
        if name in _IS_SHARE:
            if not all(0 <= n <= 1 for n in numbers):
                raise M2t3Error(f"{told} is not a share: give 0 to 1")
        elif name in _LEAST:
            if min(numbers) < _LEAST[name]:
                raise M2t3Error(f"{told} is too few: give {_LEAST[name]} or more")
        elif name in _ABOVE_0 and not all(0 < n < math.inf for n in numbers):
            raise M2t3Error(f"{told}: give numbers above 0")
        elif not all(0 <= n < math.inf for n in numbers):
            raise M2t3Error(f"{told}: give numbers from 0 up")
        if name in _RANGES and numbers[0] > numbers[1]:
            raise M2t3Error(f"{told} is an empty range: give the lower number first")


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _leaves(config: Any, group: str) -> Iterator[tuple[str, Any]]:
    """Dotted names and values of all fields."""
    for field in fields(config):
        name, value = group + field.name, getattr(config, field.name)
        if is_dataclass(value):
            yield from _leaves(value, f"{name}.")
        else:
            yield name, value
