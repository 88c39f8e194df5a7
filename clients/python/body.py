"""A person as a humanoid: rotations and places of bones by their Unity names."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...core.centre_of_mass import centre_of_mass_m
from ...core.errors import WireError, valid_names
from ...core.humanoid import bone_poses, joint_positions
from ...core.messages import Body, Float32Array, Humanoid


@dataclass(frozen=True)
class HumanoidBody:
    """The bones of one person, and by them the joints: lengths constant, standing feet held.

    Axes: metres, right-handed, z up. In the T-pose the person faces +x with their left at +y, and
    all rotations are the identity. Arrays are read-only.
    """

    definition: Humanoid  # bone names, parents, T-pose
    message: Body  # as it came

    def rotation_xyzw(self, bone: str) -> Float32Array:
        """The bone's rotation relative to its parent's, (4,): what an avatar is driven by."""
        return self.message.rotations_xyzw[self._index(bone)]

    def rotation_world_xyzw(self, bone: str) -> Float32Array:
        """The bone's rotation in the world, (4,)."""
        return self.rotations_world_xyzw[self._index(bone)]

    def origin_world_m(self, bone: str) -> Float32Array:
        """Where the bone begins, (3,) metres in the world."""
        return self.origins_world_m[self._index(bone)]

    @property
    def root_world_m(self) -> Float32Array:
        """Where the hips are, (3,) metres."""
        return self.message.root_world_m

    @property
    def heading_rad(self) -> float:
        """Where the hips face: turn about +z, from +x towards +y."""
        return self.message.heading_rad

    @property
    def bone_names(self) -> tuple[str, ...]:
        """B bone names, in the order of the arrays."""
        return self.definition.bone_names

    @property
    def origins_world_m(self) -> Float32Array:
        """Where each bone begins, (B, 3) metres in the world."""
        return self._poses[0]

    @property
    def rotations_world_xyzw(self) -> Float32Array:
        """Each bone's rotation in the world, (B, 4)."""
        return self._poses[1]

    @cached_property
    def joints_world_m(self) -> Float32Array:
        """Where the body has the joints, (J, 3) metres in the world; NaN where it has none."""
        return joint_positions(self.definition, *self._poses, self.message.joint_offsets_m)

    @cached_property
    def centre_of_mass_world_m(self) -> Float32Array:
        """Where the centre of mass of such a body is, (3,) metres in the world."""
        return centre_of_mass_m(self.definition, *self._poses)

    @cached_property
    def _poses(self) -> tuple[Float32Array, Float32Array]:
        body = self.message
        poses = bone_poses(self.definition, body.root_world_m, body.rotations_xyzw, body.offsets_m)
        for array in poses:
            array.flags.writeable = False
        return poses

    def _index(self, bone: str) -> int:
        if bone not in self.bone_names:
            raise KeyError(f"no bone {bone!r}; {valid_names(bone, self.bone_names)}")
        return self.bone_names.index(bone)


def is_somewhere(body: Body) -> bool:
    """Whether a body has a place and turns; a publisher may send NaN."""
    parts = (body.root_world_m, body.rotations_xyzw, body.offsets_m, body.joint_offsets_m)
    return bool(np.isfinite(body.heading_rad) and all(np.isfinite(part).all() for part in parts))


def check_fit(definition: Humanoid | None, body: Body) -> None:
    """See that a body is one of the bones that the definition tells of.

    Raises:
        WireError: it is not.
    """
    bones = len(definition.bone_names) if definition is not None else 0
    if len(body.rotations_xyzw) != bones:
        raise WireError(
            "bone_count",
            f"{len(body.rotations_xyzw)} bones where the definition has {bones}",
        )
    if definition is not None and len(body.joint_offsets_m) != len(definition.joint_bones):
        raise WireError(
            "joint_count",
            f"a body with {len(body.joint_offsets_m)} joints where the definition's bones carry "
            f"{len(definition.joint_bones)}",
        )
