"""Which BVH joints are which of ours, by who wrote the file: names, units, axes, licences as data.

CMU: the MotionBuilder-friendly conversion by B. Hahne (https://sites.google.com/a/cgspeed.com/
cgspeed/motion-capture), in the database's own unit (http://mocap.cs.cmu.edu/faqs.php: 0.45 units
an inch); its first frame is an added T-pose.
Bandai: https://github.com/BandaiNamcoResearchInc/Bandai-Namco-Research-Motiondataset, centimetres.
Mixamo: https://www.mixamo.com characters, exported to BVH by Blender, centimetres.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Unit = Literal["m", "cm", "mm", "inch", "cmu"]
METRES: Mapping[Unit, float] = {
    "m": 1.0,
    "cm": 0.01,
    "mm": 0.001,
    "inch": 0.0254,
    "cmu": 0.0254 / 0.45,
}
X, Y, Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)


@dataclass(frozen=True)
class Naming:
    """One family of hierarchies."""

    name: str
    joints: Mapping[str, str]  # our joint: theirs
    unit: Unit  # as its makers publish it
    head_left_up: tuple[tuple[float, float, float], tuple[float, float, float]]
    # the head's left and up in its own joint's axes; forward is left x up
    added_frames: int = 0  # at the beginning, which are no motion


def _both(left: Mapping[str, str], right_of: tuple[str, str]) -> dict[str, str]:
    """Names of both sides, theirs of the right by exchanging a part of the left one's."""
    right = {
        ours.replace("left", "right"): theirs.replace(*right_of) for ours, theirs in left.items()
    }
    return {**left, **right}


_LIMBS = _both(
    {
        "left_hip": "LeftUpLeg", "left_knee": "LeftLeg", "left_ankle": "LeftFoot",
        "left_foot": "LeftToeBase", "left_collar": "LeftShoulder", "left_shoulder": "LeftArm",
        "left_elbow": "LeftForeArm", "left_wrist": "LeftHand",
    },
    ("Left", "Right"),
)  # fmt: skip

NAMINGS = (
    Naming(
        "CMU",
        {
            "pelvis": "Hips", "spine1": "Spine", "spine2": "Spine1", "neck": "Neck1",
            "head": "Head", **_LIMBS,
        },
        "cmu",
        (X, Y),
        added_frames=1,
    ),
    Naming(
        "Bandai",
        {
            "pelvis": "Hips", "spine1": "Spine", "spine2": "Chest", "neck": "Neck", "head": "Head",
            **_both(
                {
                    "left_hip": "UpperLeg_L", "left_knee": "LowerLeg_L", "left_ankle": "Foot_L",
                    "left_foot": "Toes_L", "left_collar": "Shoulder_L",
                    "left_shoulder": "UpperArm_L", "left_elbow": "LowerArm_L",
                    "left_wrist": "Hand_L",
                },
                ("_L", "_R"),
            ),
        },
        "cm",
        (Z, X),
    ),
    Naming(
        "Mixamo",
        {
            "pelvis": "Hips", "spine1": "Spine", "spine2": "Spine1", "spine3": "Spine2",
            "neck": "Neck", "head": "Head", **_LIMBS,
        },
        "cm",
        (X, Y),
    ),
)  # fmt: skip

RELEASES: Mapping[str, str] = {
    "cmu": "CMU Graphics Lab Motion Capture Database (mocap.cs.cmu.edu), free for all uses",
    "bandai1": "Bandai-Namco-Research-Motiondataset-1, CC BY-NC 4.0",
    "bandai2": "Bandai-Namco-Research-Motiondataset-2, CC BY-NC 4.0",
    "mixamo": "Mixamo (mixamo.com), Adobe's terms of use: ask Adobe about training",
}
Release = Literal["cmu", "bandai1", "bandai2", "mixamo"]
