"""Joints of SMPL, SMPL-H and SMPL-X bodies, with the smplx library (extra `smpl`).

The body models are Max Planck's and come with no data set and not with m2t3: whoever wants to
import parameters registers, accepts the licence (non-commercial scientific research) and names
the folder. Only joints are computed: the template is shaped by the betas, joints are regressed
from it (Loper et al. 2015, Eq. 10) and carried along the kinematic tree; no vertex is posed.
Folders are laid out as for `smplx.create`: FOLDER/smplx/SMPLX_NEUTRAL.npz and the like; AMASS's
own FOLDER/smplh/male/model.npz is found, too.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from scipy.sparse import csc_matrix
from smplx.lbs import batch_rigid_transform, batch_rodrigues, blend_shapes, vertices2joints
from torch import Tensor

from ...core.errors import M2t3Error, valid_names
from ...core.skeletons import SMPL24
from .files import numbers, read_npz, read_pickled_dict, require
from .pickles import Record

Kind = Literal["smpl", "smplh", "smplx"]
GENDERS = ("female", "male", "neutral")
LICENCE = "joints by Max Planck's body model, non-commercial scientific research only"
HOME = {
    "smpl": "https://smpl.is.tue.mpg.de",
    "smplh": "https://mano.is.tue.mpg.de",
    "smplx": "https://smpl-x.is.tue.mpg.de",
}
# The 24 joints of SMPL among each model's own; hands are the middle fingers' first knuckles.
BODY_JOINTS = 22
HANDS = {"smpl": (22, 23), "smplh": (25, 40), "smplx": (28, 43)}
PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21)
HEAD = SMPL24.joint_names.index("head")

_KEYS = ("v_template", "shapedirs", "J_regressor")
# What SMPL's pickles hold besides numpy arrays.
_RECORDS = frozenset(
    {"chumpy.ch.Ch", "scipy.sparse.csc.csc_matrix", "scipy.sparse._csc.csc_matrix"}
)


@dataclass(frozen=True, eq=False)
class BodyModel:
    """What of a body model the joints depend on; V vertices, B shape components."""

    template_m: Tensor  # (1, V, 3)
    shapes_m: Tensor  # (V, 3, B) displacement by each component
    regressor: Tensor  # (24, V) joints from vertices


@dataclass(frozen=True, eq=False)
class PosedBody:
    """Where the joints are, and how the head is turned."""

    joints_m: Float[NDArray, "T 24 3"]  # SMPL24
    R_world_head: Float[NDArray, "T 3 3"]  # columns: the head's left, up and forward


def load_body_model(folder: Path | None, kind: Kind, gender: str) -> BodyModel:
    """Find and read the model of that kind and gender.

    Raises:
        M2t3Error: none there (the message says where to get it), or the file is not one.
    """
    if gender not in GENDERS:
        raise M2t3Error(f"names the gender {gender!r}; {valid_names(gender, GENDERS)}")
    stem = f"{kind.upper()}_{gender.upper()}"
    tails = (f"{stem}.npz", f"{stem}.pkl", f"{gender}/model.npz")
    candidates = [f / tail for f in (folder / kind, folder) for tail in tails] if folder else []
    path = next((path for path in candidates if path.exists()), None)
    if path is None:
        looked = (
            f"{folder} has neither of {kind}/{', '.join(tails)}" if folder else "none was named"
        )
        raise M2t3Error(
            f"needs a {gender} {kind.upper()} body model, and {looked}: register at {HOME[kind]}, "
            "accept its licence (non-commercial scientific research), download the model and name "
            "its folder with --body-models FOLDER"
        )
    return _read(path, kind)


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
    shape = torch.from_numpy(betas[None])
    shaped_m = model.template_m + blend_shapes(shape, model.shapes_m[..., : len(betas)])
    rest_m = vertices2joints(model.regressor, shaped_m)
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


@lru_cache(maxsize=6)
def _read(path: Path, kind: Kind) -> BodyModel:
    try:
        if path.suffix == ".npz":
            content = read_npz(path, _KEYS)
        else:
            content = read_pickled_dict(path, _RECORDS)
            require(content, *_KEYS)
        template = numbers(_plain(content["v_template"]), "v_template", None, 3)
        shapes = numbers(_plain(content["shapedirs"]), "shapedirs", len(template), 3, None)
        regressor = numbers(_plain(content["J_regressor"]), "J_regressor", None, len(template))
        rows = [*range(BODY_JOINTS), *HANDS[kind]]
        if len(regressor) <= max(rows):
            raise M2t3Error(f"has {len(regressor)} joints, too few for {kind.upper()}")
    except M2t3Error as error:
        raise M2t3Error(f"needs the body model {path}, which {error}") from None
    return BodyModel(
        torch.from_numpy(template)[None],
        torch.from_numpy(shapes),
        torch.from_numpy(np.ascontiguousarray(regressor[rows])),
    )


def _plain(value: Any) -> Any:
    """An array from what a body model's pickle wraps it in: chumpy's, or scipy's sparse columns."""
    if not isinstance(value, Record):
        return value
    if "x" in value.fields:
        return value.fields["x"]
    parts = value.fields
    shape = parts["_shape"] if "_shape" in parts else parts["shape"]
    return csc_matrix((parts["data"], parts["indices"], parts["indptr"]), shape=shape).toarray()
