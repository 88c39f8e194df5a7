"""What is exported is read back by others' readers as it was, upright and right-handed."""

import csv
import re
import warnings

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from m2t3.__main__ import main
from m2t3.core.clock import SECOND_NS
from m2t3.core.humanoid import humanoid
from m2t3.core.skeletons import COCO17
from m2t3.realtime.demo_person import demo_motion
from m2t3.realtime.export.bvh import write_bvh
from m2t3.realtime.export.poses import read_poses
from m2t3.realtime.export.take import BodyTake, Presence, Take, body_take, take_of

FPS = 30.0
FRAMES = 90
START = 190  # the walk is at hand


@pytest.fixture(scope="module")
def poses_path(tmp_path_factory):
    """Poses as `m2t3 lift` writes them: person 3 all the time, person 5 from frame 20 on."""
    walk = demo_motion(FPS).positions_world_m[START : START + FRAMES].astype(np.float32)
    positions = np.full((FRAMES, 2, 17, 3), np.nan, np.float32)
    positions[:, 0] = walk
    positions[20:, 1] = 0.9 * walk[20:] + (0, 2, 0)
    positions[50:53, 0, COCO17.index("left_wrist")] = np.nan
    person_id = np.tile((3, 5), (FRAMES, 1))
    person_id[:20, 1] = -1
    path = tmp_path_factory.mktemp("poses") / "poses.npz"
    np.savez(
        path,
        positions_world_m=positions,
        confidence=np.where(np.isfinite(positions[..., 0]), np.float32(0.9), np.float32(np.nan)),
        contact=np.full((FRAMES, 2, 2), np.nan, np.float32),
        person_id=person_id,
        t_capture_ns=np.round(np.arange(FRAMES) * SECOND_NS / FPS).astype(np.int64),
        joint_names=np.array(COCO17.joint_names),
        fps=FPS,
    )
    return path


@pytest.fixture
def export(poses_path, tmp_path):
    """Runs `m2t3 export` and returns the folder that it wrote to."""

    def run(name, *options):
        assert main(["export", str(poses_path), "--out", str(tmp_path / name), *options]) == 0
        return tmp_path

    return run


@pytest.fixture(scope="module")
def body(poses_path):
    return body_take(take_of(read_poses(poses_path), 3))


def read_by_bvhio(path):
    """Names of the joints and where they are by frame, (T, B, 3) in the file's units and axes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # bvhio imports pyglm by its old name
        import bvhio

        root = bvhio.readAsHierarchy(str(path))
        joints = [joint for joint, _, _ in root.layout()]
        frames = []
        for frame in range(len(root.Keyframes)):
            root.loadPose(frame)
            frames.append([tuple(joint.PositionWorld) for joint in joints])
    return [joint.Name for joint in joints], np.array(frames)


def in_blender(points):
    """What Blender's importer makes of the file's axes by default (forward -Z, up Y)."""
    x, y, z = np.moveaxis(points, -1, 0)
    return np.stack([x, -z, y], axis=-1)


def test_bvh_is_read_back_by_another_reader_to_the_millimetre(export, body):
    names, found = read_by_bvhio(export("one.bvh", "--person", "3") / "one.bvh")
    assert len(found) == FRAMES
    joints = body.joints_world_m()
    for joint, bone in [
        ("left_wrist", "LeftHand"),
        ("right_elbow", "RightLowerArm"),
        ("left_ankle", "LeftFoot"),
        ("right_knee", "RightLowerLeg"),
        ("left_shoulder", "LeftUpperArm"),
    ]:
        x, y, z = np.moveaxis(found[:, names.index(bone)], -1, 0)
        world = np.stack([z, x, y], axis=-1)
        expected = joints[:, COCO17.index(joint)[0]]
        np.testing.assert_allclose(world, expected, atol=1e-3)


def test_bvh_opens_upright_facing_blenders_front_and_not_mirrored(export):
    names, found = read_by_bvhio(export("one.bvh", "--person", "3") / "one.bvh")
    points = in_blender(found)
    head, hips = (points[:, names.index(bone)] for bone in ("Head", "Hips"))
    left, right = (points[:, names.index(f"{side}UpperLeg")] for side in ("Left", "Right"))
    assert (head - hips)[:, 2].min() > 0.4
    assert points[..., 2].min() > 0
    # Forward by the anatomy: left x up; the person walks that way.
    forward = np.cross(left - right, (0, 0, 1.0))
    walked = np.diff(hips, axis=0)
    assert np.sum(forward[:-1] * walked, axis=1).mean() > 0


def test_bvh_in_centimetres_is_a_hundred_times_as_large(export):
    one = read_by_bvhio(export("m.bvh", "--person", "3") / "m.bvh")[1]
    cm = read_by_bvhio(export("cm.bvh", "--person", "3", "--bvh-scale", "100") / "cm.bvh")[1]
    np.testing.assert_allclose(cm, 100 * one, atol=0.02)


@pytest.fixture
def turned(tmp_path):
    """Writes a BVH whose first two bones turn as told; returns the angles (T, 2, 3) in it."""

    def write(*turns):
        definition = humanoid("coco17")
        bones, frames = len(definition.bone_names), len(turns[0])
        rotations = np.tile((0.0, 0, 0, 1), (bones, frames, 1))
        for bone, turn in enumerate(turns):
            rotations[bone] = turn.as_quat()
        offsets = np.random.default_rng(0).normal(scale=0.2, size=(bones, 3))
        still, none = np.zeros((frames, 3)), np.zeros((frames, 17, 3), np.float32)
        rotations = rotations.astype(np.float32).astype(float)  # as bodies are on the wire
        places = np.zeros((17, 3))
        body = BodyTake(definition, offsets, places, still, rotations, still[:, 0], repeated=0)
        at = np.arange(frames)
        presence = Presence(60.0, at, 0 * at, at / 60, first=0, count=frames)
        take = Take(3, COCO17, presence, none, none[..., 0], none[:, :2, 0])
        write_bvh(tmp_path / "turns.bvh", take, body)
        rows = (tmp_path / "turns.bvh").read_text().split("Frame Time:")[1].splitlines()[1:]
        angles = np.array([row.split() for row in rows], float)[:, 3:9]
        return body, angles.reshape(frames, 2, 3)

    return write


def test_angles_survive_gimbal_lock_and_whole_turns(turned, tmp_path):
    angle = np.linspace(0, 4 * np.pi, 200)
    axes = ((0, 1.0, 0), (0.6, 0, 0.8))
    body, _ = turned(*(Rotation.from_rotvec(np.outer(angle, axis)) for axis in axes))
    names, found = read_by_bvhio(tmp_path / "turns.bvh")
    wrist = found[:, names.index("LeftHand")][:, [2, 0, 1]]
    expected = body.joints_world_m()[:, COCO17.index("left_wrist")[0]]
    np.testing.assert_allclose(wrist, expected, atol=1e-3)


def in_the_formats_axes(turns):
    """World y, z, x are the format's x, y, z."""
    return Rotation.from_rotvec(turns.as_rotvec()[:, [1, 2, 0]])


def test_a_knee_that_bends_past_a_right_angle_bends_on_between_frames_too(turned):
    bend = np.r_[np.linspace(60, 125, 30), np.linspace(125, 60, 30)]
    twist = Rotation.from_euler("z", 3, degrees=True)
    knee, elbow = (
        Rotation.from_euler("y", sign * bend[:, None], degrees=True) * twist for sign in (1, -1)
    )
    _, angles = turned(knee, elbow)
    assert np.abs(np.diff(angles, axis=0)).max() < 3
    for bone, turns in enumerate((knee, elbow)):
        truth = in_the_formats_axes(turns)
        found = Rotation.from_euler("ZXY", angles[:, bone], degrees=True)
        assert np.degrees((found * truth.inv()).magnitude()).max() < 1e-3
        between = (angles[1:, bone] + angles[:-1, bone]) / 2
        off = Rotation.from_euler("ZXY", between, degrees=True) * truth[:-1].inv()
        assert np.degrees(off.magnitude()).max() < 3


def test_angles_are_right_as_near_to_gimbal_lock_as_float32_gets(turned):
    rng = np.random.default_rng(0)
    for off_deg in (1e-4, 1e-2):
        zxy = rng.uniform(-180, 180, (2000, 3))
        zxy[:, 1] = 90 - off_deg
        truth = Rotation.from_euler("ZXY", zxy, degrees=True)
        world = Rotation.from_rotvec(truth.as_rotvec()[:, [2, 0, 1]])
        _, angles = turned(world, world)
        found = Rotation.from_euler("ZXY", angles[:, 0], degrees=True)
        assert np.degrees((found * truth.inv()).magnitude()).max() < 0.01


def test_several_people_get_a_bvh_each_all_from_the_recordings_start(export, capsys):
    folder = export("all.bvh")
    assert sorted(path.name for path in folder.iterdir()) == ["all_3.bvh", "all_5.bvh"]
    _, found = read_by_bvhio(folder / "all_5.bvh")
    assert len(found) == FRAMES
    np.testing.assert_array_equal(found[:20], np.tile(found[20], (20, 1, 1)))
    assert "person 5 comes at 0.67 s, frame 21" in " ".join(capsys.readouterr().err.split())


def test_bones_of_an_export_keep_their_lengths(export):
    names, found = read_by_bvhio(export("one.bvh", "--person", "3") / "one.bvh")
    for a, b, length in [
        ("LeftUpperLeg", "LeftLowerLeg", 0.43),
        ("RightUpperArm", "RightLowerArm", 0.285),
    ]:
        lengths = np.linalg.norm(found[:, names.index(a)] - found[:, names.index(b)], axis=1)
        np.testing.assert_allclose(lengths, length, atol=2e-3)


def read_trc(path):
    """Marker names, times and positions (T, M, 3) of a TRC file, by its published layout."""
    lines = path.read_text().split("\n")
    assert lines[0].split("\t")[:3] == ["PathFileType", "4", "(X/Y/Z)"]
    header = dict(zip(lines[1].split("\t"), lines[2].split("\t"), strict=True))
    names = lines[3].rstrip("\t").split("\t")[2::3]
    assert lines[5] == ""
    rows = [line.split("\t") for line in lines[6:] if line]
    values = np.array([[float(cell or "nan") for cell in row] for row in rows])
    assert header["Units"] == "m"
    assert (int(header["NumFrames"]), int(header["NumMarkers"])) == (len(rows), len(names))
    return names, values[:, 1], values[:, 2:].reshape(len(rows), -1, 3)


def test_trc_has_the_joints_with_y_up_and_leaves_unknown_ones_empty(export, poses_path):
    names, t_s, found = read_trc(export("walk.trc", "--person", "3") / "walk.trc")
    assert names == list(COCO17.joint_names)
    np.testing.assert_allclose(np.diff(t_s), 1 / FPS, atol=2e-6)
    x, y, z = np.moveaxis(found, -1, 0)
    expected = np.load(poses_path)["positions_world_m"][:, 0]
    np.testing.assert_allclose(np.stack([x, -z, y], axis=-1), expected, atol=1e-3)
    assert np.isnan(found[50:53, COCO17.index("left_wrist")]).all()


def test_csv_has_everybody_in_the_rooms_axes(export, poses_path):
    with (export("walk.csv") / "walk.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["person"] for row in rows] == ["3"] * FRAMES + ["5"] * (FRAMES - 20)
    expected = np.load(poses_path)["positions_world_m"]
    late = rows[FRAMES + 10]
    assert float(late["t_s"]) == pytest.approx(30 / FPS, abs=1e-5)
    nose = [float(late[f"nose_{axis}_m"]) for axis in "xyz"]
    np.testing.assert_allclose(nose, expected[30, 1, 0], atol=1e-3)
    assert rows[51]["left_wrist_x_m"] == ""


def test_tables_can_have_the_body_instead_of_the_joints(export, body):
    _, _, found = read_trc(export("b.trc", "--person", "3", "--points", "body") / "b.trc")
    x, y, z = np.moveaxis(found, -1, 0)
    np.testing.assert_allclose(np.stack([x, -z, y], axis=-1), body.joints_world_m(), atol=1e-3)


def test_npz_has_all_there_is(export, poses_path, body):
    with np.load(export("all.npz") / "all.npz") as data:
        assert data["person_id"].tolist() == [3, 5]
        assert data["bone_names"].tolist() == list(humanoid("coco17").bone_names)
        assert data["3/rotations_xyzw"].shape == (FRAMES, 19, 4)
        np.testing.assert_array_equal(
            data["3/positions_world_m"], np.load(poses_path)["positions_world_m"][:, 0]
        )
        np.testing.assert_allclose(data["3/offsets_m"], body.offsets_m)
        assert data["5/t_s"][0] == pytest.approx(20 / FPS)


def test_lost_frames_are_filled_over_short_gaps_and_left_out_over_long_ones(poses_path):
    whole = read_poses(poses_path)
    kept = np.r_[0:30, 32:50, 70:90]
    fields = ("t_ns", "person_id", "positions_world_m", "confidence", "contact")
    part = type(whole)(
        skeleton=whole.skeleton, fps=FPS, **{name: getattr(whole, name)[kept] for name in fields}
    )
    found, truth = (take_of(poses, 3).positions_world_m for poses in (part, whole))
    assert found.shape == truth.shape
    np.testing.assert_allclose(found[30:32], truth[30:32], atol=0.03)
    assert np.isnan(found[51:69]).all()
    np.testing.assert_array_equal(found[70:], truth[70:])


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["--out", "x.fbx"], "'fbx' is no format; valid: bvh, trc, csv, npz"),
        (["--out", "x.bvh", "--person", "9"], r"no person 9; there are \[3, 5\]"),
        (["--out", "x.bvh", "--bvh-scale", "inf"], "--bvh-scale is inf; it is above 0"),
        (["--out", "x.bvh", "--bvh-scale", "0"], "--bvh-scale is 0; it is above 0"),
    ],
)
def test_what_cannot_be_exported_is_refused_with_what_can(
    poses_path, tmp_path, monkeypatch, capsys, arguments, answer
):
    monkeypatch.chdir(tmp_path)
    assert main(["export", str(poses_path), *arguments]) == 2
    assert re.search(answer, capsys.readouterr().err)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "content", "answer"),
    [
        ("no.npz", None, "cannot be read"),
        ("poses.txt", b"", "poses are read from .npz or .mcap"),
        ("bad.npz", b"PK", "no npz file"),
        ("bad.mcap", b"nothing", "no MCAP file"),
    ],
)
def test_a_file_of_no_poses_is_refused(tmp_path, capsys, name, content, answer):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    assert main(["export", str(path), "--out", str(tmp_path / "x.bvh")]) == 2
    assert answer in capsys.readouterr().err


@pytest.mark.parametrize(
    ("key", "value", "answer"),
    [
        ("fps", -30.0, "fps is -30; it is frames per second"),
        ("fps", 0.0, "fps is 0; "),
        ("fps", np.nan, "fps is nan; "),
        ("t_capture_ns", np.arange(FRAMES)[::-1], "t_capture_ns does not rise"),
        ("t_capture_ns", np.arange(FRAMES) / FPS, "t_capture_ns is float64 .* whole numbers"),
        ("confidence", np.ones((FRAMES, 2, 5)), r"confidence is .* of shape \(90, 2, 17\)"),
        ("contact", np.ones((10, 2, 2)), r"contact is .* of shape \(90, 2, 2\)"),
        ("person_id", np.zeros((0, 2), int), "person_id has the shape"),
        ("person_id", np.full((FRAMES, 2), 3), "frame 0 has person 3 twice"),
    ],
)
def test_poses_that_cannot_be_are_refused_by_the_name_of_what_is_wrong(
    poses_path, tmp_path, capsys, key, value, answer
):
    with np.load(poses_path) as good:
        np.savez(tmp_path / "bad.npz", **{**good, key: value})
    assert main(["export", str(tmp_path / "bad.npz"), "--out", str(tmp_path / "x.csv")]) == 2
    assert re.search(answer, capsys.readouterr().err.replace("\n", " "))
    assert not (tmp_path / "x.csv").exists()


def test_an_export_does_not_replace_what_it_is_made_from(poses_path, capsys):
    before = poses_path.read_bytes()
    assert main(["export", str(poses_path), "--out", str(poses_path)]) == 2
    assert "is what is read" in capsys.readouterr().err
    assert poses_path.read_bytes() == before


def test_keypoints_are_no_poses_and_the_hint_does_not_overwrite_them(tmp_path, capsys):
    np.savez(tmp_path / "walk.npz", keypoints=np.zeros((1, 17, 3)))
    assert main(["export", str(tmp_path / "walk.npz"), "--out", str(tmp_path / "x.csv")]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "m2t3 lift KEYPOINTS.npz --out POSES.npz" in said
