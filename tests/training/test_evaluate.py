"""What is said of answers: parts of clips, groups, actions, baselines, and where it is written."""

import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest

from m2t3.core.errors import M2t3Error
from m2t3.core.skeletons import COCO17
from m2t3.training.evaluation import command as evaluate
from m2t3.training.evaluation.actions import action_of
from m2t3.training.evaluation.baselines import BASELINES, SLOW
from m2t3.training.evaluation.cases import mocap_cases, with_detector_noise
from m2t3.training.evaluation.command import Evaluate
from m2t3.training.evaluation.failures import Failure, draw_failures
from m2t3.training.evaluation.measure import ALL, SETTLED, score, summarise

EXACT, NOISY = "mocap, exact 2D", "mocap, detector-like 2D"
COLD = 30  # frames of a second, which are not settled


@pytest.fixture(scope="module")
def cases(archive_path):
    return list(mocap_cases(archive_path, COCO17, piece_s=5.0, cameras=1, seed=0))


def shifted(case, cold_m, then_m):
    """An answer that is off along x, by less from the second second on."""
    off = np.where(np.arange(len(case.truth_world_m)) < COLD, cold_m, then_m)
    return case.truth_world_m + off[:, None, None] * np.array([1.0, 0, 0])


def test_frames_after_a_second_are_told_apart_from_a_cold_start(cases):
    results = [score(case, "m2t3", shifted(case, 0.3, 0.1), COCO17) for case in cases]
    (whole,), (settled,) = (summarise(results, part) for part in (ALL, SETTLED))
    assert (whole.part, settled.part) == ("all frames", "after 1 s")
    assert (whole.frames, settled.frames) == (120, 60)
    assert (whole.abs_mpjpe, settled.abs_mpjpe) == (200.0, 100.0)
    assert (whole.mpjpe, whole.pa_mpjpe) == (0, 0)
    assert settled.w_mpjpe == settled.t_root == settled.accel == 0
    assert whole.accel > 1  # the step
    expected = np.mean([10 / case.distance_m for case in cases])
    assert settled.root_percent == pytest.approx(expected, abs=0.01)


def test_a_second_counts_from_the_first_answer(cases):
    late = shifted(cases[0], 0.3, 0.1)
    late[:10] = np.nan
    result = score(cases[0], "m2t3", late, COCO17)
    assert result.settled.sum() == 60 - COLD - 10
    assert summarise([result], ALL)[0].answered == round(50 / 60, 4)
    assert summarise([result], SETTLED)[0].answered == 1.0


def test_rows_are_means_over_frames_not_clips(cases):
    short = shifted(cases[0], 0.0, 0.0)
    short[6:] = np.nan
    long = shifted(cases[1], 0.3, 0.3)
    results = [score(c, "m2t3", p, COCO17) for c, p in zip(cases, (short, long), strict=True)]
    (row,) = summarise(results, ALL)
    assert row.abs_mpjpe == pytest.approx(300 * 60 / 66, abs=0.1)
    assert row.median_abs_mpjpe == 150.0
    assert row.clips == 2
    by_action = summarise(results, ALL, lambda r: r.case.action)
    assert {row.action: row.abs_mpjpe for row in by_action} == {"everyday": 0.0, "walking": 300.0}


@pytest.mark.parametrize(
    ("name", "action"),
    [
        *((f"cmuj_{n}_02", "acrobatics") for n in (49, 85, 88, 139, 140)),
        ("cmu_005_09", "dance"), ("cmud_salsa_14", "dance"), ("gBR_sBM_cAll_d04_mBR0", "dance"),
        ("cmux_basketball_5", "sports"), ("cmux_jumping_5", "sports"), ("cmu_006_09", "sports"),
        ("cmu_007_09", "walking"), ("dataset-2_run_elderly_008", "walking"),
        ("dataset-1_bow_childish_001", "everyday"), ("cmux_directing_traffic_4", "everyday"),
    ],
)  # fmt: skip
def test_names_tell_what_people_do(name, action):
    assert action_of(name) == action


def test_the_same_seed_gives_the_same_noise(cases):
    one, same, other = (with_detector_noise(cases[0], COCO17, seed) for seed in (1, 1, 2))
    assert one.group == NOISY
    np.testing.assert_array_equal(one.keypoints_px, same.keypoints_px)
    assert not np.array_equal(one.keypoints_px, other.keypoints_px, equal_nan=True)


def test_other_cameras_have_other_noise(archive_path):
    one, other = (with_detector_noise(c, COCO17) for c in
                  list(mocap_cases(archive_path, COCO17, cameras=2))[:2])  # fmt: skip
    assert one.name == other.name
    assert not np.array_equal(one.confidence, other.confidence)


def test_who_lies_is_seen_with_as_much_noise_as_who_stands(cases):
    def off_px(case):
        return np.nanmedian(np.abs(with_detector_noise(case, COCO17).keypoints_px - seen_px))

    upright, middle_m = cases[0], cases[0].truth_world_m.mean(axis=(0, 1))
    seen_px = upright.keypoints_px
    about = upright.truth_world_m - middle_m
    lying_m = middle_m + about[..., [2, 1, 0]]  # as tall, but not in the picture that is disturbed
    lying = dataclasses.replace(upright, truth_world_m=lying_m)
    assert off_px(lying) == pytest.approx(off_px(upright), rel=0.02)


@pytest.mark.parametrize("joints", [1, COCO17.joint_count])
def test_a_person_behind_the_camera_is_drawn_without_what_it_does_not_see(cases, joints, tmp_path):
    """At the worst frame some joints have no pixel, or none has one."""
    truth_m = cases[0].truth_world_m.copy()
    camera = cases[0].camera
    truth_m[10, :joints] = camera.t_world_camera_m - camera.R_world_camera[:, 2]
    case = dataclasses.replace(cases[0], truth_world_m=truth_m)
    answer_m = truth_m.copy()
    answer_m[10] += 1.0
    failure = Failure(score(case, "m2t3", answer_m, COCO17), answer_m)
    assert failure.frame == 10
    assert np.isnan(camera.project(truth_m[10])).any(axis=1).sum() == joints
    draw_failures([failure], COCO17, tmp_path / "worst.png")
    assert (tmp_path / "worst.png").read_bytes().startswith(b"\x89PNG")


@pytest.fixture
def evaluated(archive_path, tmp_path, monkeypatch, capsys):
    """An evaluation of weights that know the truth but for 50 mm; what it printed and wrote."""
    known = SimpleNamespace(shape=SimpleNamespace(skeleton=COCO17))
    monkeypatch.setattr(evaluate, "load_denoiser", lambda *_: known)
    monkeypatch.setattr(evaluate, "lift", lambda case, *_: shifted(case, 0.05, 0.05))
    evaluation = Evaluate(
        mocap=archive_path, piece_s=1.0, baselines=True, baseline_clips=1, out=tmp_path
    )
    assert evaluation.run() == 0
    return capsys.readouterr().out, json.loads((tmp_path / "results.json").read_text()), tmp_path


def test_who_was_not_answered_is_named_and_ends_nothing(archive_path, monkeypatch, capsys):
    known = SimpleNamespace(shape=SimpleNamespace(skeleton=COCO17))
    monkeypatch.setattr(evaluate, "load_denoiser", lambda *_: known)
    first = []

    def lift(case, *_):
        first.append(case.name)
        return case.truth_world_m * (np.nan if len(first) == 1 else 1.0)

    monkeypatch.setattr(evaluate, "lift", lift)
    assert Evaluate(mocap=archive_path, piece_s=1.0).run() == 0
    printed = capsys.readouterr().out
    assert f"in no row: {EXACT}: {first[0]}" in " ".join(printed.split())
    assert printed.count(first[0]) == 1


@pytest.fixture
def recorded(monkeypatch):
    """What an evaluation of weights that answer nobody writes into their manifest."""
    written = []
    known = SimpleNamespace(shape=SimpleNamespace(skeleton=COCO17))
    monkeypatch.setattr(evaluate, "load_denoiser", lambda *_: known)
    monkeypatch.setattr(evaluate, "lift", lambda case, *_: case.truth_world_m * np.nan)
    monkeypatch.setattr(evaluate, "write_manifest", lambda *call: written.append(call))
    return written


@pytest.mark.parametrize(
    ("options", "answer"),
    [
        ({"cameras": 0}, "--cameras 0: give 1 or more"),
        ({"piece_s": 0.0}, "--piece-s 0 is no length: .*above 0"),
        ({"piece_s": float("nan")}, "--piece-s nan"),
        ({}, "nothing was measured: of 4 cases none .* in 4 frames"),
    ],
)
def test_a_manifest_keeps_its_rows_when_there_are_no_new_ones(
    options, answer, archive_path, recorded, tmp_path
):
    out = tmp_path / "out"
    with pytest.raises(M2t3Error, match=answer):
        Evaluate(mocap=archive_path, record=True, out=out, **options).run()
    assert recorded == []
    assert not out.exists()


def test_baselines_stand_in_the_same_table(evaluated):
    printed, document, out = evaluated
    rows = {(row["name"], row["method"]): row for row in document["baselines"]}
    assert set(rows) == {
        (group, method)
        for group in (EXACT, NOISY)
        for method in ("m2t3", *BASELINES, "m2t3, on the same clips")
    }
    assert rows[EXACT, "m2t3"]["abs_mpjpe"] == 50.0
    assert rows[EXACT, SLOW]["clips"] == rows[EXACT, "m2t3, on the same clips"]["clips"] == 1
    assert rows[EXACT, "its pose placed by solvePnP"]["abs_mpjpe"] < 1.0  # the pose is the truth
    assert rows[EXACT, "standing body, depth from size"]["abs_mpjpe"] > 100
    for method in BASELINES:
        assert method in printed
    assert (out / "error_by_method.png").read_bytes().startswith(b"\x89PNG")
    assert SLOW in document["clips"][0]
    assert sum(SLOW in clip for clip in document["clips"]) == 2


def test_results_are_told_by_part_action_and_camera(evaluated):
    _, document, out = evaluated
    assert [(row["name"], row["part"]) for row in document["rows"]] == [(EXACT, ALL), (NOISY, ALL)]
    assert {(row["name"], row["action"]) for row in document["actions"]} == {
        (group, action) for group in (EXACT, NOISY) for action in ("walking", "everyday")
    }
    assert len(document["clips"]) == 8
    for clip in document["clips"]:
        assert clip["abs_mpjpe"] == 50.0
        assert -50 <= clip["camera_pitch_deg"] <= 10
        assert 0.4 <= clip["camera_height_m"] <= 4.0
    assert document["command"]["mocap"] == "demo.npz"
    assert set(document["curves"]) == {"distance_m", "camera_height_m", "camera_pitch_deg"}
    for axis in ("distance", "height", "pitch", "action"):
        assert (out / f"error_by_{axis}.png").read_bytes().startswith(b"\x89PNG")
