"""What else one could do with the same 2D and camera, measured beside the method.

Each baseline takes a case, its skeleton and what the method lifted, and answers with joints in the
room (T, J, 3), NaN in frames that it cannot answer.
"""

from collections.abc import Callable

from jaxtyping import Float
from numpy.typing import NDArray

from ....core.skeletons import Skeleton
from ..cases import Case
from .guessed_place import stand_on_the_feet, stand_where_size_says
from .joint_optimisation import optimise_joints
from .perspective import place_lifted_pose, place_standing_body

Baseline = Callable[
    [Case, Skeleton, Float[NDArray, "t j 3"]],
    Float[NDArray, "t j 3"],
]

BASELINES: dict[str, Baseline] = {
    "its pose placed by solvePnP": place_lifted_pose,
    "standing body placed by solvePnP": place_standing_body,
    "standing body, depth from size": lambda case, skeleton, _: stand_where_size_says(
        case, skeleton
    ),
    "standing body, feet on the floor": lambda case, skeleton, _: stand_on_the_feet(case, skeleton),
    "optimised joints (offline)": lambda case, skeleton, _: optimise_joints(case, skeleton),
}
SLOW = "optimised joints (offline)"  # measured on a sample of the cases
