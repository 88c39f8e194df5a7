"""The viewer in the browser; viser is imported only when it runs."""

from .command import View

__all__ = ["View"]
