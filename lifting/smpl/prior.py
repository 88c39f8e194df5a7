"""What poses people take, without anybody's data: a Gaussian for each joint, and hinges.

Means and spreads follow the ranges of motion of the clinic (American Academy of Orthopaedic
Surgeons 1965: knee 0 to 135 degrees, elbow 0 to 150, hip -30 to 120, ...), a spread being about
half the range, and smaller about axes that a joint hardly has. Arms hang in the mean, for SMPL's
rest pose is a T. Where joints tell a rotation it hardly counts: one degree of an elbow weighs like
a tenth of a millimetre of the wrist. Where they do not, as the twist of a straight arm, it decides.
Elbows and knees bend one way: beyond the straight limb a stiff spring begins.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...core.skeletons import SMPL24, part

# By part: mean and spread of the left side's rotation vector, radians: x left, y up, z forward in
# the T-pose. The right side's is mirrored.
_POSES: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "hip": ((-0.2, 0.0, 0.0), (0.9, 0.4, 0.4)),
    "knee": ((0.3, 0.0, 0.0), (1.0, 0.1, 0.1)),
    "ankle": ((0.0, 0.0, 0.0), (0.4, 0.2, 0.25)),
    "foot": ((0.0, 0.0, 0.0), (0.3, 0.05, 0.05)),
    "spine1": ((0.0, 0.0, 0.0), (0.3, 0.2, 0.2)),
    "spine2": ((0.0, 0.0, 0.0), (0.3, 0.2, 0.2)),
    "spine3": ((0.0, 0.0, 0.0), (0.2, 0.2, 0.15)),
    "neck": ((0.0, 0.0, 0.0), (0.3, 0.35, 0.25)),
    "head": ((0.0, 0.0, 0.0), (0.3, 0.35, 0.25)),
    "collar": ((0.0, 0.0, 0.0), (0.1, 0.2, 0.2)),
    "shoulder": ((0.0, -0.2, -1.0), (0.6, 0.8, 0.8)),
    "elbow": ((0.0, -0.4, 0.0), (0.4, 1.0, 0.1)),
    "wrist": ((0.0, 0.0, 0.0), (0.3, 0.3, 0.5)),
    "hand": ((0.0, 0.0, 0.0), (0.1, 0.1, 0.1)),
}
# By part: axis about which the left side's hinge bends, and how far.
_HINGES: dict[str, tuple[int, float, float]] = {"knee": (0, 0.0, 2.7), "elbow": (1, -2.7, 0.0)}
_SLACK = 0.05  # rad beyond the end of a hinge that count as much as one spread elsewhere
_COUNTS = 0.2  # seen joints are better evidence than habits: exact ones come out within 10 mm


class Prior(NamedTuple):
    """Of each of the 24 joints' rotation vectors; the root's weighs nothing."""

    mean: NDArray[np.float64]  # (24, 3) rad
    weight: NDArray[np.float64]  # (24, 3) 1 / spread^2
    low: NDArray[np.float64]  # (24, 3) where the springs begin
    high: NDArray[np.float64]  # (24, 3)
    spring: float  # weight of what is beyond


def pose_prior() -> Prior:
    """The prior of SMPL's joints."""
    mean, weight = np.zeros((24, 3)), np.zeros((24, 3))
    low, high = np.full((24, 3), -np.inf), np.full((24, 3), np.inf)
    for joint, name in enumerate(SMPL24.joint_names):
        if part(name) not in _POSES:
            continue
        mirror = np.array([1.0, -1.0, -1.0] if name.startswith("right_") else [1.0, 1.0, 1.0])
        mean[joint], spread = mirror * _POSES[part(name)][0], np.array(_POSES[part(name)][1])
        weight[joint] = _COUNTS * spread**-2
        if part(name) in _HINGES:
            axis, start, end = _HINGES[part(name)]
            low[joint, axis], high[joint, axis] = sorted((mirror[axis] * start, mirror[axis] * end))
    return Prior(mean, weight, low, high, _SLACK**-2)
