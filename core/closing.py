"""What is closed when the `with` block around it ends."""

from abc import ABC, abstractmethod
from typing import Self


class Closing(ABC):
    """Opened by its constructor, closed by `with`."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what is held."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
