"""How a person looks: from joints to solids, as arrays and without viser."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...core.geometry import rotate
from ...core.messages import SkeletonDefinition
from ..python import Person

FACE, TORSO = {"nose", "eye", "ear"}, {"shoulder", "hip"}
RADIUS_M = {
    "head": 0.095, "neck": 0.05, "pelvis": 0.075, "nose": 0.025, "eye": 0.022, "ear": 0.025,
    "shoulder": 0.055, "elbow": 0.042, "wrist": 0.032, "hip": 0.075, "knee": 0.055, "ankle": 0.04,
    "toe": 0.035,
}  # fmt: skip
RADIUS_OTHER_M = 0.03
TAPER = 0.75  # far end of a limb by its near end
PRINT_M = (0.06, 0.06, 0.004)  # the disc on the floor below an ankle, by axis ...
STANDING_PRINT_M = (0.11, 0.11, 0.006)  # ... and below one that surely stands
STANDING = (255, 255, 255)  # its colour
MASS = (255, 214, 64)  # the centre of mass and the point of the floor below it
MASS_M, MASS_PRINT_M = (0.19, 0.19, 0.008), (0.045, 0.045, 0.007)  # a disc that the trunk wears
MASS_LINE_M = 0.006
ADDED = {  # joints that a detector does not name but a body needs, each amid two others
    "pelvis": ("left_hip", "right_hip"),
    "neck": ("left_shoulder", "right_shoulder"),
    "head": ("left_ear", "right_ear"),
}
TOES = {"left_toe": "LeftFoot", "right_toe": "RightFoot"}  # where a format has none, a body's feet
TOE_M = (0.17, 0.0, -0.05)  # end here, in the foot's frame
ADDED_BONES = (
    ("left_ankle", "left_toe"), ("right_ankle", "right_toe"),
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
    Palette((150, 200, 30), (150, 70, 230), (214, 222, 190)),
    Palette((230, 200, 40), (40, 110, 230), (226, 220, 190)),
    Palette((230, 110, 200), (30, 190, 110), (228, 204, 224)),
    Palette((220, 130, 50), (60, 190, 230), (226, 212, 196)),
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
        feet = definition.humanoid.bone_names if definition.humanoid else ()
        toeless = {"left_ankle", "right_ankle"} <= set(names) and not (
            {"left_foot", "left_big_toe"} & set(names)
        )
        self._feet = [feet.index(foot) for foot in TOES.values() if toeless and foot in feet]
        names += list(TOES)[: len(self._feet)]
        parts = [name.removeprefix("left_").removeprefix("right_") for name in names]
        bones = [  # the added bones stand for the outline of torso and face
            (a, b)
            for a, b in definition.bones
            if not ({parts[a], parts[b]} <= FACE or {parts[a], parts[b]} <= TORSO)
        ]
        bones += [(names.index(a), names.index(b)) for a, b in ADDED_BONES if {a, b} <= set(names)]
        self._bones = np.array(bones, int).reshape(-1, 2)
        self._ankles = [  # left, right, as contacts are
            names.index(ankle) for ankle in ("left_ankle", "right_ankle") if ankle in names
        ]
        self._radius_m = np.array([RADIUS_M.get(part, RADIUS_OTHER_M) for part in parts])
        self._side = np.full(len(names), Palette._fields.index("middle"))
        for left, right in definition.left_right:
            self._side[[left, right]] = 0, 1
        for name, side in zip(TOES, (0, 1), strict=True):
            if name in names:
                self._side[names.index(name)] = side

    def joints_world_m(self, person: Person, of_body: bool = True) -> np.ndarray:
        """The person's joints and the added ones, (J + added, 3) metres; NaN where not valid.

        They are the body's if there is one, with bones of one length and feet that stand, unless
        they are asked for as they were found.
        """
        found = person.positions_world_m
        if of_body and person.body is not None:
            found = person.body.joints_world_m
        joints = np.where(person.valid[:, None], found, np.nan)
        toes = np.full((len(self._feet), 3), np.nan)
        if of_body and person.body is not None and self._feet:
            turns = person.body.rotations_world_xyzw[self._feet]
            toes = person.body.origins_world_m[self._feet] + rotate(turns, np.array([TOE_M]))
        return np.concatenate([joints, joints[self._amid.reshape(-1, 2)].mean(axis=1), toes])

    def balls(self, joints_world_m: np.ndarray, colours: Palette) -> Solids:
        """Unit balls: one at each joint."""
        joints = np.flatnonzero(np.isfinite(joints_world_m).all(axis=1))
        scales = np.repeat(self._radius_m[joints, None], 3, 1)
        return _balls(joints_world_m[joints], scales, np.array(colours)[self._side[joints]])

    def prints(self, person: Person, joints_world_m: np.ndarray, colours: Palette) -> Solids:
        """Balls pressed flat on the floor below the ankles: the likelier that a foot stands, the
        larger and the whiter."""
        there = [
            (joint, contact)
            for joint, contact in zip(self._ankles, person.contact, strict=False)
            if np.isfinite(joints_world_m[joint]).all()
        ]
        ankles = [joint for joint, _ in there]
        stands = np.nan_to_num([[contact] for _, contact in there]).reshape(-1, 1)
        sides = np.array(colours)[self._side[ankles]].reshape(-1, 3)
        return _balls(
            joints_world_m[ankles] * (1, 1, 0),
            np.array(PRINT_M) * (1 - stands) + np.array(STANDING_PRINT_M) * stands,
            sides * (1 - stands) + np.array(STANDING) * stands,
        )

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


def mass_line(person: Person) -> Solids:
    """A thin cone from the floor to the centre of mass."""
    if person.body is None:
        return NOTHING
    x, y, z = person.body.centre_of_mass_world_m.tolist()
    return Solids(
        np.array([(x, y, 0.0)]),
        np.array([(1.0, 0.0, 0.0, 0.0)]),
        np.array([(MASS_LINE_M, MASS_LINE_M, z)]),
        np.array([MASS], np.uint8),
    )


def mass(person: Person) -> Solids:
    """Flat balls at the centre of mass, as wide as the trunk, and on the floor below it."""
    if person.body is None:
        return NOTHING
    centre = person.body.centre_of_mass_world_m
    places = np.stack([centre, centre * (1, 1, 0)])
    return _balls(places, np.array([MASS_M, MASS_PRINT_M]), np.array([MASS, MASS]))


def _balls(positions: np.ndarray, scales_m: np.ndarray, colours: np.ndarray) -> Solids:
    upright = np.tile((1.0, 0.0, 0.0, 0.0), (len(positions), 1))
    return Solids(positions, upright, scales_m, colours.astype(np.uint8))


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
