"""The attentions of the denoiser (torch): between views, over the past, to the ground."""

import torch
from torch import Tensor, nn


class Attention(nn.Module):
    """What attention between views and in time are made of; the output starts at zero (stage 2)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        nn.init.zeros_(self.out.weight)


class ViewAttention(Attention):
    """Each frame's views look at one another; so do the same cells of the views' pointmaps."""

    def forward(self, x: Tensor) -> Tensor:
        b, t, v, c = x.shape
        q, k, value = self.qkv(self.norm(x)).view(b, t, v, 3, self.heads, -1).unbind(3)
        scale = q.shape[-1] ** -0.5
        # Four tokens: broadcasting beats thousands of 4 x 4 matrix products on a CPU.
        score = (q[:, :, :, None] * k[:, :, None]).sum(-1, keepdim=True) * scale
        mixed = (score.softmax(3) * value[:, :, None]).sum(3)
        return self.out(mixed.reshape(b, t, v, c))


class TemporalAttention(Attention):
    """Each view's frames look at the view's past, in memory and in this call."""

    def forward(
        self, x: Tensor, phase: tuple[Tensor, Tensor], mask: Tensor, past: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Tokens (B, T, V, W), `rotary` phases, mask (B, 1, 1, T, M + T), memory."""
        b, t, v, c = x.shape
        qkv = self.qkv(self.norm(x)).view(b, t, v, 3, self.heads, -1).permute(3, 0, 2, 4, 1, 5)
        q, k = _rotate(qkv[:2], phase)  # each (B, V, heads, T, head width), as is `value`
        value = qkv[2]
        keys = torch.cat([past[0], k], dim=3)
        values = torch.cat([past[1], value], dim=3)
        # Written out: torch's fused attention is six times slower in bfloat16 on a CPU.
        score = (q @ keys.transpose(-1, -2)) * q.shape[-1] ** -0.5 + mask
        mixed = score.softmax(dim=-1) @ values
        return self.out(mixed.permute(0, 3, 1, 2, 4).reshape(b, t, v, c)), k, value


def rotary(phase: Tensor) -> tuple[Tensor, Tensor]:
    """Cosines and sines (B, T, 2, F) as all layers multiply with them, (B, 1, 1, T, 2 F) each."""
    cos, sin = phase[:, None, None, :, 0], phase[:, None, None, :, 1]
    return torch.cat([cos, cos], dim=-1), torch.cat([-sin, sin], dim=-1)


def _rotate(x: Tensor, phase: tuple[Tensor, Tensor]) -> Tensor:
    """Rotary position: pairs of channels turned by the frame's phases (Su et al., 2021)."""
    a, b = x.chunk(2, dim=-1)
    return x * phase[0] + torch.cat([b, a], dim=-1) * phase[1]


class GroundAttention(nn.Module):
    """Each view's motion looks at the ground that the view sees. Its output starts at zero."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.query = nn.Linear(width, width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        nn.init.zeros_(self.out.weight)

    def forward(self, x: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """Tokens (B, T, V, W) to what they find among keys and values (B, V, H, N, W / H)."""
        b, t, v, c = x.shape
        q = self.query(self.norm(x)).view(b, t, v, self.heads, -1).permute(0, 2, 3, 1, 4)
        score = (q @ keys.transpose(-1, -2)) * q.shape[-1] ** -0.5
        mixed = score.softmax(dim=-1) @ values
        return self.out(mixed.permute(0, 3, 1, 2, 4).reshape(b, t, v, c))
