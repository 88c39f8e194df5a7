"""Checkpoints: all that a run needs to go on as if it had never stopped.

Everything random in a run comes from its processes' own generators, so their states, the
weights, their average, the optimisers and the progress are the whole state.
"""

import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..core.errors import M2t3Error
from ..engines.network import NetworkConfig
from .spreading import evenly_spread

_ADDING = ("view.out", "temporal.out", "ground.out", "feed_forward.3")  # a block's last layers


def write_checkpoint(state: Mapping[str, Any], path: Path) -> None:
    """Writes `state` so that `path` is at any moment either the old checkpoint or the new one."""
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        torch.save(dict(state), file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """What was written there, on the CPU.

    Raises:
        M2t3Error: no such file, or not a checkpoint.
    """
    if not path.exists():
        raise M2t3Error(f"no checkpoint {path}; `m2t3 train` leaves a last.pt in its --out folder")
    try:
        saved = torch.load(path, weights_only=True, map_location="cpu")
    except Exception as error:  # torch.load's own are of a dozen kinds
        raise M2t3Error(
            f"{path}: not a checkpoint ({' '.join(str(error).split())[:100]})"
        ) from None
    if not isinstance(saved, dict) or "average" not in saved:
        raise M2t3Error(f"{path}: not a checkpoint of `m2t3 train`")
    return saved


def load_weights(
    network: nn.Module, weights: Mapping[str, Any], saved: dict[str, Any], config: NetworkConfig
) -> None:
    """Puts the saved `weights` into a network of `config`.

    Raises:
        M2t3Error: they are of another network; tells what its configuration was.
    """
    refusal = M2t3Error(
        f"the checkpoint is of another network ({_differences(saved['config'], config)}): "
        "give the same --network options, or another --out"
    )
    if _mean_other_things(saved["config"], config):
        raise refusal
    try:
        network.load_state_dict(weights)
    except RuntimeError:
        raise refusal from None


def load_first_weights(network: nn.Module, saved: dict[str, Any], config: NetworkConfig) -> str:
    """Begins with another run's averaged weights; what that run's network lacks stays random.

    Blocks need not be as many: each adds to what it is given, so a shallower network does most of
    what a deeper one did, and a deeper one all that a shallower one did.

    Returns:
        How much was taken, in words.

    Raises:
        M2t3Error: weights of the same name are of another shape or mean other things.
    """
    if _mean_other_things(saved["config"], config):
        raise M2t3Error(
            f"--from is of another network ({_differences(saved['config'], config)}): "
            "give the same --network options, or leave --from out"
        )
    own = network.state_dict()
    given = _as_deep(saved["average"], int(saved["config"]["layers"]), config.layers)
    odd = [name for name in own if name in given and own[name].shape != given[name].shape]
    if odd:
        raise M2t3Error(
            f"--from is of another network ({_differences(saved['config'], config)}; "
            f"first {odd[0]}): give the same --network options"
        )
    network.load_state_dict(given, strict=False)
    words = f"{sum(name in given for name in own)} of {len(own)} weights taken"
    for names, what in ((own.keys() - given.keys(), "new"), (given.keys() - own.keys(), "unused")):
        if names:
            words += f"; {what}: {', '.join(sorted({n.rpartition('.')[0] or n for n in names}))}"
    return words


def _mean_other_things(saved: Mapping[str, Any], config: NetworkConfig) -> bool:
    """Whether the numbers in and out are others; coco17 and h36m17 have as many of them."""
    there = {"decoupled": True, **saved}  # which the first checkpoints did not tell
    return any(there[name] != getattr(config, name) for name in ("skeleton", "decoupled"))


def _as_deep(weights: Mapping[str, Any], there: int, here: int) -> dict[str, Any]:
    """Weights of `there` blocks as those of `here`.

    Fewer are evenly spread ones. More are all of them and, after some, copies that add nothing
    yet, so the deeper network answers as the other did (Wu et al., "LLaMA Pro", 2024).
    """
    more = [n * there // here for n in range(here)]
    sources = more if here > there else evenly_spread(range(there), here)
    deep = {name: weight for name, weight in weights.items() if not name.startswith("blocks.")}
    for n, source in enumerate(sources):
        block = f"blocks.{source}."
        for name in [name for name in weights if name.startswith(block)]:
            part, weight = name.removeprefix(block), weights[name]
            silent = source in sources[:n] and part.startswith(_ADDING)
            deep[f"blocks.{n}.{part}"] = torch.zeros_like(weight) if silent else weight
    return deep


def _differences(saved: Mapping[str, Any], config: NetworkConfig) -> str:
    now = asdict(config)
    pairs = [f"{k} {saved.get(k)} there, {now[k]} here" for k in now if saved.get(k) != now[k]]
    return "; ".join(pairs) or "same sizes, other code"
