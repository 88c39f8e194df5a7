"""How fast recordings may be played."""

from ..core.errors import M2t3Error

MIN_RATE, MAX_RATE = 0.01, 100.0  # slower looks like a halt; faster, a replay never catches up


def check_rate(rate: float, name: str) -> None:
    """Refuse a pace that nobody can keep.

    Raises:
        M2t3Error: the message calls the rate `name`.
    """
    if not MIN_RATE <= rate <= MAX_RATE:
        raise M2t3Error(
            f"{name} is {rate:g}; it is {MIN_RATE:g} to {MAX_RATE:g}, and 1 is the recorded pace"
        )
