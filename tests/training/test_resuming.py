"""A run goes on after whatever ended it as if nothing had, and records what was done."""

import _thread
import json
import logging
import signal
from dataclasses import asdict, replace

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from m2t3.__main__ import main
from m2t3.core.errors import M2t3Error
from m2t3.engines.network import MotionDenoiser, NetworkConfig
from m2t3.engines.onnx_export import example_inputs
from m2t3.training.checkpoint import load_first_weights
from m2t3.training.interruption import Interruption
from m2t3.training.run import train
from m2t3.training.state import TrainingState

STEPS = 6


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)  # sums in one order


def saved(out):
    return torch.load(out / "last.pt", weights_only=True)


def flat(tree, prefix=""):
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in items:
        if isinstance(value, dict | list):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def assert_same(one, other):
    """Checkpoints are equal in all but the time taken, to the last bit."""
    one, other = dict(flat(one)), dict(flat(other))
    assert one.keys() == other.keys()
    for name in one.keys() - {"progress.seconds"}:
        if isinstance(one[name], torch.Tensor):
            assert torch.equal(one[name], other[name]), name
        else:
            assert one[name] == other[name], name


@pytest.fixture(params=["pretrain", "finetune"])
def stage(request):
    return request.param


@pytest.fixture
def at_step(monkeypatch):
    """Has something happen in the middle of a step."""
    advance = TrainingState.advance

    def install(step, happen):
        def advance_and_happen(state, rate):
            terms = advance(state, rate)
            if state.progress.step == step:
                happen()
            return terms

        monkeypatch.setattr(TrainingState, "advance", advance_and_happen)

    yield install
    monkeypatch.undo()


class Killed(BaseException):
    """The end of the process, as far as a test can go."""


def kill():
    raise Killed


def test_two_runs_of_one_seed_are_equal_to_the_last_bit(tiny_config, tmp_path, stage):
    for name, seed in (("one", 3), ("same", 3), ("other", 4)):
        train(tiny_config(tmp_path / name, 3, seed=seed), stage)
    one, same, other = (saved(tmp_path / name) for name in ("one", "same", "other"))
    assert_same(one, same)
    assert not torch.equal(one["network"]["view"], other["network"]["view"])


def test_a_killed_run_resumes_from_its_checkpoint_to_the_last_bit(
    tiny_config, tmp_path, stage, at_step
):
    train(tiny_config(tmp_path / "whole", STEPS, decay=0.5), stage)
    config = tiny_config(tmp_path / "killed", STEPS, decay=0.5, checkpoint_minutes=0.0)
    at_step(3, kill)  # in its fourth step: drawn and learned from, not saved
    with pytest.raises(Killed):
        train(config, stage)
    at_step(None, kill)
    assert saved(config.out)["progress"]["step"] == 3
    assert train(config, stage) == 0
    assert_same(saved(tmp_path / "whole"), saved(config.out))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_sitting_with_a_checkpoint_and_the_way_back(
    tiny_config, tmp_path, at_step, monkeypatch, caplog, number
):
    config = tiny_config(tmp_path / "run", STEPS)
    (archive,) = config.archives
    command = [
        "train", "finetune", "--archives", str(archive), "--out", str(config.out),
        "--steps", str(STEPS), "--warmup-steps", "2", "--no-compile", "--network.width", "32",
        "--network.heads", "1", "--network.layers", "1", "--network.memory-frames", "8",
        "--window.batch", "4", "--window.frames", "10",
    ]  # fmt: skip
    monkeypatch.setattr("sys.argv", ["m2t3", *command])
    before = signal.getsignal(number)
    at_step(1, lambda: _thread.interrupt_main(number))
    with caplog.at_level(logging.INFO):
        assert main(command) == 128 + number
    assert signal.getsignal(number) == before
    assert f"go on with: m2t3 {' '.join(command)}" in caplog.text
    assert saved(config.out)["progress"]["step"] == 2
    at_step(None, kill)
    assert main(command) == 0
    train(tiny_config(tmp_path / "whole", STEPS))
    assert_same(saved(tmp_path / "whole"), saved(config.out))


@pytest.fixture
def default_interrupt():
    """A shell's background jobs are started with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_a_second_signal_is_not_held_back(default_interrupt):
    with Interruption() as interruption:
        _thread.interrupt_main(signal.SIGINT)
        assert interruption.signal_number == signal.SIGINT
        with pytest.raises(KeyboardInterrupt):
            _thread.interrupt_main(signal.SIGINT)


def test_a_changed_configuration_is_told_and_recorded(tiny_config, tmp_path, caplog):
    train(tiny_config(tmp_path, 2))
    train(tiny_config(tmp_path, 4, adam_rate=2e-3))
    assert "adam_rate was 0.001, is 0.002" in caplog.text
    document = json.loads((tmp_path / "config.json").read_text())
    first, second = document["sittings"]
    assert (document["stage"], document["adam_rate"], document["steps"]) == ("finetune", 2e-3, 4)
    assert (first["step"], second["step"]) == (0, 2)
    assert first["changed"] == {}
    assert second["changed"] == {"steps": [2, 4], "adam_rate": [1e-3, 2e-3]}
    assert {"began", "command", "commit"} <= second.keys()


def test_a_run_cannot_go_on_as_what_it_is_not(tiny_config, tmp_path):
    config = tiny_config(tmp_path, 2)
    train(config, "pretrain")
    with pytest.raises(M2t3Error, match=r"holds a pretrain run.*--from .*last\.pt"):
        train(config, "finetune")
    wider = replace(config, network=NetworkConfig(width=64, heads=2, layers=1))
    elsewhere = replace(wider, out=tmp_path / "new", start=tmp_path / "last.pt")
    for other in (wider, elsewhere):
        with pytest.raises(M2t3Error, match="width 32 there, 64 here"):
            train(other, "pretrain")
    other_body = replace(config, network=replace(config.network, skeleton="h36m17"))
    elsewhere = replace(other_body, out=tmp_path / "new", start=tmp_path / "last.pt")
    for other in (other_body, elsewhere):  # it has as many joints as coco17
        with pytest.raises(M2t3Error, match="skeleton coco17 there, h36m17 here"):
            train(other, "pretrain")
    (tmp_path / "last.pt").write_bytes(b"no checkpoint")
    with pytest.raises(M2t3Error, match="not a checkpoint"):
        train(config, "pretrain")


def test_a_run_begins_with_the_averaged_weights_that_it_is_given(tiny_config, tmp_path):
    train(tiny_config(tmp_path / "first", 2), "pretrain")
    given = saved(tmp_path / "first")["average"]
    second = tiny_config(tmp_path / "second", 2, start=tmp_path / "first" / "last.pt")
    begun = []
    init = TrainingState.__init__

    def look(state, *arguments):
        init(state, *arguments)
        begun.append({name: value.clone() for name, value in state.network.state_dict().items()})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TrainingState, "__init__", look)
        train(second, "finetune")
        train(tiny_config(tmp_path / "second", 3, start=second.start), "finetune")
    assert all(torch.equal(begun[0][name], value) for name, value in given.items())
    assert not torch.equal(begun[1]["view"], given["view"])  # it goes on from its own


def test_a_shallower_network_begins_with_evenly_spread_blocks_of_a_deeper_one():
    deep = NetworkConfig(width=32, heads=1, layers=5)
    shallow = replace(deep, layers=3)
    average = MotionDenoiser(deep).state_dict()
    network = MotionDenoiser(shallow)
    words = load_first_weights(network, {"average": average, "config": asdict(deep)}, shallow)
    assert words == f"{len(network.state_dict())} of {len(network.state_dict())} weights taken"
    for here, there in enumerate((0, 2, 4)):
        for name, value in network.blocks[here].state_dict().items():
            assert torch.equal(value, average[f"blocks.{there}.{name}"])


def test_a_deeper_network_begins_by_answering_as_the_shallower_one():
    shallow = NetworkConfig(width=32, heads=1, layers=2)
    deep = replace(shallow, layers=5)
    torch.manual_seed(0)
    first = MotionDenoiser(shallow)
    for parameter in first.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    network = MotionDenoiser(deep)
    saved = {"average": first.state_dict(), "config": asdict(shallow)}
    words = load_first_weights(network, saved, deep)
    assert words == f"{len(network.state_dict())} of {len(network.state_dict())} weights taken"
    with torch.no_grad():
        expected, answer = (
            n(*example_inputs(n.config, people=2, frames=3, memory=0))[:-2]
            for n in (first, network)
        )
    torch.testing.assert_close(answer, expected)
    assert all(block.temporal.qkv.weight.abs().sum() > 0 for block in network.blocks)


def test_a_half_written_line_of_the_log_is_dropped(tiny_config, tmp_path, monkeypatch):
    monkeypatch.setattr("m2t3.training.run.JOURNAL_STEPS", 1)
    train(tiny_config(tmp_path, 2))
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"step": 2, "sec')
    train(tiny_config(tmp_path, 3))
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [1, 2, 3]


def test_what_was_logged_but_not_kept_is_logged_again_once(
    tiny_config, tmp_path, at_step, monkeypatch
):
    monkeypatch.setattr("m2t3.training.run.JOURNAL_STEPS", 1)
    config = tiny_config(tmp_path, 4)
    at_step(3, kill)
    with pytest.raises(Killed):
        train(config)
    at_step(None, kill)
    train(config)
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [1, 2, 3, 4]
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert {"total", "rate", "steps_per_s"} <= set(events.Tags()["scalars"])
    totals = [(event.step, round(event.value, 4)) for event in events.Scalars("total")]
    assert totals == [(row["step"], pytest.approx(row["total"], abs=1e-4)) for row in rows]
