"""Frames as ROS 2 messages, by whatever makes the messages: CycloneDDS's types or rclpy's.

m2t3's world is ROS's `map`: metres, z up (REP-103), turned as the camera file turns it; the
camera's axes are those of an `_optical` frame. People follow the draft of REP-155: a frame
`body_<id>` amid the hips, x forward, z towards the head, and the links of the body as its children,
`l_elbow_<id>` and so on. An id is the stream's name and the person's number, `cam0_7`, so that
several streams do not meet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ....core.clock import SECOND_NS
from ....core.geometry import multiply, quaternion_from_rotation, rotate
from ....core.messages import SkeletonDefinition
from ...python import Frame, Person
from .names import ros_name

IDENTITY = np.array([0.0, 0.0, 0.0, 1.0])
LINE_LIST, SPHERE_LIST = 5, 7  # visualization_msgs/Marker
ADD, DELETE = 0, 2
JOINT_M, BONE_M = 0.06, 0.03  # drawn sizes
SHOWN_S = 1.0  # a marker that is not sent again disappears
LATEST_NS = 2**31 * SECOND_NS  # ROS has 32 bits for seconds: later is no Unix time
COLOURS = ((0.2, 0.6, 1.0), (1.0, 0.5, 0.1), (0.3, 0.8, 0.3), (0.9, 0.3, 0.6), (0.7, 0.6, 0.2))
HEADS = (("head",), ("left_ear", "right_ear"), ("nose",))  # the first that is there is the head


@runtime_checkable
class New(Protocol):
    """Makes a message; fields that are not given have their defaults."""

    def __call__(self, name: str, /, **fields: Any) -> Any:
        """A message of the type called `name`, e.g. "geometry_msgs/msg/Pose"."""


@dataclass(frozen=True)
class People:
    """One frame."""

    transforms: Any  # tf2_msgs/TFMessage: bodies in the world, links in their bodies
    joints: dict[str, Any]  # geometry_msgs/PoseArray by id: all joints in the definition's order
    markers: Any  # visualization_msgs/MarkerArray
    tracked: Sequence[str]  # ids of those in view


class Converter:
    """Makes ROS 2 messages of frames."""

    def __init__(self, new: New, world_frame: str = "map") -> None:
        self._new, self._world = new, world_frame

    def people(self, frame: Frame) -> People:
        """Everybody in the frame, and markers that take away those who have just left."""
        header = self._header(stamp_ns(frame), self._world)
        transforms: list[Any] = []
        markers: list[Any] = []
        joints: dict[str, Any] = {}
        for person in frame.people:
            name = f"{ros_name(frame.stream)}_{person.id}"
            turns = _turns(person)
            transforms += self._transforms(name, person, turns, header)
            joints[name] = self._new(
                "geometry_msgs/msg/PoseArray",
                header=header,
                poses=list(map(self._pose, person.positions_world_m, turns)),
            )
            markers += self._markers(frame, person, header)
        for person_id in frame.left:
            for space in ("joints", "bones"):
                markers.append(self._marker(header, f"{frame.stream}/{space}", person_id, DELETE))
        return People(
            self._new("tf2_msgs/msg/TFMessage", transforms=transforms),
            joints,
            self._new("visualization_msgs/msg/MarkerArray", markers=markers),
            tuple(joints),
        )

    def camera(self, definition: SkeletonDefinition) -> tuple[Any, Any]:
        """The camera: sensor_msgs/CameraInfo, and its place in the world as a static TFMessage."""
        camera = definition.camera
        width, height = camera.image_size_px
        t_ns = definition.t_publish_ns + definition.unix_minus_monotonic_ns
        optical = f"{camera.name}_optical"
        k = list(camera.K)
        info = self._new(
            "sensor_msgs/msg/CameraInfo",
            header=self._header(t_ns, optical),
            width=width,
            height=height,
            distortion_model=camera.distortion_model,
            d=list(camera.distortion),
            k=k,
            r=np.eye(3).ravel().tolist(),
            p=[*k[:3], 0.0, *k[3:6], 0.0, *k[6:], 0.0],
        )
        place = self._transform(
            self._header(t_ns, self._world),
            optical,
            np.array(camera.translation_m),
            np.array(camera.quaternion_xyzw),
        )
        return info, self._new("tf2_msgs/msg/TFMessage", transforms=[place])

    def ids(self, frame: Frame, tracked: Sequence[str]) -> Any:
        """hri_msgs/IdsList of those in view."""
        header = self._header(stamp_ns(frame), self._world)
        return self._new("hri_msgs/msg/IdsList", header=header, ids=list(tracked))

    def _transforms(self, name: str, person: Person, turns: NDArray, header: Any) -> list[Any]:
        """The body and its links; nothing where the body's axes are not known."""
        body = body_frame(person)
        if body is None:
            return []
        origin_m, turn = body
        back = turn * (-1, -1, -1, 1)
        frames = [self._transform(header, f"body_{name}", origin_m, turn)]
        child = self._new("std_msgs/msg/Header", stamp=header.stamp, frame_id=f"body_{name}")
        for link, indices in links(person.joint_names):
            position_m = person.positions_world_m[indices].mean(axis=0, dtype=float)
            if not np.isfinite(position_m).all():
                continue
            rotation = multiply(back, turns[indices[0]]) if person.body is not None else IDENTITY
            offset_m = rotate(back, position_m - origin_m)
            frames.append(self._transform(child, f"{link}_{name}", offset_m, rotation))
        return frames

    def _markers(self, frame: Frame, person: Person, header: Any) -> list[Any]:
        red, green, blue = COLOURS[person.id % len(COLOURS)]
        look = {
            "color": self._new("std_msgs/msg/ColorRGBA", r=red, g=green, b=blue, a=1.0),
            "lifetime": self._new("builtin_interfaces/msg/Duration", sec=int(SHOWN_S), nanosec=0),
            "pose": self._pose(np.zeros(3), IDENTITY),
        }
        seen = [person.positions_world_m[i] for i in np.flatnonzero(person.valid)]
        ends = [
            person.positions_world_m[i]
            for pair in frame.definition.bones
            if person.valid[list(pair)].all()
            for i in pair
        ]
        return [
            self._marker(
                header, f"{frame.stream}/{space}", person.id, ADD, type=kind, **look,
                scale=self._new("geometry_msgs/msg/Vector3", x=size, y=size, z=size),
                points=list(map(self._point, points)),
            )
            for space, kind, size, points in (
                ("joints", SPHERE_LIST, JOINT_M, seen),
                ("bones", LINE_LIST, BONE_M, ends),
            )
        ]  # fmt: skip

    def _marker(self, header: Any, space: str, id: int, action: int, **fields: Any) -> Any:
        return self._new(
            "visualization_msgs/msg/Marker", header=header, ns=space, id=id, action=action, **fields
        )

    def _header(self, t_ns: int, frame_id: str) -> Any:
        stamp = self._new(
            "builtin_interfaces/msg/Time", sec=t_ns // SECOND_NS, nanosec=t_ns % SECOND_NS
        )
        return self._new("std_msgs/msg/Header", stamp=stamp, frame_id=frame_id)

    def _transform(self, header: Any, child: str, t_m: NDArray, q: NDArray) -> Any:
        x, y, z = map(float, t_m)
        transform = self._new(
            "geometry_msgs/msg/Transform",
            translation=self._new("geometry_msgs/msg/Vector3", x=x, y=y, z=z),
            rotation=self._quaternion(q),
        )
        return self._new(
            "geometry_msgs/msg/TransformStamped",
            header=header,
            child_frame_id=child,
            transform=transform,
        )

    def _pose(self, position_m: NDArray, q: NDArray) -> Any:
        return self._new(
            "geometry_msgs/msg/Pose",
            position=self._point(position_m),
            orientation=self._quaternion(q),
        )

    def _point(self, position_m: NDArray) -> Any:
        x, y, z = map(float, position_m)
        return self._new("geometry_msgs/msg/Point", x=x, y=y, z=z)

    def _quaternion(self, quaternion_xyzw: NDArray) -> Any:
        x, y, z, w = map(float, quaternion_xyzw)
        return self._new("geometry_msgs/msg/Quaternion", x=x, y=y, z=z, w=w)


def stamp_ns(frame: Frame) -> int:
    """Unix time of the picture, if the detector said one; else of its keypoints' arrival."""
    message = frame.message
    if message.capture_clock == "unix" and message.t_capture_ns < LATEST_NS:
        return message.t_capture_ns
    return message.t_receive_ns + frame.definition.unix_minus_monotonic_ns


def body_frame(person: Person) -> tuple[Float[NDArray, "3"], Float[NDArray, "4"]] | None:
    """Where the body is and how it stands: amid the hips, x forward, y left, z to the shoulders.

    None where a hip or a shoulder is not known.
    """
    needed = ("left_hip", "right_hip", "left_shoulder", "right_shoulder")
    if not set(needed) <= set(person.joint_names):
        return None
    hip_l, hip_r, shoulder_l, shoulder_r = (person[name].astype(float) for name in needed)
    origin_m = (hip_l + hip_r) / 2
    up = (shoulder_l + shoulder_r) / 2 - origin_m
    forward = np.cross(hip_l - hip_r + shoulder_l - shoulder_r, up)
    lengths = np.linalg.norm(up), np.linalg.norm(forward)
    if not min(lengths) > 1e-6:  # also for NaN
        return None
    z, x = up / lengths[0], forward / lengths[1]
    return origin_m, quaternion_from_rotation(np.column_stack([x, np.cross(z, x), z]))


def links(joint_names: Sequence[str]) -> list[tuple[str, list[int]]]:
    """REP-155's links, each with the joints whose mean it is."""
    found = [
        (f"{name[0]}_{name.split('_', 1)[1]}", [index])
        for index, name in enumerate(joint_names)
        if name.startswith(("left_", "right_"))
    ]
    shoulders = ("left_shoulder", "right_shoulder")
    for link, options in (("head", HEADS), ("torso", (shoulders,))):
        for names in options:
            if set(names) <= set(joint_names):
                found.append((link, [joint_names.index(name) for name in names]))
                break
    return found


def _turns(person: Person) -> Float[NDArray, "j 4"]:
    """How the bone that carries each joint is turned in the world; not at all where unknown."""
    if person.body is None:
        return np.tile(IDENTITY, (len(person.joint_names), 1))
    return person.body.rotations_world_xyzw[list(person.body.definition.joint_bones)].astype(float)
