"""A calibrated camera: where it stands, and what it does to a point.

Camera frame: x right, y down, z forward. World frame: right-handed, z up, the ground at z = 0.
Pixels: u right, v down, (0, 0) in the middle of the top left pixel, as the picture shows them
(distorted). Normalised coordinates: x / z and y / z in the camera frame, without distortion.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import cv2
import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike, NDArray

from .projection import keep_inverted, project

DistortionModel = Literal["plumb_bob", "rational_polynomial", "equidistant"]
DISTORTION_MODELS: tuple[DistortionModel, ...] = get_args(DistortionModel)

# enough for strong lenses; OpenCV's default stops after five rounds, a tenth of a pixel short
_CRITERIA = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 100, 1e-12)
_INVERTED_PX = 1.0  # what comes back farther from where it was has not been inverted


@dataclass(frozen=True, eq=False)
class Camera:
    """One camera of known lens and place; `camera_checks.check_camera` says whether it can be."""

    name: str
    width_px: int
    height_px: int
    K: Float[NDArray, "3 3"]  # pixels = K @ normalised coordinates (after distortion)
    distortion_model: DistortionModel
    distortion: Float[NDArray, "n"]  # in OpenCV's order: k1 k2 p1 p2 k3 ...; fisheye: k1 k2 k3 k4
    R_world_camera: Float[NDArray, "3 3"]  # X_world = R_world_camera @ X_camera + t_world_camera_m
    t_world_camera_m: Float[NDArray, "3"]  # where the camera stands

    @classmethod
    def from_opencv(
        cls,
        name: str,
        image_size_px: tuple[int, int],
        K: ArrayLike,
        distortion: ArrayLike,
        R_camera_world: ArrayLike,
        t_camera_world_m: ArrayLike,
    ) -> "Camera":
        """A camera from what OpenCV's calibration returns: x_camera = R @ x_world + t."""
        distortion = np.asarray(distortion, float).ravel()
        R_world_camera = np.asarray(R_camera_world, float).T
        return cls(
            name=name,
            width_px=int(image_size_px[0]),
            height_px=int(image_size_px[1]),
            K=np.asarray(K, float),
            distortion_model="plumb_bob" if distortion.size <= 5 else "rational_polynomial",
            distortion=distortion,
            R_world_camera=R_world_camera,
            t_world_camera_m=-R_world_camera @ np.asarray(t_camera_world_m, float).ravel(),
        )

    def undistort(self, points_px: Float[NDArray, "*n 2"]) -> Float[NDArray, "*n 2"]:
        """Normalised coordinates of pixels; NaN for NaN and for what cannot be inverted.

        Which is what a lens shows from its side or from behind, and, of a lens whose polynomial
        folds over outside the picture, what is out there.
        """
        finite = np.isfinite(points_px).all(axis=-1)
        if finite.all():
            return self._undistort(points_px.reshape(-1, 2)).reshape(points_px.shape)
        normalised = np.full(points_px.shape, np.nan)
        normalised[finite] = self._undistort(points_px[finite])
        return normalised

    def _undistort(self, points_px: Float[NDArray, "n 2"]) -> Float[NDArray, "n 2"]:
        if not len(points_px):
            return np.empty((0, 2))
        points = points_px.astype(float)[:, None]
        fisheye = self.distortion_model == "equidistant"
        if fisheye:
            normalised = cv2.fisheye.undistortPoints(
                points, self.K, self.distortion, criteria=_CRITERIA
            )[:, 0]
        else:
            ideal_px = cv2.undistortImagePoints(points, self.K, self.distortion, None, _CRITERIA)
            normalised = (ideal_px[:, 0] - self.K[:2, 2]) / self.K.diagonal()[:2]
        # OpenCV gives something for every pixel, its best or opposite.
        keep_inverted(normalised, points[:, 0], self.K, self.distortion, fisheye, _INVERTED_PX)
        return normalised

    def rays_camera(self, points_px: Float[NDArray, "*n 2"]) -> Float[NDArray, "*n 3"]:
        """Unit vectors from the camera through pixels, in the camera frame."""
        normalised = self.undistort(points_px)
        rays = np.concatenate([normalised, np.ones_like(normalised[..., :1])], axis=-1)
        return rays / np.linalg.norm(rays, axis=-1, keepdims=True)

    def rays_world(self, points_px: Float[NDArray, "*n 2"]) -> Float[NDArray, "*n 3"]:
        """Unit vectors from the camera through pixels, in the world frame."""
        return self.rays_camera(points_px) @ self.R_world_camera.T

    def project(self, points_world_m: Float[NDArray, "*n 3"]) -> Float[NDArray, "*n 2"]:
        """Pixels of world points, distorted, inside the picture or not; NaN behind the camera."""
        points_px = project(
            np.ascontiguousarray(points_world_m, float).reshape(-1, 3),
            np.ascontiguousarray(self.R_world_camera),
            self.t_world_camera_m,
            self.K,
            self.distortion,
            self.distortion_model == "equidistant",
        )
        return points_px.reshape(*points_world_m.shape[:-1], 2)
