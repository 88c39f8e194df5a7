"""RICH and AIST++ as cases, by their published file layouts: 2D, cameras and truth.

**AIST++** (https://github.com/google/aistplusplus_api, aist_plusplus/loader.py): a folder with
`cameras/mapping.txt` (a line a dance: its name, its setting), `cameras/SETTING.json` (a list of
cameras c01 ... c09: `name`, `size`, `matrix`, `rotation` as a rotation vector, `translation`,
`distortions`; centimetres, y up), `keypoints2d/DANCE.pkl` with `keypoints2d` (9, N, 17, 3: what a
detector saw) and `keypoints3d/DANCE.pkl` with `keypoints3d_optim` (N, 17, 3; the truth); 60 fps.
Dances are those of `splits/pose_test.txt` if there is one; those of `ignore_list.txt` are left out.

**RICH** (https://github.com/paulchhuang/rich_toolkit): bodies and scenes as the importer reads them
(training/importers/rich_dataset.py), and `scan_calibration/SCENE/calibration/NNN.xml`: OpenCV's
`CameraMatrix` (3, 4: x_camera = M [x_multicam; 1]) and `Intrinsics` (3, 3). As in the published
numbers the 2D is exact; so the lens's distortion, which rich_toolkit leaves out too, plays no part.

The floor is where feet are at their lowest; motion and cameras are moved together, so that it is
at z = 0. Each sequence is seen by seeded cameras of its own scene.
"""

import json
import xml.etree.ElementTree as ET
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from ...calibration.camera import Camera
from ...calibration.camera_checks import check_camera
from ...core.conversions import conversion, conversion_from
from ...core.errors import M2t3Error
from ...core.files import numbers, read_bytes, read_pickled_dict, require
from ...core.skeletons import COCO17, Skeleton
from ..archive import JOINT_NAMES
from ..importers.aist import FPS as AIST_FPS
from ..importers.aist import KEYPOINT_M
from ..importers.floor import LOW_PERCENT, on_floor
from ..importers.importer import z_up
from ..importers.rich_dataset import Rich
from .actions import action_of
from .cases import Case, exact_case

_ANKLE_M = 0.09  # of COCO's ankles over the floor they stand on
_RICH_SIDES_PX = (4112, 3008)  # long and short; the calibration does not tell which is which


def aist_cases(folder: Path, skeleton: Skeleton, cameras: int, seed: int) -> Iterator[Case]:
    """AIST++'s test dances with their published detector's 2D.

    Raises:
        M2t3Error: a file is missing or not as published; the message begins with its path.
    """
    settings = dict(
        line.split() for line in _text(folder / "cameras" / "mapping.txt").splitlines() if line
    )
    converted = conversion(COCO17.name, skeleton.name)
    for dance in _dances(folder):
        if dance not in settings:
            raise M2t3Error(f"{folder}/cameras/mapping.txt has no {dance}")
        seen = _array(folder / "keypoints2d" / f"{dance}.pkl", "keypoints2d", None, None, 17, 3)
        truth = _array(folder / "keypoints3d" / f"{dance}.pkl", "keypoints3d_optim", None, 17, 3)
        truth = z_up(KEYPOINT_M * truth)[: seen.shape[1]]
        low = np.nanpercentile(truth[:, COCO17.ankles, 2].min(axis=1), LOW_PERCENT)
        lift_m = np.array([0.0, 0.0, _ANKLE_M - low])
        rig = _aist_cameras(folder / "cameras" / f"{settings[dance]}.json", lift_m)
        for view in _drawn(min(len(rig), len(seen)), cameras, seed, dance):
            confidence = np.nan_to_num(seen[view, : len(truth), :, 2]).clip(0.0, 1.0)
            yield Case(
                group="AIST++, its detector's 2D",
                name=f"{dance.replace('cAll', rig[view].name)}",
                camera=rig[view],
                fps=AIST_FPS,
                keypoints_px=converted.points(seen[view, : len(truth), :, :2]),
                confidence=converted.confidence(confidence),
                truth_world_m=converted.points(truth + lift_m),
                action=action_of(dance),
            )


def rich_cases(
    folder: Path, body_models: Path | None, skeleton: Skeleton, cameras: int, seed: int
) -> Iterator[Case]:
    """RICH's sequences below `folder`/bodies/test (or val, train, if there is no such).

    Raises:
        M2t3Error: a file is missing or not as published.
    """
    splits = [s for s in ("test", "val", "train") if (folder / "bodies" / s).is_dir()]
    if not splits:
        raise M2t3Error(f"{folder}: no bodies/test in it; name RICH's own folder")
    bodies = folder / "bodies" / splits[0]
    importer = Rich((bodies,), body_models=body_models, multicam2world=folder / "multicam2world")
    converted = conversion_from(JOINT_NAMES, skeleton)
    for sequence in importer.files():
        scene = sequence.name.split("_")[0]
        paths = sorted((folder / "scan_calibration" / scene / "calibration").glob("*.xml"))
        if not paths:
            raise M2t3Error(
                f"{folder}/scan_calibration/{scene}/calibration holds no cameras (NNN.xml): "
                "download RICH's scan_calibration"
            )
        world = importer.world(sequence)
        for motion in importer.motions(sequence):
            moved = on_floor(motion.positions_m)
            lift_m = moved[0, 0] - motion.positions_m[0, 0]
            for path in (paths[i] for i in _drawn(len(paths), cameras, seed, motion.name)):
                yield exact_case(
                    f"RICH {splits[0]}, exact 2D", f"{motion.name}/{path.stem}",
                    _rich_camera(path, *world, lift_m), converted.points(moved), motion.fps,
                    action_of(motion.name),
                )  # fmt: skip


def _dances(folder: Path) -> list[str]:
    split, ignored = folder / "splits" / "pose_test.txt", folder / "ignore_list.txt"
    if split.exists():
        dances = _text(split).split()
    else:
        dances = sorted(path.stem for path in (folder / "keypoints3d").glob("*.pkl"))
    left_out = set(_text(ignored).split()) if ignored.exists() else set()
    found = [dance for dance in dances if dance not in left_out]
    if not found:
        raise M2t3Error(f"{folder}: no dances (keypoints3d/*.pkl); name AIST++'s own folder")
    return found


def _aist_cameras(path: Path, lift_m: Float[NDArray, "3"]) -> list[Camera]:
    """A setting's cameras, z up, metres."""
    try:
        entries = json.loads(_text(path))
        if not (isinstance(entries, list) and all(isinstance(e, dict) for e in entries)):
            raise M2t3Error("no list of cameras")
        return [_aist_camera(entry, lift_m) for entry in entries]
    except (json.JSONDecodeError, M2t3Error) as error:
        raise M2t3Error(f"{path}: not AIST++'s cameras ({error})") from None


def _aist_camera(entry: dict[str, object], lift_m: Float[NDArray, "3"]) -> Camera:
    require(entry, "name", "size", "matrix", "rotation", "translation", "distortions")
    width, height = numbers(entry["size"], "size", 2).astype(int).tolist()
    R_world_aist = z_up(np.eye(3)).T
    R = Rotation.from_rotvec(numbers(entry["rotation"], "rotation", 3)).as_matrix() @ R_world_aist.T
    return _camera(
        str(entry["name"]),
        (width, height),
        numbers(entry["matrix"], "matrix", 3, 3),
        numbers(entry["distortions"], "distortions", None),
        R,
        KEYPOINT_M * numbers(entry["translation"], "translation", 3) - R @ lift_m,
    )


def _rich_camera(
    path: Path,
    R_multicam_world: Float[NDArray, "3 3"],
    t_world_m: Float[NDArray, "3"],
    scale: float,
    lift_m: Float[NDArray, "3"],
) -> Camera:
    """A camera in the world of `world = scale * multicam @ R + t`, moved by `lift_m`."""
    try:
        tree = ET.fromstring(read_bytes(path))
        found = {}
        for key, shape in (("CameraMatrix", (3, 4)), ("Intrinsics", (3, 3))):
            text = tree.findtext(f"{key}/data")
            if text is None:
                raise M2t3Error(f"lacks {key}/data")
            found[key] = numbers(np.array(text.split(), float).reshape(shape), key, *shape)
    except (ET.ParseError, ValueError, M2t3Error) as error:
        raise M2t3Error(f"{path}: not RICH's calibration ({error})") from None
    K = found["Intrinsics"]
    size = _RICH_SIDES_PX if K[0, 2] > K[1, 2] else _RICH_SIDES_PX[::-1]
    # Some of RICH's rotations are rounded to three digits; the nearest rotation is taken.
    u, _, vt = np.linalg.svd(found["CameraMatrix"][:, :3] @ R_multicam_world)
    R = u @ vt
    t = scale * found["CameraMatrix"][:, 3] - R @ (t_world_m + lift_m)
    return _camera(path.stem, size, K, np.zeros(5), R, t)


def _camera(
    name: str,
    size_px: tuple[int, int],
    K: Float[NDArray, "3 3"],
    distortion: Float[NDArray, "n"],
    R_camera_world: Float[NDArray, "3 3"],
    t_camera_world_m: Float[NDArray, "3"],
) -> Camera:
    camera = Camera.from_opencv(name, size_px, K, distortion, R_camera_world, t_camera_world_m)
    check_camera(camera)
    return camera


def _drawn(views: int, count: int, seed: int, name: str) -> list[int]:
    """Which `count` of a sequence's views are taken, the same in every run with this seed."""
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    return sorted(rng.permutation(views)[:count].tolist())


def _array(path: Path, key: str, *shape: int | None) -> NDArray[np.float64]:
    try:
        content = read_pickled_dict(path)
        require(content, key)
        return numbers(content[key], key, *shape)
    except M2t3Error as error:
        raise M2t3Error(f"{path}: {error}") from None


def _text(path: Path) -> str:
    try:
        return read_bytes(path).decode()
    except (M2t3Error, UnicodeDecodeError) as error:
        raise M2t3Error(f"{path}: {error}") from None
