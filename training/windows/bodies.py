"""Other bodies for the same motion: sizes, proportions, mirror images, bends, floors that are off.

One archive has one body size a release; without this the network would learn it by heart and
read every distance from it. Bones are scaled and the body is rebuilt from the hips, then set back
so that its lowest joint keeps its height over the ground and standing feet their places on it:
planted feet stay planted. Limbs may be turned at their joints, too: poses near to those of a few
actors, which these never took (Gong et al., PoseAug, 2021, learn such turns; these are random).
"""

from dataclasses import dataclass
from functools import cache
from math import radians

import torch
import torch.nn.functional as F
from torch import Tensor

from ...core.skeletons import Skeleton, part
from .turning import about

# All formats as one tree: parts that share one length factor, and their links "parent child",
# parents first; ~ is either side. Each joint of a format goes by the first link whose parent the
# format has. "hips", "shoulders" and "ears" stand for midpoints, for which there is no joint.
_CHAINS: dict[str, tuple[str, ...]] = {
    "pelvis": ("hips ~hip",),
    "thigh": ("~hip ~knee",),
    "shin": ("~knee ~ankle",),
    "trunk": (
        "hips shoulders", "hips pelvis", "hips spine", "hips spine1", "hips spine2", "hips spine3",
        "hips neck", "hips thorax",
    ),
    "girdle": ("neck ~collar", "~collar ~shoulder", "shoulders ~shoulder"),
    "upper_arm": ("~shoulder ~elbow",),
    "forearm": ("~elbow ~wrist",),
    "neck": ("shoulders ears", "neck head", "thorax nose"),
    "head": ("ears nose", "ears ~eye", "ears ~ear", "ears head_top", "nose head_top"),
    "foot": ("~ankle ~foot", "~ankle ~big_toe", "~ankle ~small_toe", "~ankle ~heel"),
    "hand": ("~wrist ~hand",),
}  # fmt: skip
_MIDPOINTS = {"hips": "hip", "shoulders": "shoulder", "ears": "ear"}
_WIDE = ("pelvis", "girdle")  # parts whose width detectors and markers disagree about
# How far a bent body's parts are turned beyond what carries them, degrees, standard deviation.
_BENDS_DEG = {
    "thigh": 7.0, "shin": 7.0, "trunk": 6.0, "neck": 9.0, "upper_arm": 18.0, "forearm": 18.0,
}  # fmt: skip
_FEET = ("ankle", "foot", "big_toe", "small_toe", "heel")  # parts that stand
_STILL_M = 0.008  # a foot that moves less than this from frame to frame stands


@dataclass(frozen=True)
class BodyVariation:
    """How far bodies vary: standard deviations unless said otherwise."""

    size: float = 0.07  # log of overall size
    proportion: float = 0.05  # log of each part's length
    width: float = 0.12  # log of hip and shoulder widths, where detectors and markers disagree
    floor_m: float = 0.03  # the floor's height against the calibrated one
    # thickness of the soles under the data's feet, uniform up to this: all archives', or each one's
    soles_m: tuple[float, ...] = (0.0,)
    platform: float = 0.25  # share of windows in which the person stands on something
    platform_m: float = 0.25  # that something's height is uniform up to this
    mirror: float = 0.5  # share of windows that are mirrored
    bent: float = 0.0  # share of windows whose limbs are turned at their joints


def vary_bodies(
    positions_m: Tensor,
    skeleton: Skeleton,
    variation: BodyVariation,
    soles_m: Tensor,
    generator: torch.Generator,
) -> Tensor:
    """Gives each window of (B, T, J, 3) a body of its own, in metres over the ground z = 0.

    `soles_m` (B,) is how thick each window's soles may be.
    """
    b = positions_m.shape[0]

    def normal(std: float) -> Tensor:
        return torch.randn(b, 1, 1, generator=generator) * std

    def uniform() -> Tensor:
        return torch.rand(b, 1, 1, generator=generator)

    mirrored = positions_m[:, :, list(skeleton.mirror)] * torch.tensor([1.0, -1.0, 1.0])
    positions_m = torch.where(uniform()[..., None] < variation.mirror, mirrored, positions_m)
    at = _with_midpoints(positions_m, skeleton)
    size = torch.exp(normal(variation.size).clamp(-0.2, 0.2))
    tree = _tree(skeleton)
    factor = {
        name: size * torch.exp(normal(variation.width if name in _WIDE else variation.proportion))
        for name in tree
    }
    pace = 0.5 * (factor["thigh"] + factor["shin"])  # longer legs take longer steps
    bent = (uniform() < variation.bent)[:, 0]
    turned = {"hips": torch.zeros(b, 3)}  # rotation vectors of what leads to a joint
    rebuilt = {"hips": at["hips"] * pace}
    for name, links in tree.items():
        turns = [
            bent * radians(_BENDS_DEG.get(name, 0.0)) * torch.randn(b, 3, generator=generator)
            for _ in ("left", "right")
        ]
        for parent, child in links:
            turned[child] = turned[parent] + turns[child.startswith("right")]
            bone = _turn(turned[child]) @ (at[child] - at[parent])[..., None]
            rebuilt[child] = rebuilt[parent] + factor[name] * bone[..., 0]
    varied = torch.stack([rebuilt[name] for name in skeleton.joint_names], dim=2)
    varied[..., :2] -= _slip(varied, positions_m, pace, skeleton)[:, :, None]
    lowest = positions_m[..., 2].amin(dim=2) * size[..., 0]
    on_platform = (uniform() < variation.platform) * uniform() * variation.platform_m
    under = normal(variation.floor_m) + on_platform + uniform() * soles_m[:, None, None]
    lift = lowest - varied[..., 2].amin(dim=2) + under[..., 0]
    varied[..., 2] += lift[..., None]
    return varied


def _turn(rotation_vectors: Tensor) -> Tensor:
    """(B, 1, 3, 3) rotations by vectors (B, 3), radians, which do not change in a window."""
    angle = rotation_vectors.norm(dim=-1, keepdim=True)
    return about(rotation_vectors / angle.clamp(min=1e-9), angle)


def _slip(varied: Tensor, positions_m: Tensor, pace: Tensor, skeleton: Skeleton) -> Tensor:
    """(B, T, 2) how far standing feet have slid by then, for legs whose parts differ."""
    feet = [j for j, name in enumerate(skeleton.joint_names) if part(name) in _FEET]
    before, after = (p[:, :, feet, :2].diff(dim=1) for p in (positions_m, varied))
    stands = torch.exp(-(before / _STILL_M).square().sum(dim=-1, keepdim=True))
    slid = (stands * (after - pace[..., None] * before)).sum(dim=2)
    return F.pad((slid / stands.sum(dim=2).clamp(min=1.0)).cumsum(dim=1), (0, 0, 1, 0))


@cache
def _tree(skeleton: Skeleton) -> dict[str, tuple[tuple[str, str], ...]]:
    """By part, the links (parent, child) that place every joint of this skeleton."""
    there = {*skeleton.joint_names, *_midpoints(skeleton)}
    placed, tree = {"hips"}, {}
    for name, links in _CHAINS.items():
        taken = []
        for link in links:
            for side in ("left_", "right_"):
                parent, child = link.replace("~", side).split()
                if parent in placed and child in there - placed:
                    taken.append((parent, child))
                    placed.add(child)
        if taken:
            tree[name] = tuple(taken)
    return tree


def _midpoints(skeleton: Skeleton) -> dict[str, tuple[int, ...]]:
    """The joints (left, right) of the midpoints that this skeleton has."""
    return {
        middle: skeleton.index(f"left_{name}", f"right_{name}")
        for middle, name in _MIDPOINTS.items()
        if f"left_{name}" in skeleton.joint_names
    }


def _with_midpoints(positions_m: Tensor, skeleton: Skeleton) -> dict[str, Tensor]:
    at = {name: positions_m[:, :, j] for j, name in enumerate(skeleton.joint_names)}
    for middle, (left, right) in _midpoints(skeleton).items():
        at[middle] = 0.5 * (positions_m[:, :, left] + positions_m[:, :, right])
    return at
