"""An observation as rays of the room, whatever lens saw it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..calibration.camera import Camera
from . import compiled
from .people import Observation
from .sides import SideFilter

MIN_CONFIDENCE = 0.05  # below, a joint counts as not seen


@dataclass(frozen=True)
class Rays:
    """One person in one frame."""

    t_s: float
    rays_world: NDArray[np.float64]  # (J, 3) unit; zero where not seen
    confidence: NDArray[np.float64]  # (J,) 0 to 1
    seen: NDArray[np.bool_]  # (J,)

    @staticmethod
    def of(observation: Observation, camera: Camera) -> "Rays":
        """What `camera` saw."""
        return Rays(
            observation.t_s,
            *compiled.rays(
                camera.undistort(observation.keypoints_px),
                np.asarray(observation.confidence, np.float64),
                camera.R_world_camera,
                MIN_CONFIDENCE,
            ),
        )

    def sided(self, sides: SideFilter) -> "Rays":
        """With a detector's exchange of left and right undone."""
        if not sides.exchanged(self.t_s, self.rays_world, self.seen):
            return self
        order = sides.mirror
        return Rays(self.t_s, self.rays_world[order], self.confidence[order], self.seen[order])
