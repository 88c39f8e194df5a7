"""`m2t3 evaluate`: errors of weights as the live stream makes them, frame by frame, causally."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from rich.console import Console
from rich.progress import track

from ...core.errors import M2t3Error
from ...core.skeletons import Skeleton
from ...engines.loading import load_denoiser
from ...engines.manifest import DEFAULT_WEIGHTS, find_weights
from ...engines.torch_engine import TorchDenoiser
from ...lifting.denoiser import Denoiser
from ..export import load_network, write_manifest
from ..spreading import evenly_spread
from .cases import PIECE_S, Case, mocap_cases, recording_case, with_detector_noise
from .measure import FEWEST, METHOD, Result, enough, in_no_row, lift, score
from .report import Report


@dataclass(frozen=True)
class Evaluate:
    """Measure weights on mocap before unseen cameras, on recordings, and on RICH and AIST++."""

    mocap: Path | None = None
    """Mocap archive (npz); its clips are seen by seeded random cameras."""
    recordings: tuple[Path, ...] = ()
    """Keypoint recordings that hold their camera."""
    reference: Path | None = None
    """Reference joints (npz) of the recordings' frames."""
    rich: Path | None = None
    """RICH's folder (bodies, multicam2world, scan_calibration)."""
    body_models: Path | None = None
    """Folder with Max Planck's body models, which RICH needs."""
    aist: Path | None = None
    """AIST++'s folder (cameras, keypoints2d, keypoints3d)."""
    weights: str = DEFAULT_WEIGHTS
    """Name of shipped weights, or the folder of others."""
    checkpoint: Path | None = None
    """Measure a training run's `last.pt` instead of exported weights."""
    engine: str = "auto"
    """What runs the network."""
    steps: int = 1
    """Network passes a frame."""
    look_ahead: int = 0
    """Frames that each answer waits for."""
    piece_s: float = PIECE_S
    """Clips are cut into pieces of this length, each before cameras of its own."""
    cameras: int = 1
    """Cameras for each piece."""
    seed: int = 0
    """Of cameras and noise."""
    baselines: bool = False
    """Measure what else one could do with the same 2D, too."""
    baseline_clips: int = 12
    """How many pieces of each kind the slow baseline is measured on, seconds each."""
    out: Path | None = None
    """Folder for results.json and pictures."""
    record: bool = False
    """Write the numbers into the weights' manifest; as a stream without options makes them, with
    one pass a frame and no look-ahead."""

    def run(self) -> int:
        """Print the table; write what was asked for."""
        self._check()
        denoiser: Denoiser
        if self.checkpoint is not None:
            denoiser = TorchDenoiser(load_network(self.checkpoint)[0])
        else:
            denoiser = load_denoiser(self.weights, self.engine)
        skeleton = denoiser.shape.skeleton
        cases = list(self._cases(skeleton))
        slow = _sample(cases, self.baseline_clips)
        results: list[Result] = []
        unanswered: list[str] = []
        for i, case in enumerate(track(cases, "evaluating", console=Console(stderr=True))):
            lifted = lift(case, denoiser, self.steps, None, self.look_ahead)
            if not enough(lifted):
                unanswered.append(f"{case.group}: {case.name}")
                continue
            results.append(score(case, METHOD, lifted, skeleton))
            if self.baselines:
                results += _beside(case, lifted, skeleton, i in slow)
        if not results:  # and nothing is written: a manifest keeps what it had
            raise M2t3Error(
                f"nothing was measured: of {len(cases)} cases none was answered in {FEWEST} frames "
                "or more"
            )
        report = Report(results)
        report.show(Console())
        if unanswered:
            print(in_no_row(unanswered))
        if self.out is not None:
            command = {f.name: _told(getattr(self, f.name)) for f in dataclasses.fields(self)}
            report.write(self.out, command)
        if self.record:
            found = find_weights(self.weights)
            new = msgspec.structs.replace(found.manifest, metrics=report.own_rows())
            write_manifest(new, found.onnx.parent)
        return 0

    def _check(self) -> None:
        if bool(self.recordings) != bool(self.reference):
            raise M2t3Error("--recordings and --reference belong together")
        if not any((self.mocap, self.reference, self.rich, self.aist)):
            raise M2t3Error(
                "nothing to measure: give --mocap FILE, --recordings and --reference, "
                "--rich FOLDER, or --aist FOLDER"
            )
        if self.cameras < 1:
            raise M2t3Error(f"--cameras {self.cameras}: give 1 or more for each piece")
        if not self.piece_s > 0:
            raise M2t3Error(
                f"--piece-s {self.piece_s:g} is no length: give seconds above 0, or leave it out "
                f"({PIECE_S:g})"
            )
        if self.record and self.checkpoint is not None:
            raise M2t3Error(
                f"--record: {self.checkpoint} has no manifest to write into; "
                "`m2t3 train export` it first, and give --weights"
            )
        if self.record and (self.steps, self.look_ahead) != (1, 0):
            raise M2t3Error(
                f"--record: a manifest's rows are of one pass a frame and no look-ahead, not of "
                f"--steps {self.steps} --look-ahead {self.look_ahead}; leave these out, "
                "or --record (--out FOLDER writes results.json)"
            )

    def _cases(self, skeleton: Skeleton) -> Iterator[Case]:
        if self.mocap is not None:
            for case in mocap_cases(self.mocap, skeleton, self.piece_s, self.cameras, self.seed):
                yield case
                yield with_detector_noise(case, skeleton, self.seed)
        for path in self.recordings:
            assert self.reference is not None
            yield recording_case(path, self.reference, skeleton)
        if self.rich is not None:
            # They bring smplx along, which only RICH's bodies need.
            from .published_cases import rich_cases

            for case in rich_cases(self.rich, self.body_models, skeleton, self.cameras, self.seed):
                yield case
                yield with_detector_noise(case, skeleton, self.seed)
        if self.aist is not None:
            from .published_cases import aist_cases

            yield from aist_cases(self.aist, skeleton, self.cameras, self.seed)


def _beside(case: Case, lifted: np.ndarray, skeleton: Skeleton, slow_too: bool) -> Iterator[Result]:
    """The baselines' answers to a case, those that can answer it."""
    from .baselines import BASELINES, SLOW

    for name, baseline in BASELINES.items():
        if slow_too or name != SLOW:
            answer = baseline(case, skeleton, lifted)
            if enough(answer):
                yield score(case, name, answer, skeleton)


def _sample(cases: list[Case], count: int) -> set[int]:
    """Indices of up to `count` cases of each group, evenly spread."""
    groups: dict[str, list[int]] = {}
    for i, case in enumerate(cases):
        groups.setdefault(case.group, []).append(i)
    return {i for group in groups.values() for i in evenly_spread(group, count)}


def _told(value: object) -> object:
    """An option as results.json tells it: files by name, for their folders are one machine's."""
    if isinstance(value, tuple):
        return [_told(part) for part in value]
    return value.name if isinstance(value, Path) else value
