"""The bridge without a ROS installation: CycloneDDS speaks with ROS 2 nodes over the network."""

from typing import Any

from cyclonedds.core import Policy, Qos
from cyclonedds.domain import DomainParticipant
from cyclonedds.pub import DataWriter
from cyclonedds.topic import Topic
from cyclonedds.util import duration

from ...python import Frame
from .convert import Converter
from .message_types import IDS_LIST, MessageTypes
from .names import joints_topic, ros_name
from .outlets import Outlets

KEEP = 10  # samples for a reader that is behind
CAMERA_INFO, TRANSFORMS = "sensor_msgs/msg/CameraInfo", "tf2_msgs/msg/TFMessage"


class DdsBridge:
    """Publishes frames to ROS 2's topics, as a participant of a domain."""

    def __init__(self, domain: int, distribution: str, world_frame: str) -> None:
        self._types = MessageTypes(distribution)
        self._convert = Converter(self._types.new, world_frame)
        self._participant = DomainParticipant(domain)
        self._tf = self._writer("/tf", TRANSFORMS)
        self._tf_static = self._writer("/tf_static", TRANSFORMS, latched=True)
        self._markers = self._writer("/humans/markers", "visualization_msgs/msg/MarkerArray")
        self._tracked = self._writer("/humans/bodies/tracked", IDS_LIST)
        # Cyclone takes a writer's topic off the network when nobody holds it any more.
        self._joints = Outlets(self._joints_writer, close=lambda _: None)
        self._cameras: dict[str, DataWriter] = {}
        self._def_id: str | None = None

    def send(self, frame: Frame) -> None:
        """Publish one frame, and the camera if it is new."""
        if frame.definition.def_id != self._def_id:
            self._def_id = frame.definition.def_id
            info, place = self._convert.camera(frame.definition)
            name = frame.definition.camera.name
            if name not in self._cameras:
                topic = f"/{ros_name(name)}/camera_info"
                self._cameras[name] = self._writer(topic, CAMERA_INFO, latched=True)
            self._cameras[name].write(info)
            self._tf_static.write(place)
        people = self._convert.people(frame)
        self._tf.write(people.transforms)
        self._markers.write(people.markers)
        self._tracked.write(self._convert.ids(frame, people.tracked))
        for name, writer in self._joints.of(people.tracked).items():
            writer.write(people.joints[name])

    def rest(self) -> None:
        """No frames come: nobody has a topic of their own after a second."""
        self._joints.of(())

    def _joints_writer(self, name: str) -> DataWriter[Any]:
        return self._writer(joints_topic(name), "geometry_msgs/msg/PoseArray")

    def _writer(self, topic: str, type_name: str, *, latched: bool = False) -> DataWriter[Any]:
        """A writer as rmw_cyclonedds makes it. Reliable, which readers of either kind match."""
        qos = Qos(
            Policy.Reliability.Reliable(duration(milliseconds=0)),
            Policy.Durability.TransientLocal if latched else Policy.Durability.Volatile,
            Policy.History.KeepLast(1 if latched else KEEP),
            Policy.DataRepresentation(use_cdrv0_representation=True),
            Policy.Userdata(f"typehash={self._types.type_hash(type_name)};".encode()),
        )
        name = f"rt{topic}"
        return DataWriter(
            self._participant,
            Topic(self._participant, name, self._types.struct(type_name), qos=qos),
            qos=qos,
        )
