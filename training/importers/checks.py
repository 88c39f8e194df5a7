"""What a clip must be before it may teach anybody: finite, person-sized, right way round."""

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ...core.errors import M2t3Error
from ..archive import JOINT_NAMES

SHORTEST_S = 0.5
SLOWEST_FPS, FASTEST_FPS = 10.0, 1000.0
STATURE_M = (0.9, 2.5)  # of anybody
STATURE_PER_BONES = 1.33  # stature over thigh + shin + trunk, of SMPL's mean body
UPRIGHT = 0.3  # median cosine of a trunk to the vertical, below which a clip is told of
REACH_M = 3.2  # an archive holds joints up to here from the pelvis

_I = {name: j for j, name in enumerate(JOINT_NAMES)}


def check_motion(positions_m: Float[NDArray, "T 30 3"], fps: float, mend: str) -> None:
    """Check one clip, z up.

    Args:
        positions_m: what is meant to be metres.
        fps: frames a second.
        mend: how to give the right unit, for the message.

    Raises:
        M2t3Error: too short, not finite, of a size that nobody has, or mirrored.
    """
    check_finite(positions_m)
    if not SLOWEST_FPS <= fps <= FASTEST_FPS:
        raise M2t3Error(
            f"is of {fps:g} frames a second; {SLOWEST_FPS:g} to {FASTEST_FPS:g} can be used"
        )
    seconds = (len(positions_m) - 1) / fps
    if seconds < SHORTEST_S:
        raise M2t3Error(
            f"is too short: {len(positions_m)} frames, {seconds:.2f} s; at least {SHORTEST_S} s"
        )
    _check_size(positions_m, mend)
    _check_sides(positions_m)


def seems_upright(positions_m: Float[NDArray, "T 30 3"]) -> bool:
    """Whether the trunk points up for most of a clip; people do lie, so no clip is refused."""
    trunk = positions_m[:, _I["neck"]] - positions_m[:, _I["pelvis"]]
    length = np.maximum(np.linalg.norm(trunk, axis=-1), 1e-6)
    return bool(np.median(trunk[:, 2] / length) >= UPRIGHT)


def check_finite(values: Float[NDArray, "T *any"]) -> None:
    """Check that every frame is finite.

    Raises:
        M2t3Error: the message names the first frame that is not, and how many there are.
    """
    bad = ~np.isfinite(values).all(axis=tuple(range(1, values.ndim)))
    if bad.any():
        raise M2t3Error(
            f"has {bad.sum()} frames of {len(bad)} with NaN or infinity, the first is frame "
            f"{bad.argmax()}: cut them out, they cannot be guessed"
        )


def _check_size(positions_m: NDArray, mend: str) -> None:
    bones = [_length(positions_m, "pelvis", "neck")]
    for upper, lower in (("hip", "knee"), ("knee", "ankle")):
        sides = [_length(positions_m, f"{s}_{upper}", f"{s}_{lower}") for s in ("left", "right")]
        bones.append(sum(sides) / 2)
    stature_m = STATURE_PER_BONES * sum(bones)
    if not STATURE_M[0] <= stature_m <= STATURE_M[1]:
        raise M2t3Error(
            f"shows a person {stature_m:.3g} m tall (people are {STATURE_M[0]} to {STATURE_M[1]} "
            f"m): the unit is wrong; {mend}"
        )
    reach_m = np.abs(positions_m - positions_m[:, :1]).max()
    if reach_m > REACH_M:
        raise M2t3Error(f"has a joint {reach_m:.1f} m from the pelvis: joints jump or are mixed")


def _length(positions_m: NDArray, a: str, b: str) -> float:
    bone = positions_m[:, _I[a]] - positions_m[:, _I[b]]
    return float(np.median(np.linalg.norm(bone, axis=-1)))


def _check_sides(positions_m: NDArray) -> None:
    """Toes point to where the chest faces, as left x up = forward; but in a mirror they do not."""
    at = positions_m.transpose(1, 0, 2)
    left, up = at[_I["left_hip"]] - at[_I["right_hip"]], at[_I["neck"]] - at[_I["pelvis"]]
    toes = sum(at[_I[f"{side}_foot"]] - at[_I[f"{side}_ankle"]] for side in ("left", "right"))
    forward = np.cross(left, up)
    along = (forward * toes).sum() / np.sqrt((forward**2).sum() * (toes**2).sum())
    if along < -0.3:
        raise M2t3Error(
            "is mirrored (toes point backwards): left and right are exchanged, or the axes are "
            "left-handed"
        )
