"""How a person looks: from joints to solids, as arrays and without viser."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...core.messages import SkeletonDefinition
from ..python import Person

FACE, TORSO = {"nose", "eye", "ear"}, {"shoulder", "hip"}
RADIUS_M = {
    "head": 0.095, "neck": 0.05, "pelvis": 0.075, "nose": 0.025, "eye": 0.022, "ear": 0.025,
    "shoulder": 0.055, "elbow": 0.042, "wrist": 0.032, "hip": 0.075, "knee": 0.055, "ankle": 0.04,
}  # fmt: skip
RADIUS_OTHER_M = 0.03
TAPER = 0.75  # far end of a limb by its near end
PRINT_M = (0.06, 0.06, 0.004)  # the disc on the floor below an ankle, by axis
ADDED = {  # joints that a detector does not name but a body needs, each amid two others
    "pelvis": ("left_hip", "right_hip"),
    "neck": ("left_shoulder", "right_shoulder"),
    "head": ("left_ear", "right_ear"),
}
ADDED_BONES = (
    ("neck", "head"), ("neck", "left_shoulder"), ("neck", "right_shoulder"), ("neck", "pelvis"),
    ("left_shoulder", "pelvis"), ("right_shoulder", "pelvis"),
    ("pelvis", "left_hip"), ("pelvis", "right_hip"),
)  # fmt: skip


class Palette(NamedTuple):
    """The colours of one person, RGB."""

    left: tuple[int, int, int]
    right: tuple[int, int, int]
    middle: tuple[int, int, int]


PALETTES = (
    Palette((13, 178, 160), (244, 86, 56), (196, 205, 222)),
    Palette((92, 92, 240), (240, 170, 10), (205, 205, 236)),
    Palette((40, 170, 80), (205, 70, 230), (198, 220, 204)),
    Palette((20, 140, 220), (235, 60, 110), (196, 214, 232)),
)


def palette(person_id: int) -> Palette:
    """The colours of this person."""
    return PALETTES[person_id % len(PALETTES)]


@dataclass(frozen=True)
class Solids:
    """N copies of one unit solid, placed, turned, scaled and coloured."""

    positions_world_m: np.ndarray  # (N, 3)
    quaternions_wxyz: np.ndarray  # (N, 4), the order that viser wants
    scales_m: np.ndarray  # (N, 3) by axis of the unit solid
    colours: np.ndarray  # (N, 3) uint8

    @staticmethod
    def joined(several: "Sequence[Solids]") -> "Solids":
        """All of them in one."""
        return Solids(
            np.concatenate([solids.positions_world_m for solids in several]),
            np.concatenate([solids.quaternions_wxyz for solids in several]),
            np.concatenate([solids.scales_m for solids in several]),
            np.concatenate([solids.colours for solids in several]),
        )


NOTHING = Solids(np.zeros((0, 3)), np.zeros((0, 4)), np.zeros((0, 3)), np.zeros((0, 3), np.uint8))


class Figure:
    """Makes the solids of a person, for one skeleton. Joints that are not valid are not drawn."""

    def __init__(self, definition: SkeletonDefinition) -> None:
        names = list(definition.joint_names)
        added = {n: amid for n, amid in ADDED.items() if n not in names and set(amid) <= set(names)}
        self._amid = np.array([[names.index(n) for n in amid] for amid in added.values()], int)
        names += added
        parts = [name.removeprefix("left_").removeprefix("right_") for name in names]
        bones = [  # the added bones stand for the outline of torso and face
            (a, b)
            for a, b in definition.bones
            if not ({parts[a], parts[b]} <= FACE or {parts[a], parts[b]} <= TORSO)
        ]
        bones += [(names.index(a), names.index(b)) for a, b in ADDED_BONES if {a, b} <= set(names)]
        self._bones = np.array(bones, int).reshape(-1, 2)
        self._ankles = np.flatnonzero([part == "ankle" for part in parts])
        self._radius_m = np.array([RADIUS_M.get(part, RADIUS_OTHER_M) for part in parts])
        self._side = np.full(len(names), Palette._fields.index("middle"))
        for left, right in definition.left_right:
            self._side[[left, right]] = 0, 1

    def joints_world_m(self, person: Person) -> np.ndarray:
        """The person's joints and the added ones, (J + added, 3) metres; NaN where not valid."""
        joints = np.where(person.valid[:, None], person.positions_world_m, np.nan)
        return np.concatenate([joints, joints[self._amid.reshape(-1, 2)].mean(axis=1)])

    def balls(self, joints_world_m: np.ndarray, colours: Palette) -> Solids:
        """Unit balls: one at each joint, and one pressed flat on the floor below each ankle."""
        seen = np.isfinite(joints_world_m).all(axis=1)
        ankles = self._ankles[seen[self._ankles]]
        joints = np.concatenate([np.flatnonzero(seen), ankles])
        positions, scales = joints_world_m[joints], np.repeat(self._radius_m[joints, None], 3, 1)
        if len(ankles):
            positions[-len(ankles) :, 2], scales[-len(ankles) :] = 0, PRINT_M
        upright = np.tile((1.0, 0.0, 0.0, 0.0), (len(joints), 1))
        return Solids(positions, upright, scales, np.array(colours, np.uint8)[self._side[joints]])

    def limbs(self, joints_world_m: np.ndarray, colours: Palette) -> Solids:
        """Unit cones: one along each bone whose two ends are there."""
        near, far = joints_world_m[self._bones.T]
        length = np.linalg.norm(far - near, axis=1)
        drawn = length > 1e-6  # which NaN is not
        bones, near, length = self._bones[drawn], near[drawn], length[drawn, None]
        radius = self._radius_m[bones].min(axis=1, keepdims=True) / TAPER
        return Solids(
            near,
            turns_from_z((far[drawn] - near) / length),
            np.hstack([radius, radius, length]),
            np.array(colours, np.uint8)[self._side[bones].min(axis=1)],
        )


def turns_from_z(directions: np.ndarray) -> np.ndarray:
    """Quaternions w x y z, (N, 4), that turn +z to the unit vectors `directions`, (N, 3)."""
    x, y, z = directions.T
    straight_down = z < -1 + 1e-6  # any half turn about a level axis will do
    turns = np.stack([1 + z, np.where(straight_down, 1.0, -y), x, np.zeros_like(x)], axis=1)
    return turns / np.linalg.norm(turns, axis=1, keepdims=True)


def cone_mesh(sides: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """Vertices and faces of the unit cone: radius 1 at z = 0, TAPER at z = 1, open at both ends."""
    angle = np.arange(sides) * (2 * np.pi / sides)
    near = np.stack([np.cos(angle), np.sin(angle), np.zeros(sides)], axis=1)
    a = np.arange(sides)
    b = (a + 1) % sides
    faces = [np.stack([a, b, a + sides], axis=1), np.stack([b, b + sides, a + sides], axis=1)]
    return np.concatenate([near, near * TAPER + (0, 0, 1)]), np.concatenate(faces)


def ball_mesh(rings: int = 14, sides: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """Vertices and faces of the unit ball."""
    tilt, turn = np.meshgrid(
        np.linspace(0, np.pi, rings + 1), np.arange(sides) * (2 * np.pi / sides), indexing="ij"
    )
    vertices = np.stack([np.sin(tilt) * np.cos(turn), np.sin(tilt) * np.sin(turn), np.cos(tilt)], 2)
    index = np.arange((rings + 1) * sides).reshape(rings + 1, sides)
    above, below = index[:-1], index[1:]
    next_above, next_below = np.roll(above, -1, axis=1), np.roll(below, -1, axis=1)
    faces = [np.stack([above, below, next_below], 2), np.stack([above, next_below, next_above], 2)]
    return vertices.reshape(-1, 3), np.concatenate(faces).reshape(-1, 3)
