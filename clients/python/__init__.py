"""The Python client: numpy, pyzmq and msgspec only."""

from .body import HumanoidBody
from .frame import Frame, Person
from .subscriber import PoseSubscriber

__all__ = ["Frame", "HumanoidBody", "Person", "PoseSubscriber"]
