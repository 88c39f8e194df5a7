"""Muon in float32, for CPUs to which bfloat16 is a burden."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


class Float32Muon(torch.optim.Muon):
    """torch's Muon, with its Newton-Schulz iteration in float32 and on all matrices of a shape.

    torch's own computes it in bfloat16, which took most of a training step's time on a CPU
    without instructions for it. State and options are the same, so checkpoints fit both.
    """

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One update of all parameters that have a gradient.

        Returns:
            The closure's loss, if there is one.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            alike: defaultdict[torch.Size, list[Tensor]] = defaultdict(list)
            for parameter in group["params"]:
                if parameter.grad is not None:
                    alike[parameter.shape].append(parameter)
            for parameters in alike.values():
                self._update(parameters, group)
        return loss

    def _update(self, parameters: list[Tensor], group: dict[str, Any]) -> None:
        """The parameters are of one shape."""
        updates = []
        for parameter in parameters:
            gradient, state = parameter.grad, self.state[parameter]
            assert gradient is not None
            kept = state.setdefault("momentum_buffer", torch.zeros_like(gradient))
            kept.lerp_(gradient, 1 - group["momentum"])
            updates.append(gradient.lerp(kept, group["momentum"]) if group["nesterov"] else kept)
        directions = orthogonalised(
            torch.stack(updates), group["ns_coefficients"], group["ns_steps"], group["eps"]
        )
        longer = max(parameters[0].shape)
        for parameter, direction in zip(parameters, directions, strict=True):
            parameter.mul_(1 - group["lr"] * group["weight_decay"])
            # "match_rms_adamw": updates as large as AdamW's (arXiv 2502.16982).
            parameter.add_(direction, alpha=-0.2 * group["lr"] * longer**0.5)


def orthogonalised(
    matrices: Tensor, coefficients: tuple[float, float, float], steps: int, eps: float
) -> Tensor:
    """(N, R, C) matrices with all singular values brought near 1 (Keller Jordan's quintic)."""
    a, b, c = coefficients
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=eps)
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if tall else x
