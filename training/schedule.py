"""How far a run has come, and the learning rate there: warm-up, stable, decay (WSD).

The stable part has no end of its own, so a run can always be made longer and continued
(Hu et al., "MiniCPM", 2024, section 4).
"""

import math
from dataclasses import dataclass

FINAL_RATE = 0.05  # of the stable rate, at the end of the decay


@dataclass(frozen=True)
class Progress:
    """How far a run has come, over all sittings."""

    step: int = 0  # optimiser steps
    seconds: float = 0.0  # time spent in them


def share_done(progress: Progress, minutes: float, steps: int | None) -> float:
    """How much of a run of so many steps, or else minutes, is over; 1 at its end."""
    if steps is not None:
        return progress.step / steps
    return progress.seconds / (minutes * 60)


def rate_factor(step: int, done: float, warmup_steps: int, decay: float) -> float:
    """The factor on the learning rates of step number `step` (from 0), the run being `done`.

    A linear rise over `warmup_steps`, then 1; over the last `decay` of the run a quarter sine
    down to FINAL_RATE.
    """
    warm = min(1.0, (step + 1) / max(1, warmup_steps))
    fall = min(1.0, max(0.0, done - (1.0 - decay)) / decay) if decay > 0 else 0.0
    return warm * (1.0 - (1.0 - FINAL_RATE) * math.sin(0.5 * math.pi * fall))
