"""The paper's look at the ground (torch): pointmaps, ResNet-18, attention between the views.

All of it depends on the rig's two numbers alone, so a stream computes it once a rig: what comes
out are the keys and values that the denoiser's layers look at. torchvision's ResNet-18 is not used
because its batch norms need running statistics, which an average of weights does not carry (and
its wheel on PyPI does not load beside torch for CPUs).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..lifting.pointmap import ground_pointmaps
from .attention import ViewAttention

CELL_PX = 32  # pixels of a pointmap that end in one token, each way
_GROUP = 8  # channels that are normed together


class PointmapEncoder(nn.Module):
    """Rigs to keys and values of every layer's attention to the ground.

    Args:
        width: channels of a token.
        heads: attention heads.
        layers: layers that look at the ground.
        px: side of a view's pointmap.
        channels: of the ResNet's first stage.
    """

    virtual: Tensor

    def __init__(self, width: int, heads: int, layers: int, px: int, channels: int) -> None:
        super().__init__()
        self.px, self.layers, self.heads = px, layers, heads
        self.resnet = ResNet18(channels)
        self.tokens = nn.Linear(self.resnet.out_channels, width)
        self.view = ViewAttention(width, heads)
        self.norm = nn.LayerNorm(width)
        self.keys_values = nn.Linear(width, layers * 2 * width, bias=False)
        # The virtual cameras stand still in the rig: every rig has their maps.
        virtual = ground_pointmaps(torch.ones(1), torch.ones(1), px)[0, 1:]
        self.register_buffer("virtual", virtual, persistent=False)

    def forward(
        self, distance_m: Tensor, height_m: Tensor, virtual: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Numbers of B rigs (B,) to keys and values (B, L, V, H, N, W / H).

        `virtual` is what `virtual_cells` answers, if it is known already.
        """
        front = self._cells(ground_pointmaps(distance_m, height_m, self.px)[:, 0])
        virtual = self.virtual_cells() if virtual is None else virtual
        virtual = virtual.expand(front.shape[0], -1, -1, -1)
        x = torch.cat([front[:, None], virtual], dim=1).transpose(1, 2)  # (B, N, V, W)
        x = self.norm(x + self.view(x))
        both = self.keys_values(x).view(*x.shape[:3], self.layers, 2, self.heads, -1)
        keys, values = both.permute(4, 0, 3, 2, 5, 1, 6).unbind(0)
        return keys, values

    def virtual_cells(self) -> Tensor:
        """Tokens (V - 1, N, W) of the virtual views: the weights' alone."""
        return self._cells(self.virtual)

    def _cells(self, maps: Tensor) -> Tensor:
        """Pointmaps (n, P, P, 3) to tokens (n, N, W)."""
        return self.tokens(self.resnet(maps.permute(0, 3, 1, 2)).flatten(2).transpose(1, 2))


class ResNet18(nn.Module):
    """ResNet-18 (He et al., 2016) without its classifier; group norms in place of batch norms.

    Images (B, 3, P, P) to (B, 8 channels, P / 32, P / 32).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.stem = _convolution(3, channels, 7, 2)
        blocks, given = [], channels
        for out, stride in zip((1, 2, 4, 8), (1, 2, 2, 2), strict=True):
            blocks += [ResidualBlock(given, out * channels, stride)]
            given = out * channels
            blocks += [ResidualBlock(given, given, 1)]
        self.blocks = nn.Sequential(*blocks)
        self.out_channels = given

    def forward(self, image: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.stem(image)), 3, stride=2, padding=1)
        return self.blocks(x)


class ResidualBlock(nn.Module):
    """Two convolutions, added to what came in."""

    def __init__(self, given: int, out: int, stride: int) -> None:
        super().__init__()
        self.first = _convolution(given, out, 3, stride)
        self.second = _convolution(out, out, 3, 1)
        same = given == out and stride == 1
        self.skip = nn.Identity() if same else _convolution(given, out, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.skip(x) + self.second(F.relu(self.first(x))))


def _convolution(given: int, out: int, size: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(given, out, size, stride, padding=size // 2, bias=False),
        nn.GroupNorm(out // _GROUP, out),
    )
