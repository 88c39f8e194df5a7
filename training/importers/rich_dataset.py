"""RICH: a folder a sequence, in it a folder a frame, in it a pickle a person; SMPL-X, 30 fps.

Layout (https://github.com/paulchhuang/rich_toolkit, README.md, multicam2world.py and
resource/gender.json): `bodies/SPLIT/SCENE_SUBJECTS_ACTION/FFFFF/SSS.pkl` with `global_orient`
(1, 3), `body_pose` (1, 63), `transl` (1, 3), `betas` (1, 10) in the first camera's frame, and
`multicam2world/SCENE_multicam2world.json` with `R`, `t`, `c`: world = c * point @ R + t, metres,
z up (LectureHall has two: `_chair` and `_yoga`). The cameras' own files
(`scan_calibration/SCENE/calibration/NNN.xml`) are not needed for motion. Frames are numbered;
where some are missing a new clip begins, and pieces below half a second are left out. Pickles are
read by an unpickler that makes numpy arrays only. Licence: https://rich.is.tue.mpg.de/license.html.
"""

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.errors import M2t3Error
from ...core.files import numbers, read_bytes, read_pickled_dict, require
from .checks import SHORTEST_S
from .importer import Importer, Motion
from .smpl_parameters import joints_from_parameters

SOURCE = "RICH (rich.is.tue.mpg.de), non-commercial scientific research only"
FPS = 30.0
WOMEN = (9, 10, 12, 13, 16, 17, 18, 19, 21)  # subjects, by resource/gender.json
SHAPES = {"global_orient": 3, "body_pose": 63, "transl": 3, "betas": 10}
CHAIR_ACTIONS = ("wipingchairs", "reparingprojector")  # of the LectureHall; spelt so


@dataclass(frozen=True)
class Rich(Importer):
    """RICH sequences (folders below bodies/train and the like); needs SMPL-X body models."""

    body_models: Path | None = None
    """Folder with Max Planck's body models."""
    multicam2world: Path | None = None
    """Folder with the scenes' *_multicam2world.json; by default the one beside bodies/."""

    def files(self) -> list[Path]:
        """Every sequence folder: a source itself, or what lies right below it."""
        found: list[Path] = []
        for source in self.sources:
            if not source.is_dir():
                raise M2t3Error(f"{source}: no such folder; RICH's sequences are folders")
            folders = [source, *sorted(path for path in source.iterdir() if path.is_dir())]
            sequences = [folder for folder in folders if _frames(folder)]
            if not sequences:
                raise M2t3Error(f"{source}: neither it nor a folder in it has FFFFF/SSS.pkl")
            found += sequences
        if not found:
            raise M2t3Error("no sources: name sequence folders")
        return found

    def motions(self, path: Path) -> list[Motion]:
        """Every person of a sequence, piece by piece."""
        R, t_m, scale = self.world(path)
        people: dict[str, dict[int, Path]] = defaultdict(dict)
        for frame in _frames(path):
            for pickled in frame.glob("*.pkl"):
                people[pickled.stem][int(frame.name)] = pickled
        motions = []
        for subject, pickle_of in sorted(people.items()):
            for piece in _pieces(sorted(pickle_of)):
                parameters = [_read(pickle_of[frame]) for frame in piece]
                stacked = {key: np.stack([p[key] for p in parameters]) for key in SHAPES}
                positions_m = joints_from_parameters(
                    self.body_models,
                    "smplx",
                    _gender(subject),
                    np.hstack([stacked["global_orient"], stacked["body_pose"]]),
                    stacked["transl"],
                    np.median(stacked["betas"], axis=0),
                )
                name = f"{path.name}_{subject}_{piece[0]:05d}"
                motions.append(Motion(name, SOURCE, scale * positions_m @ R + t_m, FPS))
        if not motions:
            raise M2t3Error(f"is too short: nobody is in it for {SHORTEST_S} s on end")
        return motions

    def world(self, sequence: Path) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
        """R, t and scale: world = scale * point @ R + t."""
        scene, _, action = sequence.name.partition("_")
        if scene == "LectureHall":
            chair = any(name in action for name in CHAIR_ACTIONS)
            scene += "_chair" if chair else "_yoga"
        name = f"{scene}_multicam2world.json"
        above = [folder / "multicam2world" for folder in sequence.absolute().parents[:4]]
        folders = [self.multicam2world] if self.multicam2world else above
        path = next((folder / name for folder in folders if (folder / name).exists()), None)
        if path is None:
            raise M2t3Error(
                f"needs {name}, which is not in {folders[0]}: download RICH's multicam2world and "
                "name its folder with --multicam2world FOLDER"
            )
        try:
            content = json.loads(read_bytes(path))
            require(content, "R", "t", "c")
            R = numbers(content["R"], "R", 3, 3)
            t_m, scale = numbers(content["t"], "t", 3), float(numbers(content["c"], "c"))
        except (json.JSONDecodeError, UnicodeDecodeError, M2t3Error) as error:
            raise M2t3Error(f"needs {path}, which cannot be read: {error}") from None
        if not np.allclose(R @ R.T, np.eye(3), atol=5e-3) or np.linalg.det(R) < 0:
            raise M2t3Error(f"needs {path}, whose R is no rotation")
        return R, t_m, scale


def _frames(sequence: Path) -> list[Path]:
    """The frames' folders, which have numbers for names and pickles in them."""
    numbered = (path for path in sequence.iterdir() if path.name.isdecimal() and path.is_dir())
    return sorted(path for path in numbered if any(path.glob("*.pkl")))


def _pieces(frames: list[int]) -> list[list[int]]:
    """Runs of frames without a gap, those long enough."""
    gaps = np.flatnonzero(np.diff(frames) != 1) + 1
    runs = [run.tolist() for run in np.split(np.array(frames), gaps)]
    return [run for run in runs if len(run) > SHORTEST_S * FPS]


def _read(path: Path) -> dict[str, Any]:
    try:
        content = read_pickled_dict(path)
        require(content, *SHAPES)
        return {
            key: numbers(np.asarray(content[key]), key, 1, length)[0]
            for key, length in SHAPES.items()
        }
    except M2t3Error as error:
        raise M2t3Error(f"{path.parent.name}/{path.name} {error}") from None


def _gender(subject: str) -> str:
    if not subject.isdecimal() or int(subject) > 21:
        raise M2t3Error(f"has a person {subject!r}; RICH's subjects are 000 to 021")
    return "female" if int(subject) in WOMEN else "male"
