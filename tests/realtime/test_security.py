"""Keys: who is let in and who is not, on both of the stream's sockets and with every client."""

import time

import msgspec
import pytest
import zmq

from m2t3.__main__ import main
from m2t3.clients import PoseSubscriber
from m2t3.clients.recording.log_writer import LogWriter
from m2t3.clients.recording.recorder import Recorder
from m2t3.clients.watch import line
from m2t3.core import topics, wire
from m2t3.core.errors import KeyringError
from m2t3.core.keyring import allowed, read_client_keys, read_server_keys
from m2t3.core.message_log import Recorded
from m2t3.core.skeletons import COCO17
from m2t3.realtime.assembly import define
from m2t3.realtime.commands.replay import Replay
from m2t3.realtime.sockets.outlet import Outlet
from m2t3.realtime.sockets.publisher import Publisher
from m2t3.realtime.sources.zmq import ZmqSource


def keys(folder, *arguments):
    assert main(["keys", *arguments, "--folder", str(folder)]) == 0
    return folder / "clients" / arguments[1] if len(arguments) > 1 else folder


@pytest.fixture
def folder(tmp_path, capsys):
    """A stream's folder with a reader and a detector."""
    keys(tmp_path / "keys", "new")
    keys(tmp_path / "keys", "new", "laptop")
    keys(tmp_path / "keys", "new", "eye", "--detector")
    capsys.readouterr()
    return tmp_path / "keys"


@pytest.fixture
def laptop(folder):
    return folder / "clients" / "laptop"


@pytest.fixture
def eye(folder):
    return folder / "clients" / "eye"


@pytest.fixture
def definition(camera, model):
    return define(stream="cam0", session="pose-1", skeleton=COCO17, camera=camera, model=model)


@pytest.fixture
def publisher(folder, definition):
    publisher = Publisher("tcp://127.0.0.1:*", definition, keys=folder)
    yield publisher
    publisher.close()


def heard(publisher, subscriber, seconds=20.0):
    """Whether `subscriber` hears a definition within so long; True at once."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        publisher.greet()
        publisher.publish_definition()
        if subscriber.definition is not None:
            return True
        time.sleep(0.02)
    return False


def refused(publisher, subscriber, why):
    """Wait until the subscriber knows why it is not let in; meanwhile it hears nothing."""
    until = time.monotonic() + 20
    while why not in subscriber.silence():
        assert time.monotonic() < until, subscriber.silence()
        publisher.publish_definition()
        time.sleep(0.02)
    assert not heard(publisher, subscriber, 0.3)


def test_a_reader_with_a_key_that_is_on_the_list_is_let_in(publisher, laptop):
    with PoseSubscriber(publisher.endpoint, keys=laptop) as poses:
        assert heard(publisher, poses)


def test_a_client_without_keys_hears_nothing_and_is_told_why(publisher):
    with PoseSubscriber(publisher.endpoint) as poses:
        refused(publisher, poses, "asks for keys: give --keys")
        assert "give --keys" in line(poses, None)


def test_a_key_that_is_not_on_the_list_is_refused_until_it_is(publisher, folder, laptop, caplog):
    listed = folder / "readers" / "laptop.key"
    content = listed.read_bytes()
    listed.unlink()
    with PoseSubscriber(publisher.endpoint, keys=laptop) as poses:
        refused(publisher, poses, "does not know this client's key")
        listed.write_bytes(content)
        assert heard(publisher, poses)  # it has tried again
        assert "there" in poses.silence()
    assert "refused the unknown key" in caplog.text


def test_a_client_that_trusts_another_server_hears_nothing(publisher, laptop, tmp_path):
    other = keys(tmp_path / "other", "new")
    (laptop / "server.key").write_bytes((other / "server.key").read_bytes())
    with PoseSubscriber(publisher.endpoint, keys=laptop) as poses:
        refused(publisher, poses, "another key than the server.key")


def test_a_client_with_keys_refuses_a_stream_without(definition, laptop):
    publisher = Publisher("tcp://127.0.0.1:*", definition)
    try:
        with PoseSubscriber(publisher.endpoint, keys=laptop) as poses:
            refused(publisher, poses, "has no keys, and this client has")
    finally:
        publisher.close()


def test_a_detector_may_not_read_and_a_reader_may_not_send(publisher, eye, laptop, folder):
    with PoseSubscriber(publisher.endpoint, keys=eye) as poses:
        refused(publisher, poses, "does not know this client's key")
    source = ZmqSource("tcp://127.0.0.1:*", "cam0", keys=folder)
    try:
        assert not arrives(source, Outlet(source.endpoint, bound=False, keys=laptop), 0.5)
        assert not arrives(source, Outlet(source.endpoint, bound=False), 0.5)
        assert source.frames_in == 0
        assert arrives(source, Outlet(source.endpoint, bound=False, keys=eye), 20)
    finally:
        source.close()


def arrives(source, detector, seconds):
    """Whether what `detector` sends comes out of `source`."""
    from .conftest import make_frame

    try:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            detector.send(wire.pack(topics.KEYPOINTS, make_frame(0)))
            if source.next(0.02) is not None:
                return True
        return False
    finally:
        detector.close()


def test_a_stream_that_connects_to_a_detector_knows_it_by_its_key(folder, eye, frame):
    """With bind: false the detector is the server, with its own client.key pair."""
    pair = read_client_keys(eye).own
    with zmq.Context() as context, context.socket(zmq.PUB) as detector:
        detector.linger = 0
        detector.curve_publickey, detector.curve_secretkey = pair.public, pair.secret
        detector.curve_server = True
        port = detector.bind_to_random_port("tcp://127.0.0.1")
        source = ZmqSource(f"tcp://127.0.0.1:{port}", "cam0", bound=False, keys=folder)
        until = time.monotonic() + 20
        while not source.frames_in and time.monotonic() < until:
            detector.send_multipart(wire.pack(topics.KEYPOINTS, frame(0)))
            time.sleep(0.02)
        source.close()
        assert source.frames_in
    keys(folder, "new", "second", "--detector")
    with pytest.raises(KeyringError, match="holds 2 keys"):
        ZmqSource("tcp://127.0.0.1:9", "cam0", bound=False, keys=folder)


def test_a_detector_is_let_in_once_its_key_is_there_and_told_why_before(folder, eye):
    """Also by a stream that was started without keys, by mistake, and anew with them."""
    admitted = folder / "detectors" / "eye.key"
    key = admitted.read_text()
    source = ZmqSource("tcp://127.0.0.1:*", "cam0")
    detector = Outlet(source.endpoint, bound=False, keys=eye)
    try:
        until = time.monotonic() + 20
        while "has no keys" not in (detector.refusal or ""):
            detector.newcomers()
            assert time.monotonic() < until
        source.close()
        admitted.unlink()
        source = ZmqSource(source.endpoint, "cam0", keys=folder)
        while "does not know" not in (detector.refusal or ""):
            detector.newcomers()
            assert time.monotonic() < until
        admitted.write_text(key)
        assert arrives(source, detector, 20)
        assert detector.refusal is None
    finally:
        source.close()


def test_a_stream_connects_again_to_a_detector_that_began_without_keys(folder, eye, frame):
    pair = read_client_keys(eye).own
    with zmq.Context() as context:
        detector = context.socket(zmq.PUB)
        detector.linger = 0
        port = detector.bind_to_random_port("tcp://127.0.0.1")
        source = ZmqSource(f"tcp://127.0.0.1:{port}", "cam0", bound=False, keys=folder)
        until = time.monotonic() + 20
        while not any("has no keys" in warning for warning in source.warnings):
            assert time.monotonic() < until
            time.sleep(0.02)
        detector.close()
        with context.socket(zmq.PUB) as detector:
            detector.linger = 0
            detector.curve_publickey, detector.curve_secretkey = pair.public, pair.secret
            detector.curve_server = True
            while True:
                try:
                    detector.bind(f"tcp://127.0.0.1:{port}")
                    break
                except zmq.ZMQError:  # the one before lets go of it in its own time
                    assert time.monotonic() < until
            while not source.frames_in and time.monotonic() < until:
                detector.send_multipart(wire.pack(topics.KEYPOINTS, frame(0)))
                time.sleep(0.02)
        source.close()
    assert source.frames_in
    assert source.warnings == ()


def test_recorder_and_replay_use_keys(publisher, folder, laptop, eye, tmp_path, frame, definition):
    path = tmp_path / "a.mcap"
    with LogWriter(path) as log:
        with Recorder(log, publisher.endpoint, None, laptop) as recorder:
            until = time.monotonic() + 20
            while "cam0" not in recorder.summary.streams and time.monotonic() < until:
                publisher.publish_definition()
                recorder.step()
            assert "cam0" in recorder.summary.streams
        log.add(Recorded(*wire.pack(topics.KEYPOINTS, frame(0)), 10**18))
    source = ZmqSource("tcp://127.0.0.1:*", "cam0", keys=folder)
    try:
        Replay(path, keypoints_to=source.endpoint, keys=eye).run()
        assert source.next(20) is not None
    finally:
        source.close()


def test_with_keys_nobody_is_warned_of_an_open_door(folder, definition):
    publisher = Publisher("tcp://0.0.0.0:*", definition, keys=folder)
    assert publisher.warnings == ()
    publisher.close()
    publisher = Publisher("tcp://0.0.0.0:*", definition)
    assert "m2t3 keys new" in publisher.warnings[0]
    publisher.close()


def test_secret_files_are_their_owners(folder, laptop):
    for secret in (folder / "server.key_secret", laptop / "client.key_secret"):
        assert secret.stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0
    assert read_server_keys(folder).secret.decode() not in repr(read_server_keys(folder))


def test_keys_list_tells_who_may_what(folder, capsys):
    assert main(["keys", "list", "--folder", str(folder)]) == 0
    told = capsys.readouterr().out
    (key,) = allowed(folder / "readers")
    assert f"laptop may read poses: {key.decode()}" in told
    assert "eye may send keypoints: " in told


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["new"], "server.key_secret is there already"),
        (["new", "laptop"], "client.key_secret is there already"),
        (["new", "../x"], "is no name"),
    ],
)
def test_keys_are_not_replaced_by_accident(folder, capsys, arguments, message):
    before = (folder / "server.key_secret").read_bytes()
    assert main(["keys", *arguments, "--folder", str(folder)]) == 2
    assert message in capsys.readouterr().err
    assert (folder / "server.key_secret").read_bytes() == before


def test_a_folder_that_was_deleted_is_made_again_for_the_next_client(folder):
    (folder / "readers" / "laptop.key").unlink()
    (folder / "readers").rmdir()
    assert main(["keys", "new", "phone", "--folder", str(folder)]) == 0
    assert list(allowed(folder / "readers").values()) == ["phone"]


def test_a_folder_of_keys_that_is_a_file_is_refused(tmp_path, capsys):
    (tmp_path / "file").touch()
    assert main(["keys", "new", "--folder", str(tmp_path / "file")]) == 2
    assert "give --folder a folder" in capsys.readouterr().err


def test_a_client_needs_the_streams_keys_first(tmp_path, capsys):
    assert main(["keys", "new", "laptop", "--folder", str(tmp_path)]) == 2
    assert "`m2t3 keys new` first" in capsys.readouterr().err


def test_folders_without_the_keys_that_are_needed_are_refused_in_words(
    folder, laptop, tmp_path, definition
):
    with pytest.raises(KeyringError, match=r"stream's own folder.*keys new NAME"):
        PoseSubscriber(keys=folder)
    with pytest.raises(KeyringError, match=r"cannot read .*client.key_secret.*keys new NAME"):
        PoseSubscriber(keys=tmp_path / "nothing")
    with pytest.raises(KeyringError, match=r"cannot read .*server.key_secret.*`m2t3 keys new`"):
        Publisher("tcp://127.0.0.1:*", definition, keys=tmp_path / "nothing")
    (folder / "readers" / "bad.key").write_text('public-key = "too short"')
    with pytest.raises(KeyringError, match=r"bad.key holds no public key"):
        Publisher("tcp://127.0.0.1:*", definition, keys=folder)
    (laptop / "client.key_secret").write_bytes((laptop / "client.key").read_bytes())
    with pytest.raises(KeyringError, match="holds no secret key"):
        PoseSubscriber(keys=laptop)


def test_a_bad_file_among_the_readers_lets_nobody_in_and_ends_nothing(
    publisher, folder, laptop, caplog
):
    (folder / "readers" / "bad.key").write_text("garbage")
    with PoseSubscriber(publisher.endpoint, keys=laptop) as poses:
        refused(publisher, poses, "does not know this client's key")
        (folder / "readers" / "bad.key").unlink()
        assert heard(publisher, poses)
    assert "nobody is let in" in caplog.text


def test_poses_come_encrypted_bit_by_bit(publisher, laptop, pipeline, frame, definition):
    with PoseSubscriber(publisher.endpoint, keys=laptop, every_frame=True, timeout_s=20) as poses:
        assert heard(publisher, poses)
        answer = msgspec.structs.replace(
            pipeline.process(frame(0), 10**12), def_id=definition.def_id
        )
        sent = publisher.publish_pose(answer)
        assert wire.encode(next(poses).message) == wire.encode(sent)
