"""`m2t3-stream` and `m2t3 lift` from the command line to the exit code, with a made-up lifter."""

import _thread
import dataclasses
import gc
import re
import signal
import sys
import threading
import time

import numpy as np
import pytest
import zmq

from m2t3.__main__ import main as m2t3
from m2t3.__main__ import stream
from m2t3.calibration.camera_files.camera_file import CameraFile, write_camera_file
from m2t3.calibration.camera_files.keypoint_source import ReplaySource, ZmqSource
from m2t3.core import topics, wire
from m2t3.core.conversions import FORMATS
from m2t3.core.messages import Status
from m2t3.core.skeletons import COCO17
from m2t3.lifting.recording import OWN_KEYS, SINGLE_KEYS, write_recording
from m2t3.realtime.assembly import define
from m2t3.realtime.commands import lift as lift_module
from m2t3.realtime.commands import stream as stream_module
from m2t3.realtime.commands.lift import pose_arrays


@pytest.fixture(autouse=True)
def assembled(monkeypatch, pipeline, model):
    """Both commands get the fake lifter; what they change in the process is put back."""

    def assemble(camera, name, **choice):
        names = {"stream": name, "session": "pose-1"}
        return define(**names, skeleton=COCO17, camera=camera, model=model), pipeline

    for module in (lift_module, stream_module):
        monkeypatch.setattr(module, "assemble", assemble)
    kept = (
        sys.getswitchinterval(),
        signal.getsignal(signal.SIGINT),
        signal.getsignal(signal.SIGTERM),
    )
    yield
    gc.unfreeze()
    sys.setswitchinterval(kept[0])
    signal.signal(signal.SIGINT, kept[1])
    signal.signal(signal.SIGTERM, kept[2])


@pytest.fixture
def camera_file(camera, tmp_path):
    """Writes a camera file with the given source."""

    def write(source):
        write_camera_file(tmp_path / "cam0.yaml", CameraFile(camera, source))
        return str(tmp_path / "cam0.yaml")

    return write


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_stream_with_a_last_word_and_code_0(camera_file, tmp_path, capfd, number):
    source = ZmqSource(stream="hall", endpoint="tcp://127.0.0.1:*")
    endpoint = f"ipc://{tmp_path}/poses"
    states = []

    def subscribe():
        with zmq.Context() as context, context.socket(zmq.SUB) as socket:
            socket.setsockopt(zmq.LINGER, 0)
            socket.setsockopt(zmq.SUBSCRIBE, topics.STATUS.name("hall"))
            socket.connect(endpoint)
            while "stopping" not in states and socket.poll(20_000):
                status = wire.unpack(socket.recv_multipart(), [topics.STATUS])
                assert isinstance(status, Status)
                states.append(status.state)
                if len(states) == 1:
                    # As if it arrived: libraries that other tests load leave signal stacks
                    # behind on which a real one ends the process. test_shipped sends real ones.
                    _thread.interrupt_main(number)

    subscriber = threading.Thread(target=subscribe)
    subscriber.start()
    assert stream(["--camera", camera_file(source), "--publish", endpoint]) == 0
    subscriber.join()
    assert (states[0], states[-1]) == ("waiting", "stopping")
    out = capfd.readouterr().out
    assert re.search(r"listening on tcp://127.0.0.1:\d+, topic m2t3.keypoints.hall", out)
    assert f"publishing on {endpoint}" in out
    assert "none (Apache-2.0), on fake" in out


@pytest.fixture
def heard_sigint():
    """Also where the tests are a shell's background job, which begins deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard_sigint")
def test_a_signal_while_it_gets_ready_ends_the_stream_at_once(camera_file, monkeypatch):
    def interrupted(*_, **__):
        _thread.interrupt_main(signal.SIGINT)
        time.sleep(5.0)  # as if it compiled

    monkeypatch.setattr(stream_module, "assemble", interrupted)
    source = ZmqSource(stream="hall", endpoint="tcp://127.0.0.1:*")
    assert stream(["--camera", camera_file(source), "--publish", "tcp://127.0.0.1:*"]) == 130


def test_a_recording_that_is_not_looped_plays_to_its_end(camera_file, recording_path, capfd):
    config = camera_file(ReplaySource(recording_path, loop=False))
    assert stream(["--camera", config, "--publish", "tcp://127.0.0.1:*"]) == 0
    assert "stopping" in capfd.readouterr().out


def test_what_cannot_start_says_why_and_ends_with_code_2(camera_file, recording_path, capfd):
    config = camera_file(ReplaySource(recording_path))
    for arguments, message in [
        (["--camera", "nowhere.yaml"], "nowhere.yaml"),
        (["--camera", config, "--stream", "a b"], "becomes part of a topic"),
        (["--camera", config, "--publish", "tcp://nowhere"], "cannot use endpoint"),
    ]:
        assert stream(arguments) == 2
        assert re.search(rf"m2t3-stream: .*{message}", capfd.readouterr().err)


def test_an_open_door_is_warned_of(camera_file, recording_path, capfd):
    config = camera_file(ReplaySource(recording_path, loop=False))
    stream(["--camera", config, "--publish", "tcp://0.0.0.0:*"])
    assert "open to the network, without keys" in capfd.readouterr().out


def test_lift_writes_poses_as_arrays(camera_file, recording, recording_path, tmp_path):
    out = tmp_path / "poses.npz"
    config = camera_file(ZmqSource(stream="cam0"))
    arguments = ["lift", str(recording_path), "--camera", config, "--out", str(out)]
    assert m2t3(arguments) == 0
    with np.load(out) as poses:
        assert poses["positions_world_m"].shape == (12, 2, 17, 3)
        assert poses["confidence"].shape == (12, 2, 17)
        assert poses["joint_names"].tolist() == list(COCO17.joint_names)
        assert poses["fps"] == 100
        np.testing.assert_array_equal(poses["t_capture_ns"], recording.t_capture_ns)
        np.testing.assert_array_equal(poses["person_id"][:, 0], 1)
        np.testing.assert_array_equal(poses["person_id"][:, 1], [2] * 6 + [-1] * 6)
        assert np.isnan(poses["positions_world_m"][6:, 1]).all()
        assert np.isnan(poses["confidence"][6:, 1]).all()
        np.testing.assert_array_equal(
            poses["positions_world_m"][:, 0, :, :2], recording.keypoints_px[:, 0]
        )


def test_lift_tells_the_keys_of_a_recording(capsys):
    with pytest.raises(SystemExit):
        m2t3(["lift", "--help"])
    words = set(re.findall(r"\w+", capsys.readouterr().out))
    assert {*OWN_KEYS, *SINGLE_KEYS} <= words


def test_lift_needs_a_camera_and_the_right_one(camera_file, recording_path, tmp_path, capsys):
    out = str(tmp_path / "poses.npz")
    assert m2t3(["lift", str(recording_path), "--out", out]) == 2
    assert "--camera FILE" in capsys.readouterr().err


def test_where_nothing_can_be_written_is_told_before_lifting(
    camera_file, recording_path, tmp_path, capsys
):
    before = recording_path.read_bytes()
    for out, message in [
        (tmp_path / "none" / "poses.npz", "there is no folder"),
        (tmp_path / "poses", "poses end in .npz"),
        (recording_path, "is what is read"),
    ]:
        # No camera either, which would be found out next.
        assert m2t3(["lift", str(recording_path), "--out", str(out)]) == 2
        assert message in capsys.readouterr().err.replace("\n", " ")
    assert recording_path.read_bytes() == before


@pytest.mark.parametrize(("skeleton", "code"), [("body25", 0), ("h36m17", 2)])
def test_lift_takes_the_formats_that_convert_and_names_them_for_the_others(
    camera_file, recording, tmp_path, capsys, skeleton, code
):
    pixels = np.full((12, 2, len(FORMATS[skeleton]), 2), 300, np.float32)
    other = dataclasses.replace(
        recording, keypoints_px=pixels, confidence=np.ones_like(pixels[..., 0]), skeleton=skeleton
    )
    write_recording(tmp_path / "other.npz", other)
    arguments = ["lift", str(tmp_path / "other.npz"), "--out", str(tmp_path / "poses.npz")]
    assert m2t3([*arguments, "--camera", camera_file(ZmqSource(stream="cam0"))]) == code
    if code:
        assert re.search(r"other.npz: .*convertible: .*body25", capsys.readouterr().err)
    else:
        with np.load(tmp_path / "poses.npz") as poses:
            assert np.isfinite(poses["positions_world_m"][:, 0]).all()


def test_a_column_is_given_to_the_next_person_when_its_owner_has_left(pipeline, frame, person):
    left, right = person(u=100), person(u=500)
    seen = {0: [left, right], 40: [right], 95: [right]}
    seen |= {n: [right, left] for n in (100, 103, 106)}  # somebody new is believed the third time
    answers = [pipeline.process(frame(seq, people), 10**12) for seq, people in seen.items()]
    person_id = pose_arrays(answers, 17)["person_id"]
    assert person_id.tolist() == [[1, 2], [-1, 2], [-1, 2], [-1, 2], [-1, 2], [3, 2]]
