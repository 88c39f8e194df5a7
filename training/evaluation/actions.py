"""What a clip shows, read from its name: the groups of the table by action."""

import re

# The first pattern that is found in a clip's name decides; what none knows is everyday life.
# Numbers are the subjects of the CMU database; names that start with g are AIST++'s.
_PATTERNS = (
    ("acrobatics", r"^cmuj_(49|85|88|90|139|140)_"),  # cartwheels, flips, crawling, getting up
    ("dance", r"^cmu_005_|^cmud_(indian|salsa)_|dance|^g[A-Z]{2}_s"),
    ("sports", r"^cmu_00(1|6)_|^cmu_002_0[4-9]|^cmuj_(06|10|11|43|127)_"),
    ("sports", r"basketball|soccer|jump|martial|kick|punch|slash|pushup|burpee|lunge|plank|dips"),
    ("walking", r"^cmu_00(3|7)_|^cmu_002_0[1-3]|^cmuj_(02|07|08|09|16)_|walk|run|dash"),
)
EVERYDAY = "everyday"
ACTIONS = (*dict.fromkeys(action for action, _ in _PATTERNS), EVERYDAY)


def action_of(clip_name: str) -> str:
    """One of ACTIONS."""
    return next((a for a, pattern in _PATTERNS if re.search(pattern, clip_name)), EVERYDAY)
