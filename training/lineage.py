"""What a network learned from, in this run and in those that it began with.

The licence of weights follows all of it, whatever `--from` they came by.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..engines.manifest import find_weights
from ..engines.onnx_parameters import parameters_of
from .archive import Archive
from .checkpoint import read_checkpoint
from .config import TrainConfig
from .schedule import Progress


@dataclass(frozen=True)
class Lineage:
    """Where weights come from."""

    sources: tuple[str, ...]  # of all that was ever drawn from, with their licences
    progress: Progress  # steps and seconds of all runs together

    def joined(self, sources: Iterable[str]) -> "Lineage":
        """The same with more sources."""
        return Lineage(tuple(sorted({*self.sources, *sources})), self.progress)


NOTHING = Lineage((), Progress())


def sources_of(config: TrainConfig, archives: Iterable[Archive]) -> set[str]:
    """What a run draws from, each with its licence as far as it is told."""
    sources = {source for archive in archives for source in archive.clip_sources}
    if config.recordings is not None:
        untold = f"2D keypoint recordings ({config.recordings.resolve().name}), terms not told"
        sources.add(config.recordings_source or untold)
    return sources


def lineage_of(saved: Mapping[str, Any]) -> Lineage:
    """What the weights of a checkpoint have learned from, to its last step."""
    own, before = Progress(**saved["progress"]), Progress(**saved["before"])
    total = Progress(own.step + before.step, own.seconds + before.seconds)
    return Lineage(tuple(saved["sources"]), total)


def read_first(path: Path) -> dict[str, Any]:
    """A checkpoint to begin with, or a folder of exported weights as if it were one.

    Raises:
        M2t3Error: neither.
    """
    if not path.is_dir():
        return read_checkpoint(path)
    weights = find_weights(str(path))
    manifest = weights.manifest
    return {
        "average": parameters_of(weights),
        "config": manifest.training["network"],
        "progress": {"step": manifest.steps, "seconds": 60 * manifest.minutes},
        "before": {"step": 0, "seconds": 0.0},
        "sources": list(manifest.data),
    }
