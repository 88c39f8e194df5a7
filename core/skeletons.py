"""Skeletons as data: joint names, bones and mirror pairs of every keypoint format m2t3 speaks."""

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

SKELETONS: dict[str, Skeleton] = {COCO17.name: COCO17}


def skeleton(name: str) -> Skeleton:
    """The skeleton called `name`.

    Raises:
        M2t3Error: no such skeleton; the message lists those there are.
    """
    try:
        return SKELETONS[name]
    except KeyError:
        raise M2t3Error(f"unknown skeleton {name!r}; known: {', '.join(SKELETONS)}") from None
