"""The multi-view motion denoiser (torch): view attention, past-only temporal attention, per layer.

Tokens are (frame, view). View attention mixes the four views of one frame; temporal attention mixes
one view's frames and looks at the past only, so keys and values can be kept: `forward` takes the
memory of earlier frames and returns what this call adds to it. Time enters as rotary phases of the
frames' real times, so any frame rate, jitter or gap is natural. With the paper's ground pointmaps
switched on, tokens look at the pointmap of their own view after that.
"""

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..core.skeletons import skeleton
from ..lifting.denoiser import DenoiserShape
from ..lifting.features import ANKLE_HEIGHT_M, feature_size, ground_hits
from ..lifting.memory import ROTARY_FREQUENCIES
from ..lifting.representation import motion_size
from ..lifting.rig import VIEWS
from .attention import GroundAttention, TemporalAttention, ViewAttention, rotary
from .pointmap_network import CELL_PX, PointmapEncoder

TYPICAL_LOG_ERROR = -2.5  # where the error head starts: 8 cm
TYPICAL_LOG_ANKLE_ERROR = -3.0  # 5 cm
TYPICAL_LOG_DEPTH_ERROR = -3.5  # 3 %
NO_SUPPORT = 1e4  # log error of ankles that are never believed
HEIGHT_UNIT_M = 0.2  # spread of the ankles' heights
SIZE_UNIT = 0.1  # spread of log size
TYPICAL_LOG_SIZE_ERROR = -3.0
_PER_BODY = (2, 2, 2, 2, 1)  # contact; ankles' errors and heights; size; depth's error


@dataclass(frozen=True)
class NetworkConfig:
    """Size of the denoiser, and what can be switched; the defaults are the shipped `coco17`.

    The ground is seen where the ankles' rays meet it (features), in the paper's pointmaps, both
    ways, or neither: then the camera's height is all that is known of it.
    """

    skeleton: str = "coco17"  # keypoint format in and out
    width: int = 192  # channels of a token
    layers: int = 6  # blocks of view attention, temporal attention and feed-forward
    heads: int = 6  # attention heads; width / heads must be twice ROTARY_FREQUENCIES
    feed_forward: int = 2  # hidden width of the feed-forward part, in widths
    memory_frames: int = 32  # frames a token attends to, itself included
    ground: Literal["rays", "pointmap", "both", "none"] = "rays"  # how the ground is seen
    pointmap_px: int = 64  # side of a view's pointmap; the paper's is 224
    pointmap_channels: int = 64  # of the ResNet's first stage; 64 is ResNet-18
    decoupled: bool = True  # motion by Eq. 1; off: raw global 2D (lifting.representation)
    stands: bool = True  # the body slides to where its feet stand (lifting.ground); off: never

    def __post_init__(self) -> None:
        if self.width != self.heads * 2 * ROTARY_FREQUENCIES:
            raise ValueError(
                f"width {self.width} is not heads {self.heads} x {2 * ROTARY_FREQUENCIES}"
            )
        if self.pointmap_px < CELL_PX or self.pointmap_channels % 8:
            raise ValueError(
                f"pointmap_px {self.pointmap_px} and pointmap_channels {self.pointmap_channels}: "
                f"the first is {CELL_PX} or more, the second a multiple of 8"
            )

    @property
    def sees_rays(self) -> bool:
        """Whether the ankles' ground hits are among the features that count."""
        return self.ground in ("rays", "both")

    @property
    def sees_pointmaps(self) -> bool:
        """Whether there is a pointmap branch."""
        return self.ground in ("pointmap", "both")

    @property
    def shape(self) -> DenoiserShape:
        """The sizes the lifter needs."""
        return DenoiserShape(
            skeleton(self.skeleton), self.layers, self.heads, self.width // self.heads,
            self.memory_frames, self.decoupled,
        )  # fmt: skip

    @property
    def cells(self) -> int:
        """Tokens of a view's pointmap."""
        return (-(-self.pointmap_px // CELL_PX)) ** 2


class Block(nn.Module):
    """View attention, temporal attention, a look at the ground, feed-forward; each is added."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.view = ViewAttention(config.width, config.heads)
        self.temporal = TemporalAttention(config.width, config.heads)
        hidden = config.feed_forward * config.width
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(config.width),
            nn.Linear(config.width, hidden),
            nn.GELU(approximate="tanh"),
            nn.Linear(hidden, config.width),
        )
        if config.sees_pointmaps:
            self.ground = GroundAttention(config.width, config.heads)

    def forward(
        self,
        x: Tensor,
        phase: tuple[Tensor, Tensor],
        mask: Tensor,
        past: tuple[Tensor, Tensor],
        ground: tuple[Tensor, Tensor] | None,
        together: bool,
    ) -> tuple[Tensor, Tensor, Tensor]:
        if together:
            x = x + self.view(x)
        mixed, keys, values = self.temporal(x, phase, mask, past)
        x = x + mixed
        if ground is not None:
            x = x + self.ground(x, *ground)
        return x + self.feed_forward(x), keys, values


class MotionDenoiser(nn.Module):
    """Predicts the clean motion of all views from a noised one and V0's observation.

    Shapes: B people, T new frames, M remembered frames, V views, J joints, L layers, H heads,
    N cells of a pointmap, C numbers of a motion vector.
    """

    shown: Tensor  # (F,) 0 where features are hidden; there only if some are

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.joints = skeleton(config.skeleton).joint_count
        width, motion = config.width, motion_size(self.joints, config.decoupled)
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
        self.front_head = nn.Linear(width, 2 * self.joints + sum(_PER_BODY))
        nn.init.normal_(self.front_head.weight, std=0.02)
        nn.init.zeros_(self.front_head.bias)
        if config.sees_pointmaps:
            self.pointmaps = PointmapEncoder(
                config.width, config.heads, config.layers, config.pointmap_px,
                config.pointmap_channels,
            )  # fmt: skip
        if not config.sees_rays:
            shown = torch.ones(features)
            shown[ground_hits(skeleton(config.skeleton))] = 0.0
            self.register_buffer("shown", shown, persistent=False)

    def forward(
        self,
        noised: Tensor,  # (B, T, V, C) diffusion.network_input
        level: Tensor,  # (B,) noise level
        features: Tensor,  # (B, T, F)
        phase: Tensor,  # (B, T, 2, ROTARY_FREQUENCIES) cos and sin
        mask: Tensor,  # (B, T, M + T) added to attention scores
        keys: Tensor,  # (B, L, V, H, M, W / H) memory
        values: Tensor,  # the same
        ground_keys: Tensor | None = None,  # (B, L, V, H, N, W / H) of `ground`, if it has any
        ground_values: Tensor | None = None,
    ) -> tuple[Tensor, ...]:
        """The fields of `diffusion.Denoised`, then the keys and values to remember."""
        ground = None
        if ground_keys is not None and ground_values is not None:
            ground = ground_keys, ground_values
        x, new_keys, new_values = self.tokens(
            noised, level, features, phase, mask, keys, values, ground=ground
        )
        return (*self.read(x), new_keys, new_values)

    def ground(self, distance_m: Tensor, height_m: Tensor) -> tuple[Tensor, Tensor] | None:
        """Keys and values (B, L, V, H, N, W / H) of rigs' pointmaps; None if it sees none.

        They depend on the rig's two numbers (B,) alone: a stream asks once a rig.
        """
        return self.pointmaps(distance_m, height_m) if self.config.sees_pointmaps else None

    def tokens(
        self,
        noised: Tensor,
        level: Tensor,
        features: Tensor,
        phase: Tensor,
        mask: Tensor,
        keys: Tensor,
        values: Tensor,
        together: bool = True,
        ground: tuple[Tensor, Tensor] | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The blocks: tokens (B, T, V, W), new keys and values. Half precision will do.

        With `together` off each view stands alone, as in stage 1 of the paper: no view attention,
        no ground, and the observation reaches V0 only.
        """
        if together and self.config.sees_pointmaps != (ground is not None):
            raise ValueError(f"ground is {self.config.ground!r}: give what `ground` answers")
        if not self.config.sees_rays:
            features = features * self.shown
        b, t = features.shape[:2]
        observed = self.observe(features).view(b, t, VIEWS, -1)
        if not together:
            observed = F.pad(observed[:, :, :1], (0, 0, 0, VIEWS - 1))
        x = observed + self.noised(noised) + self.view
        x = x + self.level(torch.stack([level, level**2], dim=-1))[:, None, None]
        rotation, mask = rotary(phase), mask[:, None, None]
        new_keys, new_values = [], []
        for i, block in enumerate(self.blocks):
            seen = None if ground is None else (ground[0][:, i], ground[1][:, i])
            past = keys[:, i], values[:, i]
            x, k, value = block(x, rotation, mask, past, seen, together)
            new_keys.append(k)
            new_values.append(value)
        return x, torch.stack(new_keys, dim=1), torch.stack(new_values, dim=1)

    def read(self, x: Tensor) -> tuple[Tensor, ...]:
        """The heads: the fields of `diffusion.Denoised`. Millimetres need single precision."""
        x = self.norm(x)
        out = (x[..., None, :] @ self.head)[..., 0, :]
        motion, log_weight = out.split([out.shape[-1] - self.joints, self.joints], dim=-1)
        trust, log_error, contact, unsure, lift, size, depth = self.front_head(x[:, :, 0]).split(
            [self.joints, self.joints, *_PER_BODY], dim=-1
        )
        ankle_height_m = ANKLE_HEIGHT_M + HEIGHT_UNIT_M * lift
        size = torch.stack(
            [SIZE_UNIT * size[..., 0], size[..., 1] + TYPICAL_LOG_SIZE_ERROR], dim=-1
        )
        log_error = log_error + TYPICAL_LOG_ERROR
        ankle_log_error = unsure + TYPICAL_LOG_ANKLE_ERROR
        if not self.config.stands:
            ankle_log_error = torch.full_like(unsure, NO_SUPPORT)
        return (
            motion, log_weight, trust, log_error, contact, ankle_height_m, ankle_log_error,
            depth + TYPICAL_LOG_DEPTH_ERROR, size,
        )  # fmt: skip
