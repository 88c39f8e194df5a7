"""VMC, heard by a receiver that does what the specification says of one."""

import errno
import socket
import struct
import threading

import numpy as np
import pytest
from pythonosc.osc_bundle import OscBundle

from m2t3.__main__ import main
from m2t3.clients.bridges.command import Source
from m2t3.clients.bridges.unity_axes import unity_position, unity_rotation
from m2t3.clients.bridges.vmc.packets import absence_packets, person_packets
from m2t3.clients.bridges.vmc.sender import VmcSender
from m2t3.core.errors import EndpointError
from m2t3.core.geometry import multiply, rotate

from .conftest import HUMANOID, about, offsets_m, pose

# Unity's HumanBodyBones, the names that the specification refers to.
HUMAN_BODY_BONES = {
    "Hips",
    "LeftUpperLeg",
    "RightUpperLeg",
    "LeftLowerLeg",
    "RightLowerLeg",
    "LeftFoot",
    "RightFoot",
    "Spine",
    "Chest",
    "Neck",
    "Head",
    "LeftShoulder",
    "RightShoulder",
    "LeftUpperArm",
    "RightUpperArm",
    "LeftLowerArm",
    "RightLowerArm",
    "LeftHand",
    "RightHand",
    "LeftToes",
    "RightToes",
    "UpperChest",
    "LeftEye",
    "RightEye",
    "Jaw",
}
ARGUMENTS = {  # address: types that are required, and how many optional ones there may be
    "/VMC/Ext/OK": ((int,), 3),
    "/VMC/Ext/T": ((float,), 0),
    "/VMC/Ext/Root/Pos": ((str, *[float] * 7), 6),
    "/VMC/Ext/Bone/Pos": ((str, *[float] * 7), 0),
}


class Marionette:
    """A receiver: applies what is right, ignores what it does not know, refuses what is wrong."""

    def __init__(self):
        self.bones, self.root, self.t_s, self.ok = {}, None, None, None
        self.unknown, self.wrong, self.largest = 0, 0, 0

    def take(self, packet):
        self.largest = max(self.largest, len(packet))
        assert OscBundle.dgram_is_bundle(packet)
        for message in OscBundle(packet):
            if message.address not in ARGUMENTS:
                self.unknown += 1
                continue
            required, optional = ARGUMENTS[message.address]
            values = message.params
            if not len(required) <= len(values) <= len(required) + optional or not all(
                type(value) is kind for value, kind in zip(values, required, strict=False)
            ):
                self.wrong += 1
                continue
            self._apply(message.address.rsplit("/VMC/Ext/")[-1], values)

    def _apply(self, what, values):
        if what == "OK":
            self.ok = values
        elif what == "T":
            self.t_s = values[0]
        else:
            place = np.array(values[1:4]), np.array(values[4:8])
            assert np.linalg.norm(place[1]) == pytest.approx(1, abs=1e-5)
            if what == "Root/Pos":
                assert values[0] == "root"
                self.root = place
            else:
                self.bones[values[0]] = place

    def world(self):
        """Each bone's origin and rotation in Unity's world, as a hierarchy of transforms has it."""
        placed = {}
        for index, name in enumerate(HUMANOID.bone_names):
            parent = HUMANOID.parents[index]
            at, turn = self.root if parent < 0 else placed[HUMANOID.bone_names[parent]]
            offset, local = self.bones[name]
            placed[name] = at + rotate(turn, offset), multiply(turn, local)
        return placed


def heard(*packets):
    receiver = Marionette()
    for packet in packets:
        receiver.take(packet)
    return receiver


def body(frame, person):
    (seen,) = frame(person).people
    return seen.body


def test_every_message_keeps_the_specification_and_every_packet_its_size(frame):
    receiver = heard(*person_packets(body(frame, pose()), 1.5))
    assert (receiver.unknown, receiver.wrong) == (0, 0)
    assert receiver.largest < 1500
    assert receiver.ok == [1, 3, 0, 1]
    assert receiver.t_s == 1.5
    assert set(receiver.bones) == set(HUMANOID.bone_names) <= HUMAN_BODY_BONES


def test_a_t_pose_is_unitys(frame):
    """Faces +z, left hand at -x, head up, and every bone's rotation is the identity."""
    receiver = heard(*person_packets(body(frame, pose()), 0))
    world = {name: at for name, (at, _) in receiver.world().items()}
    for _, rotation in receiver.bones.values():
        np.testing.assert_allclose(rotation, (0, 0, 0, 1), atol=1e-6)
    assert world["LeftHand"][0] < -0.5
    assert world["RightHand"][0] > 0.5
    assert world["Head"][1] > 1.4
    assert abs(world["LeftFoot"][1] - 0.06) < 1e-5
    np.testing.assert_allclose(world["Hips"], (0, 0.9, 0), atol=1e-6)


def test_walking_and_turning_go_the_right_way(frame):
    """2 m ahead and 1 m to the left of the room's origin, turned left by 90 degrees."""
    person = pose(root=(2.0, 1.0, 0.9), heading_deg=90)
    world = heard(*person_packets(body(frame, person), 0)).world()
    at, turn = world["Hips"]
    np.testing.assert_allclose(at, (-1, 0.9, 2), atol=1e-6)  # ahead is +z, left is -x
    np.testing.assert_allclose(rotate(turn, np.array([0, 0, 1.0])), (-1, 0, 0), atol=1e-6)
    np.testing.assert_allclose(world["LeftHand"][0][2], 2 - 0.75, atol=1e-5)  # left hand: backward


def test_the_root_is_on_the_floor_and_turned_as_the_hips_face(frame):
    person = pose(root=(2.0, 1.0, 0.9), heading_deg=90, Hips=about("y", 20))
    receiver = heard(*person_packets(body(frame, person), 0))
    np.testing.assert_allclose(receiver.root[0], (-1, 0, 2), atol=1e-6)
    np.testing.assert_allclose(
        rotate(receiver.root[1], np.array([0, 0, 1.0])), (-1, 0, 0), atol=1e-6
    )
    np.testing.assert_allclose(receiver.bones["Hips"][0], (0, 0.9, 0), atol=1e-6)
    leaning = rotate(receiver.bones["Hips"][1], np.array([0, 1.0, 0]))
    np.testing.assert_allclose(
        leaning, (0, np.cos(np.radians(20)), np.sin(np.radians(20))), atol=1e-6
    )


def test_an_arm_goes_where_it_is_raised(frame):
    person = pose(LeftUpperArm=about("x", 90), RightLowerArm=about("z", 90))
    world = heard(*person_packets(body(frame, person), 0)).world()
    np.testing.assert_allclose(
        world["LeftHand"][0] - world["LeftUpperArm"][0], (0, 0.55, 0), atol=1e-5
    )
    np.testing.assert_allclose(
        world["RightHand"][0] - world["RightLowerArm"][0], (0, 0, 0.25), atol=1e-5
    )


def test_random_poses_are_the_same_points_in_unitys_axes(frame):
    """The receiver's own chain of transforms leads to where the room has the bones."""
    random = np.random.default_rng(0)
    for _ in range(20):
        turns = {
            name: (q := random.normal(size=4)) / np.linalg.norm(q) for name in HUMANOID.bone_names
        }
        person = pose(root=random.normal(size=3), heading_deg=0, **turns)
        there = body(frame, person)
        world = heard(*person_packets(there, 0)).world()
        for name, (at, turn) in world.items():
            np.testing.assert_allclose(at, unity_position(there.origin_world_m(name)), atol=1e-4)
            same = abs(turn @ unity_rotation(there.rotation_world_xyzw(name)))
            assert same == pytest.approx(1, abs=1e-5)


def test_the_axes_of_rotations_are_those_of_points():
    random = np.random.default_rng(1)
    for _ in range(100):
        q, v = random.normal(size=4), random.normal(size=3)
        q /= np.linalg.norm(q)
        np.testing.assert_allclose(
            rotate(unity_rotation(q), unity_position(v)), unity_position(rotate(q, v)), atol=1e-12
        )


def test_bones_without_a_person_tell_that_nobody_is_tracked():
    receiver = heard(*absence_packets(2.0))
    assert receiver.ok == [1, 3, 0, 0]
    assert receiver.bones == {}


@pytest.fixture
def ports():
    """Two neighbouring UDP ports that are listened to."""
    while True:
        first, second = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        first.bind(("127.0.0.1", 0))
        try:
            second.bind(("127.0.0.1", first.getsockname()[1] + 1))
        except (OSError, OverflowError):
            first.close()
            second.close()
            continue
        for listener in (first, second):
            listener.settimeout(5)
        yield first, second
        first.close()
        second.close()
        return


def receive(listener):
    """One frame's packets; a frame begins with OK."""
    receiver = Marionette()
    receiver.take(listener.recv(2000))
    if receiver.ok[3]:
        while len(receiver.bones) < len(HUMANOID.bone_names):
            receiver.take(listener.recv(2000))
    return receiver


def test_everybody_keeps_a_port_while_they_are_in_view(frame, ports):
    here, there = pose(7, root=(1.0, 0, 0.9)), pose(9, root=(3.0, 0, 0.9))
    third = pose(11, root=(5.0, 0, 0.9))
    sender = VmcSender("127.0.0.1", ports[0].getsockname()[1], 2)

    def at(*people):
        sender.send(frame(*people))
        return [r.root[0][2].item() if r.root else None for r in map(receive, ports)]

    assert at(here, there) == [1, 3]
    assert at(there, third, here) == [1, 3]  # no port is left for the third
    assert at(there, third) == [5, 3]  # it takes the one that is free
    assert at(there) == [None, 3]
    sender.close()


def test_somebody_whose_bones_are_not_known_yet_moves_no_avatar(frame, ports, publisher):
    sender = VmcSender("127.0.0.1", ports[0].getsockname()[1], 1)
    sender.send(frame(publisher.person(1)))
    assert receive(ports[0]).ok == [1, 3, 0, 0]
    sender.close()


def test_a_body_of_nan_moves_no_avatar(frame, ports):
    sender = VmcSender("127.0.0.1", ports[0].getsockname()[1], 1)
    sender.send(frame(pose(LeftUpperArm=np.full(4, np.nan))))
    assert receive(ports[0]).ok == [1, 3, 0, 0]
    sender.close()


def test_silence_and_the_end_are_told(frame, ports):
    sender = VmcSender("127.0.0.1", ports[0].getsockname()[1], 1)
    for tell in (sender.rest, sender.close):
        sender.send(frame(pose()))
        assert receive(ports[0]).ok == [1, 3, 0, 1]
        tell()
        assert receive(ports[0]).ok == [1, 3, 0, 0]


def test_a_bridge_rests_while_its_stream_is_silent(publisher):
    told, stop = [], threading.Event()

    def publish():
        while not stop.wait(0.02):
            publisher.define()
            publisher.send(publisher.person())

    def rest():
        told.append("rest")
        if not publishing.is_alive():
            publishing.start()

    publishing = threading.Thread(target=publish)
    source = Source(connect=publisher.endpoint, frames=1)
    try:
        assert source.run_through(lambda _: told.append("frame"), rest) == 0
    finally:
        stop.set()
        publishing.join()
    assert told[0] == "rest"
    assert told[-1] == "frame"


def test_a_network_that_fails_is_told_once_and_ends_nothing(frame, ports, capsys):
    sender = VmcSender("127.0.0.1", ports[0].getsockname()[1], 1)
    working = sender._socket
    assert working.getsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST)

    class Unreachable:
        def sendto(self, *_):
            raise OSError(errno.ENETUNREACH, "Network is unreachable")

    sender._socket = Unreachable()
    for _ in range(3):
        sender.send(frame(pose()))
    sender._socket = working
    for _ in range(2):
        sender.send(frame(pose()))
        assert receive(ports[0]).ok == [1, 3, 0, 1]
    sender.close()
    first, second = capsys.readouterr().err.splitlines()
    assert "cannot send (Network is unreachable); trying on" in first
    assert "sends again" in second


def test_wrong_places_are_refused_in_words(capsys):
    assert main(["bridge", "vmc", "--port", "70000"]) == 2
    assert "valid are 1 to 65535" in capsys.readouterr().err
    assert main(["bridge", "vmc", "--people", "0"]) == 2
    assert "--people 0: give 1 or more" in capsys.readouterr().err
    with pytest.raises(EndpointError, match="no host"):
        VmcSender("no.such.host.invalid", 39539, 1)


def test_a_packet_is_osc_as_it_is_written(frame):
    """The bytes themselves, not python-osc's idea of them."""
    packet = next(iter(person_packets(body(frame, pose()), 1.5)))
    assert packet[:16] == b"#bundle\0" + struct.pack(">Q", 1)
    size = struct.unpack(">i", packet[16:20])[0]
    assert packet[20 : 20 + size] == b"/VMC/Ext/OK\0,iiii\0\0\0" + struct.pack(">4i", 1, 3, 0, 1)
    assert len(offsets_m()) == len(HUMANOID.bone_names)
