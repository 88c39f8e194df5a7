"""The 3D scene: floor, camera, people and their trails, as viser draws them."""

from collections.abc import Sequence

import numpy as np
import viser

from ...core.messages import CameraModel, SkeletonDefinition
from ..python import Person
from .figure import NOTHING, Figure, Solids, ball_mesh, cone_mesh, mass, mass_line, palette
from .floor import NO_LINES, metre_numerals, number_on_floor, view_on_floor
from .sight import FRUSTUM_M, overview_yaw
from .trails import Trails

SKY, HORIZON = (13, 16, 32), (46, 55, 88)
PLANE, CELL, SECTION, NUMERAL = (24, 29, 50), (44, 52, 82), (76, 88, 128), (128, 141, 182)
AMBER, DIM_AMBER = (255, 184, 77), (120, 98, 70)
ON_FLOOR = (0.0, 0.0, 0.004)  # drawings lie a little above the floor, or they flicker


def draw_floor(scene: viser.SceneApi) -> None:
    """The sky, the floor with its grid, and the axes of the world."""
    scene.set_up_direction("+z")
    down = np.linspace(0, 1, 256)[:, None, None]
    sky = np.array(SKY) * (1 - down) + np.array(HORIZON) * down
    scene.set_background_image(sky.astype(np.uint8).repeat(2, axis=1))
    scene.add_grid(
        "/floor",
        infinite_grid=True,
        cell_size=0.25,
        cell_color=CELL,
        section_size=1.0,
        section_color=SECTION,
        plane_color=PLANE,
        plane_opacity=0.75,
        shadow_opacity=0.5,
        fade_distance=24.0,
        fade_strength=2.0,
        fade_from="origin",
    )
    scene.add_frame("/floor/axes", axes_length=0.4, axes_radius=0.008, origin_radius=0.016)


class Scene:
    """What is drawn.

    Attributes:
        switches: the parts that can be hidden, by what to call them.
        bodies: people are drawn as bodies, whose bones keep their lengths; else as their joints
            were found.
    """

    def __init__(self, server: viser.ViserServer, root: str = "") -> None:
        """Nothing is drawn before `define` and `show`; `root` tells one stream's nodes apart."""
        self._server, self._root = server, root
        self._scene = server.scene
        self._camera = self._scene.add_frame(f"{root}/camera", show_axes=False)
        self._balls = self._add_solids(f"{root}/people/balls", *ball_mesh())
        self._limbs = self._add_solids(f"{root}/people/limbs", *cone_mesh())
        self._frustum: viser.CameraFrustumHandle | None = None
        self._prints = self._add_solids(f"{root}/people/contacts", *ball_mesh())
        self._mass = self._scene.add_frame(f"{root}/people/mass", show_axes=False)
        self._masses = self._add_solids(f"{root}/people/mass/discs", *ball_mesh())
        self._mass_lines = self._add_solids(f"{root}/people/mass/lines", *cone_mesh())
        self.bodies = True
        self._figure: Figure | None = None
        self._yaw_rad = 0.0  # what is written on the floor is upright for who looks so
        self._trails = Trails()
        self._metres = self._add_lines(f"{root}/floor/metres", thickness_m=0.009)
        self._trail_lines = self._add_lines(f"{root}/trails", thickness_m=0.02)
        self._numbers = self._add_lines(f"{root}/numbers", thickness_m=0.02)
        self.switches: dict[str, viser.SceneNodeHandle] = {
            "contacts": self._prints,
            "centre of mass": self._mass,
            "trails": self._trail_lines,
            "numbers": self._numbers,
            "camera": self._camera,
        }

    def define(self, definition: SkeletonDefinition) -> None:
        """From now on people have this skeleton and are seen by this camera."""
        self._figure = Figure(definition)
        self._trails = Trails()
        self._draw_camera(definition.camera)
        self._yaw_rad = overview_yaw(definition.camera)
        self._metres.points = metre_numerals(self._yaw_rad)

    def show(self, people: Sequence[Person], now_s: float = 0.0) -> None:
        """Draw these people, as they are at `now_s`, and nobody else."""
        balls, limbs, numbers = [NOTHING], [NOTHING], [NO_LINES]
        prints, masses, mass_lines = [NOTHING], [NOTHING], [NOTHING]
        for person in people:
            assert self._figure is not None, "define comes first"
            joints, colours = self._figure.joints_world_m(person, self.bodies), palette(person.id)
            balls.append(self._figure.balls(joints, colours))
            limbs.append(self._figure.limbs(joints, colours))
            prints.append(self._figure.prints(person, joints, colours))
            masses.append(mass(person))
            mass_lines.append(mass_line(person))
            numbers.append(number_on_floor(person, self._yaw_rad))
        self._trails.add(people, now_s)
        with self._server.atomic():
            _place(self._balls, Solids.joined(balls))
            _place(self._limbs, Solids.joined(limbs))
            _place(self._prints, Solids.joined(prints))
            _place(self._masses, Solids.joined(masses))
            _place(self._mass_lines, Solids.joined(mass_lines))
            self._trail_lines.points, self._trail_lines.colors = self._trails.segments()
            self._numbers.points = np.concatenate(numbers)

    def forget(self) -> None:
        """People may be elsewhere from one frame to the next: trails begin anew."""
        self._trails = Trails()

    def show_picture(self, picture: np.ndarray | None) -> None:
        """Show what the camera sees, (height, width, 3) uint8, in its frustum; None: nothing."""
        if self._frustum is not None and (picture is not None or self._frustum.image is not None):
            self._frustum.image = picture

    def _draw_camera(self, camera: CameraModel) -> None:
        """The picture's frustum, its edge on the floor, and the camera's height above it."""
        (width, height), (fx, fy) = camera.image_size_px, (camera.K[0], camera.K[4])
        x, y, z, w = camera.quaternion_xyzw
        foot = (*camera.translation_m[:2], 0.0)
        half_width, half_height = width / 2 / fx, height / 2 / fy
        self._frustum = self._scene.add_camera_frustum(
            f"{self._root}/camera/picture",
            fov=2 * np.arctan(half_height),
            aspect=half_width / half_height,
            scale=FRUSTUM_M * np.cbrt(half_width * half_height / 3),  # viser's is about its volume
            thickness=0.011,
            color=AMBER,
            wxyz=(w, x, y, z),
            position=camera.translation_m,
            cast_shadow=False,
        )
        self._scene.add_line_segments(
            f"{self._root}/camera/view",
            view_on_floor(camera),
            AMBER,
            thickness=0.012,
            position=ON_FLOOR,
        )
        self._scene.add_line_segments(
            f"{self._root}/camera/height",
            np.array([[camera.translation_m, foot]]),
            DIM_AMBER,
            thickness=0.008,
        )

    def _add_lines(self, name: str, thickness_m: float) -> viser.LineSegmentsHandle:
        return self._scene.add_line_segments(
            name, NO_LINES, NUMERAL, thickness=thickness_m, position=ON_FLOOR
        )

    def _add_solids(
        self, name: str, vertices: np.ndarray, faces: np.ndarray
    ) -> viser.BatchedMeshHandle:
        return self._scene.add_batched_meshes_simple(
            name,
            vertices,
            faces,
            batched_positions=NOTHING.positions_world_m,
            batched_wxyzs=NOTHING.quaternions_wxyz,
            batched_scales=NOTHING.scales_m,
            batched_colors=NOTHING.colours,
            lod="off",
        )


def _place(handle: viser.BatchedMeshHandle, solids: Solids) -> None:
    handle.batched_positions = solids.positions_world_m
    handle.batched_wxyzs = solids.quaternions_wxyz
    handle.batched_scales = solids.scales_m
    handle.batched_colors = solids.colours
