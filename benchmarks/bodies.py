"""What the bodies are worth: do they reproduce the joints, turn smoothly, stand still, cost little.

First each skeleton's true joints of a mocap archive (nothing of the network, contacts unknown):
how far forward kinematics of the published body is from the joints once lengths have settled, and
whether a bone turns by more than 15 degrees a frame while the joints it depends on move by less
than 2 cm. Then the live answer before unseen cameras: how far feet slide that truly stand, and the
root's error, of the joints and of the body. Prints the tables that docs/bodies.md quotes:

    python benchmarks/bodies.py --mocap val.npz
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import tyro
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from m2t3.core.humanoid import bone_poses, humanoid, joint_positions
from m2t3.core.messages import Body
from m2t3.core.skeletons import SKELETONS, Skeleton
from m2t3.engines.loading import load_denoiser
from m2t3.engines.manifest import DEFAULT_WEIGHTS
from m2t3.lifting.bodies.bodies import Bodies
from m2t3.lifting.bodies.follower import Follower
from m2t3.lifting.bodies.standard import standard
from m2t3.lifting.lifter import Lifter
from m2t3.lifting.steady import SteadyLifter
from m2t3.training.archive import read_archive
from m2t3.training.evaluation.cases import Case, mocap_cases, with_detector_noise
from m2t3.training.evaluation.metrics import errors

SETTLED_S = 3.0  # bone lengths are learned by then
STILL_M = 0.02  # joints that move less than this ...
JUMP_DEG = 15.0  # ... should turn no bone by more than this
FLOOR_M = 0.005  # joints of the truth that are lower are below what a body may reach


@dataclass(frozen=True)
class Benchmark:
    """Measure the humanoid bodies."""

    mocap: Path
    """Mocap archive (npz)."""
    weights: str = DEFAULT_WEIGHTS
    """As for m2t3-stream."""
    live: bool = True
    """Measure the live answer, too."""
    every: int = 1
    """Take only each n-th clip."""

    def run(self) -> None:
        """Print both tables."""
        console = Console()
        table = Table("skeleton", "FK mean", "p95", "p99, mm", "within 5 mm", "jumps", "of turns",
                      "lowest, mm", "median", "p99, us", title="bodies of true joints")  # fmt: skip
        for skeleton in SKELETONS.values():
            table.add_row(skeleton.name, *_true_joints(self.mocap, skeleton, self.every))
        console.print(table)
        if self.live:
            console.print(self._live())

    def _live(self) -> Table:
        denoiser = load_denoiser(self.weights, "auto")
        skeleton = denoiser.shape.skeleton
        table = Table("2D", "of", "feet slide, mm a frame", "root error, mm", "within 5 mm",
                      title=f"live, {self.weights}: body against joints")  # fmt: skip
        exact = list(mocap_cases(self.mocap, skeleton))[:: self.every]
        noisy = [with_detector_noise(case, skeleton) for case in exact]
        for name, cases in (("exact", exact), ("detector-like", noisy)):
            found = [
                _lifted(case, SteadyLifter(Lifter(case.camera, denoiser)), skeleton)
                for case in track(cases, name, console=Console(stderr=True))
            ]
            near = np.concatenate([_apart_mm(*both)[60:, standard(skeleton.name).explained].ravel()
                                   for both in found]) < 5.0  # fmt: skip
            for of, which in (("joints", 0), ("body", 1)):
                scores = [
                    errors(both[which], case.truth_world_m, case.fps, skeleton)
                    for case, both in zip(cases, found, strict=True)
                ]
                slide, root = (
                    np.concatenate([getattr(score, field).ravel() for score in scores])
                    for field in ("foot_sliding", "root")
                )
                table.add_row(name, of, f"{np.nanmean(slide):.2f}", f"{np.nanmean(root):.1f}",
                              f"{near.mean():.1%}" if which else "")  # fmt: skip
        return table


def _true_joints(path: Path, skeleton: Skeleton, every: int) -> Iterator[str]:
    archive, known = read_archive(path, skeleton), standard(skeleton.name)
    definition = humanoid(skeleton.name)
    settled = round(SETTLED_S * archive.fps)
    apart, jumps, turns, lowest, costs = [], 0, 0, np.inf, []
    for i in track(range(0, len(archive.clip_names), every), skeleton.name,
                   console=Console(stderr=True)):  # fmt: skip
        joints_m = archive.clip(i)
        follower, bodies = Follower(known), []
        sure, unknown = np.ones(skeleton.joint_count, np.float32), np.full(2, np.nan, np.float32)
        for t, joints in enumerate(joints_m):
            start_ns = time.thread_time_ns()
            body = follower.follow(t / archive.fps, joints, sure, unknown)
            costs.append(time.thread_time_ns() - start_ns)
            assert body is not None
            bodies.append(body)
        posed_m = _posed(skeleton, bodies)
        lowest = min(lowest, float(posed_m[..., 2].min()))
        distance = _apart_mm(joints_m, posed_m)
        distance[joints_m[..., 2] < FLOOR_M] = np.nan
        apart.append(distance[settled:, known.explained].ravel())
        still = np.stack([
            np.linalg.norm(np.diff(joints_m[:, depends], axis=0), axis=-1).max(axis=1) < STILL_M
            for depends in _depends(definition.parents, definition.joint_bones)
        ], axis=1)  # fmt: skip
        turned = _turned_deg([body.rotations_xyzw for body in bodies])
        jumps, turns = jumps + int((turned > JUMP_DEG)[still].sum()), turns + int(still.sum())
    distance = np.concatenate(apart)
    distance = distance[np.isfinite(distance)]
    yield f"{distance.mean():.2f}"
    yield from (f"{np.percentile(distance, q):.2f}" for q in (95, 99))
    yield f"{(distance < 5).mean():.1%}"
    yield from (f"{jumps}", f"{turns}", f"{lowest * 1e3:.1f}")
    yield from (f"{np.percentile(costs[settled:], q) / 1e3:.0f}" for q in (50, 99))


def _depends(parents: Sequence[int], joint_bones: Sequence[int]) -> list[NDArray]:
    """By bone, the joints that its rotation depends on: its own, its parent's, and those beyond."""
    found = []
    for bone in range(len(parents)):
        kin = {bone, parents[bone]}
        for _ in range(3):
            kin |= {b for b, parent in enumerate(parents) if parent in kin - {parents[bone]}}
        found.append(np.flatnonzero(np.isin(joint_bones, list(kin))))
    return found


def _lifted(
    case: Case, lifter: SteadyLifter, skeleton: Skeleton
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The published joints and the body's, (T, J, 3) each."""
    bodies, joints, found = Bodies(skeleton), [], []
    for observation in case.observations():
        people = lifter.lift([observation]).people
        (body,) = bodies.follow(observation.t_s, people).bodies
        joints.append(people[0].positions_world_m.astype(np.float64))
        found.append(body)
    posed = np.full((len(joints), skeleton.joint_count, 3), np.nan)
    there = [t for t, body in enumerate(found) if body is not None]
    posed[there] = _posed(skeleton, [body for body in found if body is not None])
    return np.stack(joints), posed


def _posed(skeleton: Skeleton, bodies: Sequence[Body]) -> NDArray[np.float64]:
    """Forward kinematics, (T, J, 3)."""
    definition = humanoid(skeleton.name)

    def by_bone(name: str) -> NDArray[np.float64]:
        return np.stack([getattr(body, name) for body in bodies], axis=-2).astype(np.float64)

    poses = bone_poses(
        definition, by_bone("root_world_m"), by_bone("rotations_xyzw"), by_bone("offsets_m")
    )
    return joint_positions(definition, *poses, by_bone("joint_offsets_m")).swapaxes(0, 1)


def _turned_deg(rotations_xyzw: Sequence[NDArray]) -> NDArray[np.float64]:
    """By how much each bone turned since the frame before, (T - 1, B)."""
    dots = [np.abs((a * b).sum(axis=1, dtype=np.float64)) for a, b in pairwise(rotations_xyzw)]
    return np.degrees(2 * np.arccos(np.minimum(dots, 1.0)))


def _apart_mm(a: NDArray, b: NDArray) -> NDArray[np.float64]:
    return np.linalg.norm(a.astype(np.float64) - b, axis=-1) * 1e3


if __name__ == "__main__":
    tyro.cli(Benchmark).run()
