"""A MuJoCo model of a person: their bones, de Leva's masses, gravity, a floor.

Made from what the stream says of the person alone. Every bone is a body whose frame in the T-pose
is the world's (x forward, y left, z up); the hips are free, all other bones turn about a ball
joint. So `qpos` is the hips' place, then one quaternion w x y z a bone: those of a streamed body.
"""

from typing import Any

import mujoco
import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ...core.centre_of_mass import SEGMENTS
from ...core.errors import WireError
from ...core.messages import Humanoid

STEP_S = 0.002
ARMATURE_KG_M2 = 0.005  # light bones alone would need a smaller step
FRICTION = 0.6
LONGEST_M = 1.0  # of a bone; more is no person

RADIUS_M = {
    "Hips": 0.115, "Spine": 0.115, "Chest": 0.13, "UpperChest": 0.13, "Neck": 0.05,
    "Shoulder": 0.05, "UpperArm": 0.045, "LowerArm": 0.036, "Hand": 0.03,
    "UpperLeg": 0.072, "LowerLeg": 0.05,
}  # fmt: skip
HEAD_M, HEAD_CENTRE_M = 0.1, (0.02, 0.0, 0.08)
FOOT_M, FOOT_AHEAD_M = (0.095, 0.04, 0.025), 0.05  # half sizes of a box, its centre from the ankle
TIP_M = 0.09  # of a bone without a child, such as the hand
COLOUR_RGBA = {"Left": (0.35, 0.62, 0.9, 1.0), "Right": (0.92, 0.55, 0.35, 1.0)}
TRUNK_RGBA = (0.72, 0.74, 0.78, 1.0)

_OWN_SEGMENT = {segment.start: segment.mass for segment in SEGMENTS if segment.start != "Neck"}
_TRUNK = 1.0 - sum(_OWN_SEGMENT.values())  # of the hips, spine, neck and shoulders together
_SHAPE = mujoco.mjtGeom


def side_and_part(bone: str) -> tuple[str, str]:
    """ "LeftFoot": "Left", "Foot"; a bone of the trunk has the side ""."""
    for side in COLOUR_RGBA:
        if bone.startswith(side):
            return side, bone.removeprefix(side)
    return "", bone


def humanoid_model(
    definition: Humanoid, offsets_m: Float[NDArray, "b 3"], sole_m: float, mass_kg: float
) -> mujoco.MjModel:
    """The model of a person with these bones, whose ankles are at `sole_m` when they stand.

    Raises:
        WireError: these are no person's bones.
    """
    lengths_m = np.linalg.norm(offsets_m, axis=1)
    if not (lengths_m < LONGEST_M).all():  # False for NaN
        raise WireError("schema", f"a bone of {lengths_m.max():.3g} m; at most {LONGEST_M:g}")
    spec = mujoco.MjSpec()
    spec.option.timestep = STEP_S
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    _room(spec)
    bodies: list[mujoco.MjsBody] = []
    shapes = [_shape(definition, offsets_m, sole_m, bone) for bone in range(len(offsets_m))]
    shares = _shares_of_mass(definition, shapes)
    for name, parent, offset_m, shape, share in zip(
        definition.bone_names, definition.parents, offsets_m, shapes, shares, strict=True
    ):
        at = spec.worldbody if parent < 0 else bodies[parent]
        body = at.add_body(name=name, pos=offset_m)
        if parent < 0:
            body.add_freejoint()
        else:
            body.add_joint(type=mujoco.mjtJoint.mjJNT_BALL, armature=ARMATURE_KG_M2)
        body.add_geom(
            **shape,
            mass=share * mass_kg,
            rgba=COLOUR_RGBA.get(side_and_part(name)[0], TRUNK_RGBA),
            contype=0,  # touches the floor only, not itself
            friction=(FRICTION, 0.005, 0.0001),
        )
        bodies.append(body)
    try:
        return spec.compile()
    except ValueError as error:
        raise WireError("schema", f"no body has such bones: {error}") from None


def _shape(definition: Humanoid, offsets_m: np.ndarray, sole_m: float, bone: int) -> dict[str, Any]:
    """What a bone looks like and touches with: a capsule to its first child, but head and feet."""
    name = definition.bone_names[bone]
    _, part = side_and_part(name)
    if part == "Head":
        return {"type": _SHAPE.mjGEOM_SPHERE, "size": (HEAD_M, 0, 0), "pos": HEAD_CENTRE_M}
    if part == "Foot":
        centre_m = (FOOT_AHEAD_M, 0.0, FOOT_M[2] - sole_m)
        return {"type": _SHAPE.mjGEOM_BOX, "size": FOOT_M, "pos": centre_m}
    to_m = TIP_M * np.array(definition.rest_directions[bone])
    if bone in definition.parents:
        to_m = offsets_m[definition.parents.index(bone)]
    radius_m = RADIUS_M.get(part, 0.03)
    if np.linalg.norm(to_m) < 1e-3:  # not learned yet
        return {"type": _SHAPE.mjGEOM_SPHERE, "size": (radius_m, 0, 0)}
    return {
        "type": _SHAPE.mjGEOM_CAPSULE, "size": (radius_m, 0, 0), "fromto": (0, 0, 0, *to_m),
    }  # fmt: skip


def _shares_of_mass(definition: Humanoid, shapes: list[dict[str, Any]]) -> np.ndarray:
    """Each bone's share of the body's mass; the trunk's is divided by volume."""
    own = np.array([_OWN_SEGMENT.get(name, 0.0) for name in definition.bone_names])
    volume = np.array([_volume(**shape) for shape in shapes]) * (own == 0)
    shares = own + _TRUNK * volume / volume.sum()
    return shares / shares.sum()


def _volume(size: tuple[float, ...], fromto: tuple[float, ...] = (), **_: Any) -> float:
    radius, length = size[0], float(np.linalg.norm(fromto[3:]))
    return np.pi * radius**2 * (length + 4 / 3 * radius)


def _room(spec: mujoco.MjSpec) -> None:
    spec.visual.headlight.ambient = 0.35, 0.35, 0.35
    spec.visual.headlight.diffuse = 0.45, 0.45, 0.45
    spec.add_texture(
        name="sky", type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT, width=64, height=384,
        rgb1=(0.80, 0.84, 0.90), rgb2=(0.55, 0.60, 0.68),
    )  # fmt: skip
    spec.add_texture(
        name="floor", type=mujoco.mjtTexture.mjTEXTURE_2D,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_CHECKER, width=256, height=256,
        rgb1=(0.62, 0.64, 0.68), rgb2=(0.70, 0.72, 0.76),
    )  # fmt: skip
    material = spec.add_material(name="floor", texrepeat=(1, 1), texuniform=True)
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = "floor"
    spec.worldbody.add_geom(
        name="floor", type=_SHAPE.mjGEOM_PLANE, size=(20, 20, 0.1), material="floor",
        contype=1, conaffinity=0, friction=(FRICTION, 0.005, 0.0001),
    )  # fmt: skip
    spec.worldbody.add_light(
        pos=(-2, 2, 5), dir=(0.35, -0.35, -1), type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL
    )
