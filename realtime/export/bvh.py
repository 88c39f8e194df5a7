"""BVH: the body's bones as a tree of joints with angles, for Blender, MotionBuilder and the like.

Axes are the format's usual ones, which Blender's importer expects by default: right-handed, y up,
and the person of the T-pose faces +z with their left at +x. Blender turns that upright again; a
person who walks along the room's +x walks along its -y there.
"""

from io import StringIO
from pathlib import Path

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from .take import BodyTake, Take

_AXES = [1, 2, 0]  # world y, z, x are the format's x, y, z: a rotation
_ORDER = "ZXY"  # turns about the bone's own axes, one after the other
_CHANNELS = "Zrotation Xrotation Yrotation"
_TIPS = {"Head": (0.0, 0.0, 0.18), "Hand": (0.0, 0.17, 0.0), "Foot": (0.17, 0.0, -0.05)}  # metres


def write_bvh(path: Path, take: Take, body: BodyTake, units_per_metre: float = 1.0) -> None:
    """Write one person's bones; names are those of Unity's HumanBodyBones.

    The format has no times, so every file begins where the recording does: frame by frame, people
    belong together. Whoever comes later waits in their first pose.
    """
    text = StringIO()
    text.write("HIERARCHY\n")
    _write_bone(text, body, 0, 0, units_per_metre)
    root = body.root_world_m[:, _AXES] * units_per_metre
    angles = [_angles_deg(turns) for turns in body.rotations_xyzw[_depth_first(body)]]
    rows = np.concatenate([root, *angles], axis=1)
    rows = np.pad(rows, ((take.presence.first, 0), (0, 0)), mode="edge")
    text.write(f"MOTION\nFrames: {len(rows)}\nFrame Time: {1 / take.presence.fps:.8f}\n")
    np.savetxt(text, rows, fmt="%.6f")
    path.write_text(text.getvalue(), encoding="ascii")


def _angles_deg(turns_xyzw: Float[NDArray, "n 4"]) -> Float[NDArray, "n 3"]:
    """Angles about z, x, y that move from frame to frame as little as the bone does."""
    # The wire's float32 is not of unit length to the digits that count near a right angle.
    turns_xyzw = turns_xyzw.astype(float)
    turns_xyzw /= np.linalg.norm(turns_xyzw, axis=1, keepdims=True)
    x, y, z, w = turns_xyzw[:, [*_AXES, 3]].T
    # q = z x y by their half angles, with |x| at most a right angle; at that there are many pairs
    # of z and y, of which the last one's y is kept (scipy would warn of each).
    angles = np.empty((len(turns_xyzw), 3))
    sine = 2.0 * (y * z + w * x)
    angles[:, 1] = np.arcsin(sine.clip(-1.0, 1.0))
    angles[:, 0] = np.arctan2(-2.0 * (x * y - w * z), 1.0 - 2.0 * (x * x + z * z))
    angles[:, 2] = np.arctan2(-2.0 * (x * z - w * y), 1.0 - 2.0 * (x * x + y * y))
    locked = np.abs(sine) > 1.0 - 1e-9
    for n in np.flatnonzero(locked):
        angles[n, 2] = angles[n - 1, 2] if n else 0.0
        rest = (
            Rotation.from_quat([x[n], y[n], z[n], w[n]])
            * Rotation.from_euler("XY", [angles[n, 1], angles[n, 2]]).inv()
        )
        angles[n, 0] = rest.as_rotvec()[2]
    return np.degrees(np.unwrap(_continued(angles), axis=0))


def _continued(angles_rad: Float[NDArray, "n 3"]) -> Float[NDArray, "n 3"]:
    """Of the two triples (z, x, y) that turn alike, in every frame the one nearer to the last.

    A bone that bends past a right angle goes on bending; the triple with |x| below that would turn
    about z and y by half a turn instead, and programs that draw between frames would draw that.
    """
    other = angles_rad * (1, -1, 1) + np.pi
    # Which triple the last frame has does not matter: both are as far from their own kind.
    stays = _apart(angles_rad[1:], angles_rad[:-1]) <= _apart(other[1:], angles_rad[:-1])
    swapped = np.cumsum(np.concatenate([[False], ~stays])) % 2 == 1
    return np.where(swapped[:, None], other, angles_rad)


def _apart(a_rad: Float[NDArray, "n 3"], b_rad: Float[NDArray, "n 3"]) -> Float[NDArray, "n"]:
    """How far angles are from each other, whole turns aside."""
    return np.abs((a_rad - b_rad + np.pi) % (2 * np.pi) - np.pi).sum(axis=1)


def _children(body: BodyTake, bone: int) -> list[int]:
    return [child for child, parent in enumerate(body.definition.parents) if parent == bone]


def _depth_first(body: BodyTake, bone: int = 0) -> list[int]:
    """Bones in the order of the hierarchy's text."""
    return [bone, *(b for child in _children(body, bone) for b in _depth_first(body, child))]


def _write_bone(text: StringIO, body: BodyTake, bone: int, depth: int, scale: float) -> None:
    name, tab = body.definition.bone_names[bone], "\t" * depth
    offset = (0.0, 0.0, 0.0) if bone == 0 else body.offsets_m[bone]
    text.write(f"{tab}{'JOINT' if bone else 'ROOT'} {name}\n{tab}{{\n{_offset(offset, tab, scale)}")
    position = "" if bone else "Xposition Yposition Zposition "
    text.write(f"{tab}\tCHANNELS {3 if bone else 6} {position}{_CHANNELS}\n")
    for child in _children(body, bone):
        _write_bone(text, body, child, depth + 1, scale)
    part = name.removeprefix("Left").removeprefix("Right")
    if part in _TIPS:
        x, y, z = _TIPS[part]
        tip = (x, -y if name.startswith("Right") else y, z)
        text.write(f"{tab}\tEnd Site\n{tab}\t{{\n{_offset(tip, tab + chr(9), scale)}{tab}\t}}\n")
    text.write(f"{tab}}}\n")


def _offset(offset_m: tuple[float, float, float] | NDArray, tab: str, scale: float) -> str:
    x, y, z = np.asarray(offset_m)[_AXES] * scale
    return f"{tab}\tOFFSET {x:.6f} {y:.6f} {z:.6f}\n"
