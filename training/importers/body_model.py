"""Joints of SMPL, SMPL-H and SMPL-X bodies, posed with the smplx library (extra `smpl`).

The body model files are read by lifting/smpl/model_file.py; only joints are posed, no vertex.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from numpy.typing import NDArray
from smplx.lbs import batch_rigid_transform, batch_rodrigues

from ...core.errors import M2t3Error
from ...core.skeletons import SMPL24
from ...lifting.smpl.model_file import BODY_JOINTS, PARENTS, BodyModel

LICENCE = "joints by Max Planck's body model, non-commercial scientific research only"
HEAD = SMPL24.joint_names.index("head")


@dataclass(frozen=True, eq=False)
class PosedBody:
    """Where the joints are, and how the head is turned."""

    joints_m: Float[NDArray, "T 24 3"]  # SMPL24
    R_world_head: Float[NDArray, "T 3 3"]  # columns: the head's left, up and forward


def pose_body(
    model: BodyModel,
    pose_rotvec: Float[NDArray, "T P"],
    trans_m: Float[NDArray, "T 3"],
    betas: Float[NDArray, "B"],
) -> PosedBody:
    """Joints of a posed body, in the frame of `trans_m`.

    Args:
        model: of the subject's gender.
        pose_rotvec: rotations of at least 22 joints, the root's first, radians; more are left out.
        trans_m: what is added to the posed body.
        betas: the subject's shape; components that the model has not are refused.

    Raises:
        M2t3Error: more betas than the model has components.
    """
    components = model.shapes_m.shape[-1]
    if len(betas) > components:
        raise M2t3Error(
            f"has {len(betas)} shape components, the body model {components}: get the model with "
            "more (SMPL-H for AMASS has 16, SMPL-X 300)"
        )
    rest_m = torch.from_numpy(model.rest_m(betas))
    frames = len(pose_rotvec)
    rotvec = torch.zeros(frames, len(PARENTS), 3, dtype=torch.float64)
    rotvec[:, :BODY_JOINTS] = torch.from_numpy(
        pose_rotvec[:, : BODY_JOINTS * 3].reshape(frames, BODY_JOINTS, 3)
    )
    rotations = batch_rodrigues(rotvec.reshape(-1, 3)).reshape(frames, len(PARENTS), 3, 3)
    joints_m, transforms = batch_rigid_transform(
        rotations, rest_m.expand(frames, -1, -1), torch.tensor(PARENTS), dtype=torch.float64
    )
    return PosedBody(joints_m.numpy() + trans_m[:, None], transforms[:, HEAD, :3, :3].numpy())
