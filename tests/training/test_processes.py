"""Several processes train one network, each on batches of its own."""

import subprocess
import sys

import pytest
import torch

from m2t3.core.errors import M2t3Error
from m2t3.training.machines import Machines, seed_of
from m2t3.training.run import train

# Fabric starts the other processes with the command that started the first.
SCRIPT = """
import sys
from pathlib import Path

import torch

from m2t3.engines.network import NetworkConfig
from m2t3.training import run
from m2t3.training.windows.batches import WindowConfig
from m2t3.training.config import TrainConfig
from m2t3.training.machines import Machines

archive, out, stage = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
kept = []


class State(run.TrainingState):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        kept.append(self)


run.TrainingState = State
config = TrainConfig(
    archives=(archive,), out=out, steps=3, warmup_steps=2, compile=False,
    network=NetworkConfig(width=32, heads=1, layers=1, memory_frames=8),
    window=WindowConfig(batch=4, frames=10),
)
run.train(config, stage, Machines(accelerator="cpu", devices=2, threads=1))
(state,) = kept
end = {"network": state.network.state_dict(), "generator": state.windows.generator.get_state()}
torch.save(end, out / f"rank{state.fabric.global_rank}.pt")
"""


@pytest.fixture(scope="module", params=["pretrain", "finetune"])
def run(request, archive_path, tmp_path_factory):
    """The folder of a finished run of two processes."""
    folder = tmp_path_factory.mktemp("processes")
    (folder / "script.py").write_text(SCRIPT)
    out = folder / "run"
    command = [sys.executable, folder / "script.py", archive_path, out, request.param]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return request.param, out


def load(path):
    return torch.load(path, weights_only=True)


def test_two_processes_end_with_the_same_weights_of_different_batches(run):
    _, out = run
    first, second, last = (load(out / f"{name}.pt") for name in ("rank0", "rank1", "last"))
    assert last["progress"]["step"] == 3
    for name, value in last["network"].items():
        assert torch.equal(first["network"][name], value), name
        assert torch.equal(second["network"][name], value), name
    assert torch.equal(last["generator"], torch.stack([first["generator"], second["generator"]]))
    assert not torch.equal(first["generator"], second["generator"])


def test_one_process_goes_on_with_what_two_began(run, tiny_config, caplog):
    stage, out = run
    train(tiny_config(out, 4), stage)
    assert "other processes than before" in caplog.text
    assert load(out / "last.pt")["progress"]["step"] == 4


def test_every_process_has_a_seed_of_its_own():
    assert seed_of(7, rank=0) == 7
    assert len({seed_of(7, rank, step) for rank in range(4) for step in (0, 100)}) == 8


def test_a_device_that_is_not_there_is_told(tmp_path, tiny_config):
    if torch.backends.mps.is_available():
        pytest.skip("there is one here")
    with pytest.raises(M2t3Error, match="--accelerator mps"):
        train(tiny_config(tmp_path, 1), machines=Machines(accelerator="mps"))
