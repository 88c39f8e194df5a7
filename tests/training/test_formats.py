"""Every format is read, varied, seen, learned and lifted; its standing feet stand still."""

from pathlib import Path

import numpy as np
import pytest
import torch

from m2t3.__main__ import main
from m2t3.calibration.camera import Camera
from m2t3.core.skeletons import COCO17, HALPE26, SKELETONS, part
from m2t3.engines.loading import load_denoiser
from m2t3.engines.network import MotionDenoiser, NetworkConfig
from m2t3.engines.torch_engine import TorchDenoiser
from m2t3.lifting.features import feature_size
from m2t3.lifting.lifter import Lifter
from m2t3.lifting.people import Observation
from m2t3.lifting.representation import decode, motion_size
from m2t3.lifting.rig import project
from m2t3.realtime.demo_person import demo_motion
from m2t3.training.archive import JOINT_NAMES, read_archive
from m2t3.training.config import TrainConfig
from m2t3.training.recipe import read_recipe
from m2t3.training.windows.batches import WindowConfig, Windows
from m2t3.training.windows.bodies import BodyVariation, vary_bodies
from m2t3.training.windows.noise import DetectorNoise, observe

FPS = 30.0
CONFIGS = Path(__file__).parents[2] / "configs"
LEVEL = {"floor_m": 0.0, "platform": 0.0}
WALK = demo_motion(FPS)
FEET = ("ankle", "foot", "big_toe", "small_toe", "heel")

ALL = pytest.mark.parametrize("bones", SKELETONS.values(), ids=SKELETONS)


def mocap_joints():
    """The demo person's loop as an archive's 30 joints, (T, 30, 3), feet flat on the ground."""
    at = dict(zip(COCO17.joint_names, WALK.positions_world_m.transpose(1, 0, 2), strict=True))

    def middle(name):
        return 0.5 * (at[f"left_{name}"] + at[f"right_{name}"])

    across = (at["left_hip"] - at["right_hip"]) * [1, 1, 0]
    ahead = np.cross(across / np.linalg.norm(across, axis=1, keepdims=True), [0, 0, 1])
    at["pelvis"], at["neck"], at["head"] = middle("hip"), middle("shoulder"), middle("ear")
    at["head_top"] = at["head"] + [0, 0, 0.12]
    for i, share in enumerate((0.25, 0.5, 0.7), 1):
        at[f"spine{i}"] = at["pelvis"] + share * (at["neck"] - at["pelvis"])
    for s, side in enumerate(("left", "right")):
        held = ahead.copy()  # a standing foot does not turn with the hips
        for t in np.flatnonzero(WALK.stance[1:, s] & WALK.stance[:-1, s]) + 1:
            held[t] = held[t - 1]
        at[f"{side}_foot"] = at[f"{side}_ankle"] + 0.12 * held - [0, 0, 0.06]
        at[f"{side}_collar"] = 0.6 * at["neck"] + 0.4 * at[f"{side}_shoulder"]
        at[f"{side}_hand"] = 1.3 * at[f"{side}_wrist"] - 0.3 * at[f"{side}_elbow"]
    return np.stack([at[name] for name in JOINT_NAMES], axis=1)


def write_archive(path, joints):
    np.savez(
        path,
        root=joints[:, 0].astype(np.float32),
        joints=np.round((joints - joints[:, :1]) * 1e4).astype(np.int16),
        clip_start=np.array([0, len(joints)]),
        clip_name=np.array(["walk"]),
        clip_source=np.array(["made of sines, CC0"]),
        joint_name=np.array(JOINT_NAMES),
        fps=FPS,
    )
    return path


@pytest.fixture(scope="module")
def mocap_path(tmp_path_factory):
    return write_archive(tmp_path_factory.mktemp("mocap") / "thirty.npz", mocap_joints())


@pytest.fixture(scope="module")
def motion(mocap_path):
    """The loop in a format, (1, T, J, 3)."""
    return lambda bones: torch.from_numpy(read_archive(mocap_path, bones).positions_world_m)[None]


def vary(positions, bones, windows=8, **variation):
    generator = torch.Generator().manual_seed(2)
    body = BodyVariation(**{**LEVEL, **variation})
    soles = torch.zeros(windows)
    return vary_bodies(positions.repeat(windows, 1, 1, 1), bones, body, soles, generator)


def test_joints_that_an_archive_has_are_read_as_they_are(mocap_path):
    truth = mocap_joints()
    for bones in SKELETONS.values():
        found = read_archive(mocap_path, bones).positions_world_m
        for j, name in enumerate(bones.joint_names):
            if part(name) in (*FEET[:2], "hip", "knee", "shoulder", "wrist", "nose", "head_top"):
                expected = truth[:, JOINT_NAMES.index(name)]
                np.testing.assert_allclose(found[:, j], expected, atol=1e-4)


def test_flat_feet_get_toes_and_heels_level_with_the_toe_base_and_their_own_side_out(mocap_path):
    truth = mocap_joints()
    found = read_archive(mocap_path, HALPE26).positions_world_m
    for side, outward in (("left", 1), ("right", -1)):
        stands = WALK.stance[:, ("left", "right").index(side)]
        ankle, foot = (truth[stands, JOINT_NAMES.index(f"{side}_{j}")] for j in ("ankle", "foot"))
        ahead = (foot - ankle) * [1, 1, 0] / 0.12
        out = outward * np.cross([0, 0, 1], ahead)
        places = {}
        for joint in ("big_toe", "small_toe", "heel"):
            offset = found[stands][:, HALPE26.index(f"{side}_{joint}")[0]] - ankle
            places[joint] = [np.median((offset * a).sum(axis=1)) for a in (ahead, out, [0, 0, 1])]
        expected = {
            "big_toe": (0.18, -0.017, -0.06), "small_toe": (0.143, 0.05, -0.06),
            "heel": (-0.051, 0, -0.06),
        }  # fmt: skip
        for joint, place in expected.items():
            np.testing.assert_allclose(places[joint], place, atol=0.01)


@ALL
def test_no_variation_is_the_same_body(motion, bones):
    same = vary(motion(bones), bones, 1, size=0.0, proportion=0.0, width=0.0, mirror=0.0)
    torch.testing.assert_close(same, motion(bones), atol=2e-6, rtol=0)


@ALL
def test_bodies_of_other_proportions_keep_the_height_of_their_lowest_joint(motion, bones):
    varied = vary(motion(bones), bones, size=0.0)
    assert (varied - motion(bones)).norm(dim=-1).amax(dim=(0, 1)).min() > 0.02  # of every joint
    lowest, before = (p[..., 2].amin(dim=2) for p in (varied, motion(bones)))
    torch.testing.assert_close(lowest, before.expand_as(lowest), atol=2e-6, rtol=0)


@ALL
def test_a_standing_foot_stays_planted_on_another_body(motion, bones):
    varied = vary(motion(bones), bones, mirror=0.0)
    for s, side in enumerate(("left", "right")):
        stands = torch.from_numpy(WALK.stance[1:, s] & WALK.stance[:-1, s])
        foot = [i for i, n in enumerate(bones.joint_names) if n in {f"{side}_{j}" for j in FEET}]
        before, after = (p[:, :, foot].diff(dim=1).norm(dim=-1)[:, stands]
                         for p in (motion(bones), varied))  # fmt: skip
        slid_mm = 1000 * (after - before).flatten()
        assert slid_mm.mean() < 0.3
        assert slid_mm.quantile(0.99) < 3


@ALL
def test_bones_are_scaled_alike_on_both_sides_and_in_all_frames(motion, bones):
    """But for those that join two parts, whose length depends on the pose."""
    varied, before = vary(motion(bones), bones, mirror=0.0), motion(bones)
    limbs = {
        ("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"),
        ("ankle", "foot"), ("wrist", "hand"), ("ankle", "heel"), ("collar", "shoulder"),
    }  # fmt: skip
    for a, b in bones.bones:
        ends = tuple(part(bones.joint_names[i]) for i in (a, b))
        if ends in limbs:
            pairs = ((a, b), (bones.mirror[a], bones.mirror[b]))
            scales = torch.stack([
                (varied[:, :, i] - varied[:, :, j]).norm(dim=-1)
                / (before[:, :, i] - before[:, :, j]).norm(dim=-1)
                for i, j in pairs
            ])  # fmt: skip
            torch.testing.assert_close(
                scales, scales[:1, :, :1].expand_as(scales), atol=2e-3, rtol=0
            )
            assert scales[0, :, 0].std() > 0.02


@ALL
def test_limbs_disappear_and_swap_as_wholes(motion, bones):
    t, j = 24, bones.joint_count
    uv = torch.randn(64, t, j, 2, generator=torch.Generator().manual_seed(0))
    sides = [name.split("_")[0] if part(name) != name else "" for name in bones.joint_names]

    def detect(**faults):
        noise = DetectorNoise(
            exact=0.0, sigma=(1e-9, 1e-9), jump=0.0, missing=0.0, pitch_rad=0.0, cut_window=0.0,
            **{"swap_window": 0.0, "limb_window": 0.0, **faults},
        )  # fmt: skip
        generator = torch.Generator().manual_seed(1)
        return observe(uv, torch.ones(64), bones, noise, generator)

    _, _, seen = detect(limb_window=1.0)
    for s in ("left", "right"):
        for ends in (("elbow", "wrist", "hand"), FEET):
            limb = [i for i, n in enumerate(bones.joint_names) if sides[i] == s and part(n) in ends]
            assert (seen[..., limb] == seen[..., limb[:1]]).all()
            assert not seen[..., limb].all()
    swapped, _, _ = detect(swap_window=1.0)
    crossed = (swapped - uv).norm(dim=-1) > 1e-3
    torch.testing.assert_close(swapped[crossed], uv[:, :, list(bones.mirror)][crossed])
    for parts in (("hip", "knee", *FEET), ("collar", "shoulder", "elbow", "wrist", "hand")):
        limb = [i for i, name in enumerate(bones.joint_names) if part(name) in parts]
        assert (crossed[..., limb] == crossed[..., limb[:1]]).all()
        assert crossed[..., limb].any()
        assert not crossed[..., limb].all()


@ALL
def test_batches_are_whole_and_their_motion_is_their_projection(mocap_path, bones):
    archive = read_archive(mocap_path, bones)
    windows = Windows([archive], [1.0], bones, WindowConfig(batch=4, frames=10), seed=0)
    batch = windows.draw()
    assert batch.features.shape == (4, 10, feature_size(bones))
    assert batch.motion.shape == (4, 10, 4, motion_size(bones.joint_count))
    for value in (batch.features, batch.motion, batch.points_m):
        assert torch.isfinite(value).all()
    expected = project(batch.points_m, batch.axes, batch.centers_m)
    torch.testing.assert_close(
        decode(batch.motion, batch.distances_m), expected, atol=1e-4, rtol=1e-4
    )


@ALL
def test_a_random_network_of_the_format_answers_with_all_joints(motion, bones):
    # Without the ground term: random ankles, believed, carry the body off along its rays.
    config = NetworkConfig(
        skeleton=bones.name, width=32, heads=1, layers=1, memory_frames=4, stands=False
    )
    camera = Camera(
        name="wall", width_px=1280, height_px=720,
        K=np.array([[900.0, 0, 640], [0, 900, 360], [0, 0, 1]]), distortion_model="plumb_bob",
        distortion=np.zeros(5), R_world_camera=np.array([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]]),
        t_world_camera_m=np.array([-5.0, 0, 1.5]),
    )  # fmt: skip
    torch.manual_seed(0)
    lifter = Lifter(camera, TorchDenoiser(MotionDenoiser(config).eval()))
    for t, positions in enumerate(motion(bones)[0, :6].double().numpy()):
        px = camera.project(positions)
        seen = Observation(1, t / FPS, px, np.ones(bones.joint_count))
        (person,) = lifter.lift([seen]).people
        assert person.positions_world_m.shape == (bones.joint_count, 3)
        assert person.valid.all()
        assert np.linalg.norm(person.positions_world_m.mean(axis=0) - positions.mean(axis=0)) < 3


@pytest.mark.parametrize("name", SKELETONS)
def test_the_recipe_of_a_format_asks_for_it(name):
    recipe = read_recipe(CONFIGS / f"train_{name}.yaml", TrainConfig())
    assert recipe.network.skeleton == name


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Makes a short archive and trains for two steps by a format's recipe: archive, last.pt."""

    def run(name):
        folder = tmp_path_factory.mktemp(name)
        archive = write_archive(folder / "short.npz", mocap_joints()[:45])
        recipe = ["--recipe", str(CONFIGS / f"train_{name}.yaml"), "--archives", str(archive)]
        small = ["--network.width", "32", "--network.heads", "1", "--network.layers", "1"]
        short = ["--steps", "2", "--window.batch", "2", "--window.frames", "8", "--no-compile"]
        assert main(["train", "finetune", *recipe, *small, *short, "--out", str(folder)]) == 0
        return str(archive), str(folder / "last.pt")

    return run


@pytest.mark.parametrize("name", sorted(SKELETONS.keys() - {COCO17.name}))
def test_a_format_trains_by_its_recipe_and_is_measured(trained, name, capsys):
    archive, checkpoint = trained(name)
    assert main(["evaluate", "--checkpoint", checkpoint, "--mocap", archive]) == 0
    assert "exact 2D" in capsys.readouterr().out


@pytest.mark.slow
def test_a_format_is_exported(trained, tmp_path):
    _, checkpoint = trained("halpe26")
    command = [
        "train",
        "export",
        "--checkpoint",
        checkpoint,
        "--name",
        "feet",
        "--out",
        str(tmp_path),
    ]
    assert main(command) == 0
    assert load_denoiser(str(tmp_path / "feet")).shape.skeleton == HALPE26
