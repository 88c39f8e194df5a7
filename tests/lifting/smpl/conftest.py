"""A small body model in Max Planck's file format, and a person of known pose and shape."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from m2t3.core.skeletons import SMPL24
from m2t3.lifting.smpl.body import body_of, chain_of, posed, skeleton_joints
from m2t3.lifting.smpl.landmarks import correspondence
from m2t3.lifting.smpl.model_file import HANDS, JOINTS_OF, PARENTS, read_body_model

# Left half at rest, y up, facing z; SMPL's proportions, and like SMPL's not about the origin.
_LEFT_M = {
    "hip": (0.06, -0.32, 0.0), "knee": (0.10, -0.70, 0.0), "ankle": (0.09, -1.11, -0.03),
    "foot": (0.11, -1.17, 0.10), "collar": (0.08, 0.22, -0.01), "shoulder": (0.18, 0.25, -0.01),
    "elbow": (0.44, 0.25, -0.03), "wrist": (0.69, 0.25, -0.03), "hand": (0.775, 0.25, -0.03),
}  # fmt: skip
_MIDDLE_M = {
    "pelvis": (0.0, -0.24, 0.02), "spine1": (0.0, -0.13, 0.0), "spine2": (0.0, 0.0, 0.0),
    "spine3": (0.0, 0.055, 0.02), "neck": (0.0, 0.27, -0.01), "head": (0.0, 0.34, 0.04),
}  # fmt: skip
REST_M = np.array(
    [
        _MIDDLE_M.get(name)
        or np.array(_LEFT_M[name.split("_")[1]]) * ((-1) ** name.startswith("right"), 1, 1)
        for name in SMPL24.joint_names
    ]
)
AROUND_M = 0.04 * np.vstack([np.eye(3), -np.eye(3)])  # six vertices about each joint
COMPONENTS = 10


def model_content(kind="smpl"):
    """The arrays of a model file of that kind; what is no body joint is far away."""
    count = JOINTS_OF[kind]
    rows = [*range(22), *HANDS[kind]]
    joints = np.full((count, 3), 7.0)
    joints[rows] = REST_M
    template = (joints[:, None] + AROUND_M).reshape(-1, 3)
    rng = np.random.default_rng(1)
    stretch = rng.normal(0, 0.015, (COMPONENTS, 3, 3))
    stretch[0] = 0.05 * np.eye(3)  # tall or small
    stretch[1] = np.diag([0.04, -0.03, 0.04])  # broad or slim
    middle = np.repeat(np.eye(count), 6, axis=0)
    parents = np.arange(-1, count - 1)
    parents[:24] = PARENTS
    return {
        "v_template": template,
        "shapedirs": np.einsum("bij,vj->vib", stretch, template),
        "J_regressor": middle.T / 6,
        "weights": middle,
        "posedirs": np.zeros((len(template), 3, 9 * (count - 1))),
        "kintree_table": np.stack([parents, np.arange(count)]),
        "f": np.zeros((1, 3), np.int64),
    }


@pytest.fixture(scope="session")
def model_path(tmp_path_factory):
    """Writes a model file of some kind and gender and returns its path."""
    folder = tmp_path_factory.mktemp("models")

    def write(kind="smpl", gender="neutral"):
        path = folder / kind / f"{kind.upper()}_{gender.upper()}.npz"
        path.parent.mkdir(exist_ok=True)
        np.savez(path, **model_content(kind))
        return path

    return write


@pytest.fixture(scope="session")
def model(model_path):
    return read_body_model(model_path("smpl"))


@pytest.fixture(scope="session")
def content():
    return model_content


def motion_rotvec(fps, seconds):
    """Walks in a circle, bends, turns, reaches: (T, 24, 3), the root's in a z-up world."""
    t = np.arange(round(fps * seconds)) / fps
    swing = {
        "hip": (-0.3, 0.5, 0.1, 0.1), "knee": (0.5, 0.45, 0.0, 0.0), "ankle": (0.0, 0.2, 0.0, 0.1),
        "spine1": (0.1, 0.15, 0.1, 0.05), "spine2": (0.05, 0.1, 0.1, 0.05),
        "spine3": (0.0, 0.05, 0.05, 0.05), "neck": (0.0, 0.1, 0.2, 0.05),
        "head": (0.0, 0.2, 0.3, 0.05), "collar": (0.0, 0.0, 0.1, 0.1),
        "wrist": (0.0, 0.1, 0.1, 0.2),
    }  # fmt: skip
    rotvec = np.zeros((len(t), 24, 3))
    for joint, name in enumerate(SMPL24.joint_names):
        part, side = name.split("_")[-1], -1.0 if name.startswith("right") else 1.0
        phase = 0.0 if side > 0 else np.pi
        wave = np.sin(3.5 * t + phase + 0.3 * joint)
        if part in swing:
            mean, *height = swing[part]
            rotvec[:, joint] = wave[:, None] * height * np.array([1, side, side])
            rotvec[:, joint, 0] += mean
        elif part == "shoulder":
            rotvec[:, joint, 1] = side * (-0.3 + 0.4 * wave)
            rotvec[:, joint, 2] = side * (-0.9 + 0.5 * np.sin(1.3 * t + phase))
        elif part == "elbow":
            rotvec[:, joint, 1] = -side * (0.7 + 0.6 * wave)
    turn = Rotation.from_euler("z", (1.1 * t)[:, None]) * Rotation.from_euler("x", np.pi / 2)
    rotvec[:, 0] = turn.as_rotvec()
    pelvis_m = np.stack([np.cos(1.1 * t), np.sin(1.1 * t), 0.93 + 0.03 * np.cos(7 * t)], axis=-1)
    return rotvec, pelvis_m


@pytest.fixture(scope="session")
def person(model):
    """The truth: rotvec, trans_m, betas, bodies_m (T, 24, 3); joints_m of any skeleton."""

    def make(fps=30.0, seconds=3.0, betas=None):
        betas = np.array([1.2, -0.8, 0.5, 0.9, -0.4, 0.2, 0, 0, 0, 0]) if betas is None else betas
        rotvec, pelvis_m = motion_rotvec(fps, seconds)
        return SimpleNamespace(
            betas=betas, rotvec=rotvec, trans_m=pelvis_m - model.rest_m(betas)[0], fps=fps,
            bodies_m=bodies_m(model, betas, rotvec, pelvis_m - model.rest_m(betas)[0], SMPL24),
            joints_m=lambda skeleton: bodies_m(
                model, betas, rotvec, pelvis_m - model.rest_m(betas)[0], skeleton
            ),
        )  # fmt: skip

    return make


def bodies_m(model, betas, rotvec, trans_m, skeleton):
    """A skeleton's joints (T, K, 3) of SMPL parameters."""
    body, chain = body_of(model, betas), chain_of(correspondence(skeleton))
    R = Rotation.from_rotvec(rotvec.reshape(-1, 3)).as_matrix().reshape(*rotvec.shape[:2], 3, 3)
    pelvis_m = trans_m + body.rest_m[0]
    return np.stack(
        [
            skeleton_joints(posed(turns, pelvis, body, chain.carriers)[0], chain)
            for turns, pelvis in zip(R, pelvis_m, strict=True)
        ]
    )


@pytest.fixture(scope="session")
def joints_of():
    return bodies_m
