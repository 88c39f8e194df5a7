"""PoseSubscriber against a real PUB socket."""

import time
from collections.abc import Callable

import msgpack
import msgspec
import numpy as np
import pytest

from m2t3.clients import Frame, PoseSubscriber
from m2t3.core.errors import EndpointError, WireError
from m2t3.core.humanoid import humanoid
from m2t3.core.messages import Body
from m2t3.core.skeletons import COCO17
from m2t3.core.topics import MAX_MESSAGE_BYTES, POSE


def eventually(condition: Callable[[], object], deadline_s: float = 20.0) -> None:
    until = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < until, "did not happen in time"
        time.sleep(0.01)


def test_a_frame_tells_who_is_where(publisher):
    with PoseSubscriber(publisher.endpoint, timeout_s=20.0) as poses:
        publisher.meet(poses)
        hidden = publisher.standing(2.0, 1.0)
        hidden[COCO17.index("left_wrist")[0]] = np.nan
        publisher.send(publisher.person(7, hidden), publisher.person(3, state="left"))
        frame = next(poses)

    (person,) = frame.people
    assert person.id == 7
    assert frame.left == (3,)
    assert frame.joint_names == COCO17.joint_names
    assert person.positions_world_m.shape == (17, 3)
    assert np.isnan(person["left_wrist"]).all()
    assert person.valid.sum() == 16
    np.testing.assert_allclose(person["right_ankle"], (2.0, 0.85, 0.08), rtol=1e-6)
    np.testing.assert_allclose(person.root_world_m, (2.0, 1.0, 0.9), rtol=1e-6)
    assert frame.latency_ms == pytest.approx(5.0)
    assert 5.0 < frame.age_ms < 5000
    assert frame.definition.camera.translation_m == (-4.0, 0.0, 1.6)


def test_an_unknown_joint_gets_the_nearest_name(publisher):
    with PoseSubscriber(publisher.endpoint, timeout_s=20.0) as poses:
        publisher.meet(poses)
        publisher.send(publisher.person())
        with pytest.raises(KeyError, match="did you mean 'left_wrist'"):
            next(poses).people[0]["left_wirst"]


def test_the_newest_frame_wins_with_a_slow_consumer(publisher):
    with PoseSubscriber(publisher.endpoint, timeout_s=20.0) as poses:
        publisher.meet(poses)
        seen = []
        for _ in range(5):
            for _ in range(20):
                newest = publisher.send(publisher.person())
            eventually(lambda newest=newest: poses.latest() and poses.latest().seq == newest)
            seen.append(next(poses).seq)
        assert seen == [19, 39, 59, 79, 99]
        assert poses.dropped == {"skipped": 95}


def test_every_frame_skips_nothing(publisher):
    with PoseSubscriber(publisher.endpoint, timeout_s=20.0, every_frame=True) as poses:
        publisher.meet(poses)
        for _ in range(200):
            publisher.send(publisher.person())
        assert [next(poses).seq for _ in range(200)] == list(range(200))
        assert not poses.dropped


def test_latest_does_not_wait(publisher):
    with PoseSubscriber(publisher.endpoint) as poses:
        assert poses.latest() is None
        publisher.meet(poses)
        publisher.send(publisher.person())
        frame = next(poses)
        assert poses.latest() is frame


def test_a_publisher_that_comes_back_is_heard_again(publisher):
    with PoseSubscriber(publisher.endpoint, timeout_s=20.0) as poses:
        publisher.meet(poses)
        publisher.send(publisher.person())
        publisher.send(publisher.person())
        assert next(poses).message.session == "s1"
        publisher.restart("s2")
        publisher.meet(poses)
        eventually(lambda: poses.wait(0.0) is None)
        publisher.send(publisher.person())
        frame = next(poses)
        assert (frame.message.session, frame.seq) == ("s2", 0)
        assert poses.restarts == 1
        assert "lost" not in poses.dropped


def test_gaps_and_repeats_are_counted(publisher):
    with PoseSubscriber(publisher.endpoint, timeout_s=20.0, every_frame=True) as poses:
        publisher.meet(poses)
        for seq in (0, 1, 5, 5, 4, 6):
            publisher.seq = seq
            publisher.send(publisher.person())
        assert [next(poses).seq for _ in range(4)] == [0, 1, 5, 6]
        assert poses.dropped == {"lost": 3, "out_of_order": 2}


def test_bad_messages_are_refused_and_counted_and_the_stream_goes_on(publisher):
    with PoseSubscriber(publisher.endpoint, timeout_s=20.0) as poses:
        publisher.meet(poses)
        topic = b"m2t3.pose.cam0"
        publisher.socket.send_multipart([topic, b"\xc1garbage"])
        publisher.socket.send_multipart([topic, msgpack.packb({"v": 2})])
        publisher.socket.send_multipart([topic, msgpack.packb({"v": 1})])
        publisher.socket.send_multipart([topic, bytes(200_000)])
        publisher.socket.send_multipart([topic, b"1", b"2"])
        publisher.send(publisher.person(0, publisher.standing()[:5]))
        publisher.send(publisher.person())
        assert next(poses).seq == 1
        assert poses.refused == {
            "malformed": 1, "version": 1, "schema": 1, "oversize": 1, "parts": 1, "joint_count": 1
        }  # fmt: skip
        assert "17" in poses.refusal


def test_a_body_whose_bones_carry_other_joints_is_refused(publisher):
    bones = humanoid("coco17")
    publisher.humanoid = msgspec.structs.replace(bones, joint_bones=bones.joint_bones[:5])
    body = Body(
        root_world_m=np.zeros(3, np.float32),
        heading_rad=0.0,
        rotations_xyzw=np.tile(np.float32([0, 0, 0, 1]), (len(bones.bone_names), 1)),
        offsets_m=np.zeros((len(bones.bone_names), 3), np.float32),
        joint_offsets_m=np.zeros((17, 3), np.float32),
    )
    message = publisher.frame(msgspec.structs.replace(publisher.person(), body=body))
    with pytest.raises(WireError, match="17 joints where the definition's bones carry 5"):
        Frame(message, publisher.definition())


def test_frames_wait_for_their_definition(publisher):
    with PoseSubscriber(publisher.endpoint, timeout_s=20.0) as poses:
        while not poses.dropped["undefined"]:
            publisher.send(publisher.person())
            time.sleep(0.01)
        assert poses.latest() is None
        publisher.meet(poses)
        seq = publisher.send(publisher.person())
        assert next(poses).seq == seq


def test_a_definition_that_changes_midway_applies_from_its_first_frame(publisher):
    with PoseSubscriber(publisher.endpoint, timeout_s=20.0, every_frame=True) as poses:
        publisher.meet(poses)
        publisher.send(publisher.person())
        publisher.joint_names = ("left_hip", "right_hip", "nose")
        publisher.send(publisher.person(0, publisher.standing()[:3]))  # its definition is late
        publisher.define()
        publisher.send(publisher.person(0, publisher.standing()[:3]))
        assert next(poses).joint_names == COCO17.joint_names
        assert next(poses).joint_names == ("left_hip", "right_hip", "nose")
        assert poses.dropped == {"undefined": 1}


def test_only_the_stream_asked_for_is_handed_out(publisher):
    publisher.stream = "cam01"  # its topics begin with those of "cam0"
    with PoseSubscriber(publisher.endpoint, "cam0", timeout_s=0.1) as poses:
        while not poses.streams_heard:
            publisher.define()
            publisher.send(publisher.person())
            time.sleep(0.01)
        with pytest.raises(TimeoutError, match=r"no stream 'cam0'; it has \['cam01'\]"):
            next(poses)


def test_the_last_status_is_at_hand(publisher):
    with PoseSubscriber(publisher.endpoint, timeout_s=20.0) as poses:
        publisher.meet(poses)
        publisher.report(warnings=("the detector is slow",))
        eventually(lambda: poses.status is not None)
        assert poses.status.warnings == ("the detector is slow",)
        assert poses.alive


def test_silence_tells_what_the_stream_warns_of(publisher):
    with PoseSubscriber(publisher.endpoint, timeout_s=20.0) as poses:
        publisher.meet(poses)
        publisher.report("waiting", warnings=("camera 0 is lost for 3 s",))
        eventually(lambda: poses.status is not None)
        assert poses.silence().endswith("but has no keypoints; camera 0 is lost for 3 s")


def test_silence_names_the_command_that_mends_it():
    with (
        PoseSubscriber("tcp://127.0.0.1:9", timeout_s=0.05) as poses,
        pytest.raises(TimeoutError, match=r"no publisher at .*m2t3-stream --camera"),
    ):
        next(poses)


@pytest.mark.parametrize(
    "endpoint", ["localhost:5571", "tcp://127.0.0.1", "tcp://127.0.0.1:70000", "inproc://poses"]
)
def test_a_wrong_endpoint_is_an_error_at_once(endpoint):
    with pytest.raises(EndpointError, match=r"valid are e\.g\. tcp://127\.0\.0\.1"):
        PoseSubscriber(endpoint)


def test_closing_ends_the_iteration(publisher):
    poses = PoseSubscriber(publisher.endpoint)
    poses.close()
    poses.close()
    assert list(poses) == []


def test_a_message_too_large_for_the_socket_costs_a_reconnection_only(publisher):
    with PoseSubscriber(publisher.endpoint) as poses:
        publisher.meet(poses)
        publisher.socket.send_multipart([POSE.name("cam0"), bytes(MAX_MESSAGE_BYTES + 1)])
        while poses.wait(0.02) is None:
            publisher.send()
