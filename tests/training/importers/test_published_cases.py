"""RICH and AIST++ for evaluation: their cameras see their people where the files say."""

import json
import pickle  # noqa: TID251 -- these data sets are published as pickles

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from m2t3.core.errors import M2t3Error
from m2t3.core.skeletons import COCO17, H36M17
from m2t3.training.archive import JOINT_NAMES
from m2t3.training.evaluation.published_cases import aist_cases, rich_cases

COCO = [JOINT_NAMES.index(name) for name in COCO17.joint_names]
DANCE = "gWA_sFM_cAll_d27_mWA2_ch21"
K = np.array([[1600.0, 0, 960], [0, 1610.0, 540], [0, 0, 1]])


def project(K, R, t, points):
    camera = points @ R.T + t
    return (camera @ K.T)[..., :2] / camera[..., 2:]


@pytest.fixture
def aist(publish, tmp_path, tools):
    """Two cameras 1.7 m over the floor, as AIST++'s; returns what each sees, exactly."""
    published = publish("aist_keypoints")
    points_cm = pickle.loads(published.path.read_bytes())["keypoints3d_optim"]
    cameras, seen = [], []
    for i, turn_deg in enumerate((180, 90)):
        R = Rotation.from_euler("y", turn_deg, degrees=True)
        R = R * Rotation.from_euler("z", 180, degrees=True)
        t = np.array([0.0, 170.0, 500.0])
        cameras.append({
            "name": f"c0{i + 1}", "size": [1920, 1080], "matrix": K.tolist(),
            "rotation": R.as_rotvec().tolist(), "translation": t.tolist(),
            "distortions": [0.0] * 5,
        })  # fmt: skip
        px = project(K, R.as_matrix(), t, points_cm)
        seen.append(np.concatenate([px, np.full((*px.shape[:-1], 1), 0.8)], axis=-1))
    seen = np.stack(seen)
    seen[:, 3, 9] = np.nan
    for folder in ("cameras", "keypoints2d", "splits"):
        (tmp_path / folder).mkdir()
    (tmp_path / "cameras" / "mapping.txt").write_text(f"{DANCE} setting1\nother setting2\n")
    (tmp_path / "cameras" / "setting1.json").write_text(json.dumps(cameras))
    (tmp_path / "keypoints2d" / f"{DANCE}.pkl").write_bytes(
        pickle.dumps({"keypoints2d": seen, "det_scores": np.ones(seen.shape[:2])})
    )
    (tmp_path / "splits" / "pose_test.txt").write_text(f"ignored\n{DANCE}\n")
    (tmp_path / "ignore_list.txt").write_text("ignored\n")
    return tmp_path, points_cm @ tools.Z_UP.T / 100, seen


def test_aist_cameras_see_the_truth_where_the_detector_saw_it(aist):
    folder, truth_m, seen = aist
    cases = list(aist_cases(folder, COCO17, cameras=9, seed=0))
    assert [case.name for case in cases] == [DANCE.replace("cAll", f"c0{i}") for i in (1, 2)]
    for case, view in zip(cases, seen, strict=True):
        assert case.action == "dance"
        assert case.fps == 60
        np.testing.assert_array_equal(case.keypoints_px, view[..., :2])
        assert case.confidence[3, 9] == 0
        assert case.confidence[0, 0] == 0.8
        px = case.camera.project(case.truth_world_m)
        known = np.isfinite(view[..., 0])
        np.testing.assert_allclose(px[known], view[known, :2], atol=1e-6)
        lifted = case.truth_world_m - truth_m
        np.testing.assert_allclose(lifted, np.broadcast_to(lifted[0, 0], lifted.shape), atol=1e-9)
        np.testing.assert_allclose(lifted[0, 0, :2], 0, atol=1e-9)
        ankles_m = case.truth_world_m[:, COCO17.ankles, 2]
        assert ankles_m.min() == pytest.approx(0.09, abs=0.01)


def test_one_camera_of_aist_is_drawn_by_the_seed(aist):
    names = {
        seed: [case.name for case in aist_cases(aist[0], COCO17, cameras=1, seed=seed)]
        for seed in range(8)
    }
    assert all(len(one) == 1 for one in names.values())
    assert len(set(map(tuple, names.values()))) == 2


def test_aist_becomes_other_formats(aist):
    case = next(aist_cases(aist[0], H36M17, cameras=1, seed=0))
    assert case.keypoints_px.shape == (*case.truth_world_m.shape[:2], 2) == (121, 17, 2)
    known = np.isfinite(case.keypoints_px).all(axis=-1)
    px = case.camera.project(case.truth_world_m)
    assert np.linalg.norm(px - case.keypoints_px, axis=-1)[known].max() < 5  # means of points


@pytest.mark.parametrize(
    ("break_it", "answer"),
    [
        (lambda f: (f / "cameras" / "mapping.txt").unlink(), "mapping.txt"),
        (lambda f: (f / "cameras" / "mapping.txt").write_text("x y\n"), f"has no {DANCE}"),
        (lambda f: (f / "cameras" / "setting1.json").write_text('[{"name": "c01"}]'), "lacks size"),
        (lambda f: (f / "splits" / "pose_test.txt").write_text("ignored\n"), "no dances"),
        (lambda f: (f / "keypoints2d" / f"{DANCE}.pkl").write_bytes(b"x"), "keypoints2d"),
    ],
)
def test_a_broken_aist_is_refused_in_words(aist, break_it, answer):
    break_it(aist[0])
    with pytest.raises(M2t3Error, match=answer):
        list(aist_cases(aist[0], COCO17, cameras=1, seed=0))


SCALE = 1.02  # from the cameras' metres to the scan's


@pytest.fixture
def rich(publish, tmp_path):
    """A camera of RICH's, made from the world; returns the folder, px and the truth."""
    published = publish("rich", json={"c": SCALE})
    world = json.loads((tmp_path / "multicam2world" / "BBQ_multicam2world.json").read_text())
    R_world, t_world = np.array(world["R"]), np.array(world["t"])
    multicam_m = (published.truth_m - t_world) @ R_world.T  # the importer's truth has scale 1
    forward = -multicam_m.mean(axis=(0, 1)) + (center := np.array([0.5, -0.4, -0.5]))
    center = multicam_m.mean(axis=(0, 1)) + 5 * forward / np.linalg.norm(forward)
    gaze = multicam_m.mean(axis=(0, 1)) - center
    gaze /= np.linalg.norm(gaze)
    right = np.cross(gaze, R_world[:, 2])  # the world's up, seen from there
    right /= np.linalg.norm(right)
    R = np.stack([right, np.cross(gaze, right), gaze])
    matrix = np.column_stack([R, -R @ center])
    K_rich = np.array([[4500.0, 0, 2050], [0, 4500.0, 1500], [0, 0, 1]])
    path = tmp_path / "scan_calibration" / "BBQ" / "calibration" / "003.xml"
    path.parent.mkdir(parents=True)
    entries = "".join(
        f'<{key} type_id="opencv-matrix"><rows>3</rows><cols>{value.shape[1]}</cols><dt>d</dt>'
        f"<data>{' '.join(map(repr, value.ravel().tolist()))}</data></{key}>"
        for key, value in (("CameraMatrix", matrix), ("Intrinsics", K_rich))
    )
    path.write_text(f'<?xml version="1.0"?><opencv_storage>{entries}</opencv_storage>')
    points = multicam_m[:, COCO]
    return tmp_path, project(K_rich, R, matrix[:, 3], points), SCALE * points @ R_world + t_world


def test_rich_cameras_see_the_truth_where_rich_projects_it(rich):
    folder, px, truth_m = rich
    (case,) = rich_cases(folder, folder / "models", COCO17, cameras=2, seed=0)
    assert case.group == "RICH train, exact 2D"
    assert (case.camera.width_px, case.camera.height_px) == (4112, 3008)
    np.testing.assert_allclose(case.camera.project(case.truth_world_m), px, atol=1e-4)
    np.testing.assert_allclose(case.keypoints_px, px, atol=1e-4)
    lifted = case.truth_world_m - truth_m
    np.testing.assert_allclose(lifted, np.broadcast_to(lifted[0, 0], lifted.shape), atol=1e-6)
    assert 0.02 < case.truth_world_m[:, COCO17.ankles, 2].min() < 0.12


def test_rich_without_cameras_is_refused_in_words(rich):
    (rich[0] / "scan_calibration" / "BBQ" / "calibration" / "003.xml").write_text("<a/>")
    with pytest.raises(M2t3Error, match=r"003.xml.*lacks CameraMatrix"):
        list(rich_cases(rich[0], rich[0] / "models", COCO17, cameras=1, seed=0))
    (rich[0] / "scan_calibration" / "BBQ" / "calibration" / "003.xml").unlink()
    with pytest.raises(M2t3Error, match="scan_calibration"):
        list(rich_cases(rich[0], rich[0] / "models", COCO17, cameras=1, seed=0))
