"""Uneven, rounded and lost frames come onto one steady grid, the same for all people."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from m2t3.__main__ import main
from m2t3.lifting.frame_rate import frames_per_second
from m2t3.realtime.export.poses import read_poses
from m2t3.realtime.export.take import take_of

from .conftest import pose


@pytest.mark.parametrize("fps", [24, 29.97, 30, 50, 60, 120])
def test_the_rate_is_told_from_whole_milliseconds_and_with_frames_lost(fps):
    kept = np.random.default_rng(1).random(900) > 0.1
    times_ms = np.round(1000 * np.arange(900) / fps)[kept].astype(np.int64)
    assert frames_per_second(times_ms * 1_000_000) == pytest.approx(fps, rel=2e-3)


def test_the_rate_of_a_single_frame_is_one():
    assert frames_per_second(np.array([5])) == 1.0


def test_an_export_lasts_as_long_as_the_recording(record, walk):
    times_s = np.round(np.arange(300) / 30, 3)
    kept = np.random.default_rng(2).random(300) > 0.1
    for chosen in (times_s, times_s[kept]):
        take = take_of(read_poses(record(walk(chosen))), 1)
        assert take.presence.t_s[-1] == pytest.approx(chosen[-1] - chosen[0], abs=0.02)
        walked_m = take.positions_world_m[:, 0, 0] - take.positions_world_m[0, 0, 0]
        np.testing.assert_allclose(walked_m, take.presence.t_s, atol=0.02)


@pytest.mark.parametrize("fps", [1, 2, 3, 3.5])
def test_slow_cameras_lose_nothing(record, walk, fps):
    jitter_s = np.random.default_rng(3).uniform(-0.03, 0.03, 20)
    take = take_of(read_poses(record(walk(1 + np.arange(20) / fps + jitter_s))), 1)
    assert len(take.positions_world_m) == 20
    assert np.isfinite(take.positions_world_m).all()


@pytest.fixture
def two(record, walk):
    """A recording with jitter of two people, of whom the second comes 41 frames later."""
    jitter_s = np.random.default_rng(4).uniform(0, 0.004, 120)
    moments = walk(10 + np.arange(120) / 30 + jitter_s)
    moments[41:] = [
        replace(moment, people=(*moment.people, pose(2, moment.t_s))) for moment in moments[41:]
    ]
    return record(moments)


def test_everybody_has_the_recordings_times(two, tmp_path):
    takes = [take_of(read_poses(two), person_id) for person_id in (1, 2)]
    np.testing.assert_allclose(takes[1].presence.t_s, takes[0].presence.t_s[41:], atol=1e-9)
    np.testing.assert_array_equal(  # the same walk, seen at the same times
        takes[1].positions_world_m[1:], takes[0].positions_world_m[42:]
    )
    with np.load(_exported(two, tmp_path / "all.npz")) as data:
        np.testing.assert_array_equal(data["2/t_s"], takes[1].presence.t_s)


def test_trc_and_csv_of_one_person_count_from_the_recordings_start(two, tmp_path):
    expected_s = take_of(read_poses(two), 2).presence.t_s
    assert expected_s[0] == pytest.approx(41 / 30, abs=0.01)
    with _exported(two, tmp_path / "two.csv", "--person", "2").open() as file:
        csv_s = [float(row["t_s"]) for row in csv.DictReader(file)]
    trc = _exported(two, tmp_path / "two.trc", "--person", "2").read_text().splitlines()
    trc_s = [float(line.split("\t")[1]) for line in trc[6:]]
    for found_s in (csv_s, trc_s):
        np.testing.assert_allclose(found_s, expected_s, atol=1e-6)


def _exported(recording, out, *options):
    assert main(["export", str(recording), "--out", str(out), *options]) == 0
    return out
