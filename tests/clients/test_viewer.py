"""The viewer without a browser: solids, floor, and what lands in viser's scene."""

import dataclasses
import io
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest

from m2t3.__main__ import main
from m2t3.clients import Frame, Person, PoseSubscriber
from m2t3.clients.meter import Meter
from m2t3.clients.python import HumanoidBody
from m2t3.clients.viewer.figure import (
    RADIUS_M,
    Figure,
    ball_mesh,
    cone_mesh,
    mass,
    mass_line,
    palette,
    turns_from_z,
)
from m2t3.clients.viewer.floor import VIEW_REACH_M, text_on_floor, view_on_floor
from m2t3.clients.viewer.soundness import fault
from m2t3.clients.viewer.trails import TRAIL_S, Trails
from m2t3.core.errors import RecordingError
from m2t3.core.humanoid import humanoid
from m2t3.core.messages import Preview
from m2t3.core.skeletons import COCO17
from m2t3.core.topics import DEFINITION, POSE
from m2t3.core.wire import pack, unpack
from m2t3.lifting.bodies.follower import Follower
from m2t3.lifting.bodies.standard import standard

pytest.importorskip("viser")
from PIL import Image

from m2t3.clients.viewer.app import App
from m2t3.clients.viewer.picture import decoded
from m2t3.clients.viewer.player import Player
from m2t3.clients.viewer.playhead import Playhead
from m2t3.core.message_log import Recorded

LEFT_ELBOW, LEFT_WRIST = COCO17.index("left_elbow", "left_wrist")
ADDED = 3  # pelvis, neck, head


def person_of(publisher, positions, person_id=0):
    pose = publisher.person(person_id, positions)
    names = COCO17.joint_names
    return Person(
        pose.id, names, pose.positions_world_m, pose.confidence, pose.valid, pose.contact, None
    )


def turned_z(quaternion_wxyz):
    w, x, y, z = quaternion_wxyz
    return np.array([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)])


def test_turns_take_z_to_any_direction():
    directions = np.random.default_rng(0).normal(size=(50, 3))
    directions = np.vstack([directions, [(0, 0, 1), (0, 0, -1), (1, 0, 0)]])
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    turns = turns_from_z(directions)
    np.testing.assert_allclose([turned_z(turn) for turn in turns], directions, atol=1e-9)


@pytest.mark.parametrize("mesh", [ball_mesh, cone_mesh])
def test_faces_look_outwards(mesh):
    vertices, faces = mesh()
    corners = vertices[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    outwards = corners.mean(axis=1) * ((1, 1, 1) if mesh is ball_mesh else (1, 1, 0))
    assert (np.einsum("ni,ni->n", normals, outwards) >= -1e-12).all()


def test_a_limb_reaches_from_joint_to_joint(publisher):
    figure = Figure(publisher.definition())
    person = person_of(publisher, publisher.standing())
    limbs = figure.limbs(figure.joints_world_m(person), palette(0))
    starts = np.linalg.norm(limbs.positions_world_m - person["left_elbow"], axis=1)
    forearm = np.flatnonzero(starts < 1e-6)[0]
    end = limbs.positions_world_m[forearm] + limbs.scales_m[forearm, 2] * turned_z(
        limbs.quaternions_wxyz[forearm]
    )
    np.testing.assert_allclose(end, person["left_wrist"], atol=1e-6)
    np.testing.assert_array_equal(limbs.colours[forearm], palette(0).left)


def test_joints_that_are_not_valid_are_not_drawn(publisher):
    figure = Figure(publisher.definition())
    hidden = publisher.standing(3.0, 3.0)
    whole = person_of(publisher, hidden.copy())
    hidden[LEFT_WRIST] = np.nan
    person = person_of(publisher, hidden)
    drawn = [figure.balls(figure.joints_world_m(p), palette(0)) for p in (whole, person)]
    limbs = [figure.limbs(figure.joints_world_m(p), palette(0)) for p in (whole, person)]
    assert [len(balls.positions_world_m) for balls in drawn] == [17 + ADDED, 16 + ADDED]
    assert len(limbs[0].positions_world_m) - len(limbs[1].positions_world_m) == 1
    assert np.isfinite(drawn[1].positions_world_m).all()
    assert (drawn[1].positions_world_m[:, 0] > 2).all(), "nothing at the origin"
    assert drawn[1].scales_m.max() == RADIUS_M["head"]


def test_another_skeleton_is_drawn_too(publisher):
    publisher.joint_names = ("pelvis", "a", *(f"joint_{i}" for i in range(15)))
    figure = Figure(publisher.definition())
    joints = figure.joints_world_m(person_of(publisher, publisher.standing()))
    assert joints.shape == (17, 3)
    assert len(figure.limbs(joints, palette(1)).positions_world_m) == len(COCO17.bones)


def test_the_camera_sees_the_floor_where_its_rays_meet_it(publisher):
    segments = view_on_floor(publisher.camera)  # level, 1.6 m above (-4, 0), looks along +x
    nearest = segments[..., 0].min()
    assert nearest == pytest.approx(-4.0 + 1.6 * 900 / 360)
    assert np.abs(segments[..., 2]).max() < 1e-9
    assert np.linalg.norm(segments - publisher.camera.translation_m, axis=-1).max() < VIEW_REACH_M


def test_what_the_floor_says_is_upright_for_the_reader():
    across = text_on_floor("1", (2.0, 3.0), 0.2, yaw_rad=np.pi / 2)  # reader looks along +y
    np.testing.assert_allclose(across, [[(2.05, 3.2, 0), (2.05, 3.0, 0)]], atol=1e-9)


def test_trails_grow_fade_and_end(publisher):
    trails = Trails()
    walkers = [person_of(publisher, publisher.standing(0.1 * step)) for step in range(5)]
    for step, walker in enumerate(walkers):
        trails.add([walker], float(step))
    points, colours = trails.segments()
    np.testing.assert_allclose(points[:, 0, 0], [0, 0.1, 0.2, 0.3], atol=1e-6)
    np.testing.assert_array_equal(colours[-1, 1], palette(0).left)
    assert (colours[0, 0] != colours[-1, 1]).any()
    trails.add([walkers[-1]], TRAIL_S + 2.5)
    assert len(trails.segments()[0]) == 1
    trails.add([], TRAIL_S + 3)
    assert len(trails.segments()[0]) == 0


@pytest.fixture
def app(publisher):
    with PoseSubscriber(publisher.endpoint, previews=True) as poses:
        app = App([poses], "127.0.0.1", 0)
        publisher.meet(poses)
        yield app
        app.stop()


def jpeg_of(picture):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG")
    return file.getvalue()


def shown(app, name):
    return app.server.scene.get_handle_by_name(name)


def step_until(app, condition, deadline_s=20.0):
    until = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < until, "did not happen in time"
        app.step()


def test_people_land_in_the_scene_and_vanish_when_they_leave(app, publisher):
    publisher.send(publisher.person(0), publisher.person(5, publisher.standing(2.0, 1.0)))
    app.step()
    balls = shown(app, "/people/balls")
    assert balls.batched_positions.shape == (2 * (17 + ADDED), 3)
    assert balls.batched_colors.shape == balls.batched_scales.shape == balls.batched_positions.shape
    head = publisher.standing(2.0, 1.0)[list(COCO17.index("left_ear", "right_ear"))].mean(axis=0)
    assert np.linalg.norm(balls.batched_positions - head, axis=1).min() < 1e-6

    publisher.send(publisher.person(0), publisher.person(5, state="left"))
    app.step()
    assert balls.batched_positions.shape == (17 + ADDED, 3)

    step_until(app, lambda: len(balls.batched_positions) == 0)  # silence: nobody is shown


def test_the_camera_stands_where_the_definition_says(app, publisher):
    publisher.send()
    app.step()
    picture = shown(app, "/camera/picture")
    np.testing.assert_allclose(picture.position, (-4.0, 0.0, 1.6))
    np.testing.assert_allclose(picture.wxyz, (0.5, -0.5, 0.5, -0.5))
    assert picture.fov == pytest.approx(2 * np.arctan(360 / 900))
    assert picture.aspect == pytest.approx(1280 / 720)


def test_what_the_camera_sees_is_shown_while_it_is_new(app, publisher, monkeypatch):
    publisher.send()
    app.step()
    frustum = shown(app, "/camera/picture")
    red = np.zeros((48, 64, 3), np.uint8)
    red[..., 0] = 255
    publisher.show((64, 48), jpeg_of(red))
    step_until(app, lambda: frustum.image is not None)
    assert frustum.image.shape == (48, 64, 3)
    assert frustum.image[..., 0].min() > 240
    assert frustum.image[..., 1].max() < 16
    step_until(app, lambda: app.panel.meters[0].picture.visible)
    assert app.panel.meters[0].picture.image is frustum.image
    monkeypatch.setattr("m2t3.clients.viewer.stream_view.PICTURE_S", 0.0)
    app.step()
    assert frustum.image is None
    step_until(app, lambda: not app.panel.meters[0].picture.visible)


@pytest.mark.parametrize("said", [(64, 47), (1280, 1280)])
def test_a_picture_that_is_not_what_it_says_is_not_decoded(said):
    preview = Preview(
        stream="cam0", session="s", seq=0, t_capture_ns=0, clock="media", image_size_px=(64, 48),
        jpeg=jpeg_of(np.zeros((48, 64, 3), np.uint8)),
    )  # fmt: skip
    assert decoded(preview).shape == (48, 64, 3)
    assert decoded(msgspec.structs.replace(preview, image_size_px=said)) is None
    for jpeg in (b"GIF89a", preview.jpeg[:40], preview.jpeg[:200], b"\xff\xd8\xff\xd9"):
        assert decoded(msgspec.structs.replace(preview, jpeg=jpeg)) is None


def test_a_picture_that_claims_to_fill_the_memory_is_not_decoded():
    jpeg = bytearray(jpeg_of(np.zeros((48, 64, 3), np.uint8)))
    size = jpeg.index(b"\xff\xc0") + 5
    jpeg[size : size + 4] = b"\xff\x00\xff\x00"
    preview = Preview(
        stream="cam0", session="s", seq=0, t_capture_ns=0, clock="media",
        image_size_px=(64, 48), jpeg=bytes(jpeg),
    )  # fmt: skip
    assert decoded(preview) is None


def test_only_who_asks_for_previews_gets_them(publisher):
    with (
        PoseSubscriber(publisher.endpoint, previews=True) as asks,
        PoseSubscriber(publisher.endpoint) as does_not,
    ):
        publisher.meet(asks)
        publisher.meet(does_not)
        publisher.show((64, 48), jpeg_of(np.zeros((48, 64, 3), np.uint8)))
        publisher.send()
        assert asks.wait(20) is not None
        assert does_not.wait(20) is not None
        assert asks.preview.image_size_px == (64, 48)
        assert does_not.preview is None


def test_the_viewer_goes_on_after_a_restart_of_the_publisher(app, publisher):
    publisher.send(publisher.person(0))
    app.step()
    publisher.restart("s2")
    publisher.meet(app.views[0].poses)
    publisher.send(publisher.person(0, publisher.standing(3.0)))
    balls = shown(app, "/people/balls")
    step_until(app, lambda: (balls.batched_positions[:, :1] > 2.9).any())
    assert app.views[0].poses.restarts == 1
    assert balls.batched_positions[:, 0] == pytest.approx(3.0)


def test_the_panel_tells_how_the_stream_is(app, publisher):
    step_until(app, lambda: "has no keypoints" in app.panel.meters[0].numbers.content)
    publisher.send(publisher.person(0))
    step_until(app, lambda: ">5.0</span> ms" in app.panel.meters[0].numbers.content)
    assert "cam0 · test" in app.panel.meters[0].numbers.content


def test_nobody_can_ask_for_a_public_tunnel(app):
    assert app.server.request_share_url() is None


def body_of(publisher, joints_m):
    """The body of somebody who stands there, as a stream would publish it."""
    follower = Follower(standard("coco17"))
    sure = np.ones(len(joints_m), np.float32)
    for frame in range(30):
        body = follower.follow(frame / 30, joints_m, sure, np.full(2, np.nan, np.float32))
    return HumanoidBody(humanoid("coco17"), body)


def test_the_centre_of_mass_is_above_the_feet_and_behind_the_navel(publisher):
    centre = body_of(publisher, publisher.standing(2.0, 1.0)).centre_of_mass_world_m
    np.testing.assert_allclose(centre[:2], (2.0, 1.0), atol=0.04)
    assert 0.88 < centre[2] < 1.05


def test_a_raised_arm_raises_the_centre_of_mass(publisher):
    down, up = publisher.standing(), publisher.standing()
    up[COCO17.index("left_elbow")[0], 2] = 1.7
    up[LEFT_WRIST, 2] = 1.95
    lift_m = np.diff(
        [body_of(publisher, joints).centre_of_mass_world_m[2] for joints in (down, up)]
    )
    # 2.6 % of the mass go up by 0.3 m, 2.1 % by 0.9 m
    assert lift_m[0] == pytest.approx(0.027, abs=0.008)


def test_a_standing_foot_has_a_larger_and_whiter_print(publisher):
    figure = Figure(publisher.definition())
    person = dataclasses.replace(
        person_of(publisher, publisher.standing()), contact=np.array([0.9, 0.1], np.float32)
    )
    prints = figure.prints(person, figure.joints_world_m(person), palette(0))
    assert (prints.positions_world_m[:, 2] == 0).all()
    assert prints.scales_m[0, 0] > 1.5 * prints.scales_m[1, 0]
    assert prints.colours[0].astype(int).sum() > prints.colours[1].astype(int).sum()


def test_a_person_with_a_body_is_drawn_as_the_body_unless_asked_otherwise(publisher):
    publisher.humanoid = humanoid("coco17")
    figure, joints_m = Figure(publisher.definition()), publisher.standing()
    body = body_of(publisher, joints_m)
    joints_m[LEFT_WRIST] += (0.1, 0.0, 0.0)  # found elsewhere than a forearm of that length allows
    person = dataclasses.replace(person_of(publisher, joints_m), body=body)
    np.testing.assert_allclose(figure.joints_world_m(person)[:17], body.joints_world_m, atol=1e-6)
    np.testing.assert_allclose(figure.joints_world_m(person, of_body=False)[:17], joints_m)
    toes = figure.joints_world_m(person)[-2:]
    assert (toes[:, 0] > 0.1).all()
    assert (toes[:, 2] < 0.08).all()
    assert len(mass(person).positions_world_m) == len(mass_line(person).positions_world_m) + 1
    assert len(mass(person_of(publisher, joints_m)).positions_world_m) == 0


NO_K = (0.0,) * 9
HOSTILE = {
    "singular K": {"K": NO_K},
    "K of NaN": {"K": (float("nan"),) * 9},
    "projective K": {"K": (900.0, 0.0, 640.0, 0.0, 900.0, 360.0, 1.0, 1.0, 0.0)},
    "nowhere": {"translation_m": (float("inf"), 0.0, 0.0)},
    "no turn": {"quaternion_xyzw": (0.0, 0.0, 0.0, 0.0)},
}


@pytest.mark.parametrize("changes", HOSTILE.values(), ids=HOSTILE)
def test_a_camera_that_cannot_be_is_told_and_ends_nothing(app, publisher, changes):
    good = publisher.camera
    publisher.camera = msgspec.structs.replace(good, **changes)
    redefine(app, publisher)
    publisher.send(publisher.person(0))
    numbers = app.panel.meters[0].numbers
    step_until(app, lambda: "the camera" in numbers.content)
    assert shown(app, "/people/balls").batched_positions.shape == (0, 3)

    publisher.camera = good
    redefine(app, publisher)
    publisher.send(publisher.person(0))
    step_until(app, lambda: len(shown(app, "/people/balls").batched_positions) > 0)
    step_until(app, lambda: "cam0 · test" in numbers.content)


def redefine(app, publisher):
    """The publisher says something else than before, until it is heard."""
    poses, def_id = app.views[0].poses, publisher.definition().def_id
    deadline = time.monotonic() + 20
    while poses.definition is None or poses.definition.def_id != def_id:
        assert time.monotonic() < deadline
        publisher.define()
        time.sleep(0.02)


def test_bones_of_joints_that_are_not_there_are_a_fault(publisher):
    definition = publisher.definition()
    assert fault(definition) is None
    for field in ("bones", "left_right"):
        bad = msgspec.structs.replace(definition, **{field: ((0, 1), (3, 17))})
        assert fault(bad) == f"{field} has the pair (3, 17), but there are only 17 joints"


def test_two_streams_are_drawn_in_one_room(publisher):
    other = type(publisher)(stream="cam1")
    try:
        with (
            PoseSubscriber(publisher.endpoint) as first,
            PoseSubscriber(other.endpoint, "cam1") as second,
        ):
            app = App([first, second], "127.0.0.1", 0)
            publisher.meet(first)
            other.meet(second)
            publisher.send(publisher.person(1))
            other.send(other.person(1, other.standing(2.0)), other.person(2, other.standing(3.0)))
            step_until(app, lambda: len(shown(app, "/cam1/people/balls").batched_positions) > 30)
            assert len(shown(app, "/people/balls").batched_positions) == 17 + ADDED
            options = ("nobody", "cam0 1", "cam1 1", "cam1 2")
            step_until(app, lambda: app.panel.follow.options == options)
            app.stop()
    finally:
        other.close()


def recorded(publisher, seconds=2.0, fps=30):
    """What a recorder would have written: somebody who walks along x, 1 m a second."""
    definition = publisher.definition()
    yield Recorded(DEFINITION.name("cam0"), pack(DEFINITION, definition)[1], 0)
    yield Recorded(POSE.name("cam0"), b"rubbish", 5)
    for n in range(round(seconds * fps) + 1):
        frame = msgspec.structs.replace(
            publisher.frame(publisher.person(1, publisher.standing(n / fps))),
            seq=n, t_receive_ns=n * 10**9 // fps, t_publish_ns=n * 10**9 // fps + 7_000_000,
        )  # fmt: skip
        yield Recorded(POSE.name("cam0"), pack(POSE, frame)[1], 10**18 + n * 10**9 // fps)


def test_a_recording_plays_stops_and_goes_anywhere(publisher, monkeypatch):
    now_ns = 10**12
    monkeypatch.setattr("m2t3.clients.viewer.playhead.monotonic_ns", lambda: now_ns)
    playhead = Playhead()
    player = Player(Path("walk.mcap"), recorded(publisher), "cam0", playhead)
    assert playhead.duration_s == pytest.approx(2.0)

    def x_after(seconds):
        nonlocal now_ns
        now_ns += round(seconds * 1e9)
        player.wait(0)
        return float(player.latest().people[0].root_world_m[0])

    assert x_after(0.0) == 0.0
    assert x_after(0.501) == pytest.approx(0.5)
    assert player.wait(0) is None, "shown already"
    playhead.play(False)
    assert x_after(5.0) == pytest.approx(0.5)
    playhead.seek(1.5)
    assert x_after(0.0) == pytest.approx(1.5)
    playhead.set_rate(0.5)
    playhead.play(True)
    assert x_after(0.41) == pytest.approx(1.7)
    assert x_after(0.62) == pytest.approx(0.0), "it begins again after its end"


def test_streams_of_a_recording_are_shown_at_one_time(publisher, monkeypatch):
    """The second begins a second after the first."""
    now_ns = 10**12
    monkeypatch.setattr("m2t3.clients.viewer.playhead.monotonic_ns", lambda: now_ns)
    playhead = Playhead()
    first = Player(Path("walk.mcap"), recorded(publisher), "cam0", playhead)
    later = [dataclasses.replace(m, t_unix_ns=m.t_unix_ns + 10**9) for m in recorded(publisher)]
    second = Player(Path("walk.mcap"), later, "cam0", playhead)
    assert playhead.duration_s == pytest.approx(3.0)
    for at_s, x_m in ((0.5, (0.5, None)), (1.5, (1.5, 0.5)), (2.9, (2.0, 1.9)), (0.2, (0.2, None))):
        playhead.seek(at_s)
        for player, expected in zip((first, second), x_m, strict=True):
            player.wait(0)
            assert player.flowing == (expected is not None)
            if expected is not None:
                x = player.latest().people[0].root_world_m[0]
                assert float(x) == pytest.approx(expected, abs=0.02)
    app = App([first, second], "127.0.0.1", 0)
    assert len(app.timelines) == 1
    app.stop()


def test_a_recording_is_shown_with_a_timeline(publisher):
    player = Player(Path("walk.mcap"), recorded(publisher), "cam0", Playhead())
    app = App([player], "127.0.0.1", 0)
    balls = shown(app, "/people/balls")
    step_until(app, lambda: (balls.batched_positions[:, :1] > 0.3).any())
    (timeline,) = app.timelines
    step_until(app, lambda: timeline.slider.value > 0.3)
    assert "here" not in app.panel.meters[0].numbers.content  # ages of a recording say nothing
    assert "7.0" in app.panel.meters[0].numbers.content
    app.stop()


def test_a_recording_without_the_stream_says_so(publisher):
    with pytest.raises(RecordingError, match=r"no poses of the stream 'cam7'; --stream, of cam0"):
        Player(Path("walk.mcap"), recorded(publisher), "cam7", Playhead())


def test_a_view_of_no_stream_is_refused_in_words(capsys):
    assert main(["view", "--stream"]) == 2
    assert "as in --stream cam0 cam1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "answer"),
    [
        (("--port", "80800"), "--port 80800: give 1 to 65535"),
        (("--host", "no.such.host.invalid"), "--host no.such.host.invalid is no address of this"),
        (("--host", "192.0.2.1"), "--host 192.0.2.1 is no address of this machine"),
    ],
)
def test_a_place_where_no_page_can_be_is_refused_in_words(option, answer, capsys):
    assert main(["view", *option]) == 2
    assert answer in capsys.readouterr().err


def test_rates_are_those_of_the_publisher_over_time(publisher):
    meter = Meter(20.0)
    definition = publisher.definition()
    for message in recorded(publisher, seconds=3.0, fps=50):
        if message.topic == POSE.name("cam0") and message.payload != b"rubbish":
            meter.add(Frame(unpack([message.topic, message.payload], (POSE,)), definition))
    t_s, rate_hz = meter.rates()
    np.testing.assert_allclose(t_s, np.arange(-2.75, 0, 0.5))
    np.testing.assert_allclose(rate_hz, 50.0, rtol=1e-6)
