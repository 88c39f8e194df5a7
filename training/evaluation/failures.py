"""Pictures of where weights fail: a case at its worst frame, in the picture and in the room."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from numpy.typing import NDArray

from ...core.skeletons import Skeleton
from .measure import Result

_TRUTH, _ANSWER = "0.45", "C1"
_MARGIN_M = 0.4  # around people in the room


@dataclass(frozen=True)
class Failure:
    """A case that went wrong."""

    result: Result
    positions_m: Float[NDArray, "t j 3"]  # the answer, NaN where there is none

    @property
    def frame(self) -> int:
        """The one with the largest error."""
        return int(np.nanargmax(_frames(self.result)))

    @property
    def words(self) -> str:
        """What it is, in a line."""
        case, errors = self.result.case, self.result.errors
        return (
            f"{case.action}, `{case.name}`: Abs {self.result.abs_mpjpe:.0f}, "
            f"PA {np.nanmean(errors.pa_mpjpe):.0f}, root {np.nanmean(errors.root):.0f} mm; camera "
            f"{case.camera_height_m:.1f} m high, {case.distance_m:.1f} m away; drawn: frame "
            f"{self.frame}, Abs {_frames(self.result)[self.frame]:.0f}"
        )


def draw_failures(failures: Sequence[Failure], skeleton: Skeleton, path: Path) -> None:
    """One row each: what the camera sees, and the room from the camera's side."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, rows = pyplot.subplots(
        len(failures), 2, figsize=(9, 3.2 * len(failures)), layout="constrained", squeeze=False
    )
    for (seen, room), failure in zip(rows, failures, strict=True):
        case, t = failure.result.case, failure.frame
        truth_m, answer_m = case.truth_world_m[t], failure.positions_m[t]
        for points_m, color, label in ((truth_m, _TRUTH, "truth"), (answer_m, _ANSWER, "m2t3")):
            _bones(seen, case.camera.project(points_m), skeleton, color, label)
            _bones(room, _from_the_side(failure, points_m), skeleton, color, label)
        truth_px = case.camera.project(truth_m)
        if np.isnan(truth_px).all():  # behind the camera, so that nothing is to be seen
            truth_px = np.array([[0, 0], [case.camera.width_px, case.camera.height_px]])
        (left, top), (right, bottom) = np.nanmin(truth_px, axis=0), np.nanmax(truth_px, axis=0)
        margin_px = 0.4 * max(right - left, bottom - top)
        seen.set(
            xlim=(left - margin_px, right + margin_px), ylim=(bottom + margin_px, top - margin_px),
            xlabel="px", ylabel="px",
        )  # fmt: skip
        seen.set_title(f"{case.action}\n{case.name}", fontsize="small")
        both = np.vstack([_from_the_side(failure, p) for p in (truth_m, answer_m)])
        room.set(
            xlim=(np.nanmin(both[:, 0]) - _MARGIN_M, np.nanmax(both[:, 0]) + _MARGIN_M),
            ylim=(min(-0.1, np.nanmin(both[:, 1])), np.nanmax(both[:, 1]) + _MARGIN_M),
            xlabel="m from the camera", ylabel="m over the floor",
        )  # fmt: skip
        room.axhline(0, color="0.8", linewidth=1)
        for axes in (seen, room):
            axes.set_aspect("equal")
    handles = rows[0, 0].get_legend_handles_labels()
    figure.legend(*handles, frameon=False, fontsize="small", loc="outside upper left", ncols=2)
    figure.savefig(path, dpi=100)
    pyplot.close(figure)


def _frames(result: Result) -> Float[NDArray, "t"]:
    """Abs-MPJPE of each frame, mm."""
    return np.asarray(result.errors.abs_mpjpe)


def _from_the_side(failure: Failure, points_m: Float[NDArray, "j 3"]) -> Float[NDArray, "j 2"]:
    """Distance from the camera along the floor towards the person, and height."""
    case = failure.result.case
    place_m = case.camera.t_world_camera_m
    towards = np.nanmean(case.truth_world_m[failure.frame], axis=0)[:2] - place_m[:2]
    along_m = (points_m[:, :2] - place_m[:2]) @ (towards / np.linalg.norm(towards))
    return np.stack([along_m, points_m[:, 2]], axis=1)


def _bones(
    axes: Axes, points: Float[NDArray, "j 2"], skeleton: Skeleton, color: str, label: str
) -> None:
    for k, bone in enumerate(skeleton.bones):
        axes.plot(*points[list(bone)].T, color=color, label=label if k == 0 else None)
