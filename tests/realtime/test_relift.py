"""A recorded session is lifted again: the same poses, bit by bit, by every way that leads there."""

import dataclasses
import threading

import msgspec
import numpy as np
import pytest

from m2t3.__main__ import main
from m2t3.calibration.camera_files.camera_file import CameraFile, write_camera_file
from m2t3.calibration.camera_files.keypoint_source import ReplaySource as ReplayConfig
from m2t3.clients.recording.log_writer import LogWriter
from m2t3.clients.recording.recorder import Recorder
from m2t3.core import topics, wire
from m2t3.core.errors import RecordingError
from m2t3.core.message_log import MessageLog, Recorded
from m2t3.core.skeletons import COCO17
from m2t3.lifting.keypoints_log import read_keypoints_log
from m2t3.lifting.recording import read_recording
from m2t3.realtime.assembly import define
from m2t3.realtime.commands import lift as lift_module
from m2t3.realtime.export.poses import read_poses
from m2t3.realtime.health import Health
from m2t3.realtime.serve import serve
from m2t3.realtime.sockets.publisher import Publisher
from m2t3.realtime.sources import Received
from m2t3.realtime.sources.replay import ReplaySource

FRAMES = 60


class Script:
    """A source that begins when `begin` is set and gives its frames one by one."""

    description, warnings, frames_in, detector = "script", (), 0, None

    def __init__(self, frames, begin):
        self._frames, self._begin = list(frames), begin

    @property
    def finished(self):
        return not self._frames

    def counts(self):
        from m2t3.realtime.counts import Counts

        return Counts()

    def preview(self):
        return None

    def next(self, timeout_s):
        if not self._begin.wait(timeout_s):
            return None
        return Received(self._frames.pop(0), 10**12 + len(self._frames))

    def close(self):
        pass


@pytest.fixture
def definition(camera, model):
    return define(stream="cam0", session="pose-1", skeleton=COCO17, camera=camera, model=model)


@pytest.fixture
def session(frame, person):
    """Two people, one of them for a while, from a detector that starts anew and repeats itself."""
    frames = []
    for seq in range(FRAMES):
        people = [person(u=200.0 + seq), person(u=450.0)][: 1 if seq > 40 else 2]
        name = "source-1" if seq < 30 else "source-2"
        frames.append(frame(seq, people, session=name))
        if seq == 10:
            frames.append(frames[-1])
    return frames


@pytest.fixture
def path(session, definition, pipeline, model, tmp_path):
    """What `m2t3 record` makes of a live stream that lifts the session."""
    begin, stop = threading.Event(), threading.Event()
    publisher = Publisher("tcp://127.0.0.1:*", definition)
    health = Health(stream="cam0", session=definition.session, model=model)
    source = Script(session, begin)
    stream = threading.Thread(target=serve, args=(source, pipeline, publisher, health, stop))
    path = tmp_path / "live.mcap"
    with LogWriter(path) as log, Recorder(log, publisher.endpoint, "cam0") as recorder:
        stream.start()
        keypoints_topic = topics.KEYPOINTS.name("cam0")
        while not publisher.outlet.has_listeners(keypoints_topic):  # else they are not sent
            recorder.step()
        begin.set()
        stream.join()
        flows = recorder.summary.streams["cam0"].flows
        while flows[topics.KEYPOINTS.prefix].count < len(session):
            recorder.step()
    publisher.close()
    return path


def poses(path):
    """The recorded people by source session and number."""
    answers = {}
    for m in MessageLog(path):
        if m.topic == topics.POSE.name("cam0"):
            answer = wire.decode(topics.POSE, m.payload)
            answers[answer.source_session, answer.source_seq] = answer
    return answers


def same(a, b):
    """Whether two answers have the same people in the same places, bit by bit."""
    return len(a.people) == len(b.people) and all(
        (p.id, p.state) == (q.id, q.state)
        and p.positions_world_m.tobytes() == q.positions_world_m.tobytes()
        for p, q in zip(a.people, b.people, strict=True)
    )


def test_the_recording_has_the_keypoints_as_they_were_lifted(path, session):
    log = read_keypoints_log(path)
    assert [wire.encode(f) for f in log.frames] == [wire.encode(f) for f in session]
    assert log.stream == "cam0"
    assert log.fps == pytest.approx(60, rel=1e-3)


def test_lifted_again_it_gives_the_same_poses(path, another_pipeline, camera, monkeypatch, model):
    live = poses(path)
    assert len(live) == FRAMES
    again = []

    def assemble(camera, stream, **choice):
        made = define(stream=stream, session="x", skeleton=COCO17, camera=camera, model=model)
        return made, another_pipeline

    process = another_pipeline.process
    another_pipeline.process = lambda *received: again.append(process(*received)) or again[-1]
    monkeypatch.setattr(lift_module, "assemble", assemble)
    out = path.with_suffix(".npz")
    assert main(["lift", str(path), "--out", str(out)]) == 0  # the camera is in the recording
    answers = [answer for answer in again if answer is not None]
    assert len(answers) == FRAMES
    for answer in answers:
        assert same(answer, live[answer.source_session, answer.source_seq])
    with np.load(out) as arrays:
        assert len(arrays["positions_world_m"]) == FRAMES  # without the one that came twice
        assert arrays["source_session"].tolist() == ["source-1"] * 30 + ["source-2"] * 30
    found = read_poses(out)  # for all that the detector's clocks do not compare
    np.testing.assert_array_equal(found.t_ns, np.delete(read_keypoints_log(path).t_receive_ns, 11))


def test_replayed_as_a_source_it_gives_the_same_poses(path, another_pipeline):
    live = poses(path)
    source = ReplaySource(path, "cam0", loop=False)
    while not source.finished:
        received = source._take()  # as fast as it goes
        answer = another_pipeline.process(received.frame, received.t_receive_ns)
        assert answer is None or same(answer, live[answer.source_session, answer.source_seq])


def test_in_a_loop_every_round_is_a_new_session(path):
    source = ReplaySource(path, "hall", loop=True)
    frames = [source._take() for _ in range(2 * FRAMES + 2)]
    assert [f.frame.session for f in frames[:: FRAMES + 1]] == ["source-1", "source-1-1"]
    assert {f.frame.stream for f in frames} == {"hall"}
    times = [f.t_receive_ns for f in frames]
    assert times == sorted(times)


def test_the_camera_in_the_recording_is_the_streams(path, camera):
    found = read_keypoints_log(path).camera
    np.testing.assert_array_equal(found.K, camera.K)
    np.testing.assert_allclose(found.R_world_camera, camera.R_world_camera, atol=1e-15)
    np.testing.assert_array_equal(found.t_world_camera_m, camera.t_world_camera_m)


def write(path, frames):
    with LogWriter(path) as log:
        for number, frame in enumerate(frames):
            log.add(Recorded(*wire.pack(topics.KEYPOINTS, frame), 10**18 + number))


def test_as_arrays_it_is_a_recording_for_training_and_evaluation(tmp_path, frame, person):
    seen = [person(u=100.0, id=7), person(u=300.0, id=-3)]
    seen[0].keypoints_px.setflags(write=True)
    seen[0].keypoints_px[4] = np.nan
    seen[0].confidence.setflags(write=True)
    seen[0].confidence[5] = 1.5
    seen[0].confidence[6] = 0
    frames = [frame(0, seen), frame(1, seen[:1]), frame(1, seen[:1]), frame(2, seen[::-1])]
    write(tmp_path / "a.mcap", frames)
    recording = read_recording(tmp_path / "a.mcap")
    assert recording.person_id.tolist() == [[0, 1], [0, -1], [1, 0]]
    assert recording.camera is None
    joints = recording.keypoints_px[0, 0]
    assert np.flatnonzero(np.isnan(joints).any(-1)).tolist() == [4, 6]
    assert recording.confidence[0, 0, [4, 5, 6]].tolist() == [0, 1, 0]
    np.testing.assert_array_equal(recording.keypoints_px[2, 0], seen[1].keypoints_px)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f, p: [f(0, [p(), p()])], "cannot be told apart"),
        (lambda f, p: [f(0), f(1, session="s2")], "several sessions"),
        (lambda f, p: [f(0, [])], "nobody in it"),
        (lambda f, p: [], "has no keypoints"),
        (lambda f, p: [f(0), f(0, stream="cam1")], "keypoints of cam0, cam1"),
    ],
)
def test_what_makes_no_arrays_is_refused_in_words(tmp_path, frame, person, change, message):
    write(tmp_path / "a.mcap", change(frame, person))
    with pytest.raises(RecordingError, match=rf"/a\.mcap: [^/]*{message}"):
        read_recording(tmp_path / "a.mcap")


def test_a_camera_that_cannot_be_is_refused_in_words(tmp_path, definition, frame):
    camera = msgspec.structs.replace(definition.camera, distortion_model="fish")
    bad = msgspec.structs.replace(definition, camera=camera)
    with LogWriter(tmp_path / "a.mcap") as log:
        log.add(Recorded(*wire.pack(topics.DEFINITION, bad), 1))
        log.add(Recorded(*wire.pack(topics.KEYPOINTS, frame(0)), 2))
    with pytest.raises(RecordingError, match=r"a\.mcap: distortion_model 'fish'"):
        read_keypoints_log(tmp_path / "a.mcap")


def test_of_several_streams_the_camera_files_is_taken(tmp_path, frame, camera, monkeypatch):
    write(tmp_path / "a.mcap", [frame(0), frame(0, stream="cam1"), frame(1, stream="cam1")])
    assert len(read_keypoints_log(tmp_path / "a.mcap", "cam1").frames) == 2
    other = dataclasses.replace(camera, name="cam1")
    write_camera_file(
        tmp_path / "cam1.yaml", CameraFile(other, ReplayConfig(tmp_path / "a.mcap", loop=False))
    )
    source = ReplaySource(tmp_path / "a.mcap", "cam1", loop=False)
    assert source._coming.frame.stream == "cam1"
