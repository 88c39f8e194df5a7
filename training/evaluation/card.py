"""`m2t3 card`: what a set of weights is, how good, and where it fails, as a page with pictures."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track

from ...core.errors import M2t3Error
from ...engines.loading import load_denoiser
from ...engines.manifest import DEFAULT_WEIGHTS, Manifest, Metrics, find_weights
from .actions import ACTIONS
from .cases import mocap_cases
from .failures import Failure, draw_failures
from .measure import ALL, METHOD, Result, enough, in_no_row, lift, score, summarise

_LIMITS = "## Limits"  # what people write below this line stays
_COLUMNS = {
    "frames": "frames", "distance_m": "m away", "abs_mpjpe": "Abs", "mpjpe": "MPJPE",
    "pa_mpjpe": "PA", "root_percent": "root, %", "accel": "Accel", "foot_sliding": "sliding",
}  # fmt: skip


@dataclass(frozen=True)
class Card:
    """Write the page of a set of weights: data, licence, metrics, limits, worst failures."""

    mocap: Path
    """Mocap archive (npz) to look for failures in; its pieces are seen by seeded cameras."""
    weights: str = DEFAULT_WEIGHTS
    """Name of shipped weights, or the folder of others."""
    out: Path = Path("docs/models")
    """Folder for NAME.md and its picture; the page's "Limits" are people's and stay."""
    engine: str = "auto"
    """What runs the network."""

    def run(self) -> int:
        """Lift every piece, draw the worst of each action, write the page."""
        found = find_weights(self.weights)
        if not found.manifest.metrics:
            raise M2t3Error(
                f"weights {found.option} have not been measured: "
                f"m2t3 evaluate --weights {found.option} --mocap {self.mocap} --record"
            )
        denoiser = load_denoiser(self.weights, self.engine)
        skeleton = denoiser.shape.skeleton
        cases = list(mocap_cases(self.mocap, skeleton))
        results: list[Result] = []
        unanswered: list[str] = []
        worst: dict[str, Failure] = {}
        for case in track(cases, "looking for failures", console=Console(stderr=True)):
            lifted = lift(case, denoiser, 1)
            if not enough(lifted):
                unanswered.append(case.name)
                continue
            result = score(case, METHOD, lifted, skeleton)
            results.append(result)
            action = case.action or ""
            if action not in worst or result.abs_mpjpe > worst[action].result.abs_mpjpe:
                worst[action] = Failure(result, lifted)
        if not results:
            raise M2t3Error(f"{self.mocap}: none of its pieces was answered by {found.option}")
        failures = [worst[action] for action in ACTIONS if action in worst]
        self.out.mkdir(parents=True, exist_ok=True)
        name = found.manifest.name
        draw_failures(failures, skeleton, self.out / f"{name}.png")
        path = self.out / f"{name}.md"
        _, _, limits = path.read_text().partition(_LIMITS) if path.exists() else ("", "", "\n")
        text = "\n".join(_text(found.manifest, results, failures, unanswered, self.mocap.name))
        path.write_text(f"{text}\n\n{_LIMITS}{limits}")
        print(path)
        return 0


def _text(
    manifest: Manifest,
    results: list[Result],
    failures: list[Failure],
    unanswered: list[str],
    mocap: str,
) -> Iterator[str]:
    """All of the page that is not people's."""
    yield from (
        f"# {manifest.name}", "",
        f"Written by `m2t3 card`. Licence: **{manifest.licence}**.", "",
        "| | |", "|---|---|",
        f"| in and out | {manifest.skeleton}, absolute metres, one answer a frame |",
        f"| network | {manifest.parameters / 1e6:.2f} M parameters, {manifest.layers} layers, "
        f"width {manifest.heads * manifest.head_width}, memory {manifest.memory_frames} frames |",
        f"| training | {manifest.steps} steps in {manifest.minutes:.0f} minutes, "
        f"commit {manifest.commit} |",
    )  # fmt: skip
    if blend := manifest.training.get("blend"):
        yield f"| averaged | {100 * blend['share']:.0f} % weights of {blend['steps']} steps |"
    yield from (f"| data | {source} |" for source in manifest.data)
    yield from (
        "", "## Metrics", "",
        "Causal, look-ahead 0, from each piece's cold start on, as `m2t3 evaluate` measures: mm, "
        "Accel in m/s², sliding in mm a frame.", "",
    )  # fmt: skip
    yield from _table("measured on", ((m.name, m) for m in manifest.metrics if m.part == ALL))
    rows = summarise(results, ALL, lambda r: r.case.action)
    rows.sort(key=lambda row: ACTIONS.index(row.action or ""))
    yield from ("", f"By action, {mocap}, exact 2D:", "")
    yield from _table("action", ((row.action or "", row) for row in rows))
    yield from (
        "", "## Failures", "",
        f"The worst piece of each action in {mocap} (exact 2D), at its worst frame: in the "
        "picture, and from the camera's side.", "",
        f"![The worst piece of each action]({manifest.name}.png)", "",
    )  # fmt: skip
    yield from (f"- {failure.words}" for failure in failures)
    if unanswered:
        yield f"- {in_no_row(f'`{name}`' for name in unanswered)}"


def _table(title: str, rows: Iterable[tuple[str, Metrics]]) -> Iterator[str]:
    yield f"| {title} | {' | '.join(_COLUMNS.values())} |"
    yield f"|---|{'--:|' * len(_COLUMNS)}"
    for name, row in rows:
        cells = (getattr(row, key) for key in _COLUMNS)
        yield f"| {name} | {' | '.join('' if c is None else str(c) for c in cells)} |"
