"""A clip of the humanoid and of the joints that it was streamed; rendered when all is over.

While the humanoid moves only its coordinates are kept, so that drawing, which takes longer than a
frame where there is no GPU, does not slow it down. Then one picture at a time is in memory.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import mujoco
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...core.clock import SECOND_NS, monotonic_ns
from ...core.errors import M2t3Error
from ...core.out_file import check_out
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
        check_out(path, option="--record")
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
        """Render and write all; says what was written.

        Raises:
            M2t3Error: the disk is full, or gone.
        """
        if not self._moments:
            return f"nobody was followed, {self._path} is not written"
        try:
            with closing(Film(self._moments)) as film:
                film.save(
                    self._path, save_all=True, duration=1000 // FPS, loop=0, quality=QUALITY,
                    method=4,
                )  # fmt: skip
            size_kb = self._path.stat().st_size / 1000
        except OSError as error:
            raise M2t3Error(f"cannot write {self._path} ({error.strerror or error})") from None
        return f"{self._path}: {len(self._moments)} pictures, {size_kb:.0f} kB"


class Film(Image.Image):
    """The moments as one image of many pictures, each drawn when Pillow's writer seeks it.

    A list of pictures would take 8 MB for each second of the clip.
    """

    _renderer: mujoco.Renderer
    _data: mujoco.MjData

    def __init__(self, moments: Sequence[Moment]) -> None:
        super().__init__()
        self._mode, self._size = "RGB", SIZE_PX  # as Pillow's own formats set them
        self._moments = moments
        self._camera = mujoco.MjvCamera()
        self._camera.lookat[:] = np.mean([moment.qpos[:3] for moment in moments], axis=0)
        self._camera.lookat[2] = 0.85
        self._camera.distance, self._camera.azimuth, self._camera.elevation = 4.2, 20.0, -12.0
        self._model: mujoco.MjModel | None = None
        self.n_frames, self._shown = len(moments), -1
        self.seek(0)

    def seek(self, frame: int) -> None:
        """Draw another picture; EOFError after the last, as Pillow has it."""
        if frame >= self.n_frames:
            raise EOFError
        if frame != self._shown:
            self.im, self._shown = Image.fromarray(self._render(self._moments[frame])).im, frame

    def tell(self) -> int:
        """Which picture is drawn."""
        return self._shown

    def close(self) -> None:
        """Let go of what draws."""
        self._renderer.close()
        super().close()

    def _render(self, moment: Moment) -> NDArray:
        if moment.model is not self._model:
            if self._model is not None:
                self._renderer.close()
            self._model = moment.model
            self._renderer, self._data = _renderer(moment.model), mujoco.MjData(moment.model)
        self._data.qpos[:] = moment.qpos
        mujoco.mj_kinematics(self._model, self._data)
        self._renderer.update_scene(self._data, self._camera)
        _draw_joints(self._renderer.scene, moment.joints_world_m)
        return self._renderer.render()


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
