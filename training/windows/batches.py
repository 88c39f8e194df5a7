"""Training batches: mocap windows, seen by random cameras through a noisy detector."""

import math
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from ...core.skeletons import Skeleton
from ...lifting import representation, rig
from ...lifting.body_size import UNKNOWN, log_size
from ...lifting.features import observation_features
from ...lifting.memory import phases
from ..archive import Archive
from .bodies import BodyVariation, vary_bodies
from .mixing import BodyMixing, mix_bodies
from .noise import STATURE_M, DetectorNoise, observe
from .tumbling import Tumbling, tumble_bodies

STILL_M_S = 0.2  # an ankle that is slower stands, ...
NEAR_FLOOR_M = 0.35  # ... if it is no higher over what the body stands or lies on


@dataclass(frozen=True)
class CameraVariation:
    """Where cameras stand; yaw, pitch, roll and lens leave no trace in the rig frame."""

    height_m: tuple[float, float] = (0.3, 4.5)  # uniform
    distance_m: tuple[float, float] = (1.3, 13.0)  # horizontal, to the anchor; log-uniform
    anchor_error: tuple[float, ...] = (0.04, 0.04, 0.04, 0.18, 0.18, 0.4)  # log of depth, std:
    # mostly of a settled anchor, often of a first guess, at times of one that a crouching,
    # lying or half hidden person has led astray
    anchor_side_m: float = 0.15  # sideways error of the anchor


@dataclass(frozen=True)
class WindowConfig:
    """What a batch is made of."""

    batch: int = 24  # windows
    frames: int = 48  # frames of a window
    camera: CameraVariation = field(default_factory=CameraVariation)
    mixing: BodyMixing = field(default_factory=BodyMixing)
    tumbling: Tumbling = field(default_factory=Tumbling)
    body: BodyVariation = field(default_factory=BodyVariation)
    noise: DetectorNoise = field(default_factory=DetectorNoise)
    size_told: float = 0.5  # share of windows whose person's size is known to some extent


@dataclass(frozen=True)
class Batch:
    """One batch; B windows of T frames, V views, J joints, all in the rig frame."""

    points_m: Tensor  # (B, T, J, 3) truth
    uv: Tensor  # (B, T, J, 2) what the detector said of V0; finite, meaningless where unseen
    seen: Tensor  # (B, T, J) bool
    features: Tensor  # (B, T, F)
    phase: Tensor  # (B, T, 2, frequencies)
    dt_s: Tensor  # (B, T) time since the frame before; the first repeats the second
    motion: Tensor  # (B, T, V, C) the truth's motion vectors
    front: Tensor  # (B, T) bool: the person is well in front of all cameras, so views tell of them
    contact: Tensor  # (B, T, 2) 1 where an ankle stands still
    log_size: Tensor  # (B,) the body's size (lifting.body_size)
    axes: Tensor  # (B, 1, V, 3, 3) the rig's cameras
    centers_m: Tensor  # (B, 1, V, 3)
    distances_m: Tensor  # (B, 1, V)
    distance_m: Tensor  # (B,) the rig's two numbers
    height_m: Tensor  # (B,)


class Windows:
    """Draws batches from archives; the same seed gives the same batches.

    Motion vectors are `decoupled` or not (representation.encode).
    """

    def __init__(
        self,
        archives: list[Archive],
        shares: list[float],
        skeleton: Skeleton,
        config: WindowConfig,
        seed: int,
        decoupled: bool = True,
    ) -> None:
        self.skeleton, self.config, self.decoupled = skeleton, config, decoupled
        self.generator = torch.Generator().manual_seed(seed)
        self.positions = torch.from_numpy(
            np.concatenate([archive.positions_world_m for archive in archives])
        )
        starts, lengths, chances, soles = [], [], [], []
        offset = 0
        of_each = np.broadcast_to(config.body.soles_m, len(archives))
        for archive, share, soles_m in zip(archives, shares, of_each, strict=True):
            length = np.diff(archive.clip_start)
            starts.append(archive.clip_start[:-1] + offset)
            lengths.append(length)
            chances.append(share * length / length.sum())
            soles.append(np.full(len(length), soles_m, np.float32))
            offset += len(archive.positions_world_m)
        self.start = torch.from_numpy(np.concatenate(starts))
        self.length = torch.from_numpy(np.concatenate(lengths))
        self.chance = torch.from_numpy(np.concatenate(chances))
        self.soles_m = torch.from_numpy(np.concatenate(soles))
        self.fps = archives[0].fps

    def draw(self) -> Batch:
        """The next batch."""
        config, g = self.config, self.generator
        b = config.batch
        dt_s = self._frame_times()
        t_s = dt_s.cumsum(dim=1)
        clip, points = self._motion(t_s)
        if config.mixing.share or config.mixing.arms:
            donors = [self._motion(t_s)[1] for _ in range(3)]
            points = mix_bodies(points, donors, self.skeleton, config.mixing, g)
        points = tumble_bodies(points, t_s, self.skeleton, config.tumbling, g)
        points = vary_bodies(points, self.skeleton, config.body, self.soles_m[clip], g)
        distance, height, points = self._place(points)
        axes, centers = rig.view_axes(distance, height)
        distances = rig.view_distances(distance, height)
        axes, centers, distances = axes[:, None], centers[:, None], distances[:, None]
        views = rig.project(points, axes, centers)
        offset = points[:, :, None] - centers[:, :, :, None]  # (B, T, V, J, 3)
        in_front = (offset * axes[:, :, :, None, 2]).sum(-1) > 0.3
        true_uv = views[:, :, 0]
        size_truth = log_size(points, self.skeleton).mean(dim=1)
        stature_uv = STATURE_M * size_truth.exp() / distances[:, 0, 0]
        uv, confidence, seen = observe(true_uv, stature_uv, self.skeleton, config.noise, g)
        seen &= in_front[:, :, 0] & (uv.abs().amax(dim=-1) < 5.0)
        uv = uv.clamp(-5.0, 5.0)
        t = t_s.shape[1]
        size_told, size_sigma = self._size_belief(size_truth, t)
        features = observation_features(
            uv, confidence, seen,
            distance[:, None].expand(b, t), height[:, None].expand(b, t),
            size_told, size_sigma, self.skeleton,
        )  # fmt: skip
        return Batch(
            points_m=points,
            uv=uv,
            seen=seen,
            features=features,
            phase=torch.from_numpy(phases(t_s.double().numpy())),
            dt_s=dt_s,
            motion=representation.encode(views, distances, self.skeleton, self.decoupled),
            front=in_front.all(dim=(-1, -2)),
            contact=self._contact(points, dt_s),
            log_size=size_truth,
            axes=axes,
            centers_m=centers,
            distances_m=distances,
            distance_m=distance,
            height_m=height,
        )

    def _rand(self, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self.generator)

    def _size_belief(self, truth: Tensor, t: int) -> tuple[Tensor, Tensor]:
        """(B, T) what the session believes of the size; it may grow firmer within the window."""
        b = len(truth)
        told = self._rand(b, 1) < self.config.size_told
        low, high = math.log(0.008), math.log(UNKNOWN)
        sigma = torch.exp(low + (high - low) * self._rand(b, 2))
        sigma = torch.where(told, sigma, UNKNOWN)
        told_size = truth[:, None] + sigma * torch.randn(b, 2, generator=self.generator)
        # Firmer last: the second belief, if any, holds from a random frame on.
        first = sigma.argmax(dim=1, keepdim=True)
        later = torch.arange(t) >= (self._rand(b, 1) * 3 - 1) * t
        at = torch.where(later, 1 - first, first)
        return told_size.gather(1, at), sigma.gather(1, at)

    def _frame_times(self) -> Tensor:
        """(B, T) steps in seconds: camera rates from 15 to 60, jitter, dropped frames."""
        b, t = self.config.batch, self.config.frames
        rates = torch.tensor([1 / 30, 1 / 30, 1 / 20, 1 / 20, 1 / 25, 1 / 15])
        base = rates[torch.randint(len(rates), (b, 1), generator=self.generator)]
        base = torch.where(self._rand(b, 1) < 0.2, 1 / 60 + self._rand(b, 1) * (1 / 20), base)
        jitter = 1 + (self._rand(b, t) - 0.5) * (self._rand(b, 1) < 0.3)
        gap = (self._rand(b, t) < 0.02) & (self._rand(b, 1) < 0.3)
        steps = base * jitter * torch.where(gap, 1 + 8 * self._rand(b, t), 1.0)
        steps[:, 0] = steps[:, 1]
        return steps

    def _contact(self, points: Tensor, dt_s: Tensor) -> Tensor:
        """(B, T, 2) 1 where an ankle hardly moves, near to where the window's body is lowest."""
        ankles = points[:, :, list(self.skeleton.ankles)]
        speed = ankles.diff(dim=1).norm(dim=-1) / dt_s[:, 1:, None]
        speed = torch.cat([speed[:, :1], speed], dim=1)
        floor_m = points[..., 2].amin(dim=(1, 2))[:, None, None]
        return ((speed < STILL_M_S) & (ankles[..., 2] - floor_m < NEAR_FLOOR_M)).float()

    def _motion(self, t_s: Tensor) -> tuple[Tensor, Tensor]:
        """Which clips (B,), and (B, T, J, 3) them played at those times, 0.8 to 1.25 times as fast.

        A clip that is too short is played back and forth.
        """
        b = t_s.shape[0]
        clip = torch.multinomial(self.chance, b, replacement=True, generator=self.generator)
        last = (self.length[clip] - 1).float()[:, None]
        speed = torch.exp((self._rand(b, 1) - 0.5) * 0.45)
        at = (t_s - t_s[:, :1]) * self.fps * speed
        room = (last - at[:, -1:]).clip(0.0)
        at = at + room * self._rand(b, 1)
        at = last - ((at % (2 * last)) - last).abs()
        low = at.floor().clamp(max=last - 1)
        index = self.start[clip][:, None] + low.long()
        before, after = self.positions[index], self.positions[index + 1]
        return clip, torch.lerp(before, after, (at - low)[..., None, None])

    def _place(self, points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Turns and moves windows into the frame of a random rig."""
        b, t = points.shape[:2]
        camera = self.config.camera
        yaw = self._rand(b) * (2 * torch.pi)
        cos, sin = yaw.cos()[:, None, None], yaw.sin()[:, None, None]
        x, y, z = points.unbind(-1)
        points = torch.stack([cos * x - sin * y, sin * x + cos * y, z], dim=-1)
        low, high = torch.tensor(camera.distance_m).log()
        distance = torch.exp(low + (high - low) * self._rand(b))
        height = camera.height_m[0] + (camera.height_m[1] - camera.height_m[0]) * self._rand(b)
        moment = torch.randint(t, (b,), generator=self.generator)
        hips = points[torch.arange(b), moment][:, list(self.skeleton.hips), :2].mean(dim=1)
        spreads = torch.tensor(camera.anchor_error)
        spread = spreads[torch.randint(len(spreads), (b,), generator=self.generator)]
        depth, side = torch.randn(b, 2, generator=self.generator).unbind(dim=-1)
        error = torch.stack(
            [distance * torch.expm1(spread * depth), camera.anchor_side_m * side], dim=-1
        )
        points[..., :2] += (error - hips)[:, None, None]
        return distance, height, points
