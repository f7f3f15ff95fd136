"""Collections that never change for whoever holds them, and grow at a flat price.

A version shares its storage with the versions made from it: appending extends the shared storage in
place, which older versions do not see, since each knows how much of it is theirs. Only a second
branch from the same version, or a change in the middle, copies (an empty one always does: it may be a
default). So one event costs the same in the first turn and in the ten-thousandth (decision 7 of the design).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar, cast, overload

__all__ = ["PMap", "PSeq"]

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")

_new: Final[Any] = object.__new__
_CHUNK_BITS: Final = 7
_CHUNK: Final = 1 << _CHUNK_BITS
_FRESH_LIMIT: Final = 16


class _Gone:
    """Stands in the place of a removed value."""

    __slots__ = ()


_GONE: Final = _Gone()


class PMap(Mapping[K, V]):
    """An immutable mapping in order of first insertion; `set` and `remove` give a new one.

    Every key ever set has a slot. Values lie by slot in chunks (`_trunk`), the few last written ones in
    a small dict before them (`_fresh`), so that a key written again and again costs one small copy.
    """

    __slots__ = ("_fresh", "_length", "_size", "_slots", "_trunk")

    _slots: dict[K, int]
    _size: int
    _length: int
    _trunk: tuple[tuple[V | _Gone, ...], ...]
    _fresh: dict[int, V | _Gone]

    def __init__(self, items: Iterable[tuple[K, V]] = ()) -> None:
        values = dict(items)
        self._slots = {key: slot for slot, key in enumerate(values)}
        self._size = self._length = len(values)
        flat = tuple(values.values())
        self._trunk = tuple(flat[i : i + _CHUNK] for i in range(0, len(flat), _CHUNK))
        self._fresh = {}

    def set(self, key: K, value: V) -> "PMap[K, V]":
        """The same mapping with `key` standing for `value`."""
        slots, size = self._slots, self._size
        slot = slots.get(key, size)
        if slot < size:
            grown = self._at(slot) is _GONE
            return self._version(slots, size, self._length + grown, {**self._fresh, slot: value})
        if not 0 < size == len(slots):
            slots = self._own_slots()
        slots[key] = size
        return self._version(slots, size + 1, self._length + 1, {**self._fresh, size: value})

    def remove(self, key: K) -> "PMap[K, V]":
        """The same mapping without `key`; itself where the key is unknown."""
        if key not in self:
            return self
        return self._version(self._slots, self._size, self._length - 1, {**self._fresh, self._slots[key]: _GONE})

    def __getitem__(self, key: K) -> V:
        slot = self._slots.get(key)
        if slot is not None and slot < self._size:
            value = self._at(slot)
            if not isinstance(value, _Gone):
                return value
        raise KeyError(key)

    def get(self, key: K, default: Any = None) -> Any:
        """The value of `key`, or `default`."""
        slot = self._slots.get(key)
        if slot is None or slot >= self._size:
            return default
        fresh = self._fresh  # as `_at`, which this is called too often for
        value = fresh[slot] if slot in fresh else self._trunk[slot >> _CHUNK_BITS][slot & (_CHUNK - 1)]
        return default if value is _GONE else value

    def __contains__(self, key: object) -> bool:
        slot = self._slots.get(key)  # type: ignore[arg-type]  # any object may be asked for
        return slot is not None and slot < self._size and self._at(slot) is not _GONE

    def __iter__(self) -> Iterator[K]:
        size = self._size
        for key, slot in list(self._slots.items()):
            if slot >= size:
                return
            if self._at(slot) is not _GONE:
                yield key

    def __len__(self) -> int:
        return self._length

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, PMap):
            return NotImplemented
        return dict(self) == dict(other)  # pyright: ignore[reportUnknownArgumentType]

    def __hash__(self) -> int:
        return hash(frozenset(self.items()))

    def __repr__(self) -> str:
        return f"PMap({dict(self)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return (PMap, (list(self.items()),))

    def _at(self, slot: int) -> "V | _Gone":
        if slot in self._fresh:
            return self._fresh[slot]
        return self._trunk[slot >> _CHUNK_BITS][slot & (_CHUNK - 1)]

    def _own_slots(self) -> dict[K, int]:
        return {key: slot for key, slot in self._slots.items() if slot < self._size}

    def _version(self, slots: dict[K, int], size: int, length: int, fresh: dict[int, "V | _Gone"]) -> "PMap[K, V]":
        new: PMap[K, V] = _new(PMap)
        new._slots, new._size, new._length = slots, size, length
        if len(fresh) > _FRESH_LIMIT:
            new._trunk, new._fresh = _written(self._trunk, fresh), {}
        else:
            new._trunk, new._fresh = self._trunk, fresh
        return new


def _written(trunk: tuple[tuple[Any, ...], ...], fresh: dict[int, Any]) -> tuple[tuple[Any, ...], ...]:
    """The chunks with the fresh values written into them; slots past their end follow each other."""
    chunks: list[Any] = list(trunk)
    opened: dict[int, list[Any]] = {}
    for slot in sorted(fresh):
        number = slot >> _CHUNK_BITS
        if number not in opened:
            if number == len(chunks):
                chunks.append(())
            opened[number] = list(chunks[number])
        chunk, at = opened[number], slot & (_CHUNK - 1)
        chunk[at : at + 1] = [fresh[slot]]
    for number, chunk in opened.items():
        chunks[number] = tuple(chunk)
    return tuple(chunks)


class PSeq(Sequence[T]):
    """An immutable sequence; `append` gives a longer one at a flat price, other changes copy."""

    __slots__ = ("_length", "_shared")

    _shared: list[T]
    _length: int

    def __init__(self, values: Iterable[T] = ()) -> None:
        self._shared = list(values)
        self._length = len(self._shared)

    def append(self, value: T) -> "PSeq[T]":
        """The same sequence with `value` at its end."""
        shared = self._shared if 0 < self._length == len(self._shared) else self._shared[: self._length]
        shared.append(value)
        new: PSeq[T] = _new(PSeq)
        new._shared, new._length = shared, self._length + 1
        return new

    def insert(self, index: int, value: T) -> "PSeq[T]":
        """The same sequence with `value` before the place `index`."""
        if index >= self._length:
            return self.append(value)
        copy = self._shared[: self._length]
        copy.insert(index, value)
        return PSeq(copy)

    def without(self, value: T) -> "PSeq[T]":
        """The same sequence without `value`."""
        return PSeq(v for v in self if v != value)

    def rindex(self, value: T) -> int:
        """The last place of `value`, found fast near the end; -1 if it is not there."""
        shared = self._shared
        for at in range(self._length - 1, -1, -1):
            if shared[at] == value:
                return at
        return -1

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> "PSeq[T]": ...
    def __getitem__(self, index: int | slice) -> "T | PSeq[T]":
        if isinstance(index, slice):
            return PSeq(self._shared[: self._length][index])
        at = index + self._length if index < 0 else index
        if not 0 <= at < self._length:
            raise IndexError(index)
        return self._shared[at]

    def __iter__(self) -> Iterator[T]:
        shared = self._shared
        for at in range(self._length):
            yield shared[at]

    def __len__(self) -> int:
        return self._length

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PSeq | tuple | list):
            return NotImplemented
        return self is other or list(self) == list(cast("Sequence[Any]", other))

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"PSeq({list(self)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return (PSeq, (list(self),))
