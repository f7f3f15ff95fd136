"""Names for what a session makes: events, items, marks of responses. Counted, so that a session can be repeated."""

from itertools import count

__all__ = ["Ids"]


class Ids:
    """Gives each kind its own numbers. With `prefix` two clients of one call do not give the same ones.

    Servers take item ids of at most 32 characters.
    """

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix
        self._events, self._items, self._tags, self._calls = count(1), count(1), count(1), count(1)

    def event(self) -> str:
        """A new `event_id`."""
        return f"evt_{self._prefix}{next(self._events)}"

    def item(self) -> str:
        """A new item id."""
        return f"item_{self._prefix}{next(self._items)}"

    def tag(self) -> str:
        """A new mark for a response."""
        return f"{self._prefix}{next(self._tags)}"

    def call(self) -> str:
        """A new `call_id`."""
        return f"call_{self._prefix}{next(self._calls)}"
