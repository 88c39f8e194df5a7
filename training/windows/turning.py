"""Rotations about an axis."""

import torch
from torch import Tensor


def about(axis: Tensor, angle_rad: Tensor) -> Tensor:
    """(N, T, 3, 3) rotations about unit axes (N, 3) by angles (N, T): Rodrigues' formula."""
    x, y, z = axis.unbind(-1)
    nil = torch.zeros_like(x)
    cross = torch.stack([nil, -z, y, z, nil, -x, -y, x, nil], dim=-1).reshape(-1, 1, 3, 3)
    sin, cos = angle_rad.sin()[..., None, None], angle_rad.cos()[..., None, None]
    return torch.eye(3) + sin * cross + (1 - cos) * (cross @ cross)
