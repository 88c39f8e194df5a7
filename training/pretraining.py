"""Stage 1: 2D motion as single views show it, of mocap before random cameras and of recordings.

Each view stands alone (`MotionDenoiser.tokens(..., together=False)`), so a window of mocap is four
2D motions, and a recording is one, V0's. In half of the windows V0 is told what a detector saw; in
the others, as in the virtual views always, the network has the noised motion and nothing else to
go by. Nothing is triangulated, and all that stage 2 adds starts at zero (`first_network`).
"""

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..core.skeletons import Skeleton
from ..engines.network import MotionDenoiser, NetworkConfig
from ..lifting import representation, rig
from ..lifting.body_size import UNKNOWN
from ..lifting.features import observation_features
from .losses import LossWeights, distance
from .windows.batches import Batch, Windows
from .windows.noise import STATURE_M, DetectorNoise, observe
from .windows.recordings2d import Tracks

CONDITIONED = 0.5  # share of windows in which V0 is observed


@dataclass(frozen=True)
class ViewBatch:
    """2D motions; B windows of T frames, V views that know nothing of each other, J joints."""

    motion: Tensor  # (B, T, V, 2J+3) the truth's motion vectors; finite, also where not known
    known: Tensor  # (B, T, V, J) bool: the truth is one
    features: Tensor  # (B, T, F) V0's observation; zero in windows where V0 is not observed
    phase: Tensor  # (B, T, 2, frequencies)
    dt_s: Tensor  # (B, T) time since the frame before
    distances_m: Tensor  # (B, 1, V) each camera's distance to the gaze point


class ViewWindows:
    """Draws mocap windows and, after them, recorded ones; the same seed gives the same batches.

    Args:
        windows: draws the mocap windows of a batch.
        tracks: what to draw recorded windows from, if any are wanted.
        recorded: recorded windows of a batch.
    """

    def __init__(self, windows: Windows, tracks: Tracks | None = None, recorded: int = 0) -> None:
        self.windows, self.tracks, self.recorded = windows, tracks, recorded
        self.generator = windows.generator

    def draw(self) -> ViewBatch:
        """The next batch."""
        mocap = self.windows.draw()
        views = mocap_views(mocap)
        if self.tracks is not None and self.recorded:
            # Frame times are as random as they need be; the recordings borrow those of the mocap.
            like = torch.arange(self.recorded) % len(mocap.dt_s)
            noise, bones = self.windows.config.noise, self.windows.skeleton
            recorded = recorded_views(
                self.tracks, mocap.dt_s[like], mocap.phase[like], noise, bones, self.generator,
                self.windows.decoupled,
            )  # fmt: skip
            pairs = zip(vars(views).values(), vars(recorded).values(), strict=True)
            views = ViewBatch(*(torch.cat(pair) for pair in pairs))
        observed = torch.rand(len(views.dt_s), 1, 1, generator=self.generator) < CONDITIONED
        return replace(views, features=views.features * observed)


def mocap_views(batch: Batch) -> ViewBatch:
    """A mocap batch as single views; a view knows the frames that lie before its camera."""
    offset = batch.points_m[:, :, None] - batch.centers_m[:, :, :, None]
    depth_m = (offset * batch.axes[:, :, :, None, 2]).sum(dim=-1)  # (B, T, V, J)
    before = (depth_m > rig.MIN_DEPTH_M).all(dim=-1, keepdim=True)
    return ViewBatch(
        motion=batch.motion,
        known=before.expand(depth_m.shape),
        features=batch.features,
        phase=batch.phase,
        dt_s=batch.dt_s,
        distances_m=batch.distances_m,
    )


def recorded_views(
    tracks: Tracks,
    dt_s: Tensor,
    phase: Tensor,
    noise: DetectorNoise,
    skeleton: Skeleton,
    generator: torch.Generator,
    decoupled: bool = True,
) -> ViewBatch:
    """Recorded windows with frames at steps (R, T); only V0 is known.

    Their truth is what a detector saw; the network is shown that through one more, so that there
    is something to mend.
    """
    window = tracks.draw(dt_s.cumsum(dim=1), generator)
    r, t = window.known.shape[:2]
    distances_m = rig.view_distances(window.distance_m, window.height_m)[:, None]
    front = representation.encode(window.uv[:, :, None], distances_m[..., :1], skeleton, decoupled)
    known = F.pad(window.known[:, :, None], (0, 0, 0, rig.VIEWS - 1))
    stature_uv = STATURE_M / distances_m[:, 0, 0]
    uv, confidence, seen = observe(window.uv, stature_uv, skeleton, noise, generator)
    nothing = torch.zeros(r, t)
    features = observation_features(
        uv, torch.minimum(confidence, window.confidence), seen & window.known,
        window.distance_m[:, None].expand(r, t), window.height_m[:, None].expand(r, t),
        nothing, nothing + UNKNOWN, skeleton,
    )  # fmt: skip
    return ViewBatch(
        motion=F.pad(front, (0, 0, 0, rig.VIEWS - 1)),
        known=known,
        features=features,
        phase=phase,
        dt_s=dt_s,
        distances_m=distances_m,
    )


def view_loss(
    motion: Tensor, batch: ViewBatch, weights: LossWeights
) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss of motion vectors (B, T, V, 2J+3) answered for a batch, and its terms.

    A joint's image and its step from frame to frame count where the joint is known. Motion vectors
    count where their whole frame is, since root and box (Eq. 1) depend on all of its joints.
    """
    metres = batch.distances_m[..., None, None]
    offset = representation.decode(motion, batch.distances_m)
    offset = (offset - representation.decode(batch.motion, batch.distances_m)) * metres
    steps = offset.diff(dim=1) / (batch.dt_s[:, 1:] * 30.0).clamp(min=0.5)[..., None, None, None]
    difference = (motion - batch.motion).abs().clamp(max=8.0).mean(dim=-1)
    terms = {
        "reprojection": _mean(distance(offset), batch.known),
        "velocity": _mean(distance(steps), batch.known[:, 1:] & batch.known[:, :-1]),
        "motion": _mean(difference, batch.known.all(dim=-1)),
    }
    total = sum((getattr(weights, name) * term for name, term in terms.items()), torch.zeros(()))
    return total, terms


def _mean(value: Tensor, known: Tensor) -> Tensor:
    return (value * known).sum() / known.sum().clamp(min=1)


def first_network(config: NetworkConfig) -> MotionDenoiser:
    """A network whose views know nothing of each other even when they are denoised together.

    View attention starts at zero anyway; here V0's word to the others does too. Stage 1 trains
    neither, so stage 2 begins with the very answers that stage 1 ends with.
    """
    network = MotionDenoiser(config)
    told = network.observe[-1]
    assert isinstance(told, nn.Linear)
    nn.init.zeros_(told.weight[config.width :])
    nn.init.zeros_(told.bias[config.width :])
    return network
