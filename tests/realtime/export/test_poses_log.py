"""Poses in a recording of the wire: one session on one clock, or what to say to get one."""

from dataclasses import replace

import numpy as np
import pytest

from m2t3.__main__ import main
from m2t3.core.errors import RecordingError
from m2t3.realtime.export.poses import read_poses

from .conftest import pose, standing_m


def test_a_session_is_read_as_it_was_published(record, walk):
    moments = walk(np.arange(30) / 30)
    moments[10:] = [
        replace(moment, people=(*moment.people, pose(5, 2.0))) for moment in moments[10:]
    ]
    found = read_poses(record(moments))
    assert found.people == [1, 5]
    assert found.fps == pytest.approx(30, rel=1e-6)
    np.testing.assert_array_equal(found.person_id[:, 1], [-1] * 10 + [5] * 20)
    for n, moment in enumerate(moments):
        np.testing.assert_array_equal(found.positions_world_m[n, 0], standing_m(moment.t_s))
    assert found.t_ns[1] == round(1e9 / 30)


def test_frames_that_are_there_twice_are_read_once(record, walk):
    """As in two recordings of a session that were joined."""
    moments = walk(np.arange(30) / 30)
    for order in (moments + moments, [moment for moment in moments for _ in range(2)]):
        np.testing.assert_array_equal(
            read_poses(record(order)).t_ns, read_poses(record(moments, "once.mcap")).t_ns
        )


@pytest.mark.parametrize("begins_s", [0.0, 5000.0])
def test_a_detector_that_was_started_again_is_followed_by_the_streams_clock(record, walk, begins_s):
    first = walk(np.arange(30) / 30)
    again = walk(begins_s + np.arange(30) / 30, source_session="d2")
    moments = [
        replace(moment, seq=n, t_receive_s=100 + n / 30 + n // 30)
        for n, moment in enumerate(first + again)
    ]
    found = read_poses(record(moments))
    np.testing.assert_allclose(found.t_ns / 1e9, [moment.t_receive_s for moment in moments])
    assert found.fps == pytest.approx(30, rel=1e-6)


def test_of_several_sessions_one_is_chosen(record, walk, tmp_path, capsys):
    path = record(
        [
            *walk(np.arange(20) / 30),
            *walk(5 + np.arange(30) / 30, session="s2"),
            *walk(np.arange(40) / 30, stream="hall", session="s3"),
        ]
    )
    command = ["export", str(path), "--out", str(tmp_path / "x.csv")]
    for arguments, answer in [
        ([], "choose one of: --stream cam0 --session s1 (20 frames), --stream cam0 --session s2"),
        (["--stream", "cam0"], "choose one of: --stream cam0 --session s1 (20 frames), --stream"),
        (["--stream", "cam9"], "no poses of cam9; there are: --stream cam0 --session s1"),
        (["--stream", "hall", "--session", "s1"], "no poses of hall s1; there are"),
    ]:
        assert main([*command, *arguments]) == 2
        assert answer in " ".join(capsys.readouterr().err.split())
        assert not (tmp_path / "x.csv").exists()
    for arguments, frames in [(["--session", "s2"], 30), (["--stream", "hall"], 40)]:
        assert main([*command, *arguments]) == 0
        assert len((tmp_path / "x.csv").read_text().splitlines()) == 1 + frames


def test_a_pose_of_other_joints_than_were_defined_is_refused(record, walk):
    moments = walk(np.arange(5) / 30)
    moments[3] = replace(moments[3], people=(pose(1, joints=5),))
    with pytest.raises(RecordingError, match=r"walk\.mcap: frame 3 has person 1 with 5 joints wh"):
        read_poses(record(moments))


def test_without_any_times_that_rise_it_says_how_to_get_some(record, walk):
    with pytest.raises(RecordingError, match=r"does not rise .*`m2t3 lift RECORDING --out"):
        read_poses(record(walk([0.0, 0.1, 0.05])))


def test_an_npz_file_has_nothing_to_choose(tmp_path):
    with pytest.raises(RecordingError, match=r"--stream and --session choose in what `m2t3 rec"):
        read_poses(tmp_path / "poses.npz", session="s1")
