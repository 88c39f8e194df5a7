"""A humanoid follows people by forces: its model, how well it follows, and what ends nothing."""

import os
import threading
from itertools import pairwise

import msgspec
import numpy as np
import pytest

from m2t3.__main__ import main
from m2t3.clients import Frame
from m2t3.clients.embodied.command import Embody
from m2t3.clients.python import HumanoidBody
from m2t3.core.errors import M2t3Error, WireError
from m2t3.core.humanoid import humanoid
from m2t3.lifting.bodies.follower import Follower as BodyFollower
from m2t3.lifting.bodies.standard import standard
from m2t3.realtime.demo_person import demo_motion

pytest.importorskip("mujoco", reason='needs the extra "embodied"')
import mujoco
from PIL import Image
from PIL.ImageSequence import Iterator as Pictures

from m2t3.clients.embodied.clip import Clip, Film, Moment
from m2t3.clients.embodied.embodiment import Embodiment
from m2t3.clients.embodied.follower import Follower
from m2t3.clients.embodied.model import STEP_S, humanoid_model
from m2t3.clients.embodied.window import Window

HUMANOID = humanoid("coco17")
FPS = 30
STEP_NS, FRAME_NS = round(STEP_S * 1e9), 10**9 // FPS
UNKNOWN = np.full(2, np.nan, np.float32)


def streamed(joints_m):
    """The bodies that a stream would publish of somebody who has these joints, (T, 17, 3)."""
    follower = BodyFollower(standard("coco17"))
    sure = np.ones(17, np.float32)
    return [
        HumanoidBody(HUMANOID, follower.follow(n / FPS, joints, sure, UNKNOWN))
        for n, joints in enumerate(joints_m.astype(np.float32))
    ]


@pytest.fixture(scope="module")
def motion():
    """Bodies of the demo person: waves, turns and walks."""
    return streamed(demo_motion(FPS).positions_world_m[: 11 * FPS])


def follow(bodies, **how):
    """A follower after these bodies, and how far its joints were off at each, (T,) metres."""
    follower, off_m = Follower(bodies[0], UNKNOWN, **how), []
    for n, body in enumerate(bodies[1:], start=1):
        for _ in range(round(1 / FPS / STEP_S)):
            follower.step()
        joints_m = follower.joints_world_m(body.message.joint_offsets_m)
        off_m.append(np.nanmean(np.linalg.norm(joints_m - body.joints_world_m, axis=1)))
        follower.aim(body, UNKNOWN, n * FRAME_NS)
    return follower, np.array(off_m)


def test_a_model_has_the_mass_and_stands_in_t_pose_with_left_at_the_left(motion):
    model = humanoid_model(HUMANOID, motion[60].message.offsets_m.astype(float), 0.08, 70.0)
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    assert model.body_mass.sum() == pytest.approx(70.0)
    assert (model.body_mass[1:] > 0).all()
    assert (model.jnt_type[1:] == mujoco.mjtJoint.mjJNT_BALL).all()

    def at(bone):
        return data.xpos[model.body(bone).id]

    assert at("Head")[2] > at("Chest")[2] > at("Hips")[2] > at("LeftFoot")[2]
    assert at("LeftHand")[1] > 0.5
    assert at("RightHand")[1] < -0.5
    for side in ("Left", "Right"):
        foot = model.body(f"{side}Foot").geomadr[0]
        assert model.geom_pos[foot, 0] > 0.03, "toes are in front"
        assert model.geom_pos[foot, 2] - model.geom_size[foot, 2] == pytest.approx(-0.08)
        thigh, shank = (model.body(f"{side}{part}Leg").mass[0] for part in ("Upper", "Lower"))
        assert thigh / shank == pytest.approx(0.1447 / 0.0457, rel=1e-3)


def test_turned_bones_are_where_the_stream_has_them(motion):
    follower = Follower(motion[60], UNKNOWN)  # the right arm is up
    joints_m = follower.joints_world_m(motion[60].message.joint_offsets_m)
    np.testing.assert_allclose(joints_m, motion[60].joints_world_m, atol=1e-4)


def test_it_stands_on_the_floor_and_waves(motion):
    follower, off_m = follow(motion[30 : 4 * FPS])
    assert off_m[FPS:].mean() < 0.035
    assert follower.placed == 1
    assert follower.data.ncon > 0


def test_it_walks_by_forces_alone(motion):
    follower, off_m = follow(motion[6 * FPS :])
    assert off_m.mean() < 0.06
    assert follower.placed == 1, "never put anywhere"
    assert 0 < follower.hand_share <= 1


def test_without_the_hand_a_walk_is_a_fall(motion):
    _, off_m = follow(motion[6 * FPS :], hand=0.0)
    assert off_m.max() > 0.3


def test_who_is_somewhere_else_at_once_is_followed_there(motion):
    body = motion[60]
    there = elsewhere(body, 3.0)
    follower, _ = follow([body, body, there])
    assert follower.placed == 2
    np.testing.assert_allclose(follower.data.qpos[:3], there.root_world_m, atol=1e-6)


BAD = {
    "nowhere": {"root_world_m": np.full(3, np.nan, np.float32)},
    "no turn": {"rotations_xyzw": np.zeros((19, 4), np.float32)},
    "turns of NaN": {"rotations_xyzw": np.full((19, 4), np.nan, np.float32)},
    "bones of NaN": {"offsets_m": np.full((19, 3), np.nan, np.float32)},
    "giants": {"offsets_m": np.full((19, 3), 9.0, np.float32)},
}


@pytest.mark.parametrize("changes", BAD.values(), ids=BAD)
def test_bodies_that_cannot_be_are_refused_and_the_last_is_held(motion, changes):
    bad = HumanoidBody(HUMANOID, msgspec.structs.replace(motion[60].message, **changes))
    with pytest.raises(WireError):
        Follower(bad, UNKNOWN)
    follower, _ = follow([motion[60]] * 5)
    with pytest.raises(WireError):
        follower.aim(bad, UNKNOWN, 10**9)
    for _ in range(200):
        follower.step()
    np.testing.assert_allclose(follower.data.qpos[:3], motion[60].root_world_m, atol=0.03)


def frame(publisher, *people, **changes):
    """A frame of people, each an id and a body."""
    poses = [
        msgspec.structs.replace(
            publisher.person(id, body.joints_world_m.astype(np.float32)), body=body.message
        )
        for id, body in people
    ]
    publisher.humanoid = HUMANOID
    publisher.seq += 1
    message = msgspec.structs.replace(publisher.frame(*poses), **changes)
    return Frame(message, publisher.definition())


def elsewhere(body, x_m):
    message = msgspec.structs.replace(
        body.message, root_world_m=body.root_world_m + np.array([x_m, 0, 0], np.float32)
    )
    return HumanoidBody(HUMANOID, message)


def test_the_first_is_followed_until_gone_then_the_next(publisher, motion):
    one, two = motion[60], elsewhere(motion[60], 2.0)
    embodiment = Embodiment(None, 70.0, 1.0)
    assert embodiment.status(None) == "nobody in view whose body is known"
    embodiment.run_until(0)
    for n, people in enumerate([((1, one),), ((2, two), (1, one)), ((2, two),)]):
        embodiment.take(frame(publisher, *people))
        embodiment.run_until((n + 1) * FRAME_NS)
        assert embodiment.followed.id == (1, 1, 2)[n]
    said = embodiment.status(None)
    assert said.startswith("following 2; joints ")
    assert "put in place 1 times" in said
    assert "1.00 x real time" in said


def test_only_the_one_asked_for_is_followed_and_who_is_gone_is_held(publisher, motion):
    one, two = motion[60], elsewhere(motion[60], 2.0)
    embodiment = Embodiment(2, 70.0, 1.0)
    embodiment.take(frame(publisher, (1, one)))
    assert embodiment.follower is None
    embodiment.take(frame(publisher, (1, one), (2, two)))
    embodiment.run_until(0)
    embodiment.take(frame(publisher, (1, one)))
    embodiment.run_until(FRAME_NS)
    assert "holding still: person 2 is not in view" in embodiment.status(None)
    assert "holding still: no publisher" in embodiment.status("no publisher")
    np.testing.assert_allclose(embodiment.follower.data.qpos[0], two.root_world_m[0], atol=0.02)


def test_bad_bodies_are_counted_and_told(publisher, motion):
    embodiment = Embodiment(None, 70.0, 1.0)
    embodiment.take(frame(publisher, (1, motion[60])))
    bad = msgspec.structs.replace(motion[60].message, **BAD["no turn"])
    good = publisher.person(1, motion[60].joints_world_m.astype(np.float32))
    message = publisher.frame(msgspec.structs.replace(good, body=bad))
    embodiment.take(Frame(message, publisher.definition()))
    assert "refused 1 schema" in embodiment.status(None)
    assert embodiment.followed.id == 1


def test_time_that_the_machine_cannot_make_up_for_is_told(publisher, motion):
    embodiment = Embodiment(None, 70.0, 1.0)
    embodiment.run_until(0)
    embodiment.take(frame(publisher, (1, motion[60])))
    embodiment.run_until(10**9)
    assert embodiment.follower.data.time == pytest.approx(0.1, abs=2 * STEP_S)
    assert "0.10 x real time" in embodiment.status(None)


def test_the_command_follows_a_live_stream_through_garbage_and_draws_it(
    publisher, motion, capfd, tmp_path
):
    path, stop = tmp_path / "clip.webp", threading.Event()
    clip_or_skip(path)
    publisher.humanoid = HUMANOID
    good = publisher.person(1, motion[60].joints_world_m.astype(np.float32))
    good = msgspec.structs.replace(good, body=motion[60].message)

    def publish() -> None:
        while not stop.wait(1 / FPS):
            publisher.define()
            publisher.socket.send_multipart([b"m2t3.pose.cam0", b"garbage"])
            publisher.send(good)

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        assert Embody(connect=publisher.endpoint, seconds=1.7, record=path).run() == 0
    finally:
        stop.set()
        thread.join()
    out = capfd.readouterr().out
    assert "cam0: following 1; joints" in out
    with Image.open(path) as clip:
        assert clip.n_frames > 1
        colours = np.asarray(clip.convert("RGB")).reshape(-1, 3).astype(int)
    blue = (colours[:, 2] - colours[:, 0] > 60).sum()  # its left
    assert blue > 50


def test_what_cannot_be_shown_is_told(tmp_path, monkeypatch):
    with pytest.raises(M2t3Error, match=r"clip.mp4: the name ends with .gif or .webp"):
        Clip(tmp_path / "clip.mp4")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(M2t3Error, match="needs a display"):
        Window(threading.Event())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--mass-kg", "0"], "--mass-kg is 0; it is a number above 0"),
        (["--mass-kg", "nan"], "--mass-kg is nan"),
        (["--hand", "-1"], "--hand is -1; it is a number from 0 on"),
        (["--seconds", "0"], "--seconds is 0; it is a number above 0"),
        (
            ["--record", "nodir/clip.webp"],
            "--record nodir/clip.webp: there is no folder",
        ),
    ],
)
def test_what_cannot_be_is_refused_at_the_start(arguments, said, capsys):
    assert main(["embody", *arguments]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("ending", [".webp", ".gif"])
def test_a_clip_is_drawn_one_picture_after_another(motion, tmp_path, monkeypatch, ending):
    path = tmp_path / f"clip{ending}"
    clip = clip_or_skip(path)
    follower = Follower(motion[60], UNKNOWN)
    for n in range(4):
        qpos = follower.data.qpos.copy()
        qpos[0] += 0.1 * n
        clip._moments.append(Moment(follower.model, qpos, motion[60].joints_world_m))
    drawn = []
    monkeypatch.setattr(
        Film, "_render", lambda film, m, draw=Film._render: (drawn.append(m), draw(film, m))[1]
    )
    assert clip.write().startswith(f"{path}: 4 pictures")
    assert drawn[:4] == clip._moments
    with Image.open(path) as written:
        assert written.n_frames == 4
        pictures = [np.asarray(frame.convert("RGB"), int) for frame in Pictures(written)]
    assert all(abs(one - two).max() > 50 for one, two in pairwise(pictures))


def clip_or_skip(path):
    """A clip, where something can draw."""
    try:
        return Clip(path)
    except M2t3Error as error:
        required = os.environ.get("M2T3_TOOLCHAIN") == "required"  # .ci/run brings OSMesa
        (pytest.fail if required else pytest.skip)(str(error))


def test_a_person_who_is_found_to_be_taller_makes_a_taller_humanoid_in_the_same_place(motion):
    follower, _ = follow([motion[60]] * 5)
    before, at_m = follower.model, follower.data.qpos[:3].copy()
    message = motion[60].message
    taller = msgspec.structs.replace(message, offsets_m=message.offsets_m * np.float32(1.1))
    follower.aim(HumanoidBody(HUMANOID, taller), UNKNOWN, 10**9)
    assert follower.model is not before
    assert follower.placed == 1
    np.testing.assert_array_equal(follower.data.qpos[:3], at_m)
    chest = follower.model.body("Chest").id
    np.testing.assert_allclose(
        follower.model.body_pos[chest], taller.offsets_m[HUMANOID.bone_names.index("Chest")]
    )
