"""A training run from end to end: it learns, goes on where it stopped, and can be used."""

import contextlib
import io
import json
import re
import shutil
from dataclasses import replace

import msgspec
import numpy as np
import pytest
import torch

from m2t3.__main__ import main
from m2t3.core.errors import M2t3Error
from m2t3.core.skeletons import COCO17
from m2t3.engines.loading import load_denoiser
from m2t3.engines.manifest import find_weights
from m2t3.engines.onnx_export import example_inputs
from m2t3.engines.torch_engine import TorchDenoiser
from m2t3.lifting.denoiser import NetworkInputs
from m2t3.training.archive import licence_of
from m2t3.training.checkpoint import read_checkpoint
from m2t3.training.evaluation import card
from m2t3.training.evaluation.card import Card
from m2t3.training.evaluation.cases import mocap_cases
from m2t3.training.evaluation.measure import enough, lift
from m2t3.training.export import Export, blended, load_network
from m2t3.training.lineage import lineage_of, read_first
from m2t3.training.run import train


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)  # sums in one order


@pytest.fixture(scope="module")
def run(tiny_config, tmp_path_factory):
    """The folder of a finished run of 200 steps."""
    out = tmp_path_factory.mktemp("run")
    train(tiny_config(out, 200))
    return out


@pytest.fixture(scope="module")
def weights(run, tmp_path_factory):
    """The folder of that run's exported weights."""
    out = tmp_path_factory.mktemp("weights")
    command = [
        "train",
        "export",
        "--checkpoint",
        str(run / "last.pt"),
        "--name",
        "tiny",
        "--out",
        str(out),
    ]
    assert main(command) == 0
    return out / "tiny"


def saved(out):
    return torch.load(out / "last.pt", weights_only=True)


def test_a_run_that_was_interrupted_ends_as_one_that_was_not(tiny_config, tmp_path):
    """Longer by and by: with a decay of next to nothing the rate does not depend on the length."""
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train(tiny_config(whole, 6, decay=1e-6))
    for steps in (2, 3, 6):
        train(tiny_config(parts, steps, decay=1e-6))
    one, other = saved(whole), saved(parts)
    assert other["progress"]["step"] == 6
    for part in ("network", "average"):
        for name, value in one[part].items():
            torch.testing.assert_close(other[part][name], value, rtol=0, atol=0)
    train(tiny_config(tmp_path / "seed", 6, decay=1e-6, seed=1))
    name = "observe.0.weight"
    assert not torch.equal(saved(tmp_path / "seed")["network"][name], one["network"][name])


def test_a_finished_run_is_left_as_it_is(tiny_config, run):
    before = (run / "last.pt").read_bytes()
    train(tiny_config(run, 200))
    assert (run / "last.pt").read_bytes() == before


def test_training_learns(run):
    """The loss of the second hundred steps is clearly below that of the first."""
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [100, 200]
    assert rows[1]["total"] < 0.9 * rows[0]["total"]
    assert rows[1]["absolute"] < rows[0]["absolute"]


def test_a_run_says_what_it_was(run, archive_path):
    config = json.loads((run / "config.json").read_text())
    assert config["archives"] == [str(archive_path)]
    assert config["network"]["width"] == 32
    assert config["commit"]


def test_exported_weights_are_the_averaged_network(run, weights):
    network, lineage = load_network(run / "last.pt")
    manifest = find_weights(str(weights)).manifest
    assert (manifest.name, manifest.steps, lineage.progress.step) == ("tiny", 200, 200)
    assert manifest.parameters == sum(p.numel() for p in network.parameters())
    assert "non-commercial" in manifest.licence  # as one of the archive's clips
    inputs = NetworkInputs(*(x.numpy() for x in example_inputs(network.config, 2, 1, 7)))
    expected = TorchDenoiser(network)(inputs).denoised.motion
    found = load_denoiser(str(weights))(inputs).denoised.motion
    np.testing.assert_allclose(found, expected, atol=1e-4, rtol=1e-4)


def test_exported_weights_are_a_place_to_train_on_from(run, weights):
    """They are what the checkpoint holds, and what they learned from goes with them."""
    network, lineage = load_network(run / "last.pt")
    first = read_first(weights)
    assert first["average"].keys() == network.state_dict().keys()
    for name, parameter in network.state_dict().items():
        torch.testing.assert_close(first["average"][name], parameter, atol=0, rtol=0)
    assert lineage_of(first).sources == lineage.sources
    assert lineage_of(first).progress.step == 200


def test_weights_can_be_averaged_with_others_and_carry_both_licences(run, weights):
    saved, other = read_checkpoint(run / "last.pt"), read_first(weights)
    other = {**other, "sources": ["made of sines, CC0"]}
    other["average"] = {name: w + 1.0 for name, w in other["average"].items()}
    mixed = blended(saved, other, 0.25)
    for name, weight in saved["average"].items():
        torch.testing.assert_close(mixed["average"][name], weight + 0.25, atol=1e-5, rtol=0)
    assert mixed["sources"] == sorted({*saved["sources"], "made of sines, CC0"})
    assert lineage_of(mixed).progress.step == 200
    with pytest.raises(M2t3Error, match="between 0 and 1"):
        blended(saved, other, 1.0)
    with pytest.raises(M2t3Error, match="different shapes"):
        blended(saved, {**other, "config": other["config"] | {"layers": 9}}, 0.5)


def test_a_blend_is_told_in_the_manifest(run, weights, tmp_path):
    Export(run / "last.pt", "mixed", tmp_path, blend=weights, blend_share=0.5).run()
    manifest = find_weights(str(tmp_path / "mixed")).manifest
    assert manifest.training["blend"] == {"steps": 200, "share": 0.5}


def test_a_run_that_begins_with_weights_carries_their_licence(
    weights, tiny_config, make_archive, tmp_path
):
    free = make_archive(clip_source=np.array(["made of sines, CC0"] * 2))
    config = replace(tiny_config(tmp_path / "more", 2), archives=(free,), start=weights)
    train(config)
    train(replace(config, steps=3))  # another sitting knows it, too
    _, lineage = load_network(config.out / "last.pt")
    assert lineage.progress.step == 203
    assert "non-commercial" in licence_of(lineage.sources)


def test_a_run_that_begins_with_weights_draws_other_windows_than_they_learned_from(
    tiny_config, tmp_path
):
    train(tiny_config(tmp_path / "first", 2))
    train(replace(tiny_config(tmp_path / "second", 2), start=tmp_path / "first" / "last.pt"))
    first, second = (saved(tmp_path / name)["generator"] for name in ("first", "second"))
    assert not torch.equal(first, second)


def evaluate(archive_path, out, *options):
    command = ["evaluate", "--mocap", str(archive_path), "--out", str(out), *options]
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        assert main(command) == 0
    return printed.getvalue(), json.loads((out / "results.json").read_text())


@pytest.fixture(scope="module")
def evaluation(weights, archive_path, tmp_path_factory):
    """What `m2t3 evaluate` prints of those weights, what it writes, and where."""
    out = tmp_path_factory.mktemp("evaluation")
    return *evaluate(archive_path, out, "--weights", str(weights), "--record"), out


def test_evaluate_prints_writes_and_records(evaluation, weights):
    printed, document, out = evaluation
    groups = ["mocap, exact 2D", "mocap, detector-like 2D"]
    rows = [row for row in document["rows"] if row["part"] == "all frames"]
    assert [row["name"] for row in rows] == groups
    for row in rows:
        assert row["name"] in printed
        assert str(row["abs_mpjpe"]) in printed
        assert row["frames"] == 120
        assert row["answered"] > 0.9
        assert 0 < row["pa_mpjpe"] < row["mpjpe"]
    assert {clip["name"].split("/")[0] for clip in document["clips"]} == {"wave", "walk"}
    assert (out / "error_by_distance.png").read_bytes().startswith(b"\x89PNG")
    recorded = find_weights(str(weights)).manifest.metrics
    assert list(msgspec.to_builtins(recorded)) == document["rows"]


def test_a_checkpoint_is_measured_as_its_export_is(evaluation, run, archive_path, tmp_path):
    _, document = evaluate(archive_path, tmp_path, "--checkpoint", str(run / "last.pt"))
    for one, other in zip(document["rows"], evaluation[1]["rows"], strict=True):
        assert one["abs_mpjpe"] == pytest.approx(other["abs_mpjpe"], abs=0.3)  # mm


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (["train", "finetune"], "--archives"),
        (["train", "finetune", "--archives", "nowhere.npz"], "nowhere.npz"),
        (["train", "export", "--checkpoint", "nowhere.pt", "--name", "x"], "m2t3 train"),
        (["evaluate"], "--mocap"),
        (["evaluate", "--recordings", "a.npz"], "--reference"),
        (["evaluate", "--mocap", "nowhere.npz"], "nowhere.npz"),
        (["evaluate", "--mocap", "a.npz", "--record", "--checkpoint", "b.pt"], "train export"),
        (["evaluate", "--mocap", "a.npz", "--record", "--steps", "4"], "--steps 4"),
        (["evaluate", "--mocap", "a.npz", "--record", "--look-ahead", "2"], "--look-ahead 2"),
        (["train", "finetune", "--archives", "a.npz", "--recordings", "b"], "m2t3 train pretrain"),
        (
            ["train", "pretrain", "--archives", "a.npz", "--recordings-source", "b"],
            "--recordings FOLDER",
        ),
    ],
)
def test_a_command_that_cannot_run_says_why(command, answer, capsys):
    assert main(command) == 2
    assert answer in capsys.readouterr().err


def test_a_checkpoint_of_stage_1_is_not_for_use(tiny_config, archive_path, tmp_path, capsys):
    train(tiny_config(tmp_path, 1), "pretrain")
    last = str(tmp_path / "last.pt")
    export = ["train", "export", "--checkpoint", last, "--name", "x", "--out", str(tmp_path)]
    evaluation = ["evaluate", "--mocap", str(archive_path), "--checkpoint", last]
    for command in (export, evaluation):
        assert main(command) == 2
        assert "m2t3 train finetune --from" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_a_checkpoint_of_stage_1_cannot_be_blended(tiny_config, run, tmp_path):
    train(tiny_config(tmp_path, 1), "pretrain")
    with pytest.raises(M2t3Error, match=r"--blend .*last\.pt is of stage 1"):
        Export(run / "last.pt", "x", tmp_path, blend=tmp_path / "last.pt").run()


def test_a_checkpoint_without_its_runs_configuration_is_not_exported(run, tmp_path):
    shutil.copy(run / "last.pt", tmp_path)
    with pytest.raises(M2t3Error, match=r"no .*config\.json.* --out folder"):
        Export(tmp_path / "last.pt", "x", tmp_path).run()
    assert not (tmp_path / "x").exists()


def test_a_card_tells_of_licence_metrics_and_the_worst_of_each_action(
    evaluation, weights, archive_path, tmp_path, capsys
):
    command = ["card", "--weights", str(weights), "--mocap", str(archive_path)]
    command += ["--out", str(tmp_path)]
    assert main(command) == 0
    page = tmp_path / "tiny.md"
    text = page.read_text()
    assert find_weights(str(weights)).manifest.licence in text
    assert "| mocap, exact 2D |" in text
    assert len(re.findall(r"^- (everyday|walking), `(wave|walk)/0`: Abs", text, re.M)) == 2
    assert (tmp_path / "tiny.png").read_bytes().startswith(b"\x89PNG")
    page.write_text(text + "\nNot for cats.\n")
    assert main(command) == 0
    assert page.read_text() == text + "\nNot for cats.\n"  # what people wrote stays


def test_a_card_names_what_was_not_answered(
    evaluation, weights, archive_path, tmp_path, monkeypatch
):
    def lift(case, *_):
        return case.truth_world_m * (1.0 if case.action == "walking" else np.nan)

    monkeypatch.setattr(card, "lift", lift)
    Card(archive_path, str(weights), tmp_path).run()
    text = (tmp_path / "tiny.md").read_text()
    assert "in no row: `wave/0`" in text
    assert "- everyday" not in text


def test_a_card_of_weights_that_answer_nothing_is_refused(
    evaluation, weights, archive_path, tmp_path, monkeypatch
):
    monkeypatch.setattr(card, "lift", lambda case, *_: case.truth_world_m * np.nan)
    with pytest.raises(M2t3Error, match="none of its pieces was answered"):
        Card(archive_path, str(weights), tmp_path).run()


def test_a_card_of_what_was_not_measured_is_refused(weights, archive_path, tmp_path, capsys):
    unmeasured = tmp_path / "unmeasured"
    shutil.copytree(weights, unmeasured)
    manifest = json.loads((unmeasured / "manifest.json").read_text()) | {"metrics": []}
    (unmeasured / "manifest.json").write_text(json.dumps(manifest))
    assert main(["card", "--weights", str(unmeasured), "--mocap", str(archive_path)]) == 2
    assert "m2t3 evaluate --weights" in capsys.readouterr().err


@pytest.mark.parametrize("stage", ["pretrain", "finetune"])
def test_the_least_memory_and_windows_that_are_taken_are_enough(
    stage, tiny_config, archive_path, tmp_path, caplog
):
    tiny = tiny_config(tmp_path, 3)
    config = replace(
        tiny,
        network=replace(tiny.network, memory_frames=2),
        window=replace(tiny.window, batch=1, frames=2),
    )
    assert train(config, stage) == 0
    assert "not finite" not in caplog.text
    if stage == "finetune":
        case = next(mocap_cases(archive_path, COCO17))
        assert enough(lift(case, TorchDenoiser(load_network(tmp_path / "last.pt")[0]), 1))
