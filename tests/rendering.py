"""Pictures of a board as a camera of known lens takes them: the truth for the calibration tests."""

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from m2t3.calibration.boards.board import Board
from m2t3.calibration.boards.drawing import draw
from m2t3.calibration.camera import Camera

OVERSAMPLING = 3
PIXELS_PER_M = 2000


class Renderer:
    """Renders one board before one lens; the camera's own place does not matter."""

    def __init__(self, camera: Camera, board: Board) -> None:
        self.margin_m = board.pitch_m
        self.texture = draw(board, PIXELS_PER_M, self.margin_m)
        self.texture = cv2.GaussianBlur(self.texture, (0, 0), 1.0)
        self.size_m = np.array(board.size_m)
        self.board = board
        self.camera = camera
        u, v = (
            (np.arange(side * OVERSAMPLING) + 0.5) / OVERSAMPLING - 0.5
            for side in (camera.width_px, camera.height_px)
        )
        pixels = np.stack(np.meshgrid(u, v), axis=-1)
        normalised = camera.undistort(pixels)
        self.rays = np.concatenate([normalised, np.ones_like(normalised[..., :1])], axis=-1)

    def picture(self, R_camera_board, t_camera_board_m, noise=2.0, seed=0):
        """A grey picture of the board at x_camera = R x_board + t."""
        camera_in_board_m = -R_camera_board.T @ t_camera_board_m
        rays = self.rays @ R_camera_board
        with np.errstate(divide="ignore", invalid="ignore"):
            depth = -camera_in_board_m[2] / rays[..., 2]
            points_m = camera_in_board_m[:2] + depth[..., None] * rays[..., :2]
        half_m = self.size_m / 2 + self.margin_m
        texture_px = (
            np.stack([points_m[..., 0] + half_m[0], half_m[1] - points_m[..., 1]], axis=-1)
            * PIXELS_PER_M
            - 0.5
        )
        texture_px[~(depth > 0) | ~np.isfinite(texture_px).all(axis=-1)] = -1e4
        texture_px = np.clip(texture_px, -1e4, 3e4).astype(np.float32)
        fine = cv2.remap(
            self.texture.astype(np.float32), texture_px, None, cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT, borderValue=140.0,
        )  # fmt: skip
        size = self.camera.width_px, self.camera.height_px
        grey = cv2.resize(fine, size, interpolation=cv2.INTER_AREA) * 0.8 + 20
        grey = cv2.GaussianBlur(grey, (0, 0), 0.6)
        grey += np.random.default_rng(seed).normal(0, noise, grey.shape)
        return np.clip(np.rint(grey), 0, 255).astype(np.uint8)

    def seen_px(self, R_camera_board, t_camera_board_m):
        """Where the camera sees the board's corners."""
        return project_camera(
            self.camera, self.board.corners_m @ R_camera_board.T + t_camera_board_m
        )


def project_camera(camera: Camera, points_camera_m):
    """Pixels of points in the camera frame."""
    return camera.project(points_camera_m @ camera.R_world_camera.T + camera.t_world_camera_m)


def varied_poses(count: int, board: Board, distance_m: float, seed: int = 0):
    """Poses of a board before a camera, as a person who was told how would hold it."""
    rng = np.random.default_rng(seed)
    front = np.diag([1.0, -1.0, -1.0])  # facing the camera, upright
    for i in range(count):
        tilts_deg = rng.uniform(-40, 40, 2)
        tilt = Rotation.from_euler("xyz", [*tilts_deg, (0, 0, 90, 180)[i % 4]], degrees=True)
        distance = distance_m * rng.uniform(0.8, 1.6)
        offset = rng.uniform(-0.28, 0.28, 2) * distance * [1.2, 0.7]
        yield tilt.as_matrix() @ front, np.array([*offset, distance])
