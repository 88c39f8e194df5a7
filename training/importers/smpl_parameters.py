"""From SMPL parameters of any kind to a motion: what AMASS, BEDLAM, AIST++ and RICH share."""

from pathlib import Path

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ...core.skeletons import SMPL24
from ...lifting.smpl.model_file import Kind, load_body_model
from .checks import check_finite
from .head import face_points
from .joints import complete

KIND_OF_WIDTH: dict[int, Kind] = {
    24 * 3: "smpl",
    52 * 3: "smplh",
    55 * 3: "smplx",
}  # by how many numbers a frame's pose has


def joints_from_parameters(
    body_models: Path | None,
    kind: Kind,
    gender: str,
    pose_rotvec: Float[NDArray, "T P"],
    trans_m: Float[NDArray, "T 3"],
    betas: Float[NDArray, "B"],
) -> Float[NDArray, "T 30 3"]:
    """All 30 joints in the frame of the parameters; the face by the head's own rotation.

    Raises:
        M2t3Error: parameters that are not finite; no such body model.
    """
    from .body_model import pose_body  # torch and smplx

    check_finite(np.hstack([pose_rotvec, trans_m]))
    body = pose_body(load_body_model(body_models, kind, gender), pose_rotvec, trans_m, betas)
    at = dict(zip(SMPL24.joint_names, body.joints_m.transpose(1, 0, 2), strict=True))
    return complete(at | face_points(at["head"], body.R_world_head))


def text(value: object) -> str:
    """A word as npz files hold it: text, bytes, or an array of one of them."""
    if isinstance(value, np.ndarray):
        value = value.reshape(-1)[0] if value.size else ""
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)
