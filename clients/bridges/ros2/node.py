"""The bridge as a node, for people with a sourced ROS 2: python -m m2t3.clients.bridges.ros2.node

Needs rclpy, which comes with ROS and not from PyPI, and m2t3 in the same Python. It publishes what
`m2t3 bridge ros2` does, by the same converter, with ROS's own middleware, names and remapping.
"""

from importlib import import_module
from typing import Any

import rclpy
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile

from ....core.topics import POSE_ENDPOINT
from ...python import Frame, PoseSubscriber
from .convert import Converter
from .names import joints_topic, ros_name
from .outlets import Outlets

WAIT_S = 0.1  # how soon an interruption is noticed


def new(name: str, /, **fields: Any) -> Any:
    """A message by the name of its type."""
    package, kind, short = name.split("/")
    return getattr(import_module(f"{package}.{kind}"), short)(**fields)


class PoseNode(Node):  # type: ignore[misc]  # rclpy is not here to tell
    """Parameters: `connect`, `stream`, `world_frame`."""

    def __init__(self) -> None:
        super().__init__("m2t3")
        self.connect = self._parameter("connect", POSE_ENDPOINT)
        self.stream = self._parameter("stream", "cam0")
        self._convert = Converter(new, self._parameter("world_frame", "map"))
        self._latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._topics: dict[str, Any] = {}
        self._joints: Outlets[Any] = Outlets(self._joints_publisher, self.destroy_publisher)
        self._def_id: str | None = None

    def send(self, frame: Frame) -> None:
        """Publish one frame, and the camera if it is new."""
        if frame.definition.def_id != self._def_id:
            self._def_id = frame.definition.def_id
            info, place = self._convert.camera(frame.definition)
            camera = ros_name(frame.definition.camera.name)
            self._publish(f"/{camera}/camera_info", info, self._latched)
            self._publish("/tf_static", place, self._latched)
        people = self._convert.people(frame)
        self._publish("/tf", people.transforms)
        self._publish("/humans/markers", people.markers)
        for name, publisher in self._joints.of(people.tracked).items():
            publisher.publish(people.joints[name])

    def rest(self) -> None:
        """No frames come: nobody has a topic of their own after a second."""
        self._joints.of(())

    def _joints_publisher(self, name: str) -> Any:
        kind = import_module("geometry_msgs.msg").PoseArray
        return self.create_publisher(kind, joints_topic(name), 10)

    def _publish(self, topic: str, message: Any, qos: Any = 10) -> None:
        if topic not in self._topics:
            self._topics[topic] = self.create_publisher(type(message), topic, qos)
        self._topics[topic].publish(message)

    def _parameter(self, name: str, default: str) -> str:
        return self.declare_parameter(name, default).value


def main() -> None:
    """Run the node until ROS shuts down."""
    rclpy.init()
    node = PoseNode()
    with PoseSubscriber(node.connect, node.stream) as poses:
        while rclpy.ok():
            frame = poses.wait(WAIT_S)
            if frame is not None:
                node.send(frame)
            elif not poses.flowing:
                node.rest()
            rclpy.spin_once(node, timeout_sec=0.0)
    node.destroy_node()


if __name__ == "__main__":
    main()
