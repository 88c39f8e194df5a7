"""The multi-view motion denoiser (torch): view attention, past-only temporal attention, per layer.

Tokens are (frame, view). View attention mixes the four views of one frame; temporal attention mixes
one view's frames and looks at the past only, so keys and values can be kept: `forward` takes the
memory of earlier frames and returns what this call adds to it. Time enters as rotary phases of the
frames' real times, so any frame rate, jitter or gap is natural.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..core.skeletons import skeleton
from ..lifting.features import feature_size
from ..lifting.memory import ROTARY_FREQUENCIES
from ..lifting.representation import motion_size
from ..lifting.rig import VIEWS

TYPICAL_LOG_ERROR = -2.5  # where the error head starts: 8 cm


@dataclass(frozen=True)
class NetworkConfig:
    """Size of the denoiser; the defaults are the shipped `coco17`."""

    skeleton: str = "coco17"  # keypoint format in and out
    width: int = 192  # channels of a token
    layers: int = 6  # blocks of view attention, temporal attention and feed-forward
    heads: int = 6  # attention heads; width / heads must be twice ROTARY_FREQUENCIES
    feed_forward: int = 2  # hidden width of the feed-forward part, in widths
    memory_frames: int = 32  # frames a token attends to, itself included

    def __post_init__(self) -> None:
        if self.width != self.heads * 2 * ROTARY_FREQUENCIES:
            raise ValueError(
                f"width {self.width} is not heads {self.heads} x {2 * ROTARY_FREQUENCIES}"
            )


class Attention(nn.Module):
    """What both kinds of attention are made of. Its output starts at zero (paper, stage 2)."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.norm = nn.LayerNorm(config.width)
        self.qkv = nn.Linear(config.width, 3 * config.width, bias=False)
        self.out = nn.Linear(config.width, config.width, bias=False)
        nn.init.zeros_(self.out.weight)


class ViewAttention(Attention):
    """Each frame's views look at one another."""

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
        b, t, v, c = x.shape
        qkv = self.qkv(self.norm(x)).view(b, t, v, 3, self.heads, -1).permute(3, 0, 2, 4, 1, 5)
        q, k, value = qkv.unbind(0)  # each (B, V, heads, T, head width)
        q, k = _rotate(q, phase), _rotate(k, phase)
        keys = torch.cat([past[0], k], dim=3)
        values = torch.cat([past[1], value], dim=3)
        # Written out: torch's fused attention is six times slower in bfloat16 on a CPU.
        score = (q @ keys.transpose(-1, -2)) * q.shape[-1] ** -0.5 + mask[:, None, None]
        mixed = score.softmax(dim=-1) @ values
        return self.out(mixed.permute(0, 3, 1, 2, 4).reshape(b, t, v, c)), k, value


def _rotate(x: Tensor, phase: tuple[Tensor, Tensor]) -> Tensor:
    """Rotary position: pairs of channels turned by the frame's phases (Su et al., 2021)."""
    cos, sin = phase
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)


class Block(nn.Module):
    """View attention, temporal attention, feed-forward; each added to the stream."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.view = ViewAttention(config)
        self.temporal = TemporalAttention(config)
        hidden = config.feed_forward * config.width
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(config.width),
            nn.Linear(config.width, hidden),
            nn.GELU(approximate="tanh"),
            nn.Linear(hidden, config.width),
        )

    def forward(
        self, x: Tensor, phase: tuple[Tensor, Tensor], mask: Tensor, past: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor, Tensor]:
        x = x + self.view(x)
        mixed, keys, values = self.temporal(x, phase, mask, past)
        x = x + mixed
        return x + self.feed_forward(x), keys, values


class MotionDenoiser(nn.Module):
    """Predicts the clean motion of all views from a noised one and V0's observation.

    Shapes: B people, T new frames, M remembered frames, V views, J joints, L layers, H heads.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.joints = skeleton(config.skeleton).joint_count
        width, motion = config.width, motion_size(self.joints)
        features = feature_size(skeleton(config.skeleton))
        self.observe = nn.Sequential(
            nn.Linear(features, 2 * width), nn.GELU(approximate="tanh"),
            nn.Linear(2 * width, VIEWS * width),
        )  # fmt: skip
        self.noised = nn.Linear(motion, width, bias=False)
        self.view = nn.Parameter(torch.randn(VIEWS, width) * 0.02)
        self.level = nn.Sequential(
            nn.Linear(2, width), nn.GELU(approximate="tanh"), nn.Linear(width, width)
        )
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Parameter(torch.randn(VIEWS, width, motion + self.joints) * 0.02)
        self.front_head = nn.Linear(width, 2 * self.joints + 2)
        nn.init.normal_(self.front_head.weight, std=0.02)
        nn.init.zeros_(self.front_head.bias)

    def forward(
        self,
        noised: Tensor,  # (B, T, V, 2J+3) diffusion.network_input
        level: Tensor,  # (B,) noise level
        features: Tensor,  # (B, T, F)
        phase: Tensor,  # (B, T, 2, ROTARY_FREQUENCIES) cos and sin
        mask: Tensor,  # (B, T, M + T) added to attention scores
        keys: Tensor,  # (B, L, V, H, M, W / H) memory
        values: Tensor,  # the same
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
        """The fields of `diffusion.Denoised`, then the keys and values to remember."""
        x, new_keys, new_values = self.tokens(noised, level, features, phase, mask, keys, values)
        return (*self.read(x), new_keys, new_values)

    def tokens(
        self,
        noised: Tensor,
        level: Tensor,
        features: Tensor,
        phase: Tensor,
        mask: Tensor,
        keys: Tensor,
        values: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The blocks: tokens (B, T, V, W), new keys and values. Half precision will do."""
        b, t = features.shape[:2]
        x = self.observe(features).view(b, t, VIEWS, -1) + self.noised(noised) + self.view
        x = x + self.level(torch.stack([level, level**2], dim=-1))[:, None, None]
        rotation = (phase[:, None, None, :, 0], phase[:, None, None, :, 1])
        new_keys, new_values = [], []
        for i, block in enumerate(self.blocks):
            x, k, value = block(x, rotation, mask, (keys[:, i], values[:, i]))
            new_keys.append(k)
            new_values.append(value)
        return x, torch.stack(new_keys, dim=1), torch.stack(new_values, dim=1)

    def read(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """The heads: the fields of `diffusion.Denoised`. Millimetres need single precision."""
        x = self.norm(x)
        out = torch.einsum("btvc,vco->btvo", x, self.head)
        motion, log_weight = out.split([out.shape[-1] - self.joints, self.joints], dim=-1)
        trust, log_error, contact = self.front_head(x[:, :, 0]).split(
            [self.joints, self.joints, 2], dim=-1
        )
        return motion, log_weight, trust, log_error + TYPICAL_LOG_ERROR, contact
