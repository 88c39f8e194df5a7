"""A clip of the humanoid and of the joints that it was streamed; rendered when all is over.

While the humanoid moves only its coordinates are kept, so that drawing, which takes longer than a
frame where there is no GPU, does not slow it down.
"""

from dataclasses import dataclass
from pathlib import Path

import mujoco
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...core.clock import SECOND_NS, monotonic_ns
from ...core.errors import M2t3Error
from .embodiment import Embodiment

FORMATS = (".gif", ".webp")
FPS = 15
SIZE_PX = (480, 360)  # width, height
JOINT_M, JOINT_RGBA = 0.035, (1.0, 0.9, 0.2, 1.0)
QUALITY = 70  # of WebP


@dataclass(frozen=True)
class Moment:
    """What one picture shows."""

    model: mujoco.MjModel
    qpos: NDArray  # the humanoid's coordinates
    joints_world_m: NDArray  # (J, 3) as streamed; NaN where not valid


class Clip:
    """Keeps moments, and writes them as moving pictures."""

    def __init__(self, path: Path) -> None:
        """Raises M2t3Error: this cannot be written, or nothing can be drawn here."""
        if path.suffix not in FORMATS:
            raise M2t3Error(f"--record {path}: the name ends with {' or '.join(FORMATS)}")
        self._path = path
        self._moments: list[Moment] = []
        self._next_ns = 0
        _renderer(mujoco.MjModel.from_xml_string("<mujoco/>")).close()

    def show(self, embodiment: Embodiment) -> None:
        """Keep this moment if it is time for a picture."""
        now_ns = monotonic_ns()
        if embodiment.follower is None or embodiment.followed is None or now_ns < self._next_ns:
            return
        self._next_ns = max(self._next_ns + SECOND_NS // FPS, now_ns)
        follower = embodiment.follower
        joints_m = embodiment.followed.positions_world_m
        self._moments.append(Moment(follower.model, follower.data.qpos.copy(), joints_m))

    def write(self) -> str:
        """Render and write all; says what was written."""
        if not self._moments:
            return f"nobody was followed, {self._path} is not written"
        pictures = self._render()
        first, *others = pictures
        first.save(
            self._path, save_all=True, append_images=others, duration=1000 // FPS, loop=0,
            quality=QUALITY, method=4,
        )  # fmt: skip
        size_kb = self._path.stat().st_size / 1000
        return f"{self._path}: {len(pictures)} pictures, {size_kb:.0f} kB"

    def _render(self) -> list[Image.Image]:
        camera = mujoco.MjvCamera()
        camera.lookat[:] = np.mean([moment.qpos[:3] for moment in self._moments], axis=0)
        camera.lookat[2] = 0.85
        camera.distance, camera.azimuth, camera.elevation = 4.2, 20.0, -12.0
        pictures, model = [], None
        for moment in self._moments:
            if moment.model is not model:
                if model is not None:
                    renderer.close()
                model = moment.model
                renderer, data = _renderer(model), mujoco.MjData(model)
            data.qpos[:] = moment.qpos
            mujoco.mj_kinematics(model, data)
            renderer.update_scene(data, camera)
            _draw_joints(renderer.scene, moment.joints_world_m)
            pictures.append(Image.fromarray(renderer.render()))
        renderer.close()
        return pictures


def _draw_joints(scene: mujoco.MjvScene, joints_world_m: NDArray) -> None:
    for joint_m in joints_world_m[np.isfinite(joints_world_m).all(axis=1)]:
        mujoco.mjv_initGeom(
            scene.geoms[scene.ngeom], mujoco.mjtGeom.mjGEOM_SPHERE, np.array([JOINT_M, 0, 0]),
            joint_m.astype(float), np.eye(3).ravel(), np.array(JOINT_RGBA, np.float32),
        )  # fmt: skip
        scene.ngeom += 1


def _renderer(model: mujoco.MjModel) -> mujoco.Renderer:
    width, height = SIZE_PX
    try:
        return mujoco.Renderer(model, height, width)
    except Exception as error:  # whatever the graphics library that was chosen raises
        raise M2t3Error(
            f"nothing to draw with here ({error}); without a display: apt-get install libosmesa6, "
            "then MUJOCO_GL=osmesa m2t3 embody ..."
        ) from None
