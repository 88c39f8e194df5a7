"""What subscribers use; nothing but `core` is needed, and torch never."""

from .python import Frame, Person, PoseSubscriber

__all__ = ["Frame", "Person", "PoseSubscriber"]
