"""`m2t3 export`: recorded poses for other programs."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, get_args

import numpy as np
import tyro
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from ...core.errors import M2t3Error
from ...core.out_file import check_out, writing
from .bvh import write_bvh
from .poses import Poses, read_poses
from .tables import write_csv, write_trc
from .take import BodyTake, Take, body_take, take_of

Format = Literal["bvh", "trc", "csv", "npz"]
_Person = tuple[Take, BodyTake | None]


@dataclass(frozen=True)
class Export:
    """Export recorded poses: BVH (Blender), TRC (OpenSim), CSV, npz with all there is."""

    poses: Annotated[Path, tyro.conf.Positional]
    """What `m2t3 lift --out` wrote (npz), or a recording of `m2t3 record` (mcap)."""
    out: Path
    """File to write. BVH and TRC hold one person: with several, each gets a file OUT_ID."""
    format: Format | None = None
    """Its format; by the ending of --out, if not said."""
    person: int | None = None
    """Export only the person of this id."""
    points: Literal["joints", "body"] = "joints"
    """Of TRC and CSV: joints as they were published, or as the body has them: bones of constant
    lengths, feet that stand."""
    bvh_scale: float = 1.0
    """BVH units in a metre: 1 for Blender, 100 for programs that expect centimetres."""
    stream: str | None = None
    """Of a recording with several streams: the one to export."""
    session: str | None = None
    """Of a recording over a restart of the stream: the session to export."""

    def run(self) -> int:
        """Write the file or files.

        Raises:
            M2t3Error: no poses, nobody in them, a format or scale that is none, or nothing can be
                written there.
        """
        form = self._format()
        if not 0 < self.bvh_scale < math.inf:
            raise M2t3Error(
                f"--bvh-scale is {self.bvh_scale:g}; it is above 0: 1 for metres, 100 for "
                "centimetres"
            )
        poses = read_poses(self.poses, self.stream, self.session)
        chosen = poses.people if self.person is None else [self.person]
        if not chosen:
            raise M2t3Error(f"{self.poses}: there is nobody in it")
        paths = self._paths(form, chosen)
        with writing(self.out):
            self.out.parent.mkdir(parents=True, exist_ok=True)
        for path in dict.fromkeys(paths):
            check_out(path, self.poses)
        console = Console(stderr=True)
        needs_body = form in ("bvh", "npz") or self.points == "body"
        people: list[_Person] = []
        for person_id in track(chosen, "fitting bodies", console=console, disable=not needs_body):
            take = take_of(poses, person_id)
            people.append((take, body_take(take) if needs_body else None))
        with writing(self.out):
            self._write(form, poses, people, paths)
        for path in dict.fromkeys(paths):
            console.print(f"{path}", highlight=False, soft_wrap=True)
        for take, body in people:
            if form == "bvh" and take.presence.first:
                console.print(
                    f"person {take.person_id} comes at {take.presence.t_s[0]:.2f} s, frame "
                    f"{take.presence.first + 1}, and waits in their first pose until then",
                    highlight=False,
                )
            if body is not None and body.repeated:
                console.print(
                    f"[yellow]person {take.person_id}: {body.repeated} frames without hips and "
                    "shoulders repeat the pose before them",
                    highlight=False,
                )
        return 0

    def _format(self) -> Format:
        found = self.format or self.out.suffix.removeprefix(".").lower()
        for form in get_args(Format):
            if form == found:
                return form
        raise M2t3Error(
            f"{self.out}: {found!r} is no format; valid: {', '.join(get_args(Format))}, as the "
            "ending of --out or by --format"
        )

    def _paths(self, form: Format, people: list[int]) -> list[Path]:
        """Where each of `people` goes to."""
        if form in ("npz", "csv") or len(people) == 1:
            return [self.out] * len(people)
        return [self.out.with_name(f"{self.out.stem}_{id}{self.out.suffix}") for id in people]

    def _write(self, form: Format, poses: Poses, people: list[_Person], paths: list[Path]) -> None:
        if form == "npz":
            _write_npz(self.out, poses, people)
            return
        if form == "csv":
            write_csv(self.out, [(take, self._points(take, body)) for take, body in people])
            return
        for (take, body), path in zip(people, paths, strict=True):
            if form == "bvh":
                assert body is not None
                write_bvh(path, take, body, self.bvh_scale)
            else:
                write_trc(path, take, self._points(take, body))

    def _points(self, take: Take, body: BodyTake | None) -> NDArray:
        return take.positions_world_m if body is None else body.joints_world_m()


def _write_npz(path: Path, poses: Poses, people: list[_Person]) -> None:
    """Everything, by person: arrays `ID/name`, and what they share."""
    arrays: dict[str, NDArray] = {}
    for take, body in people:
        assert body is not None
        arrays |= {
            f"{take.person_id}/{name}": value
            for name, value in {
                "t_s": take.presence.t_s,
                "positions_world_m": take.positions_world_m,
                "confidence": take.confidence,
                "contact": take.contact,
                "root_world_m": body.root_world_m,
                "heading_rad": body.heading_rad,
                "rotations_xyzw": body.rotations_xyzw.swapaxes(0, 1),
                "offsets_m": body.offsets_m,
                "joint_offsets_m": body.joint_offsets_m,
                "body_positions_world_m": body.joints_world_m(),
            }.items()
        }
    body = people[0][1]
    assert body is not None
    with path.open("wb") as file:  # numpy would add .npz to another name
        np.savez_compressed(
            file,
            allow_pickle=False,
            person_id=np.array([take.person_id for take, _ in people]),
            fps=np.array(poses.fps),
            joint_names=np.array(poses.skeleton.joint_names),
            bone_names=np.array(body.definition.bone_names),
            parents=np.array(body.definition.parents),
            joint_bones=np.array(body.definition.joint_bones),
            **arrays,
        )
