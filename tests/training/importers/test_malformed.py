"""What is not as it was published is refused in words, and never half imported."""

import os
import pickle  # noqa: TID251 -- these data sets are published as pickles
import re

import numpy as np
import pytest

from m2t3.__main__ import main
from m2t3.core.errors import M2t3Error
from m2t3.training.importers.command import Import

FILES = ("amass", "bedlam", "humanml3d", "human36m", "aist", "aist_keypoints", "bvh")


def refuse(importer, out):
    with pytest.raises(M2t3Error) as refusal:
        Import(format=importer, out=out).run()
    assert not out.exists()
    return str(refusal.value)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    ("spoil", "answer"),
    [
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]), "cut off|"
         "download it again|not a pickle"),
        (lambda path: path.write_bytes(b"<html>404</html>"), "is no |not a pickle"),
        (lambda path: path.unlink(), "no such file"),
    ],
    ids=["empty", "truncated", "foreign", "absent"],
)  # fmt: skip
def test_broken_files_are_refused_by_their_path(name, spoil, answer, publish, tmp_path):
    published = publish(name)
    spoil(published.path)
    message = refuse(published.importer, tmp_path / "out.npz")
    assert message.startswith(str(published.path))
    assert re.search(answer, message), message


@pytest.mark.parametrize("name", FILES)
def test_a_foreign_suffix_is_refused_with_the_right_one(name, publish, tmp_path):
    published = publish(name)
    renamed = published.path.rename(published.path.with_suffix(".zip"))
    message = refuse(
        type(published.importer)(**vars(published.importer) | {"sources": (renamed,)}),
        tmp_path / "out.npz",
    )
    assert f"{renamed}: is a .zip" in message
    assert published.path.suffix in message


@pytest.mark.parametrize("name", FILES)
def test_a_folder_without_the_data_set_is_refused(name, publish, tmp_path):
    published = publish(name)
    (tmp_path / "other").mkdir()
    importer = type(published.importer)(
        **vars(published.importer) | {"sources": (tmp_path / "other",)}
    )
    assert "other: holds no " in refuse(importer, tmp_path / "out.npz")


def a_nan(array, k=7):
    array = np.array(array)
    array[k] = np.nan
    return array


N, T = 61, np.zeros
LONG = np.linspace(0, 1, N)[:, None]
H36M = np.ones((N, 32, 3)) * np.arange(32)[:, None]


def h36m(array):
    return {"positions_3d": np.array({"S1": {"Sitting": array}}, dtype=object)}


@pytest.mark.parametrize(
    ("name", "changes", "answer"),
    [
        # missing keys
        ("amass", {"poses": ...}, "lacks poses; it has .*trans"),
        ("amass", {"mocap_framerate": ...}, "lacks mocap_framerate or mocap_frame_rate"),
        ("bedlam", {"trans": ...}, "lacks trans"),
        ("bedlam", {"poses": ..., "pose_cam": T(3)}, "image labels.*body animations"),
        ("human36m", {"positions_3d": ..., "positions_2d": T(3)}, "lacks positions_3d"),
        ("aist", {"smpl_scaling": ...}, "lacks smpl_scaling; it has smpl_poses"),
        ("aist", {"smpl_poses": ...}, "neither smpl_poses .* nor keypoints3d_optim"),
        ("aist_keypoints", {"keypoints3d_optim": ...}, "neither smpl_poses"),
        ("rich", {"transl": ...}, "00007/009.pkl lacks transl; it has global_orient"),
        # shapes and types
        ("amass", {"poses": T((241, 99))}, r"poses is of shape \(241, 99\).*156.*165"),
        ("amass", {"trans": T((240, 3))}, r"trans is of shape \(240, 3\), not \(241, 3\)"),
        ("amass", {"betas": T(17)}, "17 shape components, the body model 16"),
        ("amass", {"gender": "femal"}, "gender 'femal'; did you mean 'female'"),
        ("bedlam", {"poses": T((N, 156))}, r"poses is of shape .*165"),
        ("humanml3d", {"array": T((N, 263))}, "new_joint_vecs.*import new_joints"),
        ("humanml3d", {"array": T((N, 24, 3))}, r"shape \(61, 24, 3\), not \(N, 22, 3\)"),
        ("human36m", h36m(T((N, 17, 3))), r"S1, Sitting: .*\(61, 17, 3\), not \(N, 32, 3\)"),
        ("human36m", {"positions_3d": T((N, 32, 3))}, "no dictionary of subjects"),
        ("human36m", {"positions_3d": np.array({"S9": {}}, dtype=object)}, "no subject S1; .*S9"),
        ("aist", {"smpl_poses": T((121, 66))}, r"smpl_poses is of shape \(121, 66\)"),
        ("aist", {"smpl_scaling": T(1)}, "smpl_scaling is 0.0, not above zero"),
        ("aist", {"smpl_trans": "here"}, "smpl_trans holds no numbers"),
        ("aist_keypoints", {"keypoints3d_optim": T((N, 25, 3))}, r"\(61, 25, 3\), not \(N, 17, 3"),
        ("rich", {"body_pose": T((1, 69))}, r"body_pose is of shape \(1, 69\), not \(1, 63\)"),
        # frames that are not finite
        ("amass", {"trans": a_nan(np.zeros((241, 3)))}, "1 frames of 241 .*first is frame 7"),
        ("bedlam", {"poses": a_nan(np.zeros((N, 165)))}, "1 frames of 61 with NaN"),
        ("humanml3d", {"array": a_nan(np.ones((41, 22, 3)))}, "1 frames of 41 with NaN"),
        ("human36m", h36m(a_nan(H36M)), "S1, Sitting: has 1 frames of 61 with NaN"),
        ("aist", {"smpl_trans": a_nan(np.zeros((121, 3)))}, "1 frames of 121 with NaN"),
        ("aist_keypoints", {"keypoints3d_optim": a_nan(np.ones((121, 17, 3)))}, "1 frames of 121"),
        ("rich", {"transl": [np.full((1, 3), np.nan if k == 3 else 1) for k in range(25)]},
         "1 frames of 25 with NaN"),
        # too short, too slow
        ("amass", {"poses": T((50, 156)), "trans": T((50, 3))}, "too short: 50 frames, 0.41 s"),
        ("amass", {"mocap_framerate": 2.0}, "2 frames a second; 10 to 1000"),
        ("bedlam", {"poses": T((9, 165)), "trans": T((9, 3))}, "too short: 9 frames"),
        ("human36m", h36m(H36M[:0]), "too short: 0 frames"),
        ("aist", {"smpl_poses": T((20, 72)), "smpl_trans": T((20, 3))}, "too short: 20 frames"),
        # worlds that are none
        ("rich", {"json": {"R": np.eye(3).tolist()[:2]}}, r"multicam2world.json, which .*shape"),
        ("rich", {"json": {"R": (-np.eye(3)).tolist()}}, "R is no rotation"),
        ("rich", {"json": {"t": ["a", "b", "c"]}}, "t holds no numbers"),
    ],
)  # fmt: skip
def test_what_is_not_as_published_is_named(name, changes, answer, publish, tmp_path):
    published = publish(name, **changes)
    message = refuse(published.importer, tmp_path / "out.npz")
    assert message.startswith(f"{published.path}: ")
    assert re.search(answer, message), message


@pytest.mark.parametrize("name", ["humanml3d", "human36m", "aist_keypoints"])
@pytest.mark.parametrize("scale", [100.0, 0.001])
def test_people_of_impossible_size_tell_a_wrong_unit(name, scale, publish, tmp_path):
    published = publish(name)
    for key, path in (("array", ".npy"), ("positions_3d", ".npz"), ("keypoints3d_optim", ".pkl")):
        if published.path.suffix == path:
            scale_file(published.path, key, scale)
    message = refuse(published.importer, tmp_path / "out.npz")
    assert "m tall (people are 0.9 to 2.5 m): the unit is wrong" in message


def scale_file(path, key, scale):
    if key == "array":
        np.save(path, np.load(path) * scale)
    elif key == "positions_3d":
        data = np.load(path, allow_pickle=True)[key].item()
        data = {s: {a: x * scale for a, x in actions.items()} for s, actions in data.items()}
        np.savez(path, positions_3d=np.array(data, dtype=object))
    else:
        data = pickle.loads(path.read_bytes())
        path.write_bytes(pickle.dumps(data | {key: data[key] * scale}))


def test_a_body_twice_as_large_as_people_is_refused(publish, tmp_path):
    betas = np.zeros(16)
    betas[1] = 1.0  # of the tests' model: everything twice as large
    message = refuse(publish("amass", betas=betas).importer, tmp_path / "out.npz")
    assert "shows a person 3.46 m tall" in message


@pytest.mark.parametrize("name", ["humanml3d", "human36m"])
def test_mirror_worlds_are_refused(name, publish, tmp_path):
    published = publish(name)
    if name == "humanml3d":
        np.save(published.path, np.load(published.path) * np.array([-1.0, 1, 1]))
    else:
        scale_file(published.path, "positions_3d", np.array([-1.0, 1, 1]))
    assert "is mirrored" in refuse(published.importer, tmp_path / "out.npz")


@pytest.mark.parametrize(
    ("name", "home"),
    [("amass", "mano"), ("bedlam", "smpl-x"), ("aist", "smpl.is"), ("rich", "smpl-x")],
)
def test_a_missing_body_model_is_refused_with_where_to_get_it(name, home, publish, tmp_path):
    published = publish(name)
    for folder in (None, tmp_path):
        importer = type(published.importer)(**vars(published.importer) | {"body_models": folder})
        message = refuse(importer, tmp_path / "out.npz")
        assert f"https://{home}" in message
        assert "licence (non-commercial scientific research)" in message
        assert "--body-models FOLDER" in message


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"J_regressor": ...}, "lacks J_regressor"),
        ({"J_regressor": np.eye(24)[:20]}, "has 20 joints, too few for SMPL"),
        ({"v_template": np.zeros((9, 2))}, r"v_template is of shape \(9, 2\)"),
    ],
)
def test_a_broken_body_model_is_refused_by_its_path(changes, answer, publish, tools, tmp_path):
    published = publish("aist")
    tools.body_model(tmp_path / "models", "smpl", "male", as_pickle=True, **changes)
    message = refuse(published.importer, tmp_path / "out.npz")
    assert re.search(f"SMPL_MALE.pkl, which {answer}", message), message


class Attack:
    """Runs a command when it is unpickled by `pickle.load`."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("name", ["aist", "human36m", "rich"])
def test_pickles_run_nothing(name, publish, tmp_path):
    attack = Attack(tmp_path / "attacked")
    published = publish(name)
    if name == "human36m":
        np.savez(published.path, positions_3d=np.array({"S1": attack}, dtype=object))
    else:
        path = published.path if name == "aist" else next(published.path.glob("*/*.pkl"))
        path.write_bytes(pickle.dumps({"smpl_poses": attack}))
    message = refuse(published.importer, tmp_path / "out.npz")
    assert "it asks for posix.mkdir; only numpy arrays and plain data are read" in message
    assert not attack.path.exists()


def test_a_bad_file_is_left_out_only_if_asked_for(publish, tmp_path, capsys):
    published = publish("humanml3d")
    bad = published.path.with_name("000022.npy")
    bad.write_bytes(b"")
    folder, out = str(published.path.parent), tmp_path / "out.npz"
    assert main(["import", "humanml3d", folder, "--out", str(out)]) == 2
    assert f"m2t3 import: {bad}: is empty" in capsys.readouterr().err
    assert not out.exists()
    assert main(["import", "humanml3d", folder, "--out", str(out), "--skip-bad"]) == 1
    told = capsys.readouterr().err
    assert f"left out {bad}: is empty" in told
    assert "1 clips" in told
    assert np.load(out)["clip_name"].tolist() == ["000021"]


def test_a_folder_of_mirror_images_alone_is_refused_with_why(publish, tmp_path):
    published = publish("humanml3d")
    folder = published.path.parent
    published.path.rename(folder / "M000021.npy")
    with pytest.raises(M2t3Error, match=rf"{folder}: .*M000021\.npy \(.*mirror images"):
        Import(format=type(published.importer)((folder,)), out=tmp_path / "out.npz").run()


def test_nothing_but_bad_files_is_an_error(publish, tmp_path):
    published = publish("humanml3d")
    published.path.write_bytes(b"")
    with pytest.raises(M2t3Error, match="nothing imported"):
        Import(format=published.importer, out=tmp_path / "out.npz", skip_bad=True).run()


@pytest.mark.parametrize(("out", "answer"), [("a.zip", "end in .npz"), ("no/a.npz", "no such f")])
def test_a_bad_output_is_refused_before_work_begins(out, answer, publish, tmp_path):
    with pytest.raises(M2t3Error, match=answer):
        Import(format=publish("humanml3d").importer, out=tmp_path / out).run()
