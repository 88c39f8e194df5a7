"""A person who sways, written to disk in the layout of every data set that is imported.

The truth is computed here from angles, by other code than the importers'. The person stands on
the floor, faces -y of the archive's z-up world (so their left is +x), and sways slowly.
"""

import json
import pickle  # noqa: TID251 -- these data sets are published as pickles
from functools import lru_cache
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from m2t3.core.skeletons import Skeleton
from m2t3.training.archive import JOINT_NAMES, read_archive
from m2t3.training.importers.aist import Aist
from m2t3.training.importers.amass import Amass
from m2t3.training.importers.bedlam import Bedlam
from m2t3.training.importers.bvh import BvhFiles
from m2t3.training.importers.command import Import
from m2t3.training.importers.human36m import Human36M
from m2t3.training.importers.humanml3d import HumanML3D
from m2t3.training.importers.rich_dataset import Rich

ALL = Skeleton("all30", JOINT_NAMES, (), (), (1, 2), (7, 8))
I = {name: j for j, name in enumerate(JOINT_NAMES)}  # noqa: E741 -- short as an index should be
# At rest, y up, facing z: (parent, place from the parent in metres) of SMPL's 24 joints.
REST = {
    "pelvis": (None, (0.0, 0.95, 0.0)), "left_hip": ("pelvis", (0.09, -0.08, 0.0)),
    "right_hip": ("pelvis", (-0.09, -0.08, 0.0)), "spine1": ("pelvis", (0.0, 0.105, 0.0)),
    "left_knee": ("left_hip", (0.0, -0.38, 0.0)), "right_knee": ("right_hip", (0.0, -0.38, 0.0)),
    "spine2": ("spine1", (0.0, 0.13, 0.0)), "left_ankle": ("left_knee", (0.0, -0.42, 0.0)),
    "right_ankle": ("right_knee", (0.0, -0.42, 0.0)), "spine3": ("spine2", (0.0, 0.055, 0.0)),
    "left_foot": ("left_ankle", (0.0, -0.055, 0.12)),
    "right_foot": ("right_ankle", (0.0, -0.055, 0.12)), "neck": ("spine3", (0.0, 0.21, 0.0)),
    "left_collar": ("spine3", (0.08, 0.12, 0.0)), "right_collar": ("spine3", (-0.08, 0.12, 0.0)),
    "head": ("neck", (0.0, 0.065, 0.0513)), "left_shoulder": ("left_collar", (0.09, 0.03, 0.0)),
    "right_shoulder": ("right_collar", (-0.09, 0.03, 0.0)),
    "left_elbow": ("left_shoulder", (0.26, 0.0, 0.0)),
    "right_elbow": ("right_shoulder", (-0.26, 0.0, 0.0)),
    "left_wrist": ("left_elbow", (0.25, 0.0, 0.0)),
    "right_wrist": ("right_elbow", (-0.25, 0.0, 0.0)),
    "left_hand": ("left_wrist", (0.085, 0.0, 0.0)),
    "right_hand": ("right_wrist", (-0.085, 0.0, 0.0)),
}  # fmt: skip
# From the head joint, in the head's left, up, forward: measured in the project's archives.
FACE = {
    "nose": (0, 0.0604, 0.102), "left_eye": (0.032, 0.0943, 0.0802),
    "right_eye": (-0.032, 0.0943, 0.0802), "left_ear": (0.075, 0.0702, 0.0013),
    "right_ear": (-0.075, 0.0702, 0.0013), "head_top": (0, 0.1903, 0),
}  # fmt: skip
NAMES = tuple(REST)
PARENTS = [NAMES.index(parent) if parent else -1 for parent, _ in REST.values()]
OFFSETS = np.array([offset for _, offset in REST.values()])
REST_M = np.zeros((24, 3))
for j, p in enumerate(PARENTS):
    REST_M[j] = OFFSETS[j] + (REST_M[p] if p >= 0 else 0)
Z_UP = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])  # of y up
SWAYING = {  # joint: axis-angle at the height of its sway
    "pelvis": (0.05, 0.3, 0.0), "spine2": (0.1, 0.1, 0.05), "left_hip": (-0.4, 0.0, 0.1),
    "left_knee": (0.6, 0.0, 0.0), "right_hip": (0.2, 0.1, 0.0), "left_shoulder": (0.0, 0.3, -0.9),
    "right_shoulder": (0.0, 0.4, 0.8), "right_elbow": (0.0, 0.9, 0.0), "left_elbow": (0, -0.7, 0),
}  # fmt: skip
NODDING = {"neck": (0.1, 0.2, 0.0), "head": (0.1, 0.4, 0.0), "left_wrist": (0, 0, 0.3)}


@lru_cache
def sway(fps, seconds=2.0, nods=False):
    """The truth: rotvec (T, 24, 3) and step_m (T, 3), y up; joints_m (T, 30, 3), z up."""
    t = np.arange(round(fps * seconds) + 1) / fps
    rotvec = np.zeros((len(t), 24, 3))
    for k, (name, turn) in enumerate((SWAYING | (NODDING if nods else {})).items()):
        rotvec[:, NAMES.index(name)] = np.sin(1.2 * t + 0.4 * k)[:, None] * np.array(turn)
    step_m = np.stack([0.3 * t, 0.02 * np.cos(t) - 0.02, 0.2 * np.sin(t)], axis=-1)
    at, R = np.zeros((len(t), 24, 3)), np.zeros((len(t), 24, 3, 3))
    for j, p in enumerate(PARENTS):
        turn = Rotation.from_rotvec(rotvec[:, j]).as_matrix()
        at[:, j] = OFFSETS[j] + step_m if p < 0 else at[:, p] + R[:, p] @ OFFSETS[j]
        R[:, j] = turn if p < 0 else R[:, p] @ turn
    head = NAMES.index("head")
    face = [at[:, head] + R[:, head] @ np.array(place) for place in FACE.values()]
    joints_m = np.concatenate([at, np.stack(face, axis=1)], axis=1) @ Z_UP.T
    return SimpleNamespace(rotvec=rotvec, step_m=step_m, joints_m=joints_m, t=t)


def turned(truth, C, c_m):
    """SMPL's root rotations and translation of the truth in the frame C (y-up point) + c_m."""
    root = (Rotation.from_matrix(C) * Rotation.from_rotvec(truth.rotvec[:, 0])).as_rotvec()
    trans_m = (REST_M[0] + truth.step_m) @ C.T + c_m - REST_M[0]
    return root, trans_m


def body_model(folder, kind, gender, as_pickle=False, **changes):
    """A body model file with one vertex a joint, laid out as Max Planck's."""
    count = {"smpl": 24, "smplh": 52, "smplx": 55}[kind]
    hands = {"smpl": (22, 23), "smplh": (25, 40), "smplx": (28, 43)}[kind]
    template = np.full((count, 3), 7.0)  # what is not asked for is far away
    template[[*range(22), *hands]] = REST_M
    shapes = np.zeros((count, 3, 16))
    shapes[[*range(22), *hands], :, 1] = REST_M  # the second component makes everybody larger
    content = {
        "v_template": template, "shapedirs": shapes, "J_regressor": np.eye(count),
        "kintree_table": np.zeros((2, count)), **changes,
    }  # fmt: skip
    content = {key: value for key, value in content.items() if value is not ...}
    path = folder / kind / f"{kind.upper()}_{gender.upper()}.{'pkl' if as_pickle else 'npz'}"
    path.parent.mkdir(parents=True, exist_ok=True)
    if as_pickle:
        path.write_bytes(pickle.dumps(content, protocol=2))
    else:
        np.savez(path, **content)
    return folder


def changed(content, changes):
    content = content | changes
    return {key: value for key, value in content.items() if value is not ...}


def amass(folder, models, changes):
    truth = sway(120.0, nods=True)
    root, trans = turned(truth, Z_UP, np.zeros(3))
    poses = np.zeros((len(root), 156))
    poses[:, :66] = truth.rotvec[:, :22].reshape(len(root), 66)
    poses[:, :3] = root
    content = {
        "poses": poses, "trans": trans, "betas": np.zeros(16), "gender": "female",
        "mocap_framerate": 120.0, "dmpls": np.zeros((len(root), 8)),
    }  # fmt: skip
    path = folder / "CMU" / "01" / "01_01_poses.npz"
    path.parent.mkdir(parents=True)
    np.savez(path, **changed(content, changes))
    body_model(models, "smplh", "female")
    return path, Amass((path,), body_models=models), truth.joints_m[::4]


def bedlam(folder, models, changes):
    truth = sway(30.0, nods=True)
    poses = np.zeros((len(truth.t), 165))
    poses[:, :66] = truth.rotvec[:, :22].reshape(-1, 66)
    content = {
        "poses": poses, "trans": truth.step_m, "betas": np.zeros(11), "gender": "neutral",
        "motion_info": np.array({"babel": "sway"}, dtype=object), "sub": "rp_aaron",
    }  # fmt: skip
    path = folder / "moving_body_para.npz"
    np.savez(path, **changed(content, changes))
    body_model(models, "smplx", "neutral")
    return path, Bedlam((path,), body_models=models), truth.joints_m


def humanml3d(folder, models, changes):
    truth = sway(20.0)
    path = folder / "new_joints" / "000021.npy"
    path.parent.mkdir()
    array = changes.get("array", truth.joints_m[:, :22] @ Z_UP)
    np.save(path, array.astype(np.float32))
    return path, HumanML3D((path,)), sway(30.0).joints_m


def human36m(folder, models, changes):
    truth = sway(50.0)
    joints = np.zeros((len(truth.t), 32, 3))
    theirs = {
        "pelvis": 0, "right_hip": 1, "right_knee": 2, "right_ankle": 3, "right_foot": 4,
        "left_hip": 6, "left_knee": 7, "left_ankle": 8, "left_foot": 9, "spine2": 12, "neck": 13,
        "left_shoulder": 17, "left_elbow": 18, "left_wrist": 19, "right_shoulder": 25,
        "right_elbow": 26, "right_wrist": 27, "head_top": 15,
    }  # fmt: skip
    for name, j in theirs.items():
        joints[:, j] = truth.joints_m[:, I[name]]
    joints[:, 14] = (truth.joints_m[:, I["head"]] + truth.joints_m[:, I["head_top"]]) / 2
    actions = {"Walking 1": joints.astype(np.float32), "Phoning": joints[:60].astype(np.float32)}
    content = {"positions_3d": np.array({"S1": actions, "S5": actions}, dtype=object)}
    path = folder / "data_3d_h36m.npz"
    np.savez_compressed(path, **changed(content, changes))
    return path, Human36M((path,), subjects=("S1",)), sway(30.0).joints_m


def aist(folder, models, changes):
    truth = sway(60.0, nods=True)
    scaling = 93.0
    content = {
        "smpl_poses": truth.rotvec.reshape(-1, 72), "smpl_trans": truth.step_m * scaling,
        "smpl_scaling": np.array([scaling]), "smpl_loss": 0.01,
    }  # fmt: skip
    path = folder / "motions" / "gWA_sFM_cAll_d27_mWA2_ch21.pkl"
    path.parent.mkdir()
    path.write_bytes(pickle.dumps(changed(content, changes)))
    body_model(models, "smpl", "male", as_pickle=True)
    return path, Aist((path,), body_models=models), truth.joints_m[::2]


def aist_keypoints(folder, models, changes):
    truth = sway(60.0, nods=True)
    coco = "nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow "
    coco += "right_elbow left_wrist right_wrist left_hip right_hip left_knee right_knee left_ankle "
    coco += "right_ankle"
    points_cm = truth.joints_m[:, [I[name] for name in coco.split()]] @ Z_UP * 100
    content = {"keypoints3d": points_cm * np.nan, "keypoints3d_optim": points_cm}
    path = folder / "keypoints3d" / "gWA_sFM_cAll_d27_mWA2_ch21.pkl"
    path.parent.mkdir()
    path.write_bytes(pickle.dumps(changed(content, changes)))
    return path, Aist((path,)), truth.joints_m[::2]


def rich(folder, models, changes):
    truth = sway(30.0, seconds=0.8, nods=True)
    R_world_cam = Rotation.from_euler("xyz", [100.0, 10.0, -70.0], degrees=True).as_matrix()
    t_m = np.array([1.0, -2.0, 1.5])
    # world = p R + t for rows, so in columns p = R (world - t).
    root, trans = turned(truth, R_world_cam @ Z_UP, -R_world_cam @ t_m)
    sequence = folder / "bodies" / "train" / "BBQ_009_sway"
    for k in range(len(root)):
        content = {
            "global_orient": root[k : k + 1], "transl": trans[k : k + 1],
            "body_pose": truth.rotvec[k, 1:22].reshape(1, 63), "betas": np.zeros((1, 10)),
            "left_hand_pose": np.zeros((1, 12)), "expression": np.zeros((1, 10)),
        }  # fmt: skip
        path = sequence / f"{k + 7:05d}" / "009.pkl"
        path.parent.mkdir(parents=True)
        single = {key: v[k] if isinstance(v, list) else v for key, v in changes.items()}
        single = {key: v for key, v in single.items() if key in content}
        path.write_bytes(pickle.dumps(changed(content, single)))
    world = folder / "multicam2world" / "BBQ_multicam2world.json"
    world.parent.mkdir()
    world.write_text(
        json.dumps(
            {"R": R_world_cam.tolist(), "t": t_m.tolist(), "c": 1.0} | changes.get("json", {})
        )
    )
    body_model(models, "smplx", "female")
    return sequence, Rich((sequence,), body_models=models), truth.joints_m


BVH_NAMES = {
    "pelvis": "Hips", "spine1": "Spine", "spine2": "Spine1", "spine3": "Neck", "neck": "Neck1",
    "head": "Head", "hip": "UpLeg", "knee": "Leg", "ankle": "Foot", "foot": "ToeBase",
    "collar": "Shoulder", "shoulder": "Arm", "elbow": "ForeArm", "wrist": "Hand",
    "hand": "FingerBase",
}  # fmt: skip


def bvh_name(name):
    side, _, part = name.rpartition("_")
    return side.capitalize() + BVH_NAMES[part]


def bvh_text(truth, unit_m, rename=bvh_name, order="ZYX", t_pose=False):
    """The truth in CMU's names, in units of `unit_m`; as CMU's files after a T-pose elsewhere."""
    columns = [(truth.step_m + OFFSETS[0]) / unit_m]

    def joint(j, indent):
        pad = " " * indent
        kind = "ROOT" if j == 0 else "JOINT"
        offset = np.zeros(3) if j == 0 else OFFSETS[j] / unit_m
        places = "Xposition Yposition Zposition " if j == 0 else ""
        channels = places + " ".join(f"{axis}rotation" for axis in order)
        columns.append(Rotation.from_rotvec(truth.rotvec[:, j]).as_euler(order, degrees=True))
        children = "".join(joint(k, indent + 1) for k, p in enumerate(PARENTS) if p == j)
        end = children or f"{pad} End Site\n{pad} {{\n{pad}  OFFSET 0 0 0\n{pad} }}\n"
        return (
            f"{pad}{kind} {rename(NAMES[j])}\n{pad}{{\n"
            f"{pad} OFFSET {' '.join(f'{x:.9g}' for x in offset)}\n"
            f"{pad} CHANNELS {6 if j == 0 else 3} {channels}\n{end}{pad}}}\n"
        )

    tree = joint(0, 0)
    rows = np.concatenate(columns, axis=1)
    if t_pose:
        rows = np.concatenate([100.0 * (np.arange(rows.shape[1]) < 3)[None], rows])
    fps = 1 / (truth.t[1] - truth.t[0])
    lines = "\n".join(" ".join(f"{x:.9g}" for x in row) for row in rows)
    return f"HIERARCHY\n{tree}MOTION\nFrames: {len(rows)}\nFrame Time: {1 / fps:.7f}\n{lines}\n"


def bvh(folder, models, changes):
    truth = sway(120.0, nods=True)
    path = folder / "01_01.bvh"
    text = bvh_text(truth, 0.0254 / 0.45, t_pose=True)
    path.write_text(changes.get("text", lambda text: text)(text))
    return path, BvhFiles((path,), release="cmu"), truth.joints_m[::4]


PUBLISHERS = {
    f.__name__: f for f in (amass, bedlam, humanml3d, human36m, aist, aist_keypoints, rich, bvh)
}


@pytest.fixture
def publish(tmp_path):
    """Writes one data set's file and returns its path, its importer, and the truth at 30 fps."""

    def write(name, **changes):
        path, importer, truth = PUBLISHERS[name](tmp_path, tmp_path / "models", changes)
        return SimpleNamespace(path=path, importer=importer, truth_m=truth)

    return write


@pytest.fixture
def imported(tmp_path):
    """Imports and reads back: the archive, with all 30 joints."""

    def run(importer, **options):
        out = tmp_path / "out.npz"
        options = {"keep_floor": True} | options
        assert Import(format=importer, out=out, **options).run() == 0
        return read_archive(out, ALL)

    return run


@pytest.fixture(scope="session")
def tools():
    """What tests of one data set need of this file."""
    return SimpleNamespace(
        sway=sway, bvh_text=bvh_text, bvh_name=bvh_name, body_model=body_model, I=I, REST_M=REST_M,
        Z_UP=Z_UP,
    )  # fmt: skip
