"""Sound that only grows, as a value: appending costs no copy of what is there.

Tapes that grew from one another share their bytes. A tape never looks beyond its own size, and appends in place only
where it is the longest of its family; so nothing that somebody holds ever changes.
"""

from dataclasses import dataclass, field

__all__ = ["Tape"]


@dataclass(frozen=True, slots=True, eq=False)
class Tape:
    """Bytes of sound."""

    size: int = 0
    _shared: bytearray = field(default_factory=bytearray, repr=False)

    def append(self, piece: bytes) -> "Tape":
        """The tape with this piece at its end."""
        shared = self._shared
        if len(shared) != self.size:  # somebody else has gone on from here
            shared = bytearray(memoryview(shared)[: self.size])
        shared += piece
        return Tape(self.size + len(piece), shared)

    def cut(self, start: int, end: int) -> bytes:
        """The bytes from `start` to `end`, kept inside the tape."""
        start, end = max(start, 0), min(end, self.size)
        return bytes(memoryview(self._shared)[start:end]) if start < end else b""

    @property
    def whole(self) -> bytes:
        """All bytes."""
        return self.cut(0, self.size)
