"""Make docs/images/calibrate_*: a drawn room, calibrated by the commands themselves.

python docs/make_calibration_pictures.py [--out docs/images]

The room is rendered, for no picture of real people is part of the repository; the pages and the
drawings over it are those of the running program. Needs Chromium, as docs/make_pictures.py does.
"""

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import tyro
from numpy.typing import NDArray

from m2t3.calibration.boards.board import Board, parse_board
from m2t3.calibration.boards.drawing import draw
from m2t3.calibration.camera import Camera
from m2t3.calibration.camera_files.camera_file import lens_keys
from m2t3.calibration.camera_files.edit import update_camera_file
from m2t3.core.geometry import looking

DOCS = Path(__file__).parent
sys.path.append(str(DOCS.parent / "tests"))
from rendering import Renderer, varied_poses  # noqa: E402

M2T3 = [sys.executable, "-m", "m2t3", "calibrate"]
FLOOR_BOARD = "charuco:7x5:120:90"
HELD_BOARD = "charuco:7x5:50:37"
PORT = 8097
TILE_M, WALL_X_M = 0.5, 4.0


@dataclass(frozen=True)
class MakePictures:
    """Render, calibrate, and take the pictures."""

    out: Path = DOCS / "images"

    def run(self) -> None:
        """Write the pictures."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            self._board(folder)
            self._lens(folder)
            self._ground(folder)

    def _board(self, folder: Path) -> None:
        page = folder / "board.png"
        subprocess.run([*M2T3, "board", str(page), "--dpi", "60"], check=True)
        cv2.imwrite(str(self.out / "calibrate_board.png"), cv2.imread(str(page)))

    def _lens(self, folder: Path) -> None:
        board, size = parse_board(HELD_BOARD), (640, 480)
        K = np.array([[560.0, 0, 325], [0, 561, 236], [0, 0, 1]])
        distortion = np.array([-0.31, 0.12, 1e-3, -7e-4, -0.02])
        lens = Camera("cam0", *size, K, "plumb_bob", distortion, np.eye(3), np.zeros(3))
        renderer, video = Renderer(lens, board), folder / "held.avi"
        writer = cv2.VideoWriter(str(video), cv2.VideoWriter_fourcc(*"MJPG"), 10, size)
        for i, (R, t) in enumerate(varied_poses(14, board, 0.6)):
            picture = cv2.cvtColor(renderer.picture(R, t, seed=i), cv2.COLOR_GRAY2BGR)
            for _ in range(20):
                writer.write(picture)
        writer.release()
        arguments = ["--source", f"file://{video}", "--board", HELD_BOARD]
        arguments += ["--out", str(folder / "lens.yaml"), "--port", str(PORT)]
        self._page([*M2T3, "intrinsics", *arguments], "calibrate_intrinsics.jpg", 8.0, 620)

    def _ground(self, folder: Path) -> None:
        camera, file = room_camera(), folder / "cam0.yaml"
        update_camera_file(file, lens_keys(camera))
        room = folder / "room.png"
        cv2.imwrite(str(room), room_picture(camera, parse_board(FLOOR_BOARD)))
        arguments = ["--camera", str(file), "--source", str(room)]
        subprocess.run([*M2T3, "ground", "board", *arguments, "--board", FLOOR_BOARD], check=True)
        subprocess.run([*M2T3, "check", "--camera", str(file)], check=True)
        self._small(cv2.imread(str(folder / "cam0.check.jpg")), "calibrate_check.jpg")
        points = folder / "points.csv"
        points.write_text("0 0 0\n1 0 0\n1 1 0\n0 1 0\n-1 1 0\n-1 -1 0\n0 -1 0\n1 -1 0\n")
        command = [*M2T3, "ground", "points", *arguments, "--points", str(points)]
        self._page([*command, "--port", str(PORT)], "calibrate_points.jpg", 3.0, 620)

    def _page(self, command: list[str], name: str, wait_s: float, height_px: int) -> None:
        """A picture of the page that a command serves."""
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if "open http" in line:
                    break
            picture = Path(tempfile.gettempdir()) / "page.png"
            options = ["--url", f"http://127.0.0.1:{PORT}", "--out", str(picture)]
            options += [
                "--wait-s",
                str(wait_s),
                "--width-px",
                "1200",
                "--height-px",
                str(height_px),
            ]
            subprocess.run([sys.executable, str(DOCS / "make_pictures.py"), *options], check=True)
            process.kill()
        self._small(cv2.imread(str(picture)), name)

    def _small(self, bgr: NDArray, name: str) -> None:
        scale = min(1.0, 1000 / bgr.shape[1])
        small = cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(self.out / name), small, [cv2.IMWRITE_JPEG_QUALITY, 82])


def room_camera() -> Camera:
    """A camera 2.1 m up that looks along x."""
    down = np.radians(24)
    R = looking(np.array([np.cos(down), 0, -np.sin(down)]), np.radians(2))
    K = np.array([[980.0, 0, 643], [0, 980, 356], [0, 0, 1]])
    distortion = np.array([-0.15, 0.03, 0, 0, 0])
    return Camera("cam0", 1280, 720, K, "plumb_bob", distortion, R, np.array([-3.2, 0.2, 2.1]))


def room_picture(camera: Camera, board: Board) -> NDArray:
    """A tiled floor with a board on it, and a wall with a door."""
    u, v = np.meshgrid(np.arange(camera.width_px * 2), np.arange(camera.height_px * 2))
    rays = camera.rays_world(np.stack([u, v], axis=-1) / 2 - 0.25)
    to_floor = -camera.t_world_camera_m[2] / np.minimum(rays[..., 2], -1e-6)
    to_wall = (WALL_X_M - camera.t_world_camera_m[0]) / np.maximum(rays[..., 0], 1e-6)
    on_floor = (rays[..., 2] < 0) & (to_floor < to_wall)
    points = camera.t_world_camera_m + np.where(on_floor, to_floor, to_wall)[..., None] * rays
    tiles = np.floor(points[..., :2] / TILE_M).astype(int)
    shade = 150 + (tiles[..., 0] * 37 + tiles[..., 1] * 91) % 23
    seams = (np.abs(points[..., :2] / TILE_M - np.rint(points[..., :2] / TILE_M)) < 0.012).any(-1)
    grey = np.where(on_floor, np.where(seams, 105, shade), 205 - 12 * points[..., 2])
    door = ~on_floor & (np.abs(points[..., 1] + 1.1) < 0.45) & (points[..., 2] < 2.05)
    grey = np.where(door, 120, grey)
    scale = 1000
    print_ = draw(board, scale, margin_m=0.05)
    half = np.array(print_.shape[::-1]) / 2
    at = np.stack([points[..., 0] * scale + half[0], half[1] - points[..., 1] * scale], axis=-1)
    inside = on_floor & ((at >= 0) & (at < half * 2 - 1)).all(axis=-1)
    where = np.where(inside[..., None], at, -10).astype(np.float32)
    printed = cv2.remap(print_, where, None, cv2.INTER_LINEAR)
    grey = np.where(inside, 30 + 0.8 * printed, grey)
    small = cv2.resize(
        grey.astype(np.float32), (camera.width_px, camera.height_px), interpolation=cv2.INTER_AREA
    )
    small += np.random.default_rng(0).normal(0, 1.5, small.shape)
    return cv2.cvtColor(np.clip(small, 0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR)


if __name__ == "__main__":
    tyro.cli(MakePictures).run()
