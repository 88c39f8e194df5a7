"""The ablation: variants differ in what they say, cost the same, and are not trained twice."""

import json
import re
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from m2t3.__main__ import main
from m2t3.core.skeletons import COCO17
from m2t3.engines.network import MotionDenoiser, NetworkConfig
from m2t3.engines.torch_engine import TorchDenoiser
from m2t3.lifting import rig
from m2t3.lifting.body_size import UNKNOWN, SizeBelief
from m2t3.lifting.diffusion import Denoised, answer_points
from m2t3.training.ablation import command as ablate
from m2t3.training.ablation import runs as ablation_runs
from m2t3.training.ablation.runs import ask, true_height_m
from m2t3.training.ablation.variants import BASE, FAMILIES, VARIANTS, Asking, base_config, stages
from m2t3.training.evaluation.cases import mocap_cases
from m2t3.training.sittings import flat
from m2t3.training.stages import STAGES

STEPS = 250
BASE_CONFIG = base_config((Path("a.npz"),), STEPS)
OUT = Path("run")


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_differs_from_the_base_in_exactly_what_it_says(name):
    variant = VARIANTS[name]
    _, config = stages(variant, BASE_CONFIG, OUT)[-1]
    here = {"out": OUT, "start": config.start, "steps": config.steps}
    now, base = (dict(flat(asdict(c))) for c in (config, replace(BASE_CONFIG, **here)))
    assert {key: value for key, value in now.items() if value != base[key]} == variant.changes


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_costs_what_the_base_costs(name):
    variant = VARIANTS[name]
    plan = stages(variant, BASE_CONFIG, OUT)
    extra = round(variant.stage1 * STEPS) if variant.extra else 0
    assert sum(config.steps for _, config in plan) == STEPS + extra
    for _, config in plan:
        assert config.window.batch * config.window.frames == 384
        assert config.network.memory_frames == config.window.frames


def test_stage_2_begins_with_the_weights_of_a_variants_stage_1():
    (first, pretrain), (second, finetune) = stages(VARIANTS["stage1"], BASE_CONFIG, OUT)
    assert (first, second) == tuple(STAGES) == ("pretrain", "finetune")
    assert finetune.start == pretrain.out / "last.pt"
    assert pretrain.out != finetune.out


def test_every_variant_belongs_to_a_table():
    assert {v.family for name, v in VARIANTS.items() if name != BASE} == set(FAMILIES)
    assert next(iter(VARIANTS)) == BASE


@contextmanager
def cheap(tiny_config):
    """The ablation's base takes no time to train; its answers are off by 10 mm a step."""
    base = tiny_config(Path(), 1)
    base = replace(base, network=replace(base.network, pointmap_channels=8))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            ablate, "base_config", lambda files, steps: replace(base, archives=files, steps=steps)
        )
        patch.setattr(
            ablation_runs, "lift", lambda case, _, steps, __: shifted(case.truth_world_m, steps)
        )
        yield


@pytest.fixture
def tiny(tiny_config):
    """Cheap for this test."""
    with cheap(tiny_config):
        yield


def shifted(positions_m, steps):
    """Off by 10 mm along x for each step."""
    return positions_m + np.array([0.01 * steps, 0, 0])


def ablation(archive_path, folder, *options):
    return main([
        "ablate", "--archives", str(archive_path), "--mocap", str(archive_path),
        "--out", str(folder / "out"), "--runs", str(folder / "runs"), "--steps", "5",
        "--pieces", "1", *options,
    ])  # fmt: skip


ONLY = ("--only", "paper-stage1-extra", "no-size")  # and two seeds of each


@pytest.fixture(scope="module")
def done(tiny_config, archive_path, tmp_path_factory):
    """The folder of a finished ablation of three variants."""
    folder = tmp_path_factory.mktemp("ablation")
    with cheap(tiny_config):
        assert ablation(archive_path, folder, *ONLY) == 0
    return folder


def test_an_ablation_tells_every_asking_of_every_variant(done):
    document = json.loads((done / "out" / "results.json").read_text())
    assert list(document["variants"]) == [BASE, "paper-stage1-extra", "no-size"]
    for name, told in document["variants"].items():
        assert [run["seed"] for run in told["runs"]] == [0, 1]
        for run in told["runs"]:
            assert run["steps"] == (7 if name == "paper-stage1-extra" else 5)
            assert len(run["answers"]) == len(VARIANTS[name].askings)
    four_steps = document["variants"][BASE]["runs"][0]["answers"][2]
    assert four_steps["asking"] == {"steps": 4, "size": "found"}
    assert {(row["name"], row["abs_mpjpe"]) for row in four_steps["rows"]} == {
        ("mocap, exact 2D", 40.0)
    }
    text = (done / "out" / "README.md").read_text()
    assert "base, 4 steps" not in text  # no variant here is to be compared with that
    for name in ("base", "base, size told", "no-size, size unknown"):
        assert re.search(rf"\| {name} \|.*\| 10\.0 ± 0\.0 \| 0\.0 ± 0\.0 \|", text)
    assert (done / "out" / "ablation.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_finished_is_not_done_again(tiny, done, archive_path, monkeypatch):
    readme = done / "out" / "README.md"
    readme.write_text(readme.read_text() + "\nIt says so.\n")
    before = readme.read_text()
    monkeypatch.setattr(ablation_runs, "train", None)
    monkeypatch.setattr(ablation_runs, "ask", None)
    assert ablation(archive_path, done, *ONLY) == 0
    assert readme.read_text() == before  # and what somebody wrote of it is kept


def test_other_settings_are_refused(tiny, done, archive_path, capsys):
    assert ablation(archive_path, done, "--only", "no-size", "--steps", "6") == 2
    error = capsys.readouterr().err
    assert "steps was 5, is 6" in error
    assert "--runs" in error


def test_an_interrupted_ablation_stops_there(tiny, archive_path, tmp_path, monkeypatch):
    monkeypatch.setattr(ablation_runs, "train", lambda *_: 15)
    assert ablation(archive_path, tmp_path) == 128 + 15
    assert not list(tmp_path.rglob("result.json"))


@pytest.mark.parametrize(
    ("options", "answer"),
    [
        (("--only", "pointmaps"), "did you mean 'pointmap'?"),
        (("--seeds", "0"), "--seeds 0"),
        (("--mocap", "nowhere.npz"), "nowhere.npz"),
    ],
)
def test_an_ablation_that_cannot_run_says_why(options, answer, archive_path, tmp_path, capsys):
    assert ablation(archive_path, tmp_path, *options) == 2
    assert answer in capsys.readouterr().err


@pytest.fixture(scope="module")
def cases(archive_path):
    return tuple(mocap_cases(archive_path, COCO17, piece_s=2.0, cameras=1, seed=0))


def test_a_told_height_reaches_the_network_and_no_belief_forms_without_answers(cases, monkeypatch):
    torch.manual_seed(0)
    network = MotionDenoiser(NetworkConfig(width=32, heads=1, layers=1, memory_frames=4))
    beliefs = []
    updated = SizeBelief.updated

    def watched(belief, *answer):
        beliefs.append((belief, updated(belief, *answer)))
        return beliefs[-1][1]

    monkeypatch.setattr(SizeBelief, "updated", watched)
    for size in ("found", "told", "unknown"):
        ask(TorchDenoiser(network), cases[:1], Asking(size=size))
        first, now = beliefs[0]
        height = true_height_m(cases[0].truth_world_m, COCO17)
        assert first == (SizeBelief.of_height(height) if size == "told" else SizeBelief())
        assert now.sigma == UNKNOWN if size == "unknown" else now.sigma < UNKNOWN
        beliefs.clear()


def test_several_steps_are_asked_of_exact_2d_only(cases):
    network = MotionDenoiser(NetworkConfig(width=32, heads=1, layers=1, memory_frames=4))
    noisy = replace(cases[0], group="noisy")
    for steps, groups in ((1, {cases[0].group, "noisy"}), (2, {cases[0].group})):
        rows = ask(TorchDenoiser(network), (cases[0], noisy), Asking(steps))
        assert {row.name for row in rows} == groups


def test_without_the_ground_term_no_ankle_moves_the_body():
    axes, centers = rig.view_axes(*torch.tensor([[4.0], [1.7]]))
    distances = rig.view_distances(*torch.tensor([[4.0], [1.7]]))
    nothing = torch.zeros(1, 2, 17, 2), torch.zeros(1, 2, 17, dtype=torch.bool)
    place = axes[:, None], centers[:, None], distances[:, None]
    for stands in (True, False):
        torch.manual_seed(0)
        config = NetworkConfig(width=32, heads=1, layers=1, stands=stands)
        denoised = Denoised(*MotionDenoiser(config).read(torch.randn(1, 2, 4, 32)))
        viewed, points = answer_points(denoised, *nothing, *place, COCO17.ankles)
        assert torch.allclose(viewed, points, rtol=0, atol=1e-5) != stands
