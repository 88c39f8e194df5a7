"""The Python client: numpy, pyzmq and msgspec only."""

from .frame import Frame, Person
from .subscriber import PoseSubscriber

__all__ = ["Frame", "Person", "PoseSubscriber"]
