"""Skeletons as data: joint names, bones and mirror pairs of every format that m2t3 lifts.

Orders are those of the field; names are one vocabulary, so that what is said of a part of the body
(`part`) is said of it in every skeleton. A few joints in the middle share a name but not quite a
place: SMPL's pelvis and neck are joints of its spine, HALPE's lie amid the hips and amid the
shoulders, as H36M's pelvis and thorax do. core/conversions.py minds the difference.
"""

from dataclasses import dataclass

from .errors import M2t3Error


@dataclass(frozen=True)
class Skeleton:
    """A keypoint format: what each index means. All index pairs refer to `joint_names`."""

    name: str  # the format's name on the wire and in configuration, e.g. "coco17"
    joint_names: tuple[str, ...]  # J names, in wire order
    bones: tuple[tuple[int, int], ...]  # pairs to draw as segments
    left_right: tuple[tuple[int, int], ...]  # (left, right) pairs that a mirror image exchanges
    hips: tuple[int, int]  # (left, right) hip; their mean is the root
    ankles: tuple[int, int]  # (left, right) ankle, the joints that stand on the ground

    @property
    def joint_count(self) -> int:
        """J, the number of joints."""
        return len(self.joint_names)

    @property
    def mirror(self) -> tuple[int, ...]:
        """J indices: where each joint's value stands after left and right change places."""
        order = list(range(self.joint_count))
        for left, right in self.left_right:
            order[left], order[right] = right, left
        return tuple(order)

    def index(self, *names: str) -> tuple[int, ...]:
        """Indices of the named joints."""
        return tuple(self.joint_names.index(name) for name in names)


COCO17 = Skeleton(
    name="coco17",
    joint_names=(
        "nose", "left_eye", "right_eye", "left_ear", "right_ear",
        "left_shoulder", "right_shoulder", "left_elbow", "right_elbow",
        "left_wrist", "right_wrist", "left_hip", "right_hip",
        "left_knee", "right_knee", "left_ankle", "right_ankle",
    ),
    bones=(
        (0, 1), (0, 2), (1, 3), (2, 4), (5, 6), (5, 7), (7, 9), (6, 8), (8, 10),
        (5, 11), (6, 12), (11, 12), (11, 13), (13, 15), (12, 14), (14, 16),
    ),
    left_right=((1, 2), (3, 4), (5, 6), (7, 8), (9, 10), (11, 12), (13, 14), (15, 16)),
    hips=(11, 12),
    ankles=(15, 16),
)  # fmt: skip

# SMPL's kinematic tree with its hands (Loper et al. 2015); `foot` is the base of the toes.
SMPL24 = Skeleton(
    name="smpl24",
    joint_names=(
        "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee",
        "spine2", "left_ankle", "right_ankle", "spine3", "left_foot", "right_foot",
        "neck", "left_collar", "right_collar", "head", "left_shoulder", "right_shoulder",
        "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hand", "right_hand",
    ),
    bones=(
        (0, 1), (0, 2), (0, 3), (1, 4), (2, 5), (3, 6), (4, 7), (5, 8), (6, 9), (7, 10), (8, 11),
        (9, 12), (9, 13), (9, 14), (12, 15), (13, 16), (14, 17), (16, 18), (17, 19), (18, 20),
        (19, 21), (20, 22), (21, 23),
    ),
    left_right=(
        (1, 2), (4, 5), (7, 8), (10, 11), (13, 14), (16, 17), (18, 19), (20, 21), (22, 23),
    ),
    hips=(1, 2),
    ankles=(7, 8),
)  # fmt: skip

# The 17 joints of Human3.6M that everybody reports; its "neck/nose" is the nose here, its feet are
# the ankles that they are, its head the top of the head.
H36M17 = Skeleton(
    name="h36m17",
    joint_names=(
        "pelvis", "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle",
        "spine", "thorax", "nose", "head_top", "left_shoulder", "left_elbow", "left_wrist",
        "right_shoulder", "right_elbow", "right_wrist",
    ),
    bones=(
        (0, 1), (1, 2), (2, 3), (0, 4), (4, 5), (5, 6), (0, 7), (7, 8), (8, 9), (9, 10),
        (8, 11), (11, 12), (12, 13), (8, 14), (14, 15), (15, 16),
    ),
    left_right=((4, 1), (5, 2), (6, 3), (11, 14), (12, 15), (13, 16)),
    hips=(4, 1),
    ankles=(6, 3),
)  # fmt: skip

# Halpe-FullBody's 26 (AlphaPose): COCO-17, the body's middle line, and feet with toes and heels.
HALPE26 = Skeleton(
    name="halpe26",
    joint_names=(
        *COCO17.joint_names, "head_top", "neck", "pelvis", "left_big_toe", "right_big_toe",
        "left_small_toe", "right_small_toe", "left_heel", "right_heel",
    ),
    bones=(
        (0, 1), (0, 2), (1, 3), (2, 4), (17, 18), (18, 5), (18, 6), (5, 7), (7, 9), (6, 8), (8, 10),
        (18, 19), (19, 11), (19, 12), (11, 13), (13, 15), (12, 14), (14, 16),
        (15, 24), (24, 20), (24, 22), (16, 25), (25, 21), (25, 23),
    ),
    left_right=(*COCO17.left_right, (20, 21), (22, 23), (24, 25)),
    hips=COCO17.hips,
    ankles=COCO17.ankles,
)  # fmt: skip

SKELETONS: dict[str, Skeleton] = {s.name: s for s in (COCO17, SMPL24, H36M17, HALPE26)}


def part(joint_name: str) -> str:
    """The part of the body that a joint belongs to: its name without its side."""
    return joint_name.removeprefix("left_").removeprefix("right_")


def skeleton(name: str) -> Skeleton:
    """The skeleton called `name`.

    Raises:
        M2t3Error: no such skeleton; the message lists those there are.
    """
    try:
        return SKELETONS[name]
    except KeyError:
        raise M2t3Error(f"unknown skeleton {name!r}; known: {', '.join(SKELETONS)}") from None
