"""Fitted bodies as AMASS publishes motions, so that whatever reads AMASS reads them.

`poses` (T, 72 SMPL, 156 SMPL-H or 165 SMPL-X) axis angles, `trans` (T, 3), `betas`, `gender`, and
the frame rate under both of AMASS's names. z is up: the root's rotation takes the model's y up to
the world's z up, as in AMASS. SMPL turns a body about its pelvis joint, which is not at the
template's origin, so the pelvis is at its unposed place plus `trans`. Fingers, jaw and eyes rest.
"""

from pathlib import Path

import numpy as np
from jaxtyping import Int64
from numpy.typing import NDArray

from .model_file import BODY_JOINTS, JOINTS_OF, BodyModel
from .motion import BodyMotion


def write_amass(
    path: Path,
    model: BodyModel,
    motion: BodyMotion,
    fps: float,
    t_capture_ns: Int64[NDArray, "T"],
) -> None:
    """Write one person's motion, and with it when each frame was and how far joints were off."""
    poses = np.zeros((len(motion.trans_m), JOINTS_OF[model.kind], 3))
    poses[:, :BODY_JOINTS] = motion.poses_rotvec[:, :BODY_JOINTS]
    with path.open("wb") as file:
        np.savez_compressed(
            file,
            poses=poses.reshape(len(poses), -1),
            trans=motion.trans_m,
            betas=motion.betas,
            gender=np.array(model.gender),
            surface_model_type=np.array(model.kind),
            mocap_framerate=float(fps),
            mocap_frame_rate=float(fps),
            t_capture_ns=t_capture_ns,
            residual_m=motion.residual_m,
        )
