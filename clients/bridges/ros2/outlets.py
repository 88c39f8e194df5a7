"""What a bridge publishes each person through: made when they come, closed when they are gone."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from ....core.clock import SECOND_NS, monotonic_ns

AWAY_NS = SECOND_NS

T = TypeVar("T")


class Outlets(Generic[T]):
    """One outlet, a writer or publisher, for each id.

    Only the newest frame is seen, so the one that says who has left may be missed, and after a
    restart of the stream there is none: whoever has not been there for a second is gone.
    """

    def __init__(self, make: Callable[[str], T], close: Callable[[T], None]) -> None:
        """`make` makes the outlet of an id, `close` takes it off the network."""
        self._make, self._close = make, close
        self._outlets: dict[str, T] = {}
        self._seen_ns: dict[str, int] = {}

    def of(self, ids: Sequence[str]) -> dict[str, T]:
        """The outlets of those who are here now, by id."""
        now_ns = monotonic_ns()
        for id in ids:
            if id not in self._outlets:
                self._outlets[id] = self._make(id)
            self._seen_ns[id] = now_ns
        for id in [id for id, seen_ns in self._seen_ns.items() if now_ns - seen_ns > AWAY_NS]:
            del self._seen_ns[id]
            self._close(self._outlets.pop(id))
        return {id: self._outlets[id] for id in ids}
