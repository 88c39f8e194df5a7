"""One person's bones: learned as means over a minute that outliers cannot pull far."""

import numpy as np
from numpy.typing import NDArray

from ...core.compiling import compiled
from .standard import TRUNK_M, Standard

_LASTING_S = 60.0  # how long what a frame has told counts, as in lifting.bone_lengths
LONGEST_S = 0.1  # of which a frame speaks, however long ago the one before was
_TRUST_STANDARD = 5.0  # frames that outweigh the standard body's places of points on head and feet
_FIRM = 10  # from so many frames on, one frame moves nothing by more than ...
_OUTLIER_M = 0.03  # ... this over the number of frames


class Lengths:
    """Bone offsets and the joints' places on their bones.

    Attributes:
        offsets_m: (B, 3) each bone's origin in its parent's frame.
        joint_offsets_m: (J, 3) each joint in its bone's frame.
        fixed: learn no more.
    """

    def __init__(self, standard: Standard) -> None:
        s, names = standard, standard.bone_names
        self.offsets_m, self.joint_offsets_m = s.offsets_m.copy(), s.joint_offsets_m.copy()
        self.fixed = False
        self._standard, self._frames = standard, 0
        self._share = 0.0  # what the newest frame counts at least
        thighs = [names.index("LeftUpperLeg"), names.index("RightUpperLeg")]
        arms = [names.index("LeftUpperArm"), names.index("RightUpperArm")]
        others = [b for b in range(1, len(names)) if b not in thighs]
        seen = [b for b in others if s.origins[b] >= 0]
        # A bone with one seen child points at it, whatever its length; with more it has a shape.
        children = np.bincount(s.parents[seen], minlength=len(names))
        limbs = [b for b in seen if s.origins[s.parents[b]] >= 0 and children[s.parents[b]] == 1]
        # What is hidden has the standard body's proportions; shoulders of a hidden collar bone are
        # as far apart as they are seen.
        hidden = [
            b for b in others if s.origins[b] < 0 or (b in arms and s.origins[s.parents[b]] < 0)
        ]
        self._limbs, self._hidden = np.array(limbs), np.array(hidden, int)
        self._shaped = np.array([b for b in seen if b not in limbs + hidden], int)
        self._thighs, self._hidden_arms = (
            np.array(thighs),
            np.array([b for b in arms if b in hidden], int),
        )
        self._placed = np.flatnonzero(s.explained & (s.joint_offsets_m != 0).any(axis=1))
        self._trunk = np.array(
            s.skeleton.index("left_hip", "right_hip", "left_shoulder", "right_shoulder")
        )
        self._known_m = np.zeros(3 + len(limbs))  # hips and shoulders apart, trunk, limbs
        self._known_frames = np.zeros(3 + len(limbs))  # in how many frames each has been seen

    def measure(self, joints_m: NDArray, dt_s: float) -> None:
        """Learn from the distances between joints (J, 3) of one frame; NaN says nothing.

        `dt_s` is the time since the frame before, inf for the first. Hips and shoulders are there;
        a limb that has not been seen yet has the standard body's proportions.
        """
        if self.fixed:
            return
        s, self._share = self._standard, min(dt_s, LONGEST_S) / _LASTING_S
        _measure(
            joints_m, self._share, self._known_m, self._known_frames, self._trunk, self._limbs,
            self._thighs, self._hidden, self._hidden_arms, s.origins, s.parents, s.offsets_m,
            self.offsets_m,
        )  # fmt: skip
        if self._frames == 0:  # who is small has a small face and small feet, too
            scale = self._known_m[2] / TRUNK_M
            self.joint_offsets_m[self._placed] *= scale
            self.offsets_m[self._shaped] *= scale
        self._frames += 1

    def place(self, joints_m: NDArray, origins_m: NDArray, world: NDArray) -> None:
        """Learn where joints are on bones whose origins (B, 3) and turns (B, 3, 3) are fitted."""
        if self.fixed:
            return
        s, frames = self._standard, self._frames + _TRUST_STANDARD
        _place(
            joints_m, origins_m, world, frames, self._share, s.origins, self._placed, s.joint_bones,
            s.own_joints, s.mirror_joints, self.joint_offsets_m,
        )  # fmt: skip
        if len(self._shaped):
            _place(
                joints_m, origins_m, world, frames, self._share, s.origins, self._shaped, s.parents,
                s.origins, s.mirror_bones, self.offsets_m,
            )  # fmt: skip


@compiled
def _distance(a: NDArray, b: NDArray) -> float:
    return np.sqrt((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2)


@compiled
def _mean(known: float, found: float, frames: float, share: float) -> float:
    """The mean after one more frame, which counts at least `share`."""
    if not np.isfinite(found):
        return known
    step = found - known
    if frames >= _FIRM:
        step = min(max(step, -_OUTLIER_M), _OUTLIER_M)
    return known + step * max(1.0 / (0.5 * frames + 1.0), share)


@compiled
def _take(known: NDArray, frames: NDArray, k: int, found: float, share: float) -> None:
    """One more frame's word on one length."""
    known[k] = _mean(known[k], found, frames[k], share)
    frames[k] += np.isfinite(found)


@compiled
def _measure(
    joints: NDArray,
    share: float,
    known: NDArray,
    frames: NDArray,
    trunk: NDArray,
    limbs: NDArray,
    thighs: NDArray,
    hidden: NDArray,
    hidden_arms: NDArray,
    origins: NDArray,
    parents: NDArray,
    standard: NDArray,
    offsets: NDArray,
) -> None:
    hips = 0.5 * (joints[trunk[0]] + joints[trunk[1]])
    shoulders = 0.5 * (joints[trunk[2]] + joints[trunk[3]])
    _take(known, frames, 0, _distance(joints[trunk[0]], joints[trunk[1]]), share)
    _take(known, frames, 1, _distance(joints[trunk[2]], joints[trunk[3]]), share)
    _take(known, frames, 2, _distance(hips, shoulders), share)
    scale = known[2] / TRUNK_M
    for k in range(len(limbs)):
        b = limbs[k]
        bone_m = _distance(joints[origins[b]], joints[origins[parents[b]]])
        _take(known, frames, 3 + k, bone_m, share)
        length = np.sqrt(standard[b, 0] ** 2 + standard[b, 1] ** 2 + standard[b, 2] ** 2)
        stretched = known[3 + k] / length if frames[3 + k] > 0 else scale
        for i in range(3):
            offsets[b, i] = standard[b, i] * stretched
    offsets[thighs[0], 1] = 0.5 * known[0]
    offsets[thighs[1], 1] = -0.5 * known[0]
    for b in hidden:
        for i in range(3):
            offsets[b, i] = standard[b, i] * scale
    for b in hidden_arms:
        across = 0.5 * known[1] - abs(offsets[parents[b], 1])
        offsets[b, 1] = np.copysign(across, standard[b, 1])


@compiled
def _place(
    joints: NDArray,
    origins: NDArray,
    world: NDArray,
    frames: float,
    share: float,
    starts: NDArray,
    which: NDArray,
    bones: NDArray,
    seen: NDArray,
    mirror: NDArray,
    known: NDArray,
) -> None:
    """Learn the places `which` of `known` (N, 3) on their bones, both sides alike."""
    for n in which:
        b = bones[n]
        # Where a bone begins is taken from the joint, if there is one.
        origin = origins[b] if starts[b] < 0 else joints[starts[b]]
        for i in range(3):
            found = 0.0
            for k in range(3):
                found += world[b, k, i] * (joints[seen[n], k] - origin[k])
            known[n, i] = _mean(known[n, i], found, frames, share)
    for n in which:
        m = mirror[n]
        if m < n:
            continue
        for i in range(3):
            sign = -1.0 if i == 1 else 1.0
            mean = 0.5 * (known[n, i] + sign * known[m, i])
            known[n, i], known[m, i] = mean, sign * mean
