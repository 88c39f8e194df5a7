"""What went wrong so far, by kind; the status shows it."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Counts:
    """Losses since the start. Kinds are short words, the same in code, status and documents."""

    refused: Counter[str] = field(default_factory=Counter)  # bad messages and bad values
    dropped: Counter[str] = field(default_factory=Counter)  # good frames that got no answer

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.refused + other.refused, self.dropped + other.dropped)
