"""Where records go besides memory: what a sink is, and what is known of one that failed. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

from realtime_sdk.log.records import LogRecord

__all__ = ["Sink", "SinkError", "as_sink"]


@runtime_checkable
class Sink(Protocol):
    """Takes each record of a log, in order, at the moment it is appended: so it must be quick and must not wait."""

    def write(self, record: LogRecord, /) -> object:
        """Take one record. Whatever this raises, the log goes on without this sink."""
        ...

    def close(self) -> object:
        """No more records come. Called once, also after a failure."""
        ...


class SinkError(NamedTuple):
    """A sink that failed and was detached. Records from `seq` on are not in it."""

    sink: Sink
    error: Exception
    seq: int


@dataclass(frozen=True, slots=True)
class _Callback:
    """A plain callable as a sink."""

    write: Callable[[LogRecord], object]

    def close(self) -> None:
        """Nothing to do."""


def as_sink(sink: Sink | Callable[[LogRecord], object]) -> Sink:
    """The sink itself, or one that calls this callable with each record. Equal for equal callables."""
    return sink if isinstance(sink, Sink) else _Callback(sink)
