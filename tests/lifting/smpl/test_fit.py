"""`m2t3 fit` from file to file, what it refuses, and that its files are AMASS's to all who read."""

import pickle  # noqa: TID251 -- SMPL's own files are pickles
import re

import numpy as np
import pytest

from m2t3.__main__ import main
from m2t3.core.skeletons import COCO17, SMPL24, Skeleton
from m2t3.lifting.recording import Recording, write_recording
from m2t3.lifting.smpl.model_file import JOINTS_OF, read_body_model
from m2t3.realtime.export.poses import read_poses
from m2t3.training.archive import JOINT_NAMES, read_archive
from m2t3.training.importers.amass import Amass
from m2t3.training.importers.command import Import

CAMERA = """
camera_name: cam0
image_width: 1280
image_height: 720
camera_matrix: {rows: 3, cols: 3, data: [900, 0, 640, 0, 900, 360, 0, 0, 1]}
distortion_model: plumb_bob
distortion_coefficients: {rows: 1, cols: 5, data: [-0.05, 0.01, 0, 0, 0]}
T_world_camera: {translation_m: [0, -5, 1.5], quaternion_xyzw: [-0.7071068, 0, 0, 0.7071068]}
source: {type: zmq, endpoint: "tcp://127.0.0.1:5570", bind: true, stream: cam0}
"""


@pytest.fixture
def poses(person, tmp_path):
    """Two people as `m2t3 lift` writes them: one all the time, one who comes later and leaves."""
    truth = person(seconds=2.0)
    first_m = truth.joints_m(COCO17)
    positions = np.stack([first_m, first_m + np.array([1.5, 0.5, 0])], axis=1)
    person_id = np.tile([1, 2], (60, 1))
    away = np.r_[0:10, 30:33, 50:60]
    person_id[away, 1] = -1
    positions[away, 1] = np.nan
    path = tmp_path / "walk.npz"
    np.savez(
        path, positions_world_m=positions.astype(np.float32), person_id=person_id,
        confidence=np.where(person_id[..., None] > 0, np.ones((60, 2, 17)), np.nan),
        t_capture_ns=np.arange(60) * 33_333_333, joint_names=np.array(COCO17.joint_names), fps=30.0,
    )  # fmt: skip
    return path


@pytest.mark.parametrize("kind", JOINTS_OF)
def test_what_is_written_is_read_by_the_amass_importer(
    kind, poses, model_path, joints_of, tmp_path, capsys
):
    """The root's height, axes and offset included: joints agree to the archive's 0.1 mm."""
    path = model_path(kind, "male")
    out = tmp_path / "out"
    assert main(["fit", str(poses), "--model", str(path), "--out", str(out)]) == 0
    assert sorted(p.name for p in out.iterdir()) == [f"walk_person{i}_poses.npz" for i in (1, 2)]
    assert re.search(
        r"walk_person1_poses.npz: 60 frames, male SMPL.*mm from", capsys.readouterr().err
    )
    archive_path = tmp_path / "archive.npz"
    importer = Amass((out,), body_models=path.parents[1])
    assert Import(format=importer, out=archive_path, keep_floor=True).run() == 0
    archive = read_archive(archive_path, Skeleton("all30", JOINT_NAMES, (), (), (1, 2), (7, 8)))
    truth = read_poses(poses)
    for person, start in ((0, 0), (1, 10)):
        with np.load(out / f"walk_person{person + 1}_poses.npz") as fitted:
            assert fitted["poses"].shape == (len(fitted["trans"]), 3 * JOINTS_OF[kind])
            assert (fitted["gender"], fitted["mocap_framerate"]) == ("male", 30.0)
            assert abs(fitted["t_capture_ns"][0] - truth.t_ns[start]) < 1000
            rotvec = fitted["poses"].reshape(len(fitted["poses"]), -1, 3)[:, :24].copy()
            rotvec[:, 22:] = 0
            bodies_m = joints_of(
                read_body_model(path), fitted["betas"], rotvec, fitted["trans"], SMPL24
            )
        clip = archive.clip(person)
        np.testing.assert_allclose(clip[:, :24], bodies_m, atol=2e-4)
        theirs = truth.positions_world_m[start : start + len(clip), person]
        seen = np.isfinite(theirs).all(axis=(1, 2))
        ours = clip[:, [JOINT_NAMES.index(name) for name in COCO17.joint_names]]
        assert np.linalg.norm(ours[seen] - theirs[seen], axis=-1).max() < 0.01


def test_a_motion_lasts_as_long_as_it_did_though_frames_were_lost(poses, model_path, tmp_path):
    content = dict(np.load(poses))
    kept = np.delete(np.arange(60), [5, 6, 17, 30, 31, 44])
    per_frame = ("positions_world_m", "person_id", "confidence", "t_capture_ns")
    np.savez(poses, **content | {key: content[key][kept] for key in per_frame})
    out = tmp_path / "out"
    assert main(["fit", str(poses), "--model", str(model_path()), "--out", str(out)]) == 0
    with np.load(out / "walk_person1_poses.npz") as fitted:
        assert len(fitted["trans"]) == 60
        np.testing.assert_allclose(fitted["t_capture_ns"], content["t_capture_ns"], atol=1000)
        assert np.nanmax(fitted["residual_m"]) < 0.01


def test_bodies_fit_the_picture_of_the_right_person(poses, model_path, tmp_path):
    """The recording has two people under other ids and in another order."""
    from m2t3.calibration.camera_files.camera_file import read_camera_file

    (tmp_path / "cam0.yaml").write_text(CAMERA)
    camera = read_camera_file(tmp_path / "cam0.yaml").camera
    lifted = read_poses(poses)
    pixels = camera.project(lifted.positions_world_m[:, ::-1]).astype(np.float32)
    write_recording(
        tmp_path / "seen.npz",
        Recording(
            pixels, np.where(np.isfinite(pixels[..., 0]), 0.9, 0).astype(np.float32),
            np.where(lifted.person_id[:, ::-1] > 0, lifted.person_id[:, ::-1] + 40, -1),
            lifted.t_ns, 30.0, (1280, 720), "coco17",
        ),
    )  # fmt: skip
    command = ["fit", str(poses), "--model", str(model_path()), "--out", str(tmp_path / "out")]
    command += ["--keypoints", str(tmp_path / "seen.npz"), "--camera", str(tmp_path / "cam0.yaml")]
    assert main(command) == 0
    for person in (1, 2):
        with np.load(tmp_path / "out" / f"walk_person{person}_poses.npz") as fitted:
            assert np.nanmax(fitted["residual_m"]) < 0.01


def test_a_model_in_smpls_own_pickle_is_read(content, model_path, tmp_path):
    path = tmp_path / "basicModel_neutral_lbs_10_207_0_v1.0.0.pkl"
    path.write_bytes(pickle.dumps(content("smpl"), 2))
    read, plain = read_body_model(path), read_body_model(model_path("smpl"))
    assert (read.kind, read.gender) == ("smpl", "neutral")
    np.testing.assert_array_equal(read.template_m, plain.template_m)


def test_what_cannot_be_fitted_says_why_and_ends_with_code_2(poses, model_path, tmp_path, capsys):
    model, out = str(model_path()), str(tmp_path / "out")
    nameless = tmp_path / "body.npz"
    nameless.write_bytes(model_path().read_bytes())
    odd = tmp_path / "odd_neutral.npz"
    np.savez(odd, v_template=np.zeros((7, 3)), shapedirs=np.zeros((7, 3, 2)), J_regressor=np.eye(7))
    for arguments, answer in (
        ([str(poses)], r"--model .* e\.g\. SMPLX_NEUTRAL\.npz"),
        ([str(poses)], "https://smpl-x.is.tue.mpg.de, accept its licence .non-commercial"),
        ([str(poses), "--model", "no.npz"], "no.npz is no file"),
        ([str(poses), "--model", str(nameless)], "tells no gender: call it or its folder female"),
        ([str(poses), "--model", str(odd)], "has 7 joints, which no model has: 24 of SMPL"),
        ([model, "--model", model], "lacks positions_world_m.*m2t3 lift"),
        ([str(poses), "--model", model, "--camera", "c.yaml"], "goes with --keypoints"),
        ([str(poses), "--model", model, "--smoothness", "-1"], "--smoothness is 0 or more"),
    ):
        assert main(["fit", *arguments, "--out", out]) == 2
        assert re.search(f"m2t3 fit: .*{answer}", capsys.readouterr().err)


def test_a_person_without_a_trunk_is_left_out_and_said(poses, model_path, tmp_path, capsys):
    content = dict(np.load(poses))
    content["positions_world_m"][:, 1, COCO17.index("left_hip")] = np.nan
    np.savez(poses, **content)
    out = tmp_path / "out"
    assert main(["fit", str(poses), "--model", str(model_path()), "--out", str(out)]) == 1
    assert [p.name for p in out.iterdir()] == ["walk_person1_poses.npz"]
    assert "person 2 left out: no frame of 40 has both hips" in capsys.readouterr().err


def test_the_fitter_needs_neither_torch_nor_smplx():
    import subprocess
    import sys

    code = "import sys, m2t3.realtime.commands.fit, m2t3.lifting.smpl.live; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"torch", "smplx"} & set(loaded)
