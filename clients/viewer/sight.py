"""Where the browsers look from: over the scene, through the camera, after a person."""

from collections.abc import Iterable, Sequence

import numpy as np
import viser

from ...core.geometry import rotation_from_quaternion
from ...core.messages import CameraModel
from ..python import Person

START_M = (4.0, -4.0, 2.4)  # before anything is known
FOV_RAD = 0.75  # of the overview, top to bottom
NEAR_M = 0.01  # what is nearer is not drawn
FRUSTUM_M = 0.6  # how far before the camera its picture is shown
BESIDE_RAD = 1.25  # the overview looks across the camera's view, turned so far from it
ABOVE_M = 1.9  # the overview's height
CHEST_M = 0.85  # height of what it looks at
EXPECTED_M = 4.0  # nobody there yet: where people are expected, from the camera
TOWARDS_CAMERA = 0.3  # the overview's middle: so much of the way from the people to the camera
WIDTH, MARGIN_M = 1.4, 1.8  # its distance: so often what it has to show to each side, and more
Name = tuple[str, int]  # stream and id: who somebody is
NEARNESS = 0.15  # how much of the way a followed person's view goes with each frame


def overview_yaw(camera: CameraModel) -> float:
    """The direction in which the overview looks over the floor, radians from +x to +y."""
    _, down, forward = rotation_from_quaternion(np.array(camera.quaternion_xyzw)).T
    ahead = forward - down if abs(forward[2]) > 0.9 else forward  # it may look at its feet
    return float(np.arctan2(ahead[1], ahead[0])) + BESIDE_RAD


class Sight:
    """Moves the views of all browsers that are connected."""

    def __init__(self, server: viser.ViserServer) -> None:
        self._server = server
        self._camera: CameraModel | None = None
        self._stream: str | None = None  # whose camera that is
        self._people_world_m: dict[Name, np.ndarray] = {}
        self.followed: Name | None = None
        start = server.initial_camera
        start.position, start.look_at, start.fov = START_M, (0.0, 0.0, CHEST_M), FOV_RAD
        server.on_client_connect(lambda client: self._look_over([client]))

    def define(self, stream: str, camera: CameraModel) -> None:
        """Look over what `camera` sees: the first stream's, unless that has been so before."""
        self._stream = self._stream or stream
        if camera == self._camera or stream != self._stream:
            return
        self._camera = camera
        self.overview()

    def update(self, stream: str, people: Sequence[Person]) -> None:
        """Note where the people of a stream are, and go after the one who is followed."""
        others = {name: at for name, at in self._people_world_m.items() if name[0] != stream}
        self._people_world_m = others | {
            (stream, person.id): person.root_world_m.astype(float)
            for person in people
            if np.isfinite(person.root_world_m).all()
        }
        if self.followed is None or self.followed[0] != stream:
            return
        if self.followed not in self._people_world_m:
            return
        target = self._people_world_m[self.followed]
        for client in self._server.get_clients().values():
            view = client.camera
            view.position = view.position + (target - view.look_at) * NEARNESS  # look_at goes along

    def overview(self) -> None:
        """See the camera and the people from the side."""
        self._look_over(self._server.get_clients().values())

    def _look_over(self, clients: Iterable[viser.ClientHandle]) -> None:
        position, look_at = self._overview()
        for client in clients:
            view = client.camera
            view.up_direction = (0.0, 0.0, 1.0)
            view.position, view.look_at, view.fov = position, look_at, FOV_RAD
            view.near = NEAR_M

    def through_camera(self) -> None:
        """See what the camera sees, with all of its picture in view."""
        if self._camera is None:
            return
        (width, height), (fx, fy) = self._camera.image_size_px, self._camera.K[0:5:4]
        _, down, forward = rotation_from_quaternion(np.array(self._camera.quaternion_xyzw)).T
        position = np.array(self._camera.translation_m)
        for client in self._server.get_clients().values():
            view = client.camera
            view.position, view.look_at = position, position + EXPECTED_M * forward
            view.up_direction = -down
            view.fov = 2 * np.arctan(max(height / fy, width / fx / view.aspect) / 2)
            view.near = FRUSTUM_M + NEAR_M  # the picture would hide everybody

    def _overview(self) -> tuple[np.ndarray, np.ndarray]:
        """Position and point looked at, (3,) each."""
        if self._camera is None:
            return np.array(START_M), np.array((0.0, 0.0, CHEST_M))
        camera = np.array(self._camera.translation_m)
        forward = rotation_from_quaternion(np.array(self._camera.quaternion_xyzw))[:, 2]
        people = list(self._people_world_m.values()) or [camera + EXPECTED_M * forward]
        middle = np.mean(people, axis=0) * (1 - TOWARDS_CAMERA) + camera * TOWARDS_CAMERA
        reach = max(np.linalg.norm((point - middle)[:2]) for point in (*people, camera))
        yaw = overview_yaw(self._camera)
        back = (WIDTH * reach + MARGIN_M) * np.array((np.cos(yaw), np.sin(yaw)))
        return np.append(middle[:2] - back, ABOVE_M), np.append(middle[:2], CHEST_M)
