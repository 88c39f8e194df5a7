"""Bodies reproduce the joints, turn smoothly, keep their lengths and their feet."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from m2t3.core.humanoid import bone_poses, humanoid, joint_positions
from m2t3.core.skeletons import COCO17, SKELETONS
from m2t3.lifting.bodies.follower import Follower
from m2t3.lifting.bodies.standard import SOLE_M, standard
from m2t3.realtime.demo_person import demo_motion

FPS = 30.0
UNKNOWN = np.full(2, np.nan)
BONES = humanoid("coco17").bone_names
formats = pytest.mark.parametrize("skeleton", SKELETONS)


def follow(joints_m, skeleton="coco17", contact=None, follower=None, fps=FPS):
    """The bodies of successive frames."""
    follower = follower or Follower(standard(skeleton))
    sure = np.ones(joints_m.shape[1])
    contact = np.tile(UNKNOWN, (len(joints_m), 1)) if contact is None else contact
    return [
        follower.follow(t / fps, joints, sure, stands)
        for t, (joints, stands) in enumerate(zip(joints_m, contact, strict=True))
    ]


def posed(bodies, skeleton="coco17"):
    """Where the bodies have the joints, (T, J, 3)."""
    definition, found = humanoid(skeleton), []
    for body in bodies:
        arrays = (body.root_world_m, body.rotations_xyzw, body.offsets_m)
        poses = bone_poses(definition, *(array.astype(float) for array in arrays))
        found.append(joint_positions(definition, *poses, body.joint_offsets_m.astype(float)))
    return np.array(found)


def turned_deg(bodies):
    """By how much each bone turned from frame to frame, (T - 1, B); q and -q are far apart."""
    dots = [(a.rotations_xyzw * b.rotations_xyzw).sum(axis=1) for a, b in pairwise(bodies)]
    return np.degrees(2 * np.arccos(np.clip(dots, -1, 1)))


def angles_deg(body, bone):
    """The bone's local rotation as a rotation vector."""
    return Rotation.from_quat(body.rotations_xyzw[BONES.index(bone)]).as_rotvec(degrees=True)


def dancer(skeleton, frames=150, scale=1.0):
    """Joints (T, J, 3) of a standard body of another size whose bones all swing, and its turns."""
    known, rng = standard(skeleton), np.random.default_rng(3)
    t = np.arange(frames)[:, None] / FPS
    swing = {"Upper": (0.5, 0.5, 0.2), "Lower": (0.0, 0.0, 0.0), "Foot": (0.1, 0.3, 0.1)}
    turns = np.zeros((len(known.bone_names), frames, 4))
    for b, name in enumerate(known.bone_names):
        reach = next((swing[key] for key in swing if key in name), (0.1, 0.1, 0.1))
        vector = np.array(reach) * np.sin(t * rng.uniform(1, 3, 3) + rng.uniform(0, 6, 3))
        if "Lower" in name:
            vector = known.habits.hinge[b] * (0.9 + 0.6 * np.sin(2 * t))
        if name == "Hips":
            vector = np.concatenate([vector[:, :2], 0.4 * t], axis=1)
        turns[b] = Rotation.from_rotvec(vector).as_quat()
    root = np.concatenate([0.3 * t, 0.0 * t, scale * (1.0 + 0.0 * t)], axis=1)
    offsets = np.repeat(scale * known.offsets_m[:, None], frames, axis=1)
    poses = bone_poses(humanoid(skeleton), root, turns, offsets)
    places = np.repeat(scale * known.joint_offsets_m[:, None], frames, axis=1)
    return joint_positions(humanoid(skeleton), *poses, places).swapaxes(0, 1)


@formats
def test_a_standard_person_in_the_t_pose_turns_no_bone(skeleton):
    joints_m = standard(skeleton).t_pose_m()
    body = follow(np.repeat(joints_m[None], 10, axis=0), skeleton)[-1]
    turn_deg = np.degrees(2 * np.arccos(np.minimum(np.abs(body.rotations_xyzw[:, 3]), 1)))
    assert turn_deg.max() < 5
    assert body.heading_rad == pytest.approx(0, abs=0.02)
    np.testing.assert_allclose(posed([body], skeleton)[0], joints_m, atol=0.006)


@formats
@pytest.mark.parametrize("scale", [1.0, 0.7])
def test_forward_kinematics_gives_back_the_joints(skeleton, scale):
    joints_m = dancer(skeleton, scale=scale)
    bodies = follow(joints_m, skeleton)
    apart_mm = 1e3 * np.linalg.norm(posed(bodies, skeleton) - joints_m, axis=-1)
    settled = apart_mm[60:, standard(skeleton).explained]
    assert np.percentile(settled, 95) < 5
    assert settled.mean() < 2


def test_a_limb_seen_late_has_its_own_length_and_a_usual_one_before():
    joints_m = dancer("coco17", scale=1.1)
    late = COCO17.index("left_knee", "right_knee", "left_ankle", "right_ankle")
    joints_m[:100, late] = np.nan
    bodies = follow(joints_m)
    shin = BONES.index("LeftFoot")
    length_m = [np.linalg.norm(body.offsets_m[shin]) for body in bodies]
    truth_m = np.linalg.norm(np.subtract(*joints_m[-1][list(late[::2])]))
    assert length_m[50] == pytest.approx(truth_m, rel=0.1)
    assert length_m[-1] == pytest.approx(truth_m, rel=0.01)


def test_a_walking_person_is_followed_to_the_millimetre_and_without_jumps():
    motion = demo_motion(FPS)
    bodies = follow(motion.positions_world_m)
    apart_mm = 1e3 * np.linalg.norm(posed(bodies) - motion.positions_world_m, axis=-1)[90:]
    assert np.percentile(apart_mm, 99) < 5
    assert turned_deg(bodies).max() < 20  # a swinging shin's 500 degrees a second


def test_lengths_settle_at_the_persons_own_and_then_hold():
    motion = demo_motion(FPS)
    bodies = follow(motion.positions_world_m)
    shin, forearm = BONES.index("LeftFoot"), BONES.index("RightHand")
    for body in bodies[60:]:
        assert abs(body.offsets_m[shin, 2] + 0.425) < 1e-3
        assert abs(body.offsets_m[forearm, 1] + 0.255) < 1e-3
    late = np.array([body.offsets_m for body in bodies[300:]])
    assert np.ptp(late, axis=0).max() < 0.005


def test_one_wild_frame_moves_no_length_that_is_settled():
    joints_m = demo_motion(FPS).positions_world_m[:200].copy()
    before = follow(joints_m[:150])[-1].offsets_m
    joints_m[150, COCO17.index("left_wrist")] += 1.0
    after = follow(joints_m[:152])[-1].offsets_m
    assert np.abs(after - before).max() < 2e-3


def test_elbows_and_knees_bend_the_way_they_do():
    joints_m = demo_motion(FPS).positions_world_m
    bodies = follow(joints_m)
    elbows = [angles_deg(body, "LeftLowerArm") for body in bodies[30:]]
    knees = [angles_deg(body, "RightLowerLeg") for body in bodies[30:]]
    assert max(turn[2] for turn in elbows) < 8  # bends about -z
    assert min(turn[1] for turn in knees) > -8  # bends about +y
    assert np.abs([turn[[0, 2]] for turn in knees]).max() < 20  # and about little else


def test_an_arm_that_trembles_about_straight_does_not_twist():
    rng = np.random.default_rng(1)
    joints_m = np.repeat(standard("coco17").t_pose_m()[None], 120, axis=0)
    joints_m += rng.normal(scale=0.004, size=joints_m.shape)
    bodies = follow(joints_m)
    arms = [BONES.index(bone) for bone in BONES if bone.endswith("Arm")]
    assert turned_deg(bodies)[10:, arms].max() < 15
    assert abs(angles_deg(bodies[-1], "LeftUpperArm")[1]) < 30


def test_quaternions_keep_their_sign_through_many_turns():
    joints_m = standard("coco17").t_pose_m()
    angle = np.arange(240) * 0.1
    spun = np.array([joints_m @ Rotation.from_euler("z", a).as_matrix().T for a in angle])
    bodies = follow(spun)
    assert turned_deg(bodies).max() < 15
    heading = np.unwrap([body.heading_rad for body in bodies])
    np.testing.assert_allclose(heading, angle, atol=0.05)


def test_a_somersault_is_followed_and_the_heading_outlasts_the_handstand():
    joints_m = standard("coco17").t_pose_m()
    centre = np.array([0.0, 0.0, 0.9])
    pitch = np.arange(80) * 2 * np.pi / 60
    tumbling = [
        (joints_m - centre) @ Rotation.from_euler("y", a).as_matrix().T + centre + (0, 0, 1.0)
        for a in pitch
    ]
    bodies = follow(np.array(tumbling))
    apart_mm = 1e3 * np.linalg.norm(posed(bodies) - tumbling, axis=-1)
    assert np.percentile(apart_mm[20:], 95) < 10
    assert turned_deg(bodies)[5:].max() < 15
    upright = np.cos(pitch) > 0.3
    headings = np.array([body.heading_rad for body in bodies])[upright]
    assert np.abs(headings).max() < 0.2


def test_a_standing_foot_is_held_and_let_go_without_a_jump():
    rng = np.random.default_rng(0)
    joints_m = np.repeat(standard("coco17").t_pose_m()[None], 120, axis=0)
    wander = np.cumsum(rng.normal(scale=0.002, size=(120, 3)), axis=0)
    wander -= wander[0]
    legs = list(COCO17.index("left_ankle"))
    joints_m[:, legs] += wander[:, None]
    contact = np.tile((0.95, 0.95), (120, 1))
    contact[90:, 0] = 0.05
    feet = posed(follow(joints_m, contact=contact))[:, legs[0]]
    seen = np.linalg.norm(np.diff(joints_m[:90, legs[0]], axis=0), axis=1).mean()
    slid = np.linalg.norm(np.diff(feet[20:90], axis=0), axis=1).mean()
    assert slid < 0.3 * seen
    held_off = np.linalg.norm(feet[89] - joints_m[89, legs[0]])
    steps = np.linalg.norm(np.diff(feet[88:], axis=0), axis=1)
    assert steps.max() < 0.25 * held_off + 0.006  # it fades
    np.testing.assert_allclose(feet[-1], joints_m[-1, legs[0]], atol=0.01)


def test_the_root_is_where_the_joints_have_it_even_while_feet_are_held():
    motion = demo_motion(FPS)
    rng = np.random.default_rng(2)
    joints_m = motion.positions_world_m.copy()
    joints_m[:, list(COCO17.ankles)] += rng.normal(scale=0.01, size=(len(joints_m), 2, 3))
    bodies = follow(joints_m, contact=motion.stance.astype(float))
    root = joints_m[:, list(COCO17.hips)].mean(axis=1)
    off_mm = 1e3 * np.linalg.norm(root - [body.root_world_m for body in bodies], axis=1)
    assert off_mm[30:].mean() < 5


@formats
def test_nothing_goes_under_the_floor(skeleton):
    joints_m = np.repeat(standard(skeleton).t_pose_m()[None], 60, axis=0)
    joints_m[..., 2] -= SOLE_M + np.linspace(0, 0.1, 60)[:, None]
    found = posed(follow(joints_m, skeleton), skeleton)
    assert found[..., 2].min() > -1e-3
    steps = np.linalg.norm(np.diff(found, axis=0), axis=-1)
    assert steps[5:].max() < 0.02


def test_a_missing_wrist_leaves_the_rest_as_it_is():
    joints_m = demo_motion(FPS).positions_world_m[:90].copy()
    joints_m[30:60, COCO17.index("right_wrist")] = np.nan
    bodies = follow(joints_m)
    found = posed(bodies)
    assert np.isfinite(found).all()
    others = [j for j in range(17) if j != COCO17.index("right_wrist")[0]]
    apart_mm = 1e3 * np.linalg.norm(found - joints_m, axis=-1)[40:, others]
    assert np.percentile(apart_mm, 95) < 6
    assert turned_deg(bodies)[5:59].max() < 15


def test_without_a_trunk_there_is_no_body_and_its_lengths_outlast_the_gap():
    joints_m = demo_motion(FPS).positions_world_m[:120].copy()
    joints_m[60:90, COCO17.index("left_hip")] = np.nan
    bodies = follow(joints_m)
    assert [body is None for body in bodies] == [60 <= t < 90 for t in range(120)]
    assert np.abs(bodies[90].offsets_m - bodies[59].offsets_m).max() < 2e-3


@pytest.mark.parametrize("value", [0.0, 1e3, np.inf, np.nan])
def test_joints_that_are_no_person_raise_nothing_and_publish_no_nan(value):
    joints_m = demo_motion(FPS).positions_world_m[:20].copy()
    joints_m[10] = value
    joints_m[12] *= 1e4
    joints_m[14, 3:] = joints_m[14, :14].copy()
    bodies = follow(joints_m)
    assert bodies[10] is None
    assert all(np.isfinite(body.rotations_xyzw).all() for body in bodies if body is not None)
    assert bodies[-1] is not None


def test_a_person_who_jumps_through_the_room_begins_a_new_pose_there():
    joints_m = demo_motion(FPS).positions_world_m[:60].copy()
    joints_m[30:] += (3.0, 0.0, 0.0)
    apart_mm = 1e3 * np.linalg.norm(posed(follow(joints_m)) - joints_m, axis=-1)
    assert apart_mm[30].max() < 20


def test_the_frame_rate_does_not_matter():
    motion = demo_motion(120.0)
    bodies = follow(motion.positions_world_m[:600], fps=120.0)
    apart_mm = 1e3 * np.linalg.norm(posed(bodies) - motion.positions_world_m[:600], axis=-1)[200:]
    assert np.percentile(apart_mm, 99) < 5
    assert turned_deg(bodies).max() < 15


def test_lengths_settle_at_any_frame_rate():
    """What a network is off by comes and goes within a second; a minute of it hardly shows."""
    standing_m, spread_m = demo_motion(FPS).positions_world_m[0], {}
    for fps in (30, 240):
        rng, error, shins_m = np.random.default_rng(0), np.zeros((17, 3)), []
        follower, lasting = Follower(standard("coco17")), math.exp(-1 / fps)
        for t in range(12 * fps):
            new = rng.normal(scale=0.04 * math.sqrt(1 - lasting**2), size=(17, 3))
            error = lasting * error + new
            body = follower.follow(t / fps, standing_m + error, np.ones(17), UNKNOWN)
            shins_m.append(np.linalg.norm(body.offsets_m[BONES.index("LeftFoot")]))
        spread_m[fps] = np.ptp(shins_m[6 * fps :])
    assert spread_m[240] < 1.5 * spread_m[30]
