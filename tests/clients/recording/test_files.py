"""Recordings as files: what was recorded is in them, byte by byte, as far as they go."""

import os
import random
import struct
from pathlib import Path

import pytest
from mcap.opcode import Opcode
from mcap.reader import make_reader
from mcap.writer import MCAP0_MAGIC, Writer

from m2t3.__main__ import main
from m2t3.calibration.camera_files.camera_file import read_camera_file
from m2t3.clients.recording.log_writer import LogWriter
from m2t3.core.errors import RecordingError
from m2t3.core.message_log import MessageLog
from m2t3.core.topics import DEFINITION
from m2t3.core.wire import decode


def cut(path, length):
    """The first `length` bytes of the file, as a file."""
    piece = path.with_name(f"cut_{path.name}")
    piece.write_bytes(path.read_bytes()[:length])
    return piece


def test_what_is_recorded_is_read_byte_by_byte(messages, write):
    recorded = messages(100)
    log = MessageLog(write(recorded))
    assert list(log) == recorded
    assert log.complete
    assert list(log) == recorded  # as often as one likes


def test_a_recording_cut_off_at_any_byte_plays_up_to_there(messages, write):
    recorded = messages(2)[1:]  # without the long definition: every byte is a file to read
    path = write(recorded)
    kept = len(recorded)
    for length in reversed(range(path.stat().st_size)):
        os.truncate(path, length)
        log = MessageLog(path)
        left = list(log)
        assert not log.complete
        assert kept - 1 <= len(left) <= kept  # a byte is of one message at most
        kept = len(left)
        assert left == recorded[:kept]
    assert kept == 0


def test_a_long_recording_cut_off_somewhere_loses_only_the_message_that_was_cut(messages, write):
    recorded = messages(400)
    path = write(recorded)
    whole = path.read_bytes()
    ends = [whole.index(message.payload) + len(message.payload) for message in recorded]
    for length in random.Random(0).sample(range(len(whole)), 40):
        kept = list(MessageLog(cut(path, length)))
        assert kept == recorded[: sum(end <= length for end in ends)]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is full is Linux's")
def test_a_full_disk_is_told_whatever_is_written(messages):
    definition, pose = messages(1)[:2]
    log = LogWriter(Path("/dev/full"), overwrite=True)
    with pytest.raises(RecordingError, match=r"cannot write /dev/full \(No space left"):
        log.attach(decode(DEFINITION, definition.payload), definition)
    with pytest.raises(RecordingError, match="cannot write /dev/full"):
        log.add(pose)
    with pytest.raises(RecordingError, match="cannot write /dev/full"):
        log.close()


def test_a_recorder_that_is_killed_has_written_everything(messages, tmp_path):
    recorded = messages(50)
    log = LogWriter(tmp_path / "killed.mcap")
    for message in recorded:
        log.add(message)
    assert list(MessageLog(tmp_path / "killed.mcap")) == recorded  # before it is closed
    log.close()


def test_other_programs_read_the_messages_and_the_attachments(messages, write):
    recorded = messages(61)
    path = write(recorded)
    with path.open("rb") as file:
        reader = make_reader(file, validate_crcs=True)
        found = [(c.topic.encode(), m.data, m.log_time) for _, c, m in reader.iter_messages()]
        assert found == [(m.topic, m.payload, m.t_unix_ns) for m in recorded]
        encodings = {c.message_encoding for c in reader.get_summary().channels.values()}
        assert encodings == {"msgpack"}
        attached = {a.name: a.data for a in reader.iter_attachments()}
    assert set(attached) == {"definition.cam0.msgpack", "camera.cam0.yaml"}
    assert attached["definition.cam0.msgpack"] == recorded[0].payload


def test_the_attached_camera_is_a_camera_file_for_the_recording(messages, write, publisher):
    publisher.camera = publisher.camera.__replace__(distortion=(-0.08, 0.025, 0.0004, -0.0003, 0))
    path = write(messages(1))
    with path.open("rb") as file:
        attached = {a.name: a.data for a in make_reader(file).iter_attachments()}
    yaml = path.with_name("cam0.yaml")
    yaml.write_bytes(attached["camera.cam0.yaml"])
    file = read_camera_file(yaml)
    assert file.source.recording == path
    assert tuple(file.camera.t_world_camera_m) == publisher.camera.translation_m
    assert tuple(file.camera.K.ravel()) == publisher.camera.K
    assert tuple(file.camera.distortion) == publisher.camera.distortion


def test_recordings_that_other_tools_have_compressed_are_read(messages, tmp_path):
    recorded = messages(100)
    with (tmp_path / "chunks.mcap").open("wb") as file:
        writer = Writer(file, chunk_size=20_000)
        writer.start()
        channels = {}
        for message in recorded:
            topic = message.topic.decode()
            if topic not in channels:
                channels[topic] = writer.register_channel(topic, "msgpack", 0)
            writer.add_message(channels[topic], message.t_unix_ns, message.payload, 0)
        writer.add_message(writer.register_channel("/imu", "cdr", 0), 0, b"not ours", 0)
        writer.finish()
    path = tmp_path / "chunks.mcap"
    assert list(MessageLog(path)) == recorded
    kept = list(MessageLog(cut(path, path.stat().st_size // 2)))
    assert kept
    assert kept == recorded[: len(kept)]
    damaged = bytearray(path.read_bytes())
    damaged[2000:2100] = bytes(100)
    path.write_bytes(damaged)
    with pytest.raises(RecordingError, match="damaged"):
        list(MessageLog(path))


@pytest.mark.parametrize("length", [2**45, 2**63 + 5])
def test_a_length_that_no_file_has_is_where_the_recording_is_cut_off(messages, write, length):
    recorded = messages(2)
    path = write(recorded)
    content = path.read_bytes()
    end = content.index(recorded[-1].payload) + len(recorded[-1].payload)
    attachment = struct.pack("<QQIIQ", 1, 1, 0, 0, length)  # without name and media type
    record = struct.pack("<BQ", Opcode.ATTACHMENT, len(attachment)) + attachment
    path.write_bytes(content[:end] + record + content[end:])
    log = MessageLog(path)
    assert list(log) == recorded
    assert not log.complete


def test_a_length_that_no_chunk_has_is_damage(tmp_path):
    within = struct.pack("<BQ", 99, 2**63 + 5)
    chunk = struct.pack("<QQQIIQ", 0, 0, len(within), 0, 0, len(within)) + within
    record = struct.pack("<BQ", Opcode.CHUNK, len(chunk)) + chunk
    (tmp_path / "walk.mcap").write_bytes(MCAP0_MAGIC + record)
    with pytest.raises(RecordingError, match="damaged"):
        list(MessageLog(tmp_path / "walk.mcap"))


def test_what_is_no_recording_is_refused_in_words(tmp_path):
    with pytest.raises(RecordingError, match=r"nowhere.mcap: cannot be read"):
        MessageLog(tmp_path / "nowhere.mcap")
    (tmp_path / "text.mcap").write_text("positions: 1 2 3")
    with pytest.raises(RecordingError, match=r"no MCAP file; `m2t3 record"):
        MessageLog(tmp_path / "text.mcap")


def test_nothing_is_overwritten_by_accident(messages, write, tmp_path, capsys):
    path = write(messages(1))
    before = path.read_bytes()
    assert main(["record", str(path), "--seconds", "1"]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert path.read_bytes() == before
    assert main(["record", str(tmp_path / "no" / "folder.mcap")]) == 2


def test_info_tells_length_rates_people_losses_and_licence(messages, write, publisher, capsys):
    recorded = messages(121)
    del recorded[50:53]  # a pose and the keypoints around it
    publisher.session = "s2"
    publisher.seq = 0
    again = messages(2, start=121)
    assert main(["info", str(write(recorded + again))]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "whole 2.0 s from 2025-10-09" in told
    assert "poses 122, 59.5 Hz" in told
    assert "1 lost" in told
    assert "keypoints" in told
    assert "people 2 sessions s1, s2" in told
    assert "coco17, 17 joints camera cam0, 1280 x 720 px, at (-4.00, 0.00, 1.60) m" in told
    assert "weights test on numpy licence CC0-1.0" in told


def test_info_tells_that_a_recording_is_cut_off_and_whose_poses_cannot_be_read(
    messages, write, capsys
):
    recorded = [m for m in messages(10) if not m.topic.startswith(DEFINITION.prefix.encode())]
    path = write(recorded)
    assert main(["info", str(cut(path, 3000))]) == 0
    told = capsys.readouterr().out
    assert "cut off: it plays up to there" in told
    assert "none: its poses cannot be read" in told
    assert main(["info", str(cut(path, 4))]) == 0
    assert "no messages" in capsys.readouterr().out


def test_the_second_definition_of_a_stream_is_attached_under_a_name_of_its_own(
    messages, write, publisher
):
    first = messages(1)
    publisher.joint_names = ("left_hip", "right_hip", "nose")
    changed = publisher.definition()
    path = write(first)
    with LogWriter(path, overwrite=True) as log:
        log.attach(decode(DEFINITION, first[0].payload), first[0])
        log.attach(changed, first[0])
        log.attach(changed, first[0])
    with path.open("rb") as file:
        names = [a.name for a in make_reader(file).iter_attachments()]
    assert names[2:] == [
        f"definition.cam0.{changed.def_id}.msgpack",
        f"camera.cam0.{changed.def_id}.yaml",
    ]
