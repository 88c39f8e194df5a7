"""Other bodies for the same motion: sizes, proportions, mirror images, floors that are off.

One archive has one body size a release; without this the network would learn it by heart and
read every distance from it. Bones are scaled and the body is rebuilt from the hips, then set back
so that the lower foot keeps its height over the ground: planted feet stay planted.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..core.skeletons import Skeleton

# COCO-17 as a tree: (parts that share one length factor, parent -> child pairs). "hips" and
# "shoulders" stand for the midpoints that the format has no joint for.
_CHAINS: dict[str, tuple[tuple[str, str], ...]] = {
    "pelvis": (("hips", "left_hip"), ("hips", "right_hip")),
    "thigh": (("left_hip", "left_knee"), ("right_hip", "right_knee")),
    "shin": (("left_knee", "left_ankle"), ("right_knee", "right_ankle")),
    "trunk": (("hips", "shoulders"),),
    "girdle": (("shoulders", "left_shoulder"), ("shoulders", "right_shoulder")),
    "upper_arm": (("left_shoulder", "left_elbow"), ("right_shoulder", "right_elbow")),
    "forearm": (("left_elbow", "left_wrist"), ("right_elbow", "right_wrist")),
    "neck": (("shoulders", "ears"),),
    "head": tuple(("ears", j) for j in ("nose", "left_eye", "right_eye", "left_ear", "right_ear")),
}
_WIDE = ("pelvis", "girdle")  # parts whose width detectors and markers disagree about


@dataclass(frozen=True)
class BodyVariation:
    """How far bodies vary: standard deviations unless said otherwise."""

    size: float = 0.07  # log of overall size
    proportion: float = 0.05  # log of each part's length
    width: float = 0.12  # log of hip and shoulder widths, where detectors and markers disagree
    floor_m: float = 0.03  # the floor's height against the calibrated one
    platform: float = 0.25  # share of windows in which the person stands on something
    platform_m: float = 0.25  # that something's height is uniform up to this
    mirror: float = 0.5  # share of windows that are mirrored


def vary_bodies(
    positions_m: Tensor, skeleton: Skeleton, variation: BodyVariation, generator: torch.Generator
) -> Tensor:
    """Gives each window of (B, T, J, 3) a body of its own, in metres over the ground z = 0."""
    b = positions_m.shape[0]

    def normal(std: float) -> Tensor:
        return torch.randn(b, 1, 1, generator=generator) * std

    def uniform() -> Tensor:
        return torch.rand(b, 1, 1, generator=generator)

    mirrored = positions_m[:, :, list(skeleton.mirror)] * torch.tensor([1.0, -1.0, 1.0])
    positions_m = torch.where(uniform()[..., None] < variation.mirror, mirrored, positions_m)
    at = _with_midpoints(positions_m, skeleton)
    size = torch.exp(normal(variation.size).clamp(-0.2, 0.2))
    factor = {
        part: size * torch.exp(normal(variation.width if part in _WIDE else variation.proportion))
        for part in _CHAINS
    }
    rebuilt = {"hips": at["hips"] * (0.5 * (factor["thigh"] + factor["shin"]))}
    for part, pairs in _CHAINS.items():
        for parent, child in pairs:
            rebuilt[child] = rebuilt[parent] + factor[part] * (at[child] - at[parent])
    varied = torch.stack([rebuilt[name] for name in skeleton.joint_names], dim=2)
    lowest = positions_m[..., 2].amin(dim=2) * size[..., 0]
    on_platform = (uniform() < variation.platform) * uniform() * variation.platform_m
    lift = lowest - varied[..., 2].amin(dim=2) + (normal(variation.floor_m) + on_platform)[..., 0]
    varied[..., 2] += lift[..., None]
    return varied


def _with_midpoints(positions_m: Tensor, skeleton: Skeleton) -> dict[str, Tensor]:
    at = {name: positions_m[:, :, j] for j, name in enumerate(skeleton.joint_names)}
    for middle, side in (("hips", "hip"), ("shoulders", "shoulder"), ("ears", "ear")):
        at[middle] = 0.5 * (at[f"left_{side}"] + at[f"right_{side}"])
    return at
