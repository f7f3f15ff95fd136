"""The log: what writing costs beside a list and a bare file, how fast files are read, by one core and by two."""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from realtime_sdk.fold import Fold, Update, replay, replay_many
from realtime_sdk.log import Durability, EventLog, FileSink, LogHeader
from tests.benchmarks.measure import wall_ns
from tests.benchmarks.row import EVENTS_PER_S, MB_PER_S, MS_PER_FILE, Row, Scale, TimedRow, Works, at_least
from tests.benchmarks.workload import Said, conversation

__all__ = ["rows", "write_log"]

LOAD_EVENTS_PER_S = 200_000
LOAD_MB_PER_S = 300
SCALING_GOAL = at_least(1.8)
HEADER = LogHeader(dialect="openai")
GATHERED = Durability(flush_every_ms=None)


def rows(scale: Scale) -> Iterator[Row]:
    for kind, turns in (("small", scale.log_turns), ("mix", scale.turns[0])):
        said = partial(conversation, turns, sound=kind == "mix")
        yield TimedRow(name=f"log write, in memory, {kind}", prepare=partial(appending, said))
        yield TimedRow(name=f"log write, with a file, {kind}", prepare=partial(filing, said))
        yield TimedRow(name=f"log write, with a file in 64 kB pieces, {kind}", prepare=partial(gathering, said))
    small = partial(conversation, scale.log_turns, sound=False)
    mix = partial(conversation, scale.turns[0], sound=True)
    events, size = partial(loading, small, in_bytes=False), partial(loading, mix, in_bytes=True)
    yield TimedRow(name="log load, small", prepare=events, unit=EVENTS_PER_S, floor=LOAD_EVENTS_PER_S)
    yield TimedRow(name="log load, mix", prepare=size, unit=MB_PER_S, floor=LOAD_MB_PER_S)
    yield TimedRow(name="log load and replay, small", prepare=partial(replaying, small), unit=EVENTS_PER_S)
    yield TimedRow(
        name="replay_many, two workers (by the wall)",
        prepare=partial(spreading, small, scale.files),
        unit=MS_PER_FILE,
        clock=wall_ns,
        goals={"serial": SCALING_GOAL},
    )


# ------------------------------------------------------------------------------------------------------------------
# Writing


def appending(said: Callable[[], tuple[Said, ...]], _stack: ExitStack) -> Works:
    frames = said()

    def ours() -> int:
        append = EventLog().append
        for sender, frame in frames:
            append(sender, frame, at_ns=0)
        return len(frames)

    def bare() -> int:
        log: list[tuple[int, str, bytes]] = []
        for sender, frame in frames:
            log.append((0, sender, frame))
        return len(frames)

    return {"EventLog": ours, "list": bare}


def filing(said: Callable[[], tuple[Said, ...]], stack: ExitStack) -> Works:
    return into_files(said(), Durability(), 0, fresh_paths(stack))


def gathering(said: Callable[[], tuple[Said, ...]], stack: ExitStack) -> Works:
    return into_files(said(), GATHERED, 1 << 16, fresh_paths(stack))


def into_files(said: tuple[Said, ...], durability: Durability, buffering: int, paths: Iterator[Path]) -> Works:
    def ours() -> int:
        path = next(paths)
        write_log(path, said, durability)
        path.unlink()
        return len(said)

    def bare() -> int:
        path, log = next(paths), []
        with path.open("wb", buffering=buffering) as file:
            for sender, frame in said:
                log.append((0, sender, frame))
                file.write(b'{"at_ns":%d,"sender":"%b","event":%b}\n' % (0, sender.encode(), frame))
        path.unlink()
        return len(said)

    return {"EventLog + FileSink": ours, "list + file.write": bare}


def write_log(path: Path, said: tuple[Said, ...], durability: Durability = GATHERED) -> None:
    """Write a session to a log file, as a live one would, kept in memory too."""
    with EventLog(HEADER) as log:
        log.add_sink(FileSink(path, log.header, durability=durability))
        for at_ns, (sender, frame) in enumerate(said):
            log.append(sender, frame, at_ns=at_ns)


def fresh_paths(stack: ExitStack) -> Iterator[Path]:
    """Names of files that do not exist, in a folder that goes when the stack does."""
    folder = Path(stack.enter_context(TemporaryDirectory()))
    return (folder / f"{number}.jsonl" for number in count())


# ------------------------------------------------------------------------------------------------------------------
# Reading


def loading(said: Callable[[], tuple[Said, ...]], stack: ExitStack, *, in_bytes: bool) -> Works:
    """Stream a file record by record; load it whole; and the limit, orjson line by line. In events or in bytes."""
    path = next(fresh_paths(stack))
    write_log(path, said())
    units = path.stat().st_size if in_bytes else len(said())

    def stream() -> int:
        for _ in EventLog.stream(path):
            pass
        return units

    def whole() -> int:
        EventLog.load(path)
        return units

    def bare() -> int:
        with path.open("rb") as file:
            for line in file:
                orjson.loads(line)
        return units

    return {"EventLog.stream": stream, "EventLog.load": whole, "orjson.loads a line": bare}


def replaying(said: Callable[[], tuple[Said, ...]], stack: ExitStack) -> Works:
    path = next(fresh_paths(stack))
    write_log(path, said())

    def ours() -> int:
        replay(EventLog.stream(path))
        return len(said())

    return {"replay": ours}


def spreading(said: Callable[[], tuple[Said, ...]], files: int, stack: ExitStack) -> Works:
    """The same files by this process alone, and by two workers that stand already."""
    names = fresh_paths(stack)
    paths = [next(names) for _ in range(files)]
    for path in paths:
        write_log(path, said())
    pool = stack.enter_context(ProcessPoolExecutor(2, mp_context=get_context("spawn")))
    batch = max(1, files // 4)
    counted = Fold(initial, step, finish)

    def spread() -> int:
        return len([*replay_many(paths, counted, executor=pool, batch=batch)])

    def serial() -> int:
        return len([*replay_many(paths, counted)])

    return {"two workers": spread, "serial": serial}


def initial() -> int:
    return 0


def step(_before: int, update: Update) -> int:
    return len(update.after.responses)


def finish(responses: int) -> int:
    return responses
