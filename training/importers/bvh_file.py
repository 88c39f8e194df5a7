"""BVH files: a hierarchy of joints, and what their channels say frame by frame.

Format: Biovision's, as described by J. Thingvold (https://research.cs.wisc.edu/graphics/Courses/
cs-838-1999/Jeff/BVH.html). Rotations are multiplied in the order of the channels, degrees.
Position channels take the place of OFFSET, axis by axis, as files have them that give each joint
positions (Bandai) or the root an offset and positions (Mixamo).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from ...core.errors import M2t3Error, valid_names

AXES = {"X": 0, "Y": 1, "Z": 2}
CHANNELS = tuple(f"{axis}{what}" for what in ("position", "rotation") for axis in AXES)


@dataclass
class Joint:
    """One joint of the hierarchy; columns refer to the frames' numbers."""

    name: str
    parent: int  # its index; -1: none
    offset: tuple[float, ...] = (0.0, 0.0, 0.0)  # from the parent, the file's unit
    channels: list[tuple[str, int]] = field(default_factory=list)  # name, column


@dataclass(frozen=True, eq=False)
class Bvh:
    """A whole file; K joints, C channels."""

    joints: list[Joint]  # parents before children
    values: Float[NDArray, "T C"]
    fps: float

    def pose(self) -> tuple[Float[NDArray, "T K 3"], Float[NDArray, "T K 3 3"]]:
        """Where every joint is (in the file's unit and axes) and how it is turned."""
        frames = len(self.values)
        at = np.empty((frames, len(self.joints), 3))
        R = np.empty((frames, len(self.joints), 3, 3))
        for j, joint in enumerate(self.joints):
            local = np.tile(joint.offset, (frames, 1))
            turns = [(name[0], column) for name, column in joint.channels if "rot" in name]
            for name, column in joint.channels:
                if "pos" in name:
                    local[:, AXES[name[0]]] = self.values[:, column]
            turn = np.broadcast_to(np.eye(3), (frames, 3, 3))
            if turns:
                order, columns = "".join(axis for axis, _ in turns), [c for _, c in turns]
                angles = self.values[:, columns]
                turn = Rotation.from_euler(order, angles, degrees=True).as_matrix()
            if joint.parent < 0:
                at[:, j], R[:, j] = local, turn
            else:
                up = R[:, joint.parent]
                at[:, j] = at[:, joint.parent] + (up @ local[..., None])[..., 0]
                R[:, j] = up @ turn
        return at, R


def parse_bvh(text: str) -> Bvh:
    """Read a file's text.

    Raises:
        M2t3Error: it breaks off, or is not of the format; the message says where.
    """
    words = iter(text.split())
    try:
        _expect(words, "HIERARCHY")
        joints, columns = _hierarchy(words)
        _expect(words, "Frames:")
        count = int(next(words))
        _expect(words, "Frame")
        _expect(words, "Time:")
        frame_s = float(next(words))
        numbers = [float(word) for word in words]
    except StopIteration:
        raise M2t3Error("breaks off: download it again") from None
    except ValueError as error:
        raise M2t3Error(f"has a word where a number belongs ({error})") from None
    if not frame_s > 0:
        raise M2t3Error(f"has a frame time of {frame_s} s")
    if len(numbers) != count * columns or not count:
        raise M2t3Error(
            f"announces {count} frames of {columns} numbers and has {len(numbers)} numbers: it is "
            "empty, cut off or damaged"
        )
    return Bvh(joints, np.array(numbers).reshape(count, columns), 1 / frame_s)


def _hierarchy(words: Iterator[str]) -> tuple[list[Joint], int]:
    """The joints up to the word MOTION, and how many numbers a frame has."""
    joints: list[Joint] = []
    stack: list[int] = []  # of open braces; -1: an end site
    columns = 0
    for word in words:
        inside = joints[stack[-1]] if stack and stack[-1] >= 0 else None
        if word in ("ROOT", "JOINT"):
            joints.append(Joint(next(words), stack[-1] if stack else -1))
            _expect(words, "{")
            stack.append(len(joints) - 1)
        elif word == "End":
            _expect(words, "Site")
            _expect(words, "{")
            stack.append(-1)
        elif word == "}" and stack:
            stack.pop()
        elif word == "OFFSET" and stack:
            offset = tuple([float(next(words)) for _ in range(3)])  # a generator hides the end
            if inside:
                inside.offset = offset
        elif word == "CHANNELS" and inside:
            for _ in range(int(next(words))):
                if (name := next(words)) not in CHANNELS:
                    raise M2t3Error(f"has a channel {name!r}; {valid_names(name, CHANNELS)}")
                inside.channels.append((name, columns))
                columns += 1
        elif word == "MOTION" and joints and not stack:
            return joints, columns
        else:
            raise M2t3Error(f"has {word!r} where it does not belong in a hierarchy")
    raise StopIteration


def _expect(words: Iterator[str], wanted: str) -> None:
    if (word := next(words)) != wanted:
        raise M2t3Error(f"is no BVH: it has {word!r} where {wanted!r} belongs")
