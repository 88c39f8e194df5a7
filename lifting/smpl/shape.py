"""What a body's shape is: a belief that grows over the session's first frames, then is kept.

Each fitted frame tells the shape through its normal equations, from which the pose has been
eliminated (the Schur complement), so that no bone is thought long that a bent knee explains. Frames
are added up like an information filter's; the prior is the models' own, betas of variance 1.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from .model_file import BodyModel

COMPONENTS = 10  # more hardly show in joints
SETTLED_FRAMES = 120  # the shape is kept after so many
_INDEPENDENT = 0.125  # successive frames share their errors: a frame counts as this much of one


@dataclass(frozen=True, eq=False)
class ShapeBelief:
    """What is believed of one person's shape."""

    betas: Float[NDArray, "B"]
    precision: Float[NDArray, "B B"]  # of what was seen, without the prior
    pull: Float[NDArray, "B"]  # precision times the shape that was seen
    frames: int = 0  # seen so far

    @staticmethod
    def of(model: BodyModel) -> "ShapeBelief":
        """Knowing nothing: the mean body."""
        components = min(COMPONENTS, model.shapes_m.shape[-1])
        return ShapeBelief(
            np.zeros(components), np.zeros((components, components)), np.zeros(components)
        )

    @property
    def settled(self) -> bool:
        """Whether the shape stays as it is."""
        return self.frames >= SETTLED_FRAMES

    def updated(
        self, precision: Float[NDArray, "B B"], slope: Float[NDArray, "B"], frames: int = 1
    ) -> "ShapeBelief":
        """The belief after `frames` more, whose evidence at the present betas is given."""
        total = self.precision + _INDEPENDENT * precision
        pull = self.pull + _INDEPENDENT * (precision @ self.betas - slope)
        betas = np.linalg.solve(total + np.eye(len(pull)), pull)
        return ShapeBelief(betas, total, pull, self.frames + frames)
