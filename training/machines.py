"""What a run runs on: one process or many, by Lightning Fabric; what they must agree upon."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies.ddp import DDPStrategy
from lightning_fabric.utilities.exceptions import MisconfigurationException
from torch import Tensor, nn

from ..core.errors import M2t3Error
from ..engines.network import MotionDenoiser
from .config import TrainConfig
from .stages import Stage


@dataclass(frozen=True)
class Machines:
    """Where a run runs. Every process draws batches of its own; gradients are averaged."""

    accelerator: Literal["auto", "cpu", "cuda", "mps"] = "auto"  # auto: the best that is there
    devices: int = 1  # processes on each machine, with a GPU each
    nodes: int = 1  # machines; start the same command on each (docs/training.md)
    threads: int = 0  # CPU threads of a process; 0 takes torch's own choice

    def launch(self) -> Fabric:
        """Starts this machine's other processes and meets those of the other machines.

        Raises:
            M2t3Error: there is no such device, or not as many.
        """
        # Weights may be idle (stage 1 has one view), but always the same ones.
        strategy = DDPStrategy(static_graph=True) if self.devices * self.nodes > 1 else "auto"
        try:
            fabric = Fabric(
                accelerator=self.accelerator, devices=self.devices, num_nodes=self.nodes,
                strategy=strategy,
            )  # fmt: skip
        except (RuntimeError, ValueError, MisconfigurationException) as error:
            raise M2t3Error(
                f"cannot run on --accelerator {self.accelerator} --devices {self.devices}: {error}"
            ) from None
        fabric.launch()
        if self.threads:
            torch.set_num_threads(self.threads)
        return fabric


class Step(nn.Module):
    """A network and its loss as one module, since that is what Fabric wraps."""

    def __init__(self, network: MotionDenoiser, stage: Stage, config: TrainConfig) -> None:
        super().__init__()
        self.network = network
        self.stage, self.config = stage, config

    def forward(
        self, batch: dict[str, Tensor], generator: torch.Generator
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss and terms of a batch, given as the dict of its fields: Fabric maps over dicts."""
        return self.stage.loss(self.network, self.stage.batch(**batch), generator, self.config)


def agree(fabric: Fabric, seconds: float, signal_number: int) -> tuple[float, int]:
    """The time spent and the signal received, the same in all processes.

    They decide together on rates, checkpoints and the end; their clocks differ, and a signal may
    reach but one of them.
    """
    if fabric.world_size == 1:
        return seconds, signal_number
    both = torch.tensor([seconds, signal_number], dtype=torch.float64, device=fabric.device)
    fabric.all_reduce(both, reduce_op="max")  # in place
    return float(both[0]), int(both[1])


def gather_states(fabric: Fabric, generator: torch.Generator) -> Tensor:
    """(processes, bytes) the states of the processes' generators, in all processes."""
    state = generator.get_state()
    states = state.new_zeros(fabric.world_size, len(state), device=fabric.device)
    states[fabric.global_rank] = state
    fabric.all_reduce(states, reduce_op="sum")  # in place
    return states.cpu()


def restore_state(
    generator: torch.Generator, states: Tensor, rank: int, processes: int, fresh_seed: int
) -> bool:
    """Puts back this process's state of `states` (processes, bytes).

    Returns:
        Whether it could; other processes or another kind of device begin anew from `fresh_seed`.
    """
    if len(states) != processes or states.shape[1] != len(generator.get_state()):
        generator.manual_seed(fresh_seed)
        return False
    generator.set_state(states[rank].clone())
    return True


def seed_of(seed: int, rank: int, step: int = 0) -> int:
    """The seed of a process's batches from `step` on; the first process's is the run's own."""
    if rank == 0 and step == 0:
        return seed
    return int(np.random.SeedSequence([seed, rank, step]).generate_state(1, np.uint64)[0])
