"""A log read from its beginning: the state it ends with, its updates, and folds over them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from os import PathLike
from typing import Any, Generic, TypeVar

from realtime_sdk.dialects import Dialect, detect, get
from realtime_sdk.fold.reader import Reader
from realtime_sdk.fold.update import Update
from realtime_sdk.log import EventLog, LogRecord
from realtime_sdk.state import RealtimeState

__all__ = ["Fold", "fold", "reader_of", "replay", "replay_many", "updates"]

V = TypeVar("V")
R = TypeVar("R")

DETECT_FROM = 200
"""How many records are looked at to find the dialect of a log that does not name it."""


@dataclass(frozen=True)
class Fold(Generic[V, R]):
    """A question to a log: start with `initial()`, go on with `step(value, update)`, end with `finish(value)`.

    Made of module-level functions it travels to other processes.
    """

    initial: Callable[[], V]
    step: Callable[[V, Update], V]
    finish: Callable[[V], R]


def reader_of(
    records: Iterable[LogRecord], *, dialect: Dialect | str | None = None, state: RealtimeState | None = None
) -> tuple[Reader, Iterator[LogRecord]]:
    """A reader for `records`, and the records to give it: its dialect is the named one, the header's, or found."""
    named = dialect or _named(records)
    rest = iter(records)
    if named is None:
        first = list(islice(rest, DETECT_FROM))
        return Reader(detect(first), state=state), chain(first, rest)
    return Reader(get(named) if isinstance(named, str) else named, state=state), rest


def _named(records: Iterable[LogRecord]) -> str | None:
    header = getattr(records, "header", None)
    return getattr(header, "dialect", None)


def replay(
    records: Iterable[LogRecord],
    *,
    until: int | None = None,
    dialect: Dialect | str | None = None,
    initial: RealtimeState | None = None,
) -> RealtimeState:
    """The state that a log ends with, or has after its first `until` records.

    `records` is an EventLog or any iterable of LogRecords. `initial` is the state to go on from.
    Equal to what the live session had at the same record.
    """
    reader, rest = reader_of(records, dialect=dialect, state=initial)
    for record in islice(rest, until):
        reader.step(record)
    return reader.state


def updates(
    records: Iterable[LogRecord], *, dialect: Dialect | str | None = None, initial: RealtimeState | None = None
) -> Iterator[Update]:
    """The updates of a log, one a record, as a live session would have told them."""
    reader, rest = reader_of(records, dialect=dialect, state=initial)
    return reader.updates(rest)


def fold(records: Iterable[LogRecord], how: Fold[V, R], *, dialect: Dialect | str | None = None) -> R:
    """The answer of a log to one question."""
    value = how.initial()
    for update in updates(records, dialect=dialect):
        value = how.step(value, update)
    return how.finish(value)


def replay_many(
    paths: Iterable[str | PathLike[str] | Any],
    how: Fold[Any, R],
    *,
    executor: Executor | None = None,
    batch: int = 10,
    dialect: str | None = None,
) -> Iterator[R]:
    """The answers of many log files to one question, in the order of `paths`.

    Without an executor the files are read one after the other. Any `concurrent.futures.Executor` spreads
    them, `batch` files a task: a process pool, or Dask's `Client.get_executor()`.
    """
    work = partial(_fold_files, how=how, dialect=dialect)
    batches = _batches(paths, batch)
    results = map(work, batches) if executor is None else executor.map(work, batches)
    return chain.from_iterable(results)


def _fold_files(paths: Sequence[Any], how: Fold[Any, R], dialect: str | None) -> list[R]:
    return [fold(EventLog.stream(path), how, dialect=dialect) for path in paths]


def _batches(paths: Iterable[Any], size: int) -> Iterator[list[Any]]:
    rest = iter(paths)
    while some := list(islice(rest, size)):
        yield some
