"""ROS 2: what the converter says of people, and that another process hears it over DDS."""

import importlib
import os
import subprocess
import sys
import types

import numpy as np
import pytest
from msgspec.structs import replace
from rosbags.typesys import Stores, get_typestore

from m2t3.__main__ import main
from m2t3.clients.bridges.ros2.convert import Converter, body_frame
from m2t3.clients.bridges.ros2.message_types import DISTRIBUTIONS, MessageTypes
from m2t3.clients.bridges.ros2.outlets import Outlets
from m2t3.core.clock import SECOND_NS
from m2t3.core.geometry import multiply, rotate
from m2t3.core.skeletons import COCO17

from .conftest import about, pose

TYPES = MessageTypes("humble")
STORE = get_typestore(Stores.ROS2_HUMBLE)
LOOPBACK = """<CycloneDDS><Domain><General><Interfaces><NetworkInterface name="lo"/></Interfaces>
<AllowMulticast>false</AllowMulticast></General><Discovery><ParticipantIndex>auto</ParticipantIndex>
<Peers><Peer address="127.0.0.1"/></Peers></Discovery></Domain></CycloneDDS>"""


@pytest.fixture
def convert():
    return Converter(TYPES.new)


def vector(v):
    return np.array([v.x, v.y, v.z])


def quaternion(q):
    return np.array([q.x, q.y, q.z, q.w])


def transforms(message):
    return {
        t.child_frame_id: (
            t.header.frame_id,
            vector(t.transform.translation),
            quaternion(t.transform.rotation),
        )
        for t in message.transforms
    }


def test_the_body_is_amid_the_hips_x_forward_y_left_z_up(frame, convert):
    people = convert.people(frame(pose(7, root=(2.0, 1.0, 0.9), heading_deg=90)))
    parent, at, turn = transforms(people.transforms)["body_cam0_7"]
    assert parent == "map"
    np.testing.assert_allclose(at, (2, 1, 0.9), atol=1e-6)
    np.testing.assert_allclose(rotate(turn, np.array([1.0, 0, 0])), (0, 1, 0), atol=1e-6)
    np.testing.assert_allclose(rotate(turn, np.array([0, 0, 1.0])), (0, 0, 1), atol=1e-6)


def test_links_are_children_of_the_body_where_they_belong(frame, convert):
    """Wherever the body stands, the left wrist is at +y of it and the head above and in front."""
    found = []
    for heading_deg, root in ((0, (0, 0, 0.9)), (130, (3.0, -2.0, 0.9))):
        person = pose(7, root=root, heading_deg=heading_deg, LeftLowerArm=about("z", -90))
        links = transforms(convert.people(frame(person)).transforms)
        assert {parent for name, (parent, _, _) in links.items() if name != "body_cam0_7"} == {
            "body_cam0_7"
        }
        found.append(links)
    here, there = found
    for name in set(here) - {"body_cam0_7"}:
        np.testing.assert_allclose(here[name][1], there[name][1], atol=1e-5)
        assert abs(here[name][2] @ there[name][2]) == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(here["l_elbow_cam0_7"][1][1], 0.5, atol=1e-5)
    assert here["r_wrist_cam0_7"][1][1] < -0.7
    wrist, elbow = here["l_wrist_cam0_7"][1], here["l_elbow_cam0_7"][1]
    np.testing.assert_allclose(wrist - elbow, (0.25, 0, 0), atol=1e-5)  # the forearm is forward
    forearm = here["l_elbow_cam0_7"][2]
    np.testing.assert_allclose(rotate(forearm, np.array([0, 1.0, 0])), (1, 0, 0), atol=1e-5)
    assert here["head_cam0_7"][1][2] > 0.6
    assert here["torso_cam0_7"][1][2] == pytest.approx(0.55, abs=1e-5)
    assert {"l_hip_cam0_7", "r_knee_cam0_7", "l_ankle_cam0_7", "r_shoulder_cam0_7"} <= set(here)


def test_a_body_that_is_not_known_has_no_frame_and_missing_joints_no_links(
    frame, convert, publisher
):
    joints = publisher.standing(1.0)
    joints[COCO17.index("left_wrist")[0]] = np.nan
    links = transforms(convert.people(frame(publisher.person(1, joints))).transforms)
    assert "l_wrist_cam0_1" not in links
    assert "r_wrist_cam0_1" in links
    joints[COCO17.index("left_hip")[0]] = np.nan
    seen = frame(publisher.person(1, joints))
    assert body_frame(seen.people[0]) is None
    people = convert.people(seen)
    assert transforms(people.transforms) == {}
    poses = people.joints["cam0_1"].poses
    assert len(poses) == 17
    assert np.isnan(vector(poses[COCO17.index("left_hip")[0]].position)).all()  # never 0


def test_poses_are_the_joints_in_the_world(frame, convert):
    person = pose(3, root=(1.0, 2.0, 0.9), heading_deg=40)
    array = convert.people(frame(person)).joints["cam0_3"]
    assert array.header.frame_id == "map"
    np.testing.assert_array_equal(
        np.array([vector(p.position) for p in array.poses], np.float32), person.positions_world_m
    )


def test_markers_show_valid_joints_only_and_go_when_their_person_goes(frame, convert, publisher):
    joints = publisher.standing()
    joints[0] = np.nan
    markers = convert.people(frame(publisher.person(4, joints))).markers.markers
    spheres, lines = markers
    assert (spheres.type, lines.type) == (7, 5)
    assert len(spheres.points) == 16
    assert len(lines.points) == 2 * sum(0 not in bone for bone in COCO17.bones)
    assert all(np.isfinite(vector(p)).all() for m in markers for p in m.points)
    gone = convert.people(frame(publisher.person(4, state="left"))).markers.markers
    assert {(m.ns, m.id, m.action) for m in gone} == {
        ("cam0/joints", 4, 2),
        ("cam0/bones", 4, 2),
    }


def test_stamps_are_unix_time_of_the_picture_if_it_is_told(frame, convert):
    told = frame(pose(), capture_clock="unix", t_capture_ns=1_700_000_000_500_000_000)
    stamp = convert.people(told).joints["cam0_7"].header.stamp
    assert (stamp.sec, stamp.nanosec) == (1_700_000_000, 500_000_000)
    beyond_ros = {"capture_clock": "unix", "t_capture_ns": 3 * 10**18}
    for untold in ({}, beyond_ros):
        other = frame(pose(), t_receive_ns=5 * SECOND_NS, **untold)
        stamp = convert.people(other).joints["cam0_7"].header.stamp
        expected = 5 * SECOND_NS + other.definition.unix_minus_monotonic_ns
        assert stamp.sec * SECOND_NS + stamp.nanosec == expected


def test_the_camera_is_where_it_is_in_optical_axes(convert, publisher):
    camera = replace(publisher.camera, distortion=(-0.1, 0.02, 0.0, 0.0, 0.0))
    publisher.camera = camera
    info, place = convert.camera(publisher.definition())
    assert (info.width, info.height) == (1280, 720)
    assert tuple(info.k) == camera.K
    assert tuple(info.d) == camera.distortion
    assert list(info.p) == [900, 0, 640, 0, 0, 900, 360, 0, 0, 0, 1, 0]
    assert info.header.frame_id == "cam0_optical"
    parent, at, turn = transforms(place)["cam0_optical"]
    assert parent == "map"
    np.testing.assert_allclose(at, camera.translation_m)
    np.testing.assert_allclose(rotate(turn, np.array([0, 0, 1.0])), (1, 0, 0), atol=1e-12)
    np.testing.assert_allclose(rotate(turn, np.array([0, 1.0, 0])), (0, 0, -1), atol=1e-12)


def test_the_bytes_are_those_of_ros_own_serialisation(frame, convert, publisher):
    people = convert.people(frame(pose(), publisher.person(2)))
    info, _ = convert.camera(publisher.definition())
    for message, name in (
        (people.transforms, "tf2_msgs/msg/TFMessage"),
        (people.joints["cam0_7"], "geometry_msgs/msg/PoseArray"),
        (people.markers, "visualization_msgs/msg/MarkerArray"),
        (info, "sensor_msgs/msg/CameraInfo"),
    ):
        ours = bytes(message.serialize(use_version_2=False))
        again = STORE.serialize_cdr(STORE.deserialize_cdr(ours, name), name)
        # DDS pads a sample to four bytes, ROS does not.
        assert ours[4 : len(again)] == bytes(again)[4:]
        assert TYPES.type_hash(name) == STORE.hash_rihs01(name)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_every_distribution_has_the_types(distribution, frame, publisher):
    convert = Converter(MessageTypes(distribution).new)
    seen = frame(pose())
    people = convert.people(seen)
    for message in (people.transforms, people.markers, *convert.camera(publisher.definition())):
        assert message.serialize(use_version_2=False)
    assert convert.ids(seen, people.tracked).ids == ["cam0_7"]


@pytest.mark.parametrize(
    ("stream", "id"), [("cam0", "cam0_7"), ("front-left", "front_left_7"), ("2nd", "id_2nd_7")]
)
def test_ids_are_names_that_ros_takes(frame, convert, stream, id):
    seen = frame(pose(), stream=stream)
    people = convert.people(seen)
    assert convert.ids(seen, people.tracked).ids == list(people.joints) == [id]
    assert f"body_{id}" in transforms(people.transforms)


def test_who_has_been_away_for_a_second_has_no_outlet(monkeypatch):
    now_ns, closed = 0, []
    monkeypatch.setattr("m2t3.clients.bridges.ros2.outlets.monotonic_ns", lambda: now_ns)
    outlets = Outlets(str.upper, closed.append)
    assert outlets.of(("a", "b")) == {"a": "A", "b": "B"}
    now_ns = SECOND_NS  # a moment out of sight
    assert outlets.of(("b",)) == {"b": "B"}
    assert closed == []
    now_ns += 1
    outlets.of(("b",))
    assert closed == ["A"]
    now_ns += 2 * SECOND_NS  # silence
    outlets.of(())
    assert closed == ["A", "B"]


LISTENER = """
import sys, time
from cyclonedds.core import Policy, Qos
from cyclonedds.domain import DomainParticipant
from cyclonedds.sub import DataReader
from cyclonedds.topic import Topic
from cyclonedds.util import duration
from m2t3.clients.bridges.ros2.message_types import MessageTypes

types, participant = MessageTypes("humble"), DomainParticipant(int(sys.argv[1]))
base = [Policy.Reliability.Reliable(duration(seconds=1)), Policy.History.KeepLast(100)]
def reader(topic, name, *more):
    qos = Qos(*base, *more)
    return DataReader(participant, Topic(participant, "rt" + topic, types.struct(name)), qos=qos)
tf = reader("/tf", "tf2_msgs/msg/TFMessage")
joints = reader("/humans/bodies/cam0_7/joints", "geometry_msgs/msg/PoseArray")
markers = reader("/humans/markers", "visualization_msgs/msg/MarkerArray")
latched = Policy.Durability.TransientLocal
until, info, static, seen = time.monotonic() + 30, None, None, {}
print("ready", flush=True)
late = None
while time.monotonic() < until and len(seen) < 5:
    if tf.take(): seen["tf"] = 1
    for sample in joints.take():
        seen["joints"] = [sample.poses[9].position.x, sample.poses[9].position.y]
    if markers.take(): seen["markers"] = 1
    if "joints" in seen and late is None:  # whoever comes late still gets what is latched
        late = (reader("/cam0/camera_info", "sensor_msgs/msg/CameraInfo", latched),
                reader("/tf_static", "tf2_msgs/msg/TFMessage", latched))
    if late:
        for sample in late[0].take(): seen["info"] = sample.width
        for sample in late[1].take(): seen["static"] = sample.transforms[0].child_frame_id
    time.sleep(0.01)
print(seen)
"""


def test_another_process_hears_all_of_it_over_the_network(frame, monkeypatch):
    """The bridge's participant is in this process, the listener's in another; both on loopback."""
    monkeypatch.setenv("CYCLONEDDS_URI", LOOPBACK)
    from m2t3.clients.bridges.ros2.dds import DdsBridge

    domain = 100 + os.getpid() % 100
    listener = subprocess.Popen(
        [sys.executable, "-c", LISTENER, str(domain)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert listener.stdout.readline() == "ready\n"
        bridge = DdsBridge(domain, "humble", "map")
        person = pose(7, root=(2.0, 1.0, 0.9))
        for _ in range(1000):
            bridge.send(frame(person))
            try:
                listener.wait(0.02)
                break
            except subprocess.TimeoutExpired:
                continue
        seen = eval(listener.stdout.read(), {})
    finally:
        listener.kill()
        listener.communicate()
    wrist = person.positions_world_m[COCO17.index("left_wrist")[0]]
    assert seen["joints"] == pytest.approx(wrist[:2].tolist())
    assert (seen["tf"], seen["markers"]) == (1, 1)
    assert (seen["info"], seen["static"]) == (1280, "cam0_optical")


def test_the_node_publishes_what_the_converter_makes(frame, monkeypatch):
    """Against a stand-in for rclpy, which is not on PyPI: names and arguments, no more."""
    published, destroyed = {}, []

    class Node:
        def __init__(self, name):
            self.name = name

        def declare_parameter(self, name, default):
            return types.SimpleNamespace(value=default)

        def create_publisher(self, kind, topic, qos):
            messages = published.setdefault(topic, [])
            return types.SimpleNamespace(topic=topic, publish=messages.append)

        def destroy_publisher(self, publisher):
            destroyed.append(publisher.topic)

    def module(name, **content):
        made = types.ModuleType(name)
        made.__dict__.update(content)
        monkeypatch.setitem(sys.modules, name, made)

    module("rclpy", init=None)
    module("rclpy.node", Node=Node)
    module(
        "rclpy.qos",
        QoSProfile=lambda **fields: fields,
        DurabilityPolicy=types.SimpleNamespace(TRANSIENT_LOCAL=1),
    )
    for package in ("std", "geometry", "tf2", "sensor", "visualization"):
        name = f"{package}_msgs.msg"
        module(name, __getattr__=lambda short, p=package: made(f"{p}_msgs/msg/{short}"))
    module("builtin_interfaces.msg", __getattr__=lambda s: made(f"builtin_interfaces/msg/{s}"))

    def made(name):
        return lambda **fields: TYPES.new(name, **fields)

    node = importlib.import_module("m2t3.clients.bridges.ros2.node").PoseNode()
    node.send(frame(pose()))
    node.send(frame(pose()))
    assert {topic: len(messages) for topic, messages in published.items()} == {
        "/tf": 2,
        "/tf_static": 1,
        "/cam0/camera_info": 1,
        "/humans/markers": 2,
        "/humans/bodies/cam0_7/joints": 2,
    }
    monkeypatch.setattr("m2t3.clients.bridges.ros2.outlets.AWAY_NS", 0)
    node.rest()
    assert destroyed == ["/humans/bodies/cam0_7/joints"]
    monkeypatch.delitem(sys.modules, "m2t3.clients.bridges.ros2.node")


def test_wrong_arguments_are_refused_in_words(capsys):
    assert main(["bridge", "ros2", "--distribution", "jazy"]) == 2
    assert "did you mean 'jazzy'" in capsys.readouterr().err
    assert main(["bridge", "ros2", "--domain", "500"]) == 2
    assert "a number from 0 to 232" in capsys.readouterr().err


def test_a_turned_link_is_turned_with_its_body(frame, convert):
    """The world's rotation of a bone is the body's, then the link's."""
    person = pose(7, heading_deg=70, LeftUpperArm=about("x", 30))
    seen = frame(person)
    links = transforms(convert.people(seen).transforms)
    world = multiply(links["body_cam0_7"][2], links["l_shoulder_cam0_7"][2])
    expected = seen.people[0].body.rotation_world_xyzw("LeftUpperArm")
    assert abs(world @ expected) == pytest.approx(1, abs=1e-5)
