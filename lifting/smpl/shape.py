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
from .prior import Prior
from .rotations import compiled
from .solver import Body, Chain, factorise, normal_equations

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


@compiled
def shape_evidence(
    R: NDArray,
    pelvis_m: NDArray,
    body: Body,
    chain: Chain,
    prior: Prior,
    target_m: NDArray,
    weight: NDArray,
    robust: float,
) -> tuple[NDArray, NDArray]:
    """Precision (B, B) and slope (B,) of the cost in the free shape, the poses following it.

    Args:
        R, pelvis_m: fitted poses (T, 24, 3, 3) and (T, 3).
        body: of free shape.
        chain, prior, target_m, weight, robust: as for `solver.normal_equations`, T frames of each.
    """
    components = body.shapes_m.shape[2]
    poses = 3 + 3 * len(chain.turning)
    unknowns = poses + components
    H, L, g = np.empty((unknowns, unknowns)), np.zeros((unknowns, unknowns)), np.empty(unknowns)
    y = np.empty(unknowns)
    precision, slope = np.zeros((components, components)), np.zeros(components)
    for t in range(len(R)):
        normal_equations(
            R[t], pelvis_m[t], body, chain, prior, target_m[t], weight[t], robust, H, g
        )
        factorise(H, 0.0, L)  # the last rows factorise the Schur complement
        for i in range(unknowns):
            total = g[i]
            for k in range(i):
                total -= L[i, k] * y[k]
            y[i] = total / L[i, i]
        for i in range(components):
            for k in range(i + 1):
                slope[i] += L[poses + i, poses + k] * y[poses + k]
            for j in range(components):
                for k in range(min(i, j) + 1):
                    precision[i, j] += L[poses + i, poses + k] * L[poses + j, poses + k]
    return precision, slope
