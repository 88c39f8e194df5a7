"""How exact calibration is, on rendered boards, simulated rooms, and the real pictures and mocap.

python benchmarks/calibration.py [--data ../shared/data]

Prints the tables of docs/calibration.md.
"""

import itertools
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from scipy.spatial.transform import Rotation

from m2t3.calibration.boards.board import parse_board
from m2t3.calibration.boards.detection import View, find_board
from m2t3.calibration.camera import Camera
from m2t3.calibration.floor.boards import fit_floor_boards, still_boards
from m2t3.calibration.floor.error import floor_error_mm, pitch_deg
from m2t3.calibration.floor.person import Walker, fit_floor_person
from m2t3.calibration.floor.place_fit import PlaceFit
from m2t3.calibration.floor.place_from_points import fit_place
from m2t3.calibration.lens.fit import fit_lens
from m2t3.calibration.lens.uncertainty import with_uncertainty
from m2t3.calibration.pictures import read_pictures
from m2t3.core.errors import CalibrationError
from m2t3.core.geometry import looking
from m2t3.core.skeletons import COCO17

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from rendering import Renderer, varied_poses

SURE = np.zeros(4)
SCENE_M = np.array(
    [(x, y, z) for x in (-2, 0) for y, z in ((0.3, 0), (0, 0), (0, 0.05), (-0.3, 0))], float
)
BOARDS = (
    "chessboard:8x5:40",
    "charuco:7x5:50:37",
    "aprilgrid:5x4:60:18",
    "aprilgrid:5x4:60:18:36h11:kalibr",
)


@dataclass(frozen=True)
class Benchmark:
    """Run all of it: some minutes."""

    data: Path = Path(
        "../shared/data"
    )  # mocap/val.npz and real/balance; what is missing is left out

    def run(self) -> None:
        """Print the tables."""
        rendered_boards()
        if (self.data / "real").exists():
            real_boards(self.data / "real" / "balance")
        boards_on_the_floor()
        if (self.data / "real").exists():
            measured_points(self.data / "real" / "balance")
        if (self.data / "mocap").exists():
            walking_people(self.data / "mocap" / "val.npz")


def rendered_boards(views: int = 20) -> None:
    """Focal lengths from rendered pictures of known truth, 640 x 480."""
    K = np.array([[560.0, 0, 325], [0, 561, 236], [0, 0, 1]])
    lens = Camera(
        "true", 640, 480, K, "plumb_bob", np.array([-0.31, 0.12, 1e-3, -7e-4, -0.02]), np.eye(3),
        np.zeros(3),
    )  # fmt: skip
    print(f"\n| {views} rendered views | RMS px | fx off | fy off | cx, cy off px |")
    print("|---|---|---|---|---|")
    for word in BOARDS:
        board = parse_board(word)
        renderer = Renderer(lens, board)
        found = [
            find_board(renderer.picture(R, t, seed=i), board)
            for i, (R, t) in enumerate(varied_poses(views, board, 0.55))
        ]
        fit = fit_lens([view for view in found if view is not None], (640, 480), "plumb_bob", "x")
        fx, fy = 100 * (fit.intrinsics_px[:2] / [560, 561] - 1)
        cx, cy = fit.intrinsics_px[2:] - [325, 236]
        print(f"| `{word}` | {fit.rms_px:.3f} | {fx:+.3f} % | {fy:+.3f} % | {cx:+.2f}, {cy:+.2f} |")


def real_boards(folder: Path) -> None:
    """The maker's focal lengths from seven real pictures."""
    print("\n| real pictures | views | RMS px | fx off | fy off | focal ± | cx, cy off px | ± px |")
    print("|---|---|---|---|---|---|---|---|")
    board = parse_board("chessboard:7x4:60")
    for name in ("cam01", "cam02"):
        with np.load(folder / f"{name}.npz") as file:
            true = file["K"][[0, 1, 0, 1], [0, 1, 2, 2]]
        pictures = list(read_pictures(str(folder / f"chessboard_{name}")))
        found = [find_board(picture.grey, board) for picture in pictures]
        views = [view for view in found if view is not None]
        fit = with_uncertainty(fit_lens(views, pictures[0].size_px, "plumb_bob", name))
        fx, fy = 100 * (fit.intrinsics_px[:2] / true[:2] - 1)
        cx, cy = fit.intrinsics_px[2:] - true[2:]
        assert fit.sd_px is not None
        print(
            f"| {name} | {len(fit.views)} | {fit.rms_px:.3f} | {fx:+.2f} % | {fy:+.2f} % "
            f"| {100 * fit.sd_px[0] / true[0]:.1f} % | {cx:+.0f}, {cy:+.0f} "
            f"| {fit.sd_px[2]:.0f}, {fit.sd_px[3]:.0f} |"
        )


def boards_on_the_floor(runs: int = 24) -> None:
    """Pitch and height from a board about 3 m away, corners with 0.5 px noise."""
    print("\n| board on the floor, 3 m away, 0.5 px | pitch, 95 % within | height, 95 % within |")
    print("|---|---|---|")
    for word in ("charuco:7x5:35:26", "charuco:7x5:80:60"):
        for words, places, frames in (
            ("one picture", 1, 1), ("30 pictures", 1, 30), ("five places, 10 pictures each", 5, 10),
        ):  # fmt: skip
            errors = [_board_error(word, places, frames, seed) for seed in range(runs)]
            pitch, height = np.quantile(np.abs(errors), 0.95, axis=0)
            print(f"| `{word}`, {words} | {pitch:.2f}° | {1000 * height:.0f} mm |")


def measured_points(folder: Path, runs: int = 200) -> None:
    """The camera's centre from eight points of the real scene, 2 px noise."""
    print("\n| eight measured points, 2 px | centre off, median | 95 % within |\n|---|---|---|")
    for name in ("cam01", "cam02"):
        with np.load(folder / f"{name}.npz") as file:
            size = (int(file["image_size"][0]), int(file["image_size"][1]))
            camera = Camera.from_opencv(name, size, file["K"], file["dist"], file["R"], file["t"])
        for clicks in (1, 4):
            off_m = []
            for seed in range(runs):
                rng = np.random.default_rng(seed)
                seen_px = camera.project(SCENE_M) + rng.normal(0, 2 / np.sqrt(clicks), (8, 2))
                fit = fit_place(camera, SCENE_M, seen_px, SURE)
                off_m.append(np.linalg.norm(fit.camera.t_world_camera_m - camera.t_world_camera_m))
            median, most = 1000 * np.quantile(off_m, [0.5, 0.95])
            words = "" if clicks == 1 else f", each clicked {clicks} times"
            print(f"| {name}{words} | {median:.0f} mm | {most:.0f} mm |")


def walking_people(mocap: Path, runs: int = 12) -> None:
    """Pitch from walking people of the validation clips, 1 px noise, heights known."""
    with np.load(mocap) as file:
        names, starts = file["joint_name"].tolist(), file["clip_start"]
        joints = file["root"][:, None] + file["joints"] * 1e-4
        walks = [i for i, name in enumerate(file["clip_name"]) if "walk" in str(name)]
    coco, top = [names.index(name) for name in COCO17.joint_names], names.index("head_top")
    print("\n| walking people, 1 px | pitch off, mean | 90 % within | height off ", end="")
    print("| at 5 m: told | was |")
    print("|---|---|---|---|---|---|")
    for people in (1, 2, 4, len(walks)):
        rows: list[tuple[float, ...]] = []
        for seed in itertools.count():
            if len(rows) == runs:
                break
            rng = np.random.default_rng(seed)
            height = rng.uniform(1.3, 2.8)
            camera = _camera(rng.uniform(8, 25), rng.uniform(-5, 5), (-5.5, 0, height))
            seen = []
            for i in rng.choice(walks, people, replace=False):
                clip = joints[starts[i] : starts[i + 1]]
                turn = Rotation.from_euler("z", rng.uniform(0, 6.28)).as_matrix()
                motion = (clip[:, coco] - [*clip[:, 0].mean(axis=0)[:2], 0]) @ turn.T
                px = camera.project(motion) + rng.normal(0, 1, (*motion.shape[:2], 2))
                px[~((px > 0) & (px < [1280, 720])).all(axis=-1)] = np.nan
                stature = float(np.quantile(clip[:, top, 2], 0.98))
                seen.append(Walker(px, np.arange(len(clip)) / 30, stature))
            try:
                fit = fit_floor_person(camera, COCO17.joint_names, seen, SURE)
            except CalibrationError:
                continue  # they left the picture too soon
            told = floor_error_mm(fit.camera, fit.covariance)[5]
            rows.append(
                (
                    pitch_deg(fit.camera) - pitch_deg(camera),
                    fit.camera.t_world_camera_m[2] / height - 1,
                    told,
                    _floor_off_mm(fit.camera, camera, 5.0),
                )
            )
        table = np.abs(rows)
        words = f"all {people}" if people == len(walks) else str(people)
        print(
            f"| {words} | {table[:, 0].mean():.2f}° | {np.quantile(table[:, 0], 0.9):.2f}° "
            f"| {100 * table[:, 1].mean():.1f} % | {np.median(table[:, 2]):.0f} mm "
            f"| {np.median(table[:, 3]):.0f} mm |"
        )


def _board_error(word: str, places: int, frames: int, seed: int) -> tuple[float, float]:
    rng = np.random.default_rng(seed)
    board, height = parse_board(word), rng.uniform(1.6, 2.4)
    pitch = float(np.degrees(np.arcsin(height / 3))) + rng.uniform(-6, 2)
    camera = _camera(pitch, 2.0, (-np.sqrt(9 - height**2), 0.0, height))
    views = []
    while len(views) < places * frames:
        x, y = (0.0, 0.0) if not views else rng.uniform([-0.5, -0.8], [1.5, 0.8])
        turn = Rotation.from_euler("z", rng.uniform(-3, 3)).as_matrix()
        points_px = camera.project(board.corners_m @ turn.T + [x, y, 0])
        if ((points_px > 0) & (points_px < [1280, 720])).all():
            for _ in range(frames):
                noisy_px = points_px + rng.normal(0, 0.5, points_px.shape)
                views.append(View(str(len(views)), board.corners_m, noisy_px))
    fit: PlaceFit = fit_floor_boards(camera, still_boards(views), SURE)
    return (
        pitch_deg(fit.camera) - pitch_deg(camera),
        fit.camera.t_world_camera_m[2] - height,
    )


def _camera(pitch: float, roll: float, position_m: tuple[float, float, float]) -> Camera:
    """Looks along world x, `pitch` degrees down."""
    down = np.radians(pitch)
    R = looking(np.array([np.cos(down), 0, -np.sin(down)]), np.radians(roll))
    K = np.array([[1024.0, 0, 643], [0, 1024, 356], [0, 0, 1]])
    return Camera("x", 1280, 720, K, "plumb_bob", np.zeros(5), R, np.array(position_m, float))


def _floor_off_mm(found: Camera, true: Camera, distance_m: float) -> float:
    """How far off a person's distance from the camera is, told from where their feet are seen."""
    forward = true.R_world_camera[:, 2] * [1, 1, 0]
    feet = true.t_world_camera_m * [1, 1, 0] + distance_m * forward / np.linalg.norm(forward)
    ray = found.rays_world(true.project(feet[None]))[0]
    away = -found.t_world_camera_m[2] / ray[2] * np.linalg.norm(ray[:2])
    return float(1000 * abs(away - distance_m))


if __name__ == "__main__":
    tyro.cli(Benchmark).run()
