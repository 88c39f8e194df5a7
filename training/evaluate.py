"""`m2t3 evaluate`: errors of weights as the live stream makes them, frame by frame, causally."""

import dataclasses
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import track
from rich.table import Table

from ..core.errors import M2t3Error
from ..core.skeletons import Skeleton
from ..engines.loading import load_denoiser
from ..engines.manifest import DEFAULT_WEIGHTS, Metrics, find_weights
from ..engines.torch_engine import TorchDenoiser
from ..lifting.denoiser import Denoiser
from .cases import Case, mocap_cases, recording_case, with_detector_noise
from .commit import commit
from .export import load_network, write_manifest
from .measure import measure, summarise
from .plots import plot_error_by_distance


@dataclass(frozen=True)
class Evaluate:
    """Measure weights on mocap before unseen cameras, and on recordings with a reference."""

    mocap: Path | None = None
    """Mocap archive (npz); its clips are seen by seeded random cameras."""
    recordings: tuple[Path, ...] = ()
    """Keypoint recordings that hold their camera."""
    reference: Path | None = None
    """Reference joints (npz) of the recordings' frames."""
    weights: str = DEFAULT_WEIGHTS
    """Name of shipped weights, or the folder of others."""
    checkpoint: Path | None = None
    """Measure a training run's `last.pt` instead of exported weights."""
    engine: str = "auto"
    """What runs the network."""
    steps: int = 1
    """Network passes a frame."""
    piece_s: float = 5.0
    """Clips are cut into pieces of this length, each before cameras of its own."""
    cameras: int = 1
    """Cameras for each piece."""
    seed: int = 0
    """Of cameras and noise."""
    out: Path | None = None
    """Folder for results.json and error_by_distance.png."""
    record: bool = False
    """Write the numbers into the weights' manifest."""

    def run(self) -> int:
        """Print the table; write what was asked for."""
        if bool(self.recordings) != bool(self.reference):
            raise M2t3Error("--recordings and --reference belong together")
        if self.mocap is None and self.reference is None:
            raise M2t3Error(
                "nothing to measure: give --mocap FILE, or --recordings and --reference"
            )
        denoiser: Denoiser
        if self.checkpoint is not None:
            denoiser = TorchDenoiser(load_network(self.checkpoint)[0])
        else:
            denoiser = load_denoiser(self.weights, self.engine)
        cases = list(self._cases(denoiser.shape.skeleton))
        results = [
            measure(case, denoiser, self.steps)
            for case in track(cases, "evaluating", console=Console(stderr=True))
        ]
        rows = summarise(results)
        Console(width=max(_TABLE_WIDTH, Console().width)).print(table(rows))
        if self.out is not None:
            self.out.mkdir(parents=True, exist_ok=True)
            document = {
                "commit": commit(),
                "command": {k: _told(v) for k, v in dataclasses.asdict(self).items()},
                "rows": msgspec.to_builtins(rows),
                "clips": [result.brief() for result in results],
            }
            (self.out / "results.json").write_text(json.dumps(document, indent=1) + "\n")
            plot_error_by_distance(results, self.out / "error_by_distance.png")
        if self.record and self.checkpoint is None:
            found = find_weights(self.weights)
            new = msgspec.structs.replace(found.manifest, metrics=tuple(rows))
            write_manifest(new, found.onnx.parent)
        return 0

    def _cases(self, skeleton: Skeleton) -> Iterable[Case]:
        if self.mocap is not None:
            for case in mocap_cases(self.mocap, skeleton, self.piece_s, self.cameras, self.seed):
                yield case
                yield with_detector_noise(case, skeleton, self.seed)
        for path in self.recordings:
            assert self.reference is not None
            yield recording_case(path, self.reference)


def _told(value: object) -> object:
    """An option as results.json tells it: files by name, for their folders are one machine's."""
    if isinstance(value, tuple):
        return [_told(part) for part in value]
    return value.name if isinstance(value, Path) else value


_TABLE_WIDTH = 124  # a narrow terminal breaks lines, never numbers
_COLUMNS = {  # field of Metrics: title
    "name": "measured on",
    "distance_m": "m away",
    "answered": "answered",
    "abs_mpjpe": "Abs mm",
    "mpjpe": "MPJPE mm",
    "pa_mpjpe": "PA mm",
    "root": "root mm",
    "root_percent": "root %",
    "accel": "accel m/s²",
    "foot_sliding": "slide mm",
}


def table(rows: Sequence[Metrics]) -> Table:
    """The rows for the terminal."""
    result = Table(title="errors as the live stream makes them, means over frames")
    for key, title in _COLUMNS.items():
        result.add_column(title, justify="left" if key == "name" else "right", no_wrap=True)
    for row in rows:
        result.add_row(*(str(getattr(row, key)) for key in _COLUMNS))
    return result
